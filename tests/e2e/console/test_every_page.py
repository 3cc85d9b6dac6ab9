"""Every page of the console in a real Chromium: wide and narrow, light and dark, by eye, by key, by rule.

The pages come out of the route table and the links on them: a new one is looked at without being named here,
and one that nothing leads to is a fault.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page

from bot.store.staff import Role
from tests.bot.staff.walk import STREAM, Answer, Walk
from tests.e2e.console.conftest import ADMIN, LAPTOP, PHONE, Desks, errors_on, routes_for
from tests.e2e.furnished import Furnished

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

HERE = Path(__file__).parent
LOOK, FOCUS = (HERE / "look.js").read_text(encoding="utf-8"), (HERE / "focus.js").read_text(encoding="utf-8")
AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = ["color-contrast", "link-in-text-block"]
"""What the dark can break; the rest is the same by day."""
GRAVE = {"serious", "critical"}
TABS, TABS_IN_THE_DARK = 14, 5
"""So many elements are walked through by key."""
VIEWS = {
    f"{size[0]}-{'dark' if dark else 'light'}": (size, dark)
    for size in (LAPTOP, PHONE)
    for dark in (False, True)
}
OUTSIDE = routes_for(None)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def windows(desks: Desks) -> dict[tuple[str, bool], BrowserContext]:
    """Browsers by view, and by whether somebody is signed in."""
    return {
        (name, inside): await desks.open(ADMIN, size, dark=dark, ready=inside)
        for name, (size, dark) in VIEWS.items()
        for inside in (True, False)
    }


async def faults_of(page: Page, path: str, *, dark: bool) -> list[str]:
    """Everything that is wrong with a page as it is seen."""
    errors = errors_on(page)
    answer = await page.goto(path)
    assert answer is not None
    found = [] if answer.status == 200 else [f"status {answer.status}"]
    look = await page.evaluate(LOOK)
    if look["wide"] > 0:
        found.append(f"{look['wide']} px too wide: {look['widest']}")
    if len(look["headings"]) != 1:
        found.append(f"main headings: {look['headings']}")
    if not look["title"]:
        found.append("no title")
    found += [f"too small: {one}" for one in look["small"]]
    found += [f"picture not there: {one}" for one in look["broken"]]
    found += await faults_by_key(page, TABS_IN_THE_DARK if dark else TABS)
    await page.evaluate(AXE)
    report = await page.evaluate("(rules) => axe.run(document, {runOnly: rules})", COLOURS if dark else RULES)
    found += [
        f"{one['id']}: {[node['html'][:120] for node in one['nodes'][:3]]}"
        for one in report["violations"]
        if one["impact"] in GRAVE
    ]
    return found + errors


async def faults_by_key(page: Page, tabs: int) -> list[str]:
    """Going through the first elements with the tab key: what cannot be seen to have the focus."""
    found = []
    for _ in range(tabs):
        await page.keyboard.press("Tab")
        focus = await page.evaluate(FOCUS)
        if focus is None:
            break
        if not focus["marked"]:
            found.append(f"focus not to be seen: {focus['called']}")
        if not focus["free"]:
            found.append(f"focus behind something: {focus['called']}")
    return found


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("route", [*routes_for(Role.ADMIN), *OUTSIDE])
async def test_every_page_can_be_seen_reached_and_pressed(
    windows: dict[tuple[str, bool], BrowserContext], walked: Walk, route: str, view: str
) -> None:
    there = walked.of(route)
    assert there, "no link leads here: give tests/e2e/furnished something it can be shown with"
    pages = walked.to_look_at(route)
    if not pages:
        assert not any(one.is_page for one in there)  # a fragment, a file, a stream, a way to elsewhere
    page = await windows[view, route not in OUTSIDE].new_page()
    try:
        faults = [
            f"{one.path}: {fault}"
            for one in pages
            for fault in await faults_of(page, one.path, dark=VIEWS[view][1])
        ]
    finally:
        await page.close()
    assert not faults, "\n".join(faults)


async def test_nothing_that_can_be_opened_fails(walked: Walk) -> None:
    assert walked.missed == []
    failed = [
        f"{path}: {one.answer.status}" for path, one in walked.reached.items() if not _is_well(one.answer)
    ]
    assert not failed, "\n".join(failed)


def _is_well(answer: Answer) -> bool:
    """There, or a little further on in the console."""
    moved = answer.status == 303 and answer.headers["Location"].startswith("/staff/")
    return answer.status == 200 or moved


async def test_what_is_handed_out_is_never_run_by_the_browser(house: Furnished, walked: Walk) -> None:
    """Files of strangers: pictures may be shown, everything else is saved."""
    for one in walked.reached.values():
        kind, headers = one.answer.media_type, one.answer.headers
        assert headers["X-Content-Type-Options"] == "nosniff", one.path
        if one.answer.status == 303 or kind in {"text/html", STREAM, "application/json"}:
            continue
        assert kind.startswith("image/") or headers.get("Content-Disposition", "").startswith("attachment"), (
            one.path
        )
        assert "svg" not in kind, one.path
