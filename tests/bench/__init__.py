"""Benchmarks, run by hand: each prints a table with its figures beside something measured in the same run."""
