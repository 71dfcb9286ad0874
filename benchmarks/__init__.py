"""How fast the product itself is: ratios, measured side by side in one run."""
