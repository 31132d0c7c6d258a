"""The page for everybody: accessible by rule in both themes and on every width, and small."""

import gzip
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import NARROW, WIDE, Open, sign_in
from tests.browser.fake import PAGE
from tests.browser.house import House

AXE = Path(__file__).parents[2] / "client/node_modules/axe-core/axe.min.js"
AT_MOST = 60 * 1024  # bytes, compressed

RUN = """
async () => {
  const run = await axe.run(document, { resultTypes: ["violations", "incomplete"] });
  const checks = (node) => [...node.any, ...node.all, ...node.none];
  const told = (rule) => rule.nodes.flatMap((node) =>
    checks(node).map((check) => [rule.id, check.data?.messageKey, node.target.join(" ")]));
  // A row cut off by the edge of its list cannot be measured; the same row is measured where it is whole.
  const unsure = run.incomplete.filter((rule) => rule.id === "color-contrast").flatMap(told)
    .filter(([, key]) => key !== "elmPartiallyObscured" && key !== "elmPartiallyObscuring");
  return [...run.violations.flatMap(told), ...unsure].map((found) => found.join(" | "));
}
"""


async def faults(page: Page, where: str) -> list[str]:
    await page.evaluate("() => {" + AXE.read_text() + "}")
    found: Any = await page.evaluate(RUN)
    return [f"{where}: {fault}" for fault in found]


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed")
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "viewport", [WIDE, {"width": 1024, "height": 768}, NARROW], ids=["1440", "1024", "390"]
)
async def test_no_screen_has_a_fault_that_axe_knows(
    house: House, opened: Open, theme: str, viewport: dict[str, int]
) -> None:
    page = await opened(viewport=viewport, theme=theme)
    found = await faults(page, "door")
    await sign_in(page)
    field = page.get_by_label("Name or number")
    await field.wait_for()
    await page.get_by_text("On a call").first.wait_for()
    found += await faults(page, "start")
    await field.fill("l")
    found += await faults(page, "search")
    await field.fill("")
    house.ring(house.party("ben"), "anna")
    await expect(page.get_by_role("button", name="Answer", exact=True)).to_be_visible()
    found += await faults(page, "incoming")
    await page.get_by_role("button", name="Answer", exact=True).click()
    await page.get_by_role("button", name="Keypad", exact=True).click()
    found += await faults(page, "call")
    house.ring({"number": "+4970315550199", "name": "", "user": "", "device": ""}, "anna")
    await page.get_by_role("button", name="Answer", exact=True).click()
    await expect(page.get_by_role("button", name="Swap")).to_be_visible()
    found += await faults(page, "two calls")
    for id in [id for kind, id in house.things if kind == "call"]:
        house.end(id)
    await expect(page.get_by_role("timer")).to_have_count(0)
    record = house.records["hq.1"][2]["id"]
    laid_down = [
        {"when": "busy", "to": "109", "on": True, "by": "admin"},
        {"when": "always", "to": "9", "on": True},
    ]
    house.set("user", "hq.1", {**house.things["user", "hq.1"], "diversions": laid_down})
    house.warnings = ["Calls do not go to 9."]
    mobile = {"number": "+491715550110", "shown": "", "enabled": False, "delay": 5}
    house.mobile("m", "hq.1", "Mobile", {**mobile, "min_alert": 0, "max_alert": 0, "call_waiting": True})
    for place in ("people/hq.2", "calls", f"calls/{record}", "settings", "settings/calls", "settings/notices",
                  "settings/forwarding", "settings/mobiles", "settings/look", "settings/keys",
                  "settings/password", "people"):  # fmt: skip
        await page.evaluate("(place) => { location.hash = place }", place)
        await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        found += await faults(page, place)
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_be_visible()
    found += await faults(page, "shortcuts")
    assert found == []


def test_the_page_is_small() -> None:
    """What stands in index.html: the rest comes after the first look."""
    index = (PAGE / "index.html").read_text()
    first = [PAGE / "index.html", *(PAGE / name for name in re.findall(r'(?:src|href)="/([^"]+)"', index))]
    sizes = {path.name: len(gzip.compress(path.read_bytes(), 9)) for path in first}
    assert sum(sizes.values()) <= AT_MOST, sizes
