"""Checks that only the benchmarks ask: the product's own comparisons, put to a proof that takes minutes."""
