"""The client: groups as an application uses them, kept in an encrypted store, in step by flows."""
