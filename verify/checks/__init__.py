"""The suite: one topic a file, one question a function; every question can be answered with no."""
