"""The record of a run, and keeping it."""
