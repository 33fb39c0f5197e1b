"""What is kept for the client, row by row. May import the store and the protocol, no flow."""
