"""Makes the cases of every family, from a seed. The files follow the chapters of the protocol."""
