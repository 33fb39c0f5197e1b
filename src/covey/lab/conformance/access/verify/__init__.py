"""Verifies the cases of every family. The files follow the chapters of the protocol."""
