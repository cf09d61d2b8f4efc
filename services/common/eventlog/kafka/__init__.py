"""The Kafka adapter of the event log, and the relay that brings a database's feeds to it."""
