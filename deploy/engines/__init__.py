"""Real Kafka, Elasticsearch and PostgreSQL on this machine without Docker: `make engines`, and the tests' fixtures."""
