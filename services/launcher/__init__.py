"""The embedded profile: starts PostgreSQL and the three processes."""
