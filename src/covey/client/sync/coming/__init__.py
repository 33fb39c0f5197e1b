"""Coming in, and coming back. May import the group, its branches and the identity."""
