"""RFC 9420 §7.5, §7.6: UpdatePaths that do not fit. May import the forge."""
