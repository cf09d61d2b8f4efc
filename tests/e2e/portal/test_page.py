"""A reader at a real browser in front of the real system: search, record, language, a phone, and the sum."""

import re
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Protocol

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

CHROMIUM = "/usr/bin/chromium"
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 800}
#: A right code that nobody has: its region is the province's and its organisation all zeros.
STRANGER = "91520000000000000D"


class Platform(Protocol):
    """What the tests need of the running system: `known_code` is rated, and named `known_name`."""

    portal_url: str
    known_code: str
    known_name: str


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        await started.close()


@pytest.fixture
async def page(browser: Browser, platform: Platform) -> AsyncIterator[Page]:
    """Yield a fresh reader's page; what its console complains of fails the test."""
    context = await browser.new_context(base_url=platform.portal_url, viewport=DESK)
    opened = await context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda m: complaints.append(m.text) if "Content Security Policy" in m.text else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    await context.close()
    assert complaints == []


async def test_typing_part_of_a_name_leads_to_the_record(page: Page, platform: Platform) -> None:
    await page.goto("/")
    await page.get_by_role("combobox").press_sequentially(platform.known_name[:6], delay=20)
    found = page.get_by_role("option").filter(has_text=platform.known_name).first
    await expect(found).to_be_visible()
    await expect(page.get_by_role("combobox")).to_have_attribute("aria-expanded", "true")
    await found.click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(platform.known_name)
    assert page.url.endswith(f"/records/{platform.known_code}")


async def test_suggestions_are_walked_by_the_keyboard(page: Page, platform: Platform) -> None:
    await page.goto("/")
    box = page.get_by_role("combobox")
    await box.press_sequentially(platform.known_name, delay=10)
    await expect(page.get_by_role("option").first).to_be_visible()
    await box.press("ArrowDown")
    await expect(page.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    await expect(box).to_have_attribute("aria-activedescendant", "suggestion-0")
    await box.press("Escape")
    await expect(page.get_by_role("listbox")).to_be_hidden()
    await box.press("Enter")
    await expect(page).to_have_url(re.compile(r"/search\?q="))


async def test_results_lead_to_the_record(page: Page, platform: Platform) -> None:
    await page.goto(f"/search?q={platform.known_code}")
    await expect(page.get_by_text("索引截至")).to_be_visible()
    await page.get_by_role("link", name=platform.known_name).click()
    await expect(page.locator("#code")).to_have_text(platform.known_code)


async def test_a_filter_that_nobody_meets_finds_nobody(page: Page, platform: Platform) -> None:
    await page.goto(f"/search?q={platform.known_code}")
    await page.get_by_label("地区").select_option(label="贵安新区")
    await page.get_by_role("checkbox", name="CC", exact=True).check()
    await page.get_by_role("button", name="应用").click()
    await expect(page.get_by_text("没有找到相符的企业")).to_be_visible()
    await page.get_by_role("link", name="清除筛选").click()
    await expect(page.get_by_role("link", name=platform.known_name)).to_be_visible()


async def test_the_lines_on_the_page_sum_to_the_score_on_the_page(page: Page, platform: Platform) -> None:
    await page.goto(f"/records/{platform.known_code}")
    amounts = await page.locator("[data-amount]").all_inner_texts()
    score = await page.locator("[data-score]").inner_text()
    assert amounts
    assert sum(Decimal(amount.replace("\N{MINUS SIGN}", "-")) for amount in amounts) == Decimal(score)


async def test_earlier_facts_are_folded_opened_and_printed(page: Page, platform: Platform) -> None:
    await page.goto(f"/records/{platform.known_code}")
    newest, earlier = page.locator(".fact").first, page.locator(".earlier .fact").last
    await expect(newest).to_be_visible()
    await expect(earlier).to_be_hidden()
    await page.emulate_media(media="print")
    await expect(earlier).to_be_visible()
    await page.emulate_media(media="screen")
    await page.get_by_text(re.compile(r"更早的 \d+ 件")).click()
    await expect(earlier).to_be_visible()


async def test_the_language_is_switched_and_kept(page: Page, platform: Platform) -> None:
    await page.goto(f"/records/{platform.known_code}")
    await expect(page.get_by_role("heading", name="得分从哪里来")).to_be_visible()
    await page.get_by_role("link", name="English").click()
    await expect(page.get_by_role("heading", name="Where the score comes from")).to_be_visible()
    await page.goto("/")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Know whom you buy from")


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_nothing_is_wider_than_a_phone(page: Page, platform: Platform, lang: str) -> None:
    await page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    code = platform.known_code
    for path in ("/", f"/search?q={platform.known_name[:2]}", f"/records/{code}", "/about", f"/records/{code[:9]}"):
        await page.goto(f"{path}{'&' if '?' in path else '?'}lang={lang}")
        assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path


async def test_a_code_that_nobody_has_is_told_apart_from_a_wrong_one(page: Page, platform: Platform) -> None:
    unknown = await page.goto(f"/records/{STRANGER}")
    assert unknown is not None
    assert unknown.status == 404
    await expect(page.get_by_role("heading", level=1)).to_have_text("没有收录这个代码")
    wrong = await page.goto(f"/records/{platform.known_code[:-1]}")
    assert wrong is not None
    assert wrong.status == 400
    await expect(page.get_by_text("这里是 17 位")).to_be_visible()


async def test_the_json_tells_the_same_as_the_page(page: Page, platform: Platform) -> None:
    answer = await page.request.get(f"/api/v1/records/{platform.known_code}")
    record = await answer.json()
    assert record["name"] == platform.known_name
    assert sum(line["amount_millipoints"] for line in record["contributions"]) == record["score_millipoints"]
    await page.goto(f"/records/{platform.known_code}")
    shown = Decimal(await page.locator("[data-score]").inner_text())
    assert shown * 1000 == record["score_millipoints"]
