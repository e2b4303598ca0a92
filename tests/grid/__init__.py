"""The dialogue grid: every question of the closing times everything that may come between."""
