"""Engines for the tests of backups."""

from tests.engine_fixtures import kafka, settings

__all__ = ["kafka", "settings"]
