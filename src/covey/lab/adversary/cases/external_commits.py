"""RFC 9420 §12.4.3.2: joining without a Welcome. May import the forge."""
