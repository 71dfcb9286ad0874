"""What must work before anything else makes sense."""
