"""Reads whose facts count for an enterprise: its own, and those of the enterprises that were merged into it."""

from typing import Any, NamedTuple

from psycopg import Connection

_FAMILY = """
SELECT id, code FROM credit.subject WHERE code = %(code)s
UNION ALL
SELECT m.id, m.code FROM credit.subject m JOIN credit.subject r ON r.id = m.root_id WHERE r.code = %(code)s
"""


class Member(NamedTuple):
    """An enterprise of a family: its row in the ledger, and its credit code."""

    subject_id: int
    code: str


def family(conn: Connection[Any], code: str) -> list[Member]:
    """Return an enterprise and those merged into it; for one that is merged itself only that one, for nobody none."""
    return [Member(*row) for row in conn.execute(_FAMILY, {"code": code})]


def goes_on_as(conn: Connection[Any], code: str) -> str:
    """Return the code of the enterprise that an enterprise was merged into; its own when it was not, or is unknown."""
    query = "SELECT r.code FROM credit.subject m JOIN credit.subject r ON r.id = m.root_id WHERE m.code = %s"
    row = conn.execute(query, [code]).fetchone()
    return str(row[0]) if row else code
