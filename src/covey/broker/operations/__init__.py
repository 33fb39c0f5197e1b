"""What the broker does for each request, without HTTP.

May import the protocol, the transactions, the store's port and the configuration. One method
for each operation of :mod:`covey.access.operations`, of the same name: it takes who asks and
the struct of the request, and returns the struct of the answer.
"""
