"""Opaque page tokens, bound to the query that made them (AIP-158)."""

import base64
import binascii
import hashlib

import orjson

from services.common.errors import FieldViolation, InvalidInput, InvalidPageToken


def page_size(asked: int, *, default: int, most: int) -> int:
    """Return how many to give: the default for 0, at most `most`; raises InvalidInput for a negative number."""
    if asked < 0:
        raise InvalidInput(
            "page_size is negative", violations=(FieldViolation(field="page_size", description="ask for 0 or more"),)
        )
    return min(asked or default, most)


def make_token(query: bytes, cursor: str) -> str:
    """Return the token of the page after a cursor; empty for an empty cursor."""
    if not cursor:
        return ""
    return base64.urlsafe_b64encode(orjson.dumps([_digest(query), cursor])).decode()


def read_token(query: bytes, token: str) -> str:
    """Return the cursor of a token, empty for an empty token; raises InvalidPageToken when it is of another query."""
    if not token:
        return ""
    try:
        digest, cursor = orjson.loads(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, TypeError, binascii.Error):
        digest, cursor = "", ""
    if digest != _digest(query) or not isinstance(cursor, str):
        raise InvalidPageToken(
            "the page token is not from this query",
            violations=(FieldViolation(field="page_token", description="start again without a token"),),
        )
    return cursor


def _digest(query: bytes) -> str:
    return hashlib.sha256(query).hexdigest()[:16]
