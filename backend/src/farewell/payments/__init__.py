"""Money that moves: the payment provider's interface, its two sides, and the books."""
