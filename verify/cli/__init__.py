"""One module a verb; the only place that prints, reads the surroundings, or exits."""
