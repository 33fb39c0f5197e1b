"""The sync engine: flows that keep a store and the broker's logs in step. Pure; see `effects`."""
