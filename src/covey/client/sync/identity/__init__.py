"""A device at its broker, and what no group may be seen in. May import the effects and the rows."""
