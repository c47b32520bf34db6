"""Pause, activate, retry, archive and delete from the page: on a card's buttons, in bulk, and by keys."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from jupyter_training.client.client import Client
from tests.torture.processes import eventually
from tests.ui.lab import Lab, Seen, barriers, notebook
from tests.ui.seeing import (
    LOAD,
    card,
    choose_theme,
    curve,
    open_detail,
    open_sidebar,
    picture,
    row,
    run_all,
    sidebar,
    submitted,
    tab,
)

pytestmark = [pytest.mark.browser, pytest.mark.processes]

# Counts its steps in what it saves; reports the count, so that a curve shows what it began with.
COUNTING = """
import time
from jupyter_training import checkpoint, report

found = checkpoint.latest()
weights = found.load() if found else {"seen": 0}
print("begins with", weights["seen"], flush=True)
begun = time.time() % 100  # so that attempts differ
for step in checkpoint.steps(1000):
    weights["seen"] += 1
    report(step=step, loss=1 / step, weights=weights["seen"], level=step + begun)
    if checkpoint.every(20, step):
        checkpoint.save(weights, step=step)
    time.sleep(0.05)
"""
FORGETTING = """
import time
from jupyter_training import report

for step in range(100_000):
    report(step=step, loss=1 / (step + 1))
    time.sleep(0.1)
"""


@pytest.fixture(scope="module")
def client(running: Lab) -> Iterator[Client]:
    with running.client() as client:
        yield client


def context(page: Page, name: str, item: str) -> None:
    """Choose from the context menu of a row."""
    row(page, name).locator(".jp-Training-name").click(button="right")
    page.locator(".lm-Menu").get_by_text(item, exact=True).click()


def phase(page: Page, name: str) -> Locator:
    return row(page, name).locator(".jp-Training-row")


def test_a_training_is_paused_killed_and_tried_again_and_its_curve_shows_it(
    running: Lab, seen: Seen, client: Client
) -> None:
    """The attempts are one curve with seams; what was taken back is grey and no metric of its own."""
    page = seen.page
    job = submitted(running, "counting", COUNTING)
    eventually(lambda: (client.job(job)["checkpoint"] or {}).get("step", 0) >= 20, within=60, what="a checkpoint")
    page.goto(running.address("paused"))
    open_sidebar(page)
    row(page, "counting").click()
    sidebar(page).get_by_role("button", name="Pause counting").click()
    expect(phase(page, "counting")).to_have_attribute("data-phase", re.compile("pausing|paused"))
    expect(phase(page, "counting")).to_have_attribute("data-phase", "paused")
    expect(sidebar(page).get_by_role("button", name="Activate counting")).to_be_visible()
    picture(page, "paused-light")
    assert [] == barriers(page, ".jp-Training-sidebar")
    stood = client.job(job)
    assert 0 == stood["checkpoint"]["step"] % 20

    sidebar(page).get_by_role("button", name="Activate counting").click()
    expect(phase(page, "counting")).to_have_attribute("data-phase", "running")
    began = stood["checkpoint"]["step"]
    eventually(lambda: client.job(job)["metrics"]["loss"]["last_step"] > began + 7, within=60, what="it goes on")
    client.kill(job)
    expect(phase(page, "counting")).to_have_attribute("data-phase", "canceled")
    sidebar(page).get_by_role("button", name="Retry counting").click()
    expect(phase(page, "counting")).to_have_attribute("data-phase", "running")
    again = client.job(job)
    eventually(
        lambda: client.job(job)["metrics"]["loss"]["last_step"] > again["metrics"]["loss"]["last_step"] + 15,
        within=60,
        what="the third attempt reports",
    )
    whole = open_detail(page, "counting")
    panel = tab(page, "Overview")
    expect(panel.get_by_role("group", name="Lineage")).to_contain_text("resumed at step")
    expect(curve(panel)).to_be_visible()
    expect(panel).to_contain_text("what an attempt reported after the step that a later one went on from")
    expect(whole).to_contain_text("attempt 3, from step")
    charts = panel.locator(".jp-Training-grid").first.locator("figure")
    expect(charts).to_have_count(3)  # of three metrics: what was taken back is none
    picture(page, "seams-light")
    assert [] == barriers(page, ".jp-Training-whole")
    panel = tab(page, "Attempts")
    expect(panel.get_by_role("row")).to_have_count(4)  # with its head
    expect(panel).to_contain_text("Paused by you")
    picture(page, "attempts-light")
    client.kill(job)
    choose_theme(page, "JupyterLab Dark")
    tab(page, "Overview")
    expect(whole).to_contain_text("what an attempt reported after the step that a later one went on from")
    picture(page, "seams-dark")
    assert [] == barriers(page, ".jp-Training-whole", ".jp-Training-sidebar")


def test_the_card_pauses_activates_and_tries_again(running: Lab, seen: Seen, client: Client) -> None:
    page = seen.page
    notebook(running.folder / "carded.ipynb", [LOAD, f"%%train carded\n{COUNTING}"])
    page.goto(running.address("carded", "carded.ipynb"))
    run_all(page)
    shown = card(page, "carded")
    expect(shown).to_have_attribute("data-phase", "running")
    job = client.find("carded")["id"]
    eventually(lambda: client.job(job)["checkpoint"], within=60, what="a checkpoint")
    shown.get_by_role("button", name="Pause carded").click()
    expect(shown).to_have_attribute("data-phase", "paused")
    expect(shown).to_contain_text("Paused by you")
    picture(page, "card-paused-light")
    assert [] == barriers(page, ".jp-Training-card")
    shown.get_by_role("button", name="Activate carded").click()
    expect(shown).to_contain_text("attempt 2, from step")
    expect(curve(shown)).to_be_visible()
    expect(shown.locator(".jp-Training-curve")).to_have_attribute("aria-label", re.compile("Attempt 2, from step"))
    began = client.job(job)["metrics"]["loss"]["last_step"]
    eventually(lambda: client.job(job)["metrics"]["loss"]["last_step"] > began + 7, within=60, what="it goes on")
    client.kill(job)
    expect(shown).to_have_attribute("data-phase", "canceled")
    shown.get_by_role("button", name="Retry carded").click()
    expect(shown).to_contain_text("attempt 3, from step")
    expect(shown.locator(".jp-Training-curve")).to_have_attribute("aria-label", re.compile("Attempt 3, from step"))
    picture(page, "card-seams-light")
    choose_theme(page, "JupyterLab Dark")
    picture(page, "card-seams-dark")
    assert [] == barriers(page, ".jp-Training-card")
    client.kill(job)
    expect(shown).to_have_attribute("data-phase", "canceled")


def test_a_training_that_says_nothing_is_warned_of_and_goes_on(running: Lab, seen: Seen, client: Client) -> None:
    page = seen.page
    job = submitted(running, "silent", "import time\ntime.sleep(600)", hang="2s")
    page.goto(running.address("silent"))
    panel = open_sidebar(page)
    row(page, "silent").click()
    expect(panel).to_contain_text("No report and no log line for")
    picture(page, "quiet-light")
    assert [] == barriers(page, ".jp-Training-sidebar")
    assert "running" == client.job(job)["state"]
    client.kill(job)


def test_a_pause_that_can_not_keep_anything_is_offered_as_such(running: Lab, seen: Seen, client: Client) -> None:
    page = seen.page
    job = submitted(running, "forgetting", FORGETTING)
    page.goto(running.address("discard"))
    open_sidebar(page)
    row(page, "forgetting").click()
    expect(phase(page, "forgetting")).to_have_attribute("data-phase", "running")
    sidebar(page).get_by_role("button", name="Pause forgetting").click()
    expect(sidebar(page).get_by_role("alert")).to_contain_text("checkpoint")
    picture(page, "pause-refused-light")
    assert [] == barriers(page, ".jp-Training-sidebar")
    sidebar(page).get_by_role("button", name="Pause and discard").click()
    expect(phase(page, "forgetting")).to_have_attribute("data-phase", "paused")
    client.cancel(job)


def test_archived_and_deleted_ones_leave_the_lists_after_a_word(running: Lab, seen: Seen, client: Client) -> None:
    page = seen.page
    jobs = [submitted(running, f"old-{number}", "print('ran')") for number in range(3)]
    for job in jobs:
        eventually(lambda job=job: client.job(job)["state"] == "succeeded", within=60, what="it ends")  # type: ignore[misc]
    page.goto(running.address("archive"))
    panel = open_sidebar(page)
    context(page, "old-0", "Archive")
    expect(row(page, "old-0")).to_have_count(0)
    box = panel.get_by_role("textbox", name="Filter trainings")
    box.fill("is:archived")
    expect(row(page, "old-0")).to_be_visible()
    expect(panel).to_contain_text("1 fits")
    picture(page, "archived-light")
    row(page, "old-0").click()
    page.keyboard.press("Shift+E")
    expect(row(page, "old-0")).to_have_count(0)
    box.fill("old-")
    expect(panel).to_contain_text("3 fit")

    row(page, "old-2").click()
    page.keyboard.press("Control+a")
    panel.get_by_role("group", name="Selected trainings").get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Delete 3 trainings?")
    expect(dialog).to_contain_text("the records of 3 trainings")
    expect(dialog).to_contain_text("checkpoints")
    expect(dialog).to_contain_text("logs")
    picture(page, "delete-light")
    assert [] == barriers(page, ".jp-Dialog")
    dialog.get_by_role("button", name="Cancel").click()
    expect(row(page, "old-2")).to_be_visible()
    row(page, "old-2").click()
    page.keyboard.press("Control+a")
    row(page, "old-2").focus()
    page.keyboard.press("Delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(panel).to_contain_text("3 are deleted")
    expect(row(page, "old-2")).to_have_count(0)
