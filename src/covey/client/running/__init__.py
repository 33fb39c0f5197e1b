"""A client that is open: its store, its flows as they go, the events as they come."""
