"""One group in memory, and what is committed in it. May import the engine and the rows."""
