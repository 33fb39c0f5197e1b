"""Live interoperability: covey as a client of the community's interop service, and a runner.

May import :mod:`covey.mls`. ``service`` plays the clients, ``play`` tells clients of any stack
what to do and compares what they say; ``grpc_server``, ``grpc_client`` and ``lines`` carry calls.
"""
