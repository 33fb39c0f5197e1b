"""RFC 9420 §11, §12: groups, and everything that changes them."""
