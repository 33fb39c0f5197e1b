"""RFC 9420 §5.3: who somebody is. May import the forge."""
