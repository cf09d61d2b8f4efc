"""The kept texts of names: the same as those that are made, made once, and anew when the code that makes them changes."""

from collections.abc import Iterator

import psycopg
import pytest

from services.common.db.pool import Pool, open_pool
from services.search.adapters import name_texts
from services.search.adapters.name_texts import KeptTexts, MadeTexts

pytestmark = pytest.mark.both_majors

NAMES = {"贵州优品电子商务有限公司", "重庆银行", "ABC（贵阳）", "店\x00一", "长" * 9000, "（）"}


@pytest.fixture
def pool(dsn: str) -> Iterator[Pool]:
    with open_pool(dsn, max_size=2) as pool:
        yield pool


def kept(dsn: str) -> int:
    with psycopg.connect(dsn) as conn:
        row = conn.execute("SELECT count(*) FROM search.name_text").fetchone()
    return int(row[0]) if row else 0


def test_what_is_kept_is_what_is_made(dsn: str, pool: Pool) -> None:
    made = MadeTexts().of(NAMES)
    assert KeptTexts(pool).of(NAMES) == made
    assert kept(dsn) == len(NAMES)
    assert KeptTexts(pool).of(NAMES) == made
    assert KeptTexts(pool).of([]) == {}


def test_a_name_is_made_once(dsn: str, pool: Pool) -> None:
    KeptTexts(pool).of(NAMES)
    with psycopg.connect(dsn) as conn:
        conn.execute(r"UPDATE search.name_text SET texts = E'a\nb\nc\nd\ne\nf'")
    assert KeptTexts(pool).of(["重庆银行"])["重庆银行"]["core"] == "b"


def test_other_code_makes_them_anew_and_forgets_the_old(dsn: str, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    KeptTexts(pool).of(["重庆银行", "优品"])
    monkeypatch.setattr(name_texts, "VERSION", "another")
    KeptTexts(pool).of(["重庆银行"])
    assert kept(dsn) == 3
    KeptTexts(pool).forget_other_versions()
    assert kept(dsn) == 1
