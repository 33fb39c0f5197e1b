"""RFC 9420 §2.1: the TLS presentation language, and the code points of §17."""
