"""The same request once (AIP-155): what it made is kept under its caller and id."""

import hashlib

from google.protobuf.message import Message
from psycopg import Connection

from services.common.errors import FieldViolation, InvalidInput, RequestIdReused

MAX_REQUEST_ID = 64


def take_request(conn: Connection, actor: str, request_id: str, digest: bytes, result_id: str) -> str | None:
    """Note a request; return the id of what it made when it came before. Raises RequestIdReused for another body."""
    kept = conn.execute(
        "INSERT INTO credit.punishment_request (actor, request_id, digest, result_id) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        [actor, request_id, digest, result_id],
    ).rowcount
    if kept:
        return None
    row = conn.execute(
        "SELECT digest, result_id FROM credit.punishment_request WHERE actor = %s AND request_id = %s",
        [actor, request_id],
    ).fetchone()
    if row is None or bytes(row[0]) != digest:
        raise RequestIdReused("this request_id came before with another body: choose a new one")
    return str(row[1])


def digest_of(request: Message) -> bytes:
    """Return what tells one request from another; raises InvalidInput for a request_id that is absent or too long."""
    if not 1 <= len(request.request_id) <= MAX_REQUEST_ID:  # type: ignore[attr-defined]
        violation = FieldViolation(
            field="request_id", description=f"give 1 to {MAX_REQUEST_ID} characters, for example a UUID"
        )
        raise InvalidInput(f"request_id: {violation.description}", violations=(violation,))
    name = request.DESCRIPTOR.full_name.encode()
    return hashlib.sha256(name + request.SerializeToString(deterministic=True)).digest()
