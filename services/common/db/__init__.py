"""PostgreSQL: pools, migrations, and the embedded server."""
