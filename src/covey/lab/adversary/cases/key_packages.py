"""RFC 9420 §10: KeyPackages that may not be used. May import the forge."""
