"""covey as a client of the interop service: one function for each call, without a transport.

May import :mod:`covey.mls`. A file for each chapter of the service; ``client`` finds them.
"""
