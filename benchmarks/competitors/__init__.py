"""Programs that our figures are set beside; none of them is ours to make slower."""
