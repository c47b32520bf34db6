"""The sidebar as a tool: many jobs at once, a filter, the keyboard, and little room."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from jupyter_training.client.client import Client
from tests.torture.processes import eventually
from tests.ui.lab import Lab, Seen, barriers
from tests.ui.seeing import may_be_narrow, narrow, open_sidebar, overflow, picture, restored, row, sidebar, submitted
from tests.ui.watching import answered

pytestmark = [pytest.mark.browser, pytest.mark.processes]

SETTINGS = "local_slots = 1\n"
LONG = ("digits-mlp-with-a-name-that-a-person-gave-in-a-hurry." * 2)[:63]  # the longest that is allowed
MANY = 200

SLOW = """
import time
from jupyter_training import report

for step in range(100_000):
    report(step=step, loss=1 / (step + 1), val_accuracy=1 - 0.9 / (step + 1))
    time.sleep(0.2)
"""


@pytest.fixture(scope="module")
def client(running: Lab) -> Iterator[Client]:
    with running.client() as client:
        yield client


@pytest.fixture(scope="module")
def holder(running: Lab) -> str:
    """Fills the only slot, so that the rest waits."""
    return submitted(running, "holder", SLOW)


def rows(page: Page) -> Locator:
    return sidebar(page).locator("[data-job]")


def list_of(page: Page) -> Locator:
    return sidebar(page).get_by_role("treegrid")


@pytest.mark.usefixtures("holder")
def test_two_hundred_are_canceled_in_less_than_a_second(running: Lab, seen: Seen, client: Client) -> None:
    """From the click until the page says what came of all; that they are asked shows at once. It is one request."""
    page = seen.page
    ids = {submitted(running, f"wave-{number}", "pass") for number in range(MANY)}
    page.goto(running.address("bulk"))
    panel = open_sidebar(page)
    filter_box(page).fill("wave")
    expect(panel).to_contain_text("200 fit")
    rows(page).first.click()
    page.keyboard.press("Control+a")
    group = panel.get_by_role("group", name="Selected trainings")
    expect(group).to_contain_text("200 selected")
    picture(page, "bulk-light")
    rows_stop = ".jp-Training-row[data-phase=stopping]"
    outcome = ".jp-Training-outcome"
    with page.expect_response(lambda answer: answer.url.partition("?")[0].endswith("/verbs")) as caught:
        shown, took = answered(
            page, ".jp-Training-bulk button", [(rows_stop, "wave-"), (outcome, "200 are asked to stop")]
        )
    results = caught.value.json()["results"]
    assert ids == {one["id"] for one in results if one["ok"]}
    print(f"asked shows after {shown:.3f} s, all answered after {took:.3f} s")
    assert 0.3 > shown, f"{shown:.2f} s"
    assert 1.0 > took, f"{took:.2f} s"
    eventually(
        lambda: {"canceled"} == {client.job(one)["state"] for one in sorted(ids)[:10]}, within=20, what="they end"
    )


def filter_box(page: Page) -> Locator:
    return sidebar(page).get_by_role("textbox", name="Filter trainings")


@pytest.mark.usefixtures("holder")
def test_the_filter_finds_by_name_state_and_metric_and_says_what_is_wrong(
    running: Lab, seen: Seen, client: Client
) -> None:
    page = seen.page
    submitted(running, "needle-one", "pass")
    submitted(running, "needle-two", "pass", priority=60)
    page.goto(running.address("filter"))
    panel = open_sidebar(page)
    box = filter_box(page)
    expect(row(page, "holder")).to_be_visible()
    box.fill("needle")
    expect(panel).to_contain_text("2 fit")
    expect(rows(page)).to_have_count(2)
    box.fill("needle -two")
    expect(rows(page)).to_have_count(1)
    box.fill("state:running val_accuracy>0.05")
    expect(rows(page)).to_have_count(1)
    expect(row(page, "holder")).to_be_visible()
    box.fill("stat:failed")
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(panel.get_by_role("search")).to_contain_text("state")
    assert [] == barriers(page, ".jp-Training-sidebar")
    picture(page, "filter-wrong-light")
    box.press("Escape")
    expect(box).to_have_value("")
    expect(row(page, "needle-one")).to_be_visible()


@pytest.mark.usefixtures("holder")
def test_all_of_it_by_the_keyboard_alone(running: Lab, seen: Seen, client: Client) -> None:
    """Open the panel, move, select, stop, open the detail, look at another tab of it, and close it."""
    page = seen.page
    first, second = submitted(running, "keys-one", "pass"), submitted(running, "keys-two", "pass")
    page.goto(running.address("keys"))
    restored(page)
    expect(page.locator(".jp-Launcher")).to_be_focused()  # JupyterLab opens it late, and it takes the focus then
    eventually(lambda: opened(page), within=30, what="the shortcut opens the panel")
    expect(row(page, "keys-one")).to_be_visible()
    tab_until(page, filter_box(page))
    page.keyboard.type("keys")
    expect(rows(page)).to_have_count(2)
    page.keyboard.press("ArrowDown")
    expect(focused(page)).to_have_attribute("data-job", re.compile(f"{first}|{second}"))
    begin = focused(page).get_attribute("data-job")
    page.keyboard.press("ArrowDown")
    expect(page.locator(f"[data-job='{second if begin == first else first}']")).to_be_focused()
    page.keyboard.press("Space")
    expect(focused(page)).to_have_attribute("aria-selected", "true")
    stopped = str(focused(page).get_attribute("data-job"))
    picture(page, "keyboard-selected-light")

    page.keyboard.press("Delete")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert [] == barriers(page, ".jp-Dialog")
    expect(dialog.locator(".jp-mod-accept")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(f"[data-job='{stopped}']")).to_contain_text("canceled")

    page.keyboard.press("Enter")
    whole = page.get_by_role("tab", name="Overview")
    expect(whole).to_be_visible()
    tab_until(page, page.get_by_role("tab", name="Overview"))
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Log")).to_be_focused()
    expect(page.get_by_role("tab", name="Log")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Alt+w")
    expect(whole).to_have_count(0)


def opened(page: Page) -> bool:
    """Press the shortcut, which does nothing until JupyterLab has read its settings."""
    page.keyboard.press("Control+Alt+y")
    return sidebar(page).is_visible()


def focused(page: Page) -> Locator:
    return page.locator(":focus")


def tab_until(page: Page, wanted: Locator) -> None:
    """Press Tab until it is reached, as one does who has no pointer."""
    expect(wanted).to_be_visible()
    for _ in range(60):
        if wanted.evaluate("node => node === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("No number of Tabs leads there.")


@pytest.mark.usefixtures("holder")
@pytest.mark.parametrize("seen", [1.0, 2.0], ids=["plain", "zoomed"], indirect=True)
def test_a_narrow_panel_with_long_names_has_nothing_beside_it(running: Lab, seen: Seen, client: Client) -> None:
    former, waiting = (submitted(running, LONG, "pass", params={"learning_rate": rate}) for rate in (0.1, 0.01))
    page = seen.page
    page.goto(running.address(f"narrow-{waiting}"))
    may_be_narrow(page)
    panel = open_sidebar(page)
    narrow(page, 220)
    line = page.locator(f"[data-job='{waiting}']")
    expect(line.locator(".jp-Training-differs")).to_be_visible()
    line.click()
    expect(line).to_have_attribute("aria-selected", "true")
    expect(panel.get_by_role("button", name="Cancel")).to_be_visible()
    assert 220 >= panel.evaluate("node => node.clientWidth")
    assert panel.evaluate("node => node.scrollWidth <= node.clientWidth")
    assert [] == overflow(page, ".jp-Training-sidebar")
    assert [] == barriers(page, ".jp-Training-sidebar")
    picture(page, "narrow-light")
    for one in (former, waiting):
        client.cancel(one)
