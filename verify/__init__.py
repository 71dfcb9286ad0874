"""Certify that a machine can train language models, and keep the proof."""

__version__ = "0.1.0"
