"""Where posts should be: p-center, p-median, set cover and maximal coverage, each with a bound."""
