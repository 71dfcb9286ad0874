"""Rules over reports: pure functions from what is written to what is to be thought of it."""
