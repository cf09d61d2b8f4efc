"""Webhooks in PostgreSQL, and the one way by which a request leaves to an address that a stranger gave."""
