"""From a plan to results to a report."""
