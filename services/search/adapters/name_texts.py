"""The texts of a name's fields, and where they come from: made, or made once and kept in the service's database."""

from collections.abc import Collection, Mapping
from hashlib import blake2b
from importlib.metadata import version
from typing import Protocol

from services.common.db.arrays import array
from services.common.db.pool import Pool
from services.search.domain.name_keys import KEYS_VERSION, name_keys

#: The fields of a name, in the order of their texts.
NAME_FIELDS = ("exact", "core", "grams", "starts", "sounds", "initials")
#: What decides how a name is read: our rules, and the dictionaries.
VERSION = f"{KEYS_VERSION}-{version('pypinyin')}-{version('opencc-python-reimplemented')}"
#: No text holds it: keys are letters, digits and Chinese characters, split by blanks.
_BETWEEN = "\n"
_DIGEST_BYTES = 16
_KEEP = """
INSERT INTO search.name_text (digest, version, texts)
SELECT d, %b, t FROM unnest(%b::bytea[], %b::text[]) AS g (d, t) ORDER BY d ON CONFLICT DO NOTHING
"""

#: The text of each of NAME_FIELDS.
Texts = Mapping[str, str]


class NameTexts(Protocol):
    """Gives the texts under which names are indexed; for many threads."""

    def of(self, names: Collection[str]) -> Mapping[str, Texts]:
        """Return the texts of each name."""
        ...


class MadeTexts:
    """Makes the texts each time, some 40 µs a name."""

    def of(self, names: Collection[str]) -> Mapping[str, Texts]:
        """See the protocol."""
        return {name: _unpack(make_texts(name)) for name in names}


class KeptTexts:
    """Makes the texts once for each distinct name, and keeps them in the database of the search service."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def of(self, names: Collection[str]) -> Mapping[str, Texts]:
        """See the protocol; raises psycopg.OperationalError when the database does not answer."""
        digests = {_digest(name): name for name in names}
        with self._pool.connection() as conn:
            rows = conn.cursor(binary=True).execute(
                "SELECT digest, texts FROM search.name_text WHERE digest = ANY(%b::bytea[])",
                [array("bytea", [*digests])],
            )
            kept: dict[bytes, str] = dict(rows.fetchall())
            new = {digest: make_texts(name) for digest, name in digests.items() if digest not in kept}
            if new:
                conn.execute(_KEEP, [VERSION, array("bytea", [*new]), array("text", [*new.values()])])
        return {digests[digest]: _unpack(texts) for digest, texts in (kept | new).items()}

    def forget_other_versions(self) -> None:
        """Remove what other code or other dictionaries have made."""
        with self._pool.connection() as conn:
            conn.execute("DELETE FROM search.name_text WHERE version <> %s", [VERSION])


def make_texts(name: str) -> str:
    """Return the texts of a name in one string."""
    keys = name_keys(name)
    many = (keys.grams, keys.starts, keys.sounds, keys.initials)
    return _BETWEEN.join((keys.exact, keys.core, *map(" ".join, many)))


def _unpack(texts: str) -> Texts:
    return dict(zip(NAME_FIELDS, texts.split(_BETWEEN), strict=True))


def _digest(name: str) -> bytes:
    return blake2b(f"{VERSION}\n{name}".encode(), digest_size=_DIGEST_BYTES).digest()
