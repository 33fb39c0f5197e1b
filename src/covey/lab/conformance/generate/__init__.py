"""One function for each family: it makes cases out of a seed.

May import the engine and :mod:`..verify`. Cases follow from their seed alone, byte for byte.
"""
