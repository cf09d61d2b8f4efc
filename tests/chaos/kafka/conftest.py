"""A real Kafka for the tests of this folder."""

from tests.engine_fixtures import kafka, settings

__all__ = ["kafka", "settings"]
