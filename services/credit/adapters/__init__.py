"""The ledger in PostgreSQL, and records as protos."""
