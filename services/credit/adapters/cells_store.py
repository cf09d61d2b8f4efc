"""Rebuilt cells in PostgreSQL."""

from collections.abc import Iterable
from typing import Any

from psycopg import Connection

_COPY = "COPY credit.rebuilt_cells (subject_id, cells) FROM STDIN (FORMAT BINARY)"


def copy_cells(conn: Connection[Any], rebuilt: Iterable[tuple[int, bytes]]) -> int:
    """Write subjects' cells; returns how many subjects."""
    count = 0
    with conn.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.set_types(["int8", "bytea"])
        for row in rebuilt:
            copy.write_row(row)
            count += 1
    return count
