"""Benchmarks: `python -m bench`, or `make bench`. One module a claim; each prints figures beside their targets."""
