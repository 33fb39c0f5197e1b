"""What the broker does in its database, as scripts: one function for each transaction.

May import the protocol, the ordering, and :mod:`covey.broker.script`; no I/O, and no engine.
Times are whole hours, or weeks, since the epoch.
"""
