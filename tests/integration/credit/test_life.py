"""docs/scoring.md tells one merchant's life as the real parts live it; UPDATE_DOCS=1 writes it anew."""

import os
from datetime import UTC, datetime
from pathlib import Path

from services.common.clock import FixedClock
from services.credit.bootstrap import serving, serving_complaints
from services.credit.config import CreditConfig
from services.registry import bootstrap as registry
from tests.integration.credit.life import Life
from tests.integration.credit.world import KEY, world
from tests.integration.grpc_fixtures import serve

DOCUMENT = Path(__file__).parents[3] / "docs" / "scoring.md"
BEGIN, END = "<!-- life: written by tests/integration/credit/test_life.py -->\n", "<!-- end of life -->\n"


async def test_the_document_tells_the_life_that_is_lived(dsn: str, tmp_path: Path) -> None:
    clock = FixedClock(datetime(2026, 5, 5, 4, tzinfo=UTC))
    config = CreditConfig(dsn=dsn, complainant_key=KEY)
    with world(dsn, clock=clock) as made:
        parts = [registry.serving(dsn, clock), serving(config, clock), serving_complaints(config, clock)]
        async with serve(tmp_path, lambda: parts) as served:
            lived = await Life(made, served).tell()
    head, _, rest = DOCUMENT.read_text().partition(BEGIN)
    written, _, tail = rest.partition(END)
    if os.environ.get("UPDATE_DOCS"):
        DOCUMENT.write_text(head + BEGIN + "\n" + lived + "\n" + END + tail)
        return
    assert written.strip() == lived.strip()
