"""May this package be upgraded? Two locks side by side on one machine, and what is to be said of them."""
