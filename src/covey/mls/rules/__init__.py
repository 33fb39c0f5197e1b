"""Every validation rule of RFC 9420 that an engine can check, one function each."""
