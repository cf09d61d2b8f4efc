"""A department's own sequence: numbers without a gap, and a running digest by which it proves that it missed nothing."""

import hashlib

#: The digest before number 1.
GENESIS = bytes(32)


def next_digest(before: bytes, number: int, directive: bytes) -> bytes:
    """Return SHA-256 of the digest before, the number as 8 bytes big endian, and the directive's bytes."""
    return hashlib.sha256(before + number.to_bytes(8, "big") + directive).digest()
