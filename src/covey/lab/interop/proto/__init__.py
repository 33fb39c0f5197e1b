"""The service's messages, generated from the ``.proto`` files beside this one.

``python tests/house/test_proto.py`` generates them anew; the same file tests that they are up
to date. Import nothing.
"""
