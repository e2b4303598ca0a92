"""Money: proration, quotes, final bills."""
