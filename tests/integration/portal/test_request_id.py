"""One id from the page's request to every line of every service behind it."""

from pathlib import Path

import httpx
import orjson
import pytest

from services.common.clock import FixedClock
from services.common.grpc import request_ids
from services.common.logs import log_to_stderr
from services.credit import bootstrap as credit
from services.credit.config import CreditConfig
from services.portal.app import make_app
from services.portal.bootstrap import serve as serve_page
from services.portal.gateway import Channels
from tests.integration.credit.world import CODE, KEY, NOW
from tests.integration.grpc_fixtures import serve


@pytest.mark.usefixtures("restored_logging")
async def test_the_id_of_a_request_is_on_the_lines_of_the_services(
    dsn: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    log_to_stderr("json", "debug", service="test", role="serve")
    clock, config = FixedClock(NOW), CreditConfig(dsn=dsn, complainant_key=KEY)
    async with serve(tmp_path, lambda: [credit.serving(config, clock)]) as served:
        channels = Channels(registry=served.channel, credit=served.channel, search=served.channel)
        page = serve_page(make_app(channels, clock), "127.0.0.1", 0)
        await page.start()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{page.port}") as client:
            given = await client.get(f"/api/v1/records/{CODE}", headers={request_ids.HEADER: "from-the-proxy-1"})
            fresh = await client.get(f"/api/v1/records/{CODE}", headers={request_ids.HEADER: "no id: has spaces"})
        await page.stop()
    lines = [orjson.loads(line) for line in capfd.readouterr().err.splitlines()]
    ids = {line["request_id"] for line in lines if line.get("method", "").endswith("/GetCreditRecord")}
    assert ids == {"from-the-proxy-1", fresh.headers[request_ids.HEADER]}
    assert given.headers[request_ids.HEADER] == "from-the-proxy-1"
    assert len(fresh.headers[request_ids.HEADER]) == len("0" * 32)
