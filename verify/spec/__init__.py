"""What should be installed, and installing it."""
