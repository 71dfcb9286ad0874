"""Does another set of packages behave as this one? Asked by ``verify upgrade``; the suite does not hold it."""
