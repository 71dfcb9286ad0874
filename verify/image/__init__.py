"""Container images of an environment: building them, certifying inside them, and what they say of themselves."""
