"""The record page of an enterprise that was split off: it says from whom, with a link, in both languages."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from services.common.clock import FixedClock
from services.credit import bootstrap as credit
from services.credit.config import CreditConfig
from services.portal.app import make_app
from services.portal.bootstrap import serve as serve_page
from services.portal.gateway import Channels
from services.registry import bootstrap as registry
from tests.integration.credit.world import CODE, KEY, NOW, OTHER, enterprise, told, world
from tests.integration.grpc_fixtures import serve

THIRD = "91330100799655058B"


@pytest.fixture
async def client(dsn: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Return a reader of the page; of the three enterprises on record the first was split from the second."""
    clock, config = FixedClock(NOW), CreditConfig(dsn=dsn, complainant_key=KEY)
    with world(dsn, clock=clock) as made:
        made.tell(
            told(enterprise(CODE, split_from=OTHER, split_on="2026-06-10"), "r1"),
            told(enterprise(OTHER), "o1"),
            told(enterprise(THIRD), "t1"),
        )
    async with serve(tmp_path, lambda: [registry.serving(dsn, clock), credit.serving(config, clock)]) as served:
        channels = Channels(registry=served.channel, credit=served.channel, search=served.channel)
        page = serve_page(make_app(channels, clock), "127.0.0.1", 0)
        await page.start()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{page.port}") as reader:
            yield reader
        await page.stop()


@pytest.mark.parametrize(
    ("lang", "sentence"),
    [
        ("zh", f"由 {OTHER} 分立（2026-06-10），此前的信用事项一并计入"),
        ("en", f"Split off from {OTHER} (2026-06-10); what was before counts here too"),
    ],
)
async def test_the_page_says_from_whom_an_enterprise_was_split_and_leads_there(
    client: httpx.AsyncClient, lang: str, sentence: str
) -> None:
    page = await client.get(f"/records/{CODE}", params={"lang": lang})
    assert f'<a href="/records/{OTHER}">{sentence}</a>' in page.text


@pytest.mark.parametrize(("lang", "sentence"), [("zh", f"分立出 {CODE}"), ("en", f"{CODE} was split off from it")])
async def test_the_page_says_who_was_split_off_and_leads_there(
    client: httpx.AsyncClient, lang: str, sentence: str
) -> None:
    page = await client.get(f"/records/{OTHER}", params={"lang": lang})
    assert f'<a href="/records/{CODE}">{sentence}</a>' in page.text


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_the_page_of_who_was_not_split_has_no_word_of_it(client: httpx.AsyncClient, lang: str) -> None:
    page = await client.get(f"/records/{THIRD}", params={"lang": lang})
    assert page.status_code == 200
    assert "分立" not in page.text
    assert "Split" not in page.text
