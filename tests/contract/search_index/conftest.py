"""A real Elasticsearch for the tests of this folder that ask for one."""

from tests.engine_fixtures import elasticsearch

__all__ = ["elasticsearch"]
