"""Trains the dictionary of published revisions: `python -m tools.train_dictionary DSN FILE` on a database of invented firms.

The next number is a new file beside the old ones, named in services/credit/adapters/revision_codec.py.
"""

import sys
from pathlib import Path

import psycopg
import zstandard

SIZE = 16_384
SAMPLES = 4_000


def main(dsn: str, file: str) -> None:
    """Train on the records that the database holds, the same ones each time."""
    query = "SELECT record FROM credit.public_record ORDER BY md5(code) LIMIT %s"
    with psycopg.connect(dsn) as conn:
        records = [bytes(record) for (record,) in conn.execute(query, [SAMPLES])]
    Path(file).write_bytes(zstandard.train_dictionary(SIZE, records, dict_id=1).as_bytes())


if __name__ == "__main__":
    main(*sys.argv[1:])
