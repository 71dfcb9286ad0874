"""Rules over what a report says in words and figures: each compares claims with one another and with what is known."""
