"""What happens after a closure: duties, reactivation, the sweep."""
