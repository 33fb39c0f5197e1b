"""The structs on the wire, one file per chapter of docs/broker-protocol.md. Data only."""
