"""The structs of RFC 9420, one file per chapter, data only."""
