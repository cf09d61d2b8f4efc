"""Cells that are rebuilt from the ledger by several processes are those that the worker has, every subject's once."""

import os

import psycopg
import pytest

from services.common.kernel.credit_code import check_character
from services.credit.offline import rebuild
from tests.integration.credit.world import complaint, enterprise, told, world

CODES = [body + check_character(body) for body in (f"91520102MA6E4N8Q{n}" for n in range(7))]
_DIFFERENT = """
SELECT count(*) FROM credit.subject s FULL JOIN credit.rebuilt_cells r ON r.subject_id = s.id
WHERE s.cells IS DISTINCT FROM r.cells
"""


@pytest.mark.parametrize("cores", [1, 2, 3])
def test_each_subject_is_rebuilt_once_by_however_many_processes(
    dsn: str, monkeypatch: pytest.MonkeyPatch, cores: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    with world(dsn) as credit, psycopg.connect(dsn) as stranger:
        stranger.execute("INSERT INTO credit.rebuilt_cells VALUES (-1, '')")
        stranger.commit()
        for n, code in enumerate(CODES):
            credit.tell(
                told(enterprise(code), f"e{n}"),
                *(told(complaint(f"{n}.{i}", code), f"c{n}.{i}") for i in range(n)),
            )
        assert rebuild(dsn) == len(CODES)
        assert credit.rows(_DIFFERENT) == [(0,)]
