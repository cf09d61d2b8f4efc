"""Joint punishment over PostgreSQL and files."""
