"""A report as one HTML file that needs nothing else: no network, no script; pictures first, every figure at hand."""
