"""RFC 9420 §12.4: commits that may not be followed. May import the forge."""
