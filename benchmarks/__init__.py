"""How fast covey is, beside how fast it could be: `make bench`, or `python -m benchmarks`.

May import covey and what `requirements/bench.txt` pins. A figure is an operation on a group of
n members; beside it stands its *floor*, the primitive calls that it cannot do without.
"""
