"""A real Chromium before the page and a house that the test moves by hand."""

import shutil
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.browser.fake import PAGE, serving
from tests.browser.house import PASSWORD, House, furnish

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]
WIDE = {"width": 1440, "height": 900}
NARROW = {"width": 390, "height": 844}

# A browser that has not been asked for the microphone yet, and one that refuses it.
MICROPHONE = """
    window.microphone = "prompt";
    const query = navigator.permissions.query.bind(navigator.permissions);
    navigator.permissions.query = async (what) =>
      what.name === "microphone" ? { state: window.microphone, onchange: null } : query(what);
    const media = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = (what) =>
      window.microphone === "denied"
        ? Promise.reject(new DOMException("no", "NotAllowedError"))
        : media(what);
"""

Open = Callable[..., Coroutine[Any, Any, Page]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    why = "Chromium is not installed" if CHROMIUM is None else ""
    if not (PAGE / "index.html").is_file():
        why = "the page is not built"
    for item in items:
        if why and "browser" in item.path.parts:
            item.add_marker(pytest.mark.skip(reason=why))


@pytest.fixture
async def house() -> House:
    house = House()
    furnish(house)
    return house


@pytest.fixture
async def url(house: House) -> AsyncIterator[str]:
    async with serving(house) as url:
        yield url


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
async def opened(browser: Browser, url: str) -> AsyncIterator[Open]:
    """Open the page: `opened(viewport=…, theme=…, microphone=…, init=…)`; its complaints fail the test."""
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    async def open(
        *,
        viewport: Any = WIDE,
        theme: Any = "light",
        microphone: bool = True,
        init: str = "",
        path: str = "/",
    ) -> Page:
        context = await browser.new_context(
            viewport=viewport,
            color_scheme=theme,
            permissions=["microphone"] if microphone else [],
            reduced_motion="reduce",
            locale="en-GB",
        )
        if not microphone:
            await context.add_init_script(MICROPHONE)
        if init:
            await context.add_init_script(init)
        contexts.append(context)
        page = await context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: complaints.append(message.text) if "Content Security" in message.text else None,
        )
        await page.goto(url + path)
        return page

    yield open
    for context in contexts:
        await context.close()
    assert complaints == []


async def sign_in(page: Page, user: str = "anna", password: str = PASSWORD) -> None:
    await page.get_by_role("textbox", name="User name").fill(user)
    await page.get_by_role("textbox", name="Password").fill(password)
    await page.get_by_role("button", name="Sign in").click()


@pytest.fixture
async def anna(opened: Open) -> Page:
    """Anna's page at her desk, with a microphone."""
    page = await opened()
    await sign_in(page)
    await page.get_by_label("Name or number").wait_for()
    await page.get_by_label("Calls use This browser, Ready").wait_for()
    return page
