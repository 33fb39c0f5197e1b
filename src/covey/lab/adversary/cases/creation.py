"""RFC 9420 §11, §13.5: groups as they begin, and values that mean nothing. May import the forge."""
