"""covey against other MLS stacks: their harnesses, the matrix of all of them, and its table.

``python -m interop`` from the folder above; ``make interop`` does that.
"""
