"""Published revisions as kept: compressed with a dictionary of what most records share, so that one takes about 300 bytes.

Each frame names its dictionary. A dictionary is never changed or taken away: a better one is added under a new number.
`tools/train_dictionary.py` made it from records of invented firms.
"""

from collections.abc import Iterable
from pathlib import Path

import zstandard

_DICTIONARY = zstandard.ZstdCompressionDict((Path(__file__).parent / "revisions.1.zdict").read_bytes())
_LEVEL = 1


def compress(records: Iterable[bytes]) -> list[bytes]:
    """Return records' bytes as they are kept."""
    compressor = zstandard.ZstdCompressor(level=_LEVEL, dict_data=_DICTIONARY)  # not to be shared between threads
    return [compressor.compress(record) for record in records]


def decompress(kept: bytes) -> bytes:
    """Return a record's bytes as they were published."""
    return zstandard.ZstdDecompressor(dict_data=_DICTIONARY).decompress(kept)
