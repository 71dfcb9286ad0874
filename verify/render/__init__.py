"""A report in other forms: one module a format, each a function ``render(report) -> str``."""
