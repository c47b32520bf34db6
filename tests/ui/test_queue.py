"""The queue in the page: rows are dragged and moved by keys, what runs makes room, and a dialogue changes the rest."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from jupyter_training.client.client import Client
from tests.torture.processes import eventually
from tests.ui.lab import Lab, Seen, barriers
from tests.ui.seeing import (
    choose_theme,
    may_be_narrow,
    narrow,
    open_sidebar,
    overflow,
    picture,
    restored,
    sidebar,
    submitted,
)

pytestmark = [pytest.mark.browser, pytest.mark.processes]

SETTINGS = "local_slots = 1\n"
NUMBERS = itertools.count(1)

# Counts its steps in what it saves, until a file lets it end.
WORKING = """
import os, time
from jupyter_training import checkpoint, report

found = checkpoint.latest()
weights = found.load() if found else {"seen": 0}
print("begins with", weights["seen"], flush=True)
for step in checkpoint.steps(100_000):
    weights["seen"] += 1
    report(step=step, loss=1 / step)
    if checkpoint.every(10, step):
        checkpoint.save(weights, step=step)
    if os.path.exists(END):
        break
    time.sleep(0.05)
"""


@pytest.fixture(scope="module")
def client(running: Lab) -> Iterator[Client]:
    with running.client() as client:
        yield client


@pytest.fixture
def three(running: Lab, client: Client) -> Iterator[list[str]]:
    """Three jobs for one slot; the first one runs and has a checkpoint."""
    number = next(NUMBERS)
    names = [f"{word}-{number}" for word in ("first", "second", "third")]
    jobs = []
    for name in names:
        script = WORKING.replace("END", repr(str(running.folder / f"{name}.end")))
        jobs.append(submitted(running, name, script))
    eventually(lambda: (client.job(jobs[0])["checkpoint"] or {}).get("step", 0) >= 10, within=60, what="a checkpoint")
    yield names
    for job in jobs:
        if client.job(job)["ended"] is None:
            client.kill(job)
    eventually(lambda: all(client.job(job)["ended"] for job in jobs), within=60, what="they end")


def open_queue(page: Page) -> Locator:
    """By the button at the section's head, or the menu where there is none."""
    restored(page)
    page.get_by_role("menuitem", name="View", exact=True).click()
    page.locator(".lm-Menu").get_by_text("Show the Training Queue", exact=True).click()
    table = page.get_by_role("grid", name=re.compile("Queue of"))
    expect(table).to_be_visible()
    return table


def line(table: Locator, name: str) -> Locator:
    return table.locator("[data-job]", has=table.page.locator("[data-column=name]", has_text=name))


def row(page: Page, name: str) -> Locator:
    """A training's line in the sidebar; why another one waits may name it too."""
    return sidebar(page).locator("[data-job]", has=page.locator(".jp-Training-name", has_text=name))


def order(table: Locator) -> list[str]:
    """The names as they stand, from top to bottom."""
    found = table.locator("[data-job]").evaluate_all(
        """rows => rows.sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)
            .map(one => one.querySelector('[data-column=name]').textContent)"""
    )
    return [str(one) for one in found]


def grip(page: Page, moved: Locator) -> None:
    """Take hold of a row by its handle."""
    moved.hover()
    handle = moved.locator(".jp-Training-grip").bounding_box()
    assert handle is not None
    page.mouse.move(handle["x"] + 4, handle["y"] + 8)
    page.mouse.down()


def drag_above(page: Page, moved: Locator, anchor: Locator) -> None:
    """Drag a row by its handle to right above another one, and hold it there."""
    place = anchor.bounding_box()
    assert place is not None
    grip(page, moved)
    page.mouse.move(place["x"] + 60, place["y"] + 40, steps=4)
    page.mouse.move(place["x"] + 60, place["y"] + 3, steps=6)


def state(client: Client, name: str) -> str:
    return str(client.find(name)["phase"])


def let_end(running: Lab, name: str) -> None:
    (running.folder / f"{name}.end").touch()


def test_the_last_is_dragged_to_the_top_and_goes_next(
    running: Lab, seen: Seen, client: Client, three: list[str]
) -> None:
    """Without pre-emption what runs keeps its slot; the dragged one is the next."""
    page = seen.page
    first, second, third = three
    client.set_pool("local", preemption=False)
    page.goto(running.address("dragged"))
    table = open_queue(page)
    expect(table.locator("[data-job]")).to_have_count(3)
    assert three == order(table)
    assert [] == barriers(page, ".jp-Training-queue")
    drag_above(page, line(table, third), line(table, second))
    picture(page, "queue-dragging-light")
    page.mouse.up()
    eventually(lambda: order(table) == [first, third, second], within=20, what="it stands there")
    expect(page.locator(".jp-Training-queue")).to_contain_text(f"{third} stands before {second}.")
    eventually(lambda: client.queue("local")["rows"][1]["name"] == third, within=20, what="the server says so")
    picture(page, "queue-moved-light")
    let_end(running, first)
    eventually(lambda: state(client, third) == "running", within=60, what="the dragged one runs next")
    assert "queued" == state(client, second)
    expect(line(table, third)).to_have_attribute("data-phase", "running")
    expect(line(table, first)).to_have_count(0)


def test_dragged_above_what_runs_it_takes_its_place_at_a_checkpoint(
    running: Lab, seen: Seen, client: Client, three: list[str]
) -> None:
    """With pre-emption what stands behind makes room, and goes on from its checkpoint afterwards."""
    page = seen.page
    first, second, third = three
    client.set_pool("local", preemption=True)
    try:
        page.goto(running.address("preempted"))
        table = open_queue(page)
        expect(table.locator("[data-job]")).to_have_count(3)
        drag_above(page, line(table, third), line(table, first))
        page.mouse.up()
        eventually(lambda: state(client, third) == "running", within=90, what="the dragged one runs")
        eventually(lambda: state(client, first) == "queued", within=60, what="the other one has made room")
        stood = client.find(first)
        assert stood["checkpoint"]["step"] % 10 == 0
        expect(line(table, first)).to_have_attribute("data-phase", "queued")
        expect(line(table, third)).to_have_attribute("data-phase", "running")
        assert [third, first, second] == order(table)
        picture(page, "queue-preempted-light")
        choose_theme(page, "JupyterLab Dark")
        restored(page)
        picture(page, "queue-preempted-dark")
        assert [] == barriers(page, ".jp-Training-queue")
        let_end(running, third)
        eventually(lambda: state(client, first) == "running", within=60, what="the first one goes on")
        expect(line(table, first)).to_have_attribute("data-phase", "running")
        eventually(
            lambda: client.find(first)["attempts"][-1]["start_step"] == stood["checkpoint"]["step"],
            within=60,
            what="it went on from its checkpoint",
        )
    finally:
        client.set_pool("local", preemption=False)


def test_by_keys_it_goes_the_same_way_and_says_so(running: Lab, seen: Seen, client: Client, three: list[str]) -> None:
    page = seen.page
    first, second, third = three
    page.goto(running.address("keys"))
    table = open_queue(page)
    line(table, third).focus()
    page.keyboard.press("Alt+ArrowUp")
    eventually(lambda: order(table) == [first, third, second], within=20, what="one place up")
    expect(page.locator(".jp-Training-queue")).to_contain_text(f"{third} stands before {second}.")
    expect(line(table, third)).to_be_focused()
    page.keyboard.press("Alt+End")
    eventually(lambda: order(table) == three, within=20, what="to the end")
    page.keyboard.press("Alt+Home")
    eventually(lambda: order(table) == [third, first, second], within=20, what="to the front")
    expect(page.locator(".jp-Training-queue")).to_contain_text(f"{third} stands before all of its priority.")
    expect(line(table, third)).to_be_focused()
    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator(".jp-Training-queue")).to_contain_text("It stands there already.")
    let_end(running, first)
    eventually(lambda: state(client, third) == "running", within=60, what="it runs next")


def test_in_the_sidebar_it_is_moved_too_at_220_px(running: Lab, seen: Seen, client: Client, three: list[str]) -> None:
    page = seen.page
    _, second, third = three
    page.goto(running.address("narrow"))
    expect(page.locator(".jp-Launcher-body")).to_be_visible()  # it takes the focus when it comes
    may_be_narrow(page)
    panel = open_sidebar(page)
    narrow(page, 220)
    expect(row(page, third)).to_be_visible()
    drag_above(page, row(page, third), row(page, second))
    page.mouse.up()
    eventually(lambda: below(page, third, second), within=20, what="it stands there")
    row(page, second).focus()
    page.keyboard.press("Alt+ArrowUp")
    eventually(lambda: below(page, second, third), within=20, what="by keys too")
    expect(row(page, second)).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(row(page, second).get_by_role("button", name="Manage…")).to_be_visible()
    expect(panel).to_contain_text("of 1 slots")
    picture(page, "queue-sidebar-light")
    assert [] == overflow(page, ".jp-Training-sidebar")
    assert [] == barriers(page, ".jp-Training-sidebar")
    panel.get_by_role("button", name="Show the queue of local").click()
    expect(page.get_by_role("grid", name="Queue of local")).to_be_visible()
    choose_theme(page, "JupyterLab Dark")
    restored(page)
    picture(page, "queue-sidebar-dark")
    assert [] == barriers(page, ".jp-Training-sidebar", ".jp-Training-queue")


def test_the_dialogue_refuses_a_bad_priority_and_sends_what_changed(
    running: Lab, seen: Seen, client: Client, three: list[str]
) -> None:
    page = seen.page
    first, second, third = three
    page.goto(running.address("managed"))
    table = open_queue(page)
    line(table, third).click()
    bar = page.get_by_role("group", name="Selected in the queue")
    bar.get_by_role("button", name="Manage…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"Manage {third}")
    accept = dialog.locator(".jp-Dialog-footer .jp-mod-accept")
    expect(accept).to_be_disabled()
    priority = dialog.get_by_label("priority")
    for bad in ("0", "100", "1.5", "high"):
        priority.fill(bad)
        page.keyboard.press("Enter")
        expect(dialog).to_contain_text("A whole number from 1 to 99.")
        expect(priority).to_have_attribute("aria-invalid", "true")
    picture(page, "queue-manage-light")
    assert [] == barriers(page, ".jp-Dialog")
    assert 42 == client.find(third)["priority"]
    priority.fill("30")
    with page.expect_request(lambda request: "queue/" in request.url and request.method == "POST") as sent:
        page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    items = sent.value.post_data_json["items"]
    assert [f"{client.find(third)['id']}.priority=30"] == items
    eventually(lambda: order(table) == [third, first, second], within=20, what="a better priority goes first")
    expect(line(table, third).locator("[data-column=worth]")).to_have_text("30")

    # Next to another priority it takes that one, and says so while it is dragged.
    drag_above(page, line(table, second), line(table, third))
    expect(page.locator(".jp-Training-dragged")).to_contain_text("takes priority 30")
    picture(page, "queue-takes-light")
    page.keyboard.press("Escape")
    page.mouse.up()
    assert 42 == client.find(second)["priority"]

    # A position that nobody can take is refused by the server, in the dialogue.
    line(table, second).click()
    bar.get_by_role("button", name="Manage…").click()
    position = dialog.get_by_label("position")
    position.fill("77")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_be_visible()
    position.fill("1")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    eventually(lambda: order(table)[0] == second, within=20, what="it is at the front")


def test_where_slots_are_shared_there_is_no_handle(running: Lab, seen: Seen, client: Client, three: list[str]) -> None:
    page = seen.page
    client.set_pool("shared", slots=1, policy="fair_share")
    page.goto(running.address("shared"))
    table = open_queue(page)
    for name in three[1:]:
        line(table, name).click(modifiers=["Control"])
    bar = page.get_by_role("group", name="Selected in the queue")
    expect(bar).to_contain_text("2 selected")
    bar.get_by_role("button", name="Manage…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("pool").select_option("shared")
    dialog.get_by_role("button", name="Change").click()
    expect(dialog).to_have_count(0)
    page.get_by_role("tab", name="shared").click()
    table = page.get_by_role("grid", name="Queue of shared")
    expect(table.locator("[data-job]")).to_have_count(2)
    expect(table.locator(".jp-Training-grip")).to_have_count(0)
    expect(table.get_by_role("columnheader", name="Weight")).to_be_visible()
    assert "shares its slots fairly" in str(
        table.locator("[data-job] [data-column=ahead]").first.get_attribute("title")
    )
    picture(page, "queue-shared-light")
    assert [] == barriers(page, ".jp-Training-queue")


def below(page: Page, upper: str, lower: str) -> bool:
    boxes = [row(page, name).bounding_box() for name in (upper, lower)]
    return boxes[0] is not None and boxes[1] is not None and boxes[0]["y"] < boxes[1]["y"]
