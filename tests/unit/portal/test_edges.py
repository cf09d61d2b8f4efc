"""What a reader meets at the edges: wrong addresses, services that do not answer, the headers, the languages."""

import re
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import grpc
import httpx
import pytest

from services.common.clock import FixedClock
from services.portal.app import make_app
from services.portal.bootstrap import serve
from services.portal.gateway import Channels

CODE = "91520900MA6GN48P46"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of a portal, really served, whose services are down: nothing listens where they should be."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: a connection is refused for as long as we hold it
        async with grpc.aio.insecure_channel(f"127.0.0.1:{taken.getsockname()[1]}") as channel:
            server = serve(
                make_app(
                    Channels(registry=channel, credit=channel, search=channel),
                    FixedClock(datetime(2026, 6, 15, tzinfo=UTC)),
                ),
                "127.0.0.1",
                0,
            )
            await server.start()
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as made:
                yield made
            await server.stop()


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/", 200, "先看看对方是谁"),
        ("/about", 200, "评价规则简介"),
        ("/search", 200, "请输入要查询的名称或代码"),
        ("/search?q=云", 503, "服务暂时不可用"),
        ("/search?q=云&grade=ZZ", 400, "is no grade"),
        (f"/records/{CODE}", 503, "服务暂时不可用"),
        ("/records/91520900MA6GN48P45", 400, "最后一位校验不符"),
        ("/records/9152", 400, "这里是 4 位"),
        ("/nowhere", 404, "没有这个页面"),
        ("/static/../app.py", 404, "没有这个页面"),
    ],
)
async def test_each_address_says_what_is_the_matter(
    client: httpx.AsyncClient, path: str, status: int, words: str
) -> None:
    answer = await client.get(path)
    assert answer.status_code == status
    assert words in answer.text


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        (f"/api/v1/records/{CODE}", 503, "DEPENDENCY_UNAVAILABLE"),
        ("/api/v1/records/9152", 400, "INVALID_CREDIT_CODE"),
        ("/api/v1/search?q=a&region=x", 400, "INVALID_FIELD"),
        ("/api/v1/suggest?q=a", 503, "DEPENDENCY_UNAVAILABLE"),
        ("/api/v1/nothing", 404, "NOT_FOUND"),
    ],
)
async def test_the_api_refuses_in_json_without_naming_what_is_inside(
    client: httpx.AsyncClient, path: str, status: int, reason: str
) -> None:
    answer = await client.get(path)
    error = answer.json()["error"]
    assert (answer.status_code, error["reason"]) == (status, reason)
    assert "127.0.0.1" not in answer.text
    assert ("Retry-After" in answer.headers) is (status == 503)


async def test_a_code_in_another_writing_is_led_to_the_normal_one(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"/records/{CODE.lower()}")
    assert (answer.status_code, answer.headers["location"]) == (308, f"/records/{CODE}")


async def test_only_reading_is_allowed(client: httpx.AsyncClient) -> None:
    answer = await client.post("/search", data={"q": "x"})
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize("path", ["/", "/about", "/nowhere", "/search?q=x", "/api/v1/records/1"])
async def test_every_answer_carries_the_security_headers(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert "server" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/about", "/nowhere", "/search?q=x"])
async def test_no_page_holds_inline_code_or_anything_from_elsewhere(client: httpx.AsyncClient, path: str) -> None:
    page = (await client.get(path)).text
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page) == []
    assert re.findall(r'(?:src|href|action)="(?:https?:)?//', page) == []


async def test_a_language_is_kept_once_it_is_chosen(client: httpx.AsyncClient) -> None:
    assert '<html lang="zh-CN">' in (await client.get("/")).text
    chosen = await client.get("/?lang=en")
    assert '<html lang="en">' in chosen.text
    assert "HttpOnly" in chosen.headers["set-cookie"]
    assert "How a score is made" in (await client.get("/about")).text
    assert '<html lang="en">' in (await client.get("/?lang=xx")).text


async def test_what_is_typed_is_never_markup(client: httpx.AsyncClient) -> None:
    page = (await client.get("/records/%3Cb%3E%22x")).text
    assert "<b>" not in page
    assert "&lt;" in page


async def test_static_files_may_be_kept_by_their_digest(client: httpx.AsyncClient) -> None:
    page = (await client.get("/")).text
    for address in re.findall(r'"(/static/[^"]+)"', page):
        answer = await client.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert (await client.get("/static/base.css")).headers["cache-control"] == "no-cache"


async def test_what_nobody_foresaw_is_a_page_with_all_its_headers() -> None:
    channel = grpc.aio.insecure_channel("127.0.0.1:9")
    server = serve(
        make_app(
            Channels(registry=channel, credit=channel, search=channel), FixedClock(datetime(2026, 6, 15, tzinfo=UTC))
        ),
        "127.0.0.1",
        0,
    )
    await server.start()
    await channel.close()  # a call on a closed channel is no status of a service but a defect of ours
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as client:
        page, api = await client.get("/search?q=x"), await client.get("/api/v1/search?q=x")
    await server.stop()
    assert (page.status_code, api.json()["error"]["reason"]) == (500, "INTERNAL")
    assert "出了点问题" in page.text
    assert page.headers["x-content-type-options"] == "nosniff"


async def test_a_taken_address_is_told_at_once(client: httpx.AsyncClient) -> None:
    async with grpc.aio.insecure_channel("127.0.0.1:9") as channel:
        app = make_app(
            Channels(registry=channel, credit=channel, search=channel), FixedClock(datetime(2026, 6, 15, tzinfo=UTC))
        )
        with pytest.raises(OSError, match="in use"):
            serve(app, "127.0.0.1", client.base_url.port or 0)


async def test_an_answer_does_not_wait_for_the_acknowledgement_of_its_head(client: httpx.AsyncClient) -> None:
    """Without TCP_NODELAY every answer on a kept connection takes 40 ms and more; half of them must be faster."""
    taken = []
    for _ in range(20):
        answer = await client.get("/static/seal.svg")
        taken.append(answer.elapsed.total_seconds())
    assert sorted(taken)[len(taken) // 2] < 0.035
