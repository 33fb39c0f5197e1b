"""RFC 9420 §12.4.3.1: Welcomes that nobody may join by. May import the forge."""
