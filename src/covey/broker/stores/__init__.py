"""The stores of the broker: SQLite and PostgreSQL behind one port, and the wake-ups beside them.

May import `covey.broker.script` and `covey.errors`; knows nothing of requests, groups or
accounts. What is done in a transaction is a script that comes from above.
"""

from __future__ import annotations
