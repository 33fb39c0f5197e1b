"""Tools around the engine: official test vectors, and ways to look inside.

May import everything below ``cli``. Unlike the engine, this package reads and writes files.
"""
