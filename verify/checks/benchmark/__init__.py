"""How fast it is: each runs alone, verifies its own results and proves its own clock."""
