"""Brings a database to the newest schema: the migrations of every service, each on a branch of its own."""

import os
from collections.abc import Sequence
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

HERE = Path(__file__).parent
SERVICES = HERE.parents[1]


def migration_folders() -> list[Path]:
    """Return the migration folders of the event log and of all services."""
    return sorted([*SERVICES.glob("*/migrations"), *SERVICES.glob("common/*/migrations")])


def migrate(dsn: str, folders: Sequence[Path] | None = None) -> None:
    """Upgrade to the heads of all branches; one caller at a time, safe to repeat.

    A lock that is not granted within four seconds fails the migration instead of holding up the running services.
    """
    config = Config()
    config.set_main_option("script_location", str(HERE / "alembic"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", ":".join(map(str, folders or migration_folders())))
    engine = create_engine(dsn.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.connect() as connection:
        connection.execute(text("SET lock_timeout = '4s'"))
        connection.execute(text("SELECT pg_advisory_lock(hashtext('merchantcredit.migrate'))"))
        connection.commit()
        config.attributes["connection"] = connection
        command.upgrade(config, "heads")
        connection.commit()
        connection.execute(text("SELECT pg_advisory_unlock(hashtext('merchantcredit.migrate'))"))
        connection.commit()
    engine.dispose()


if __name__ == "__main__":
    migrate(os.environ["MERCHANTCREDIT_DSN"])
