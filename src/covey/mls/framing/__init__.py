"""RFC 9420 §6: signing contents, and protecting them as public or private messages."""
