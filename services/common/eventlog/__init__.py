"""The event log: one port, and the PostgreSQL feeds that are both the embedded log and the outbox of every service."""
