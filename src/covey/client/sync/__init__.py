"""The sync engine: flows that keep a store and the broker's logs in step. Pure; see `effects`.

From below: `rows` is what is kept; `identity` a device, its account, KeyPackages and inbox; `group`
a seat and what it commits; `branches` which of several goes on; `log` reading and writing one
group's log, turn by turn; `coming` the ways in and back. The flows beside this file go over all
groups of one identity: `account`, `arriving`, `branching`, `gathering`, and `peer`, which runs all.
"""
