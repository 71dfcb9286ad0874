"""What runs inside the environment under test: standard library only, and whatever is locked there."""
