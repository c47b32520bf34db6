"""What comes of a training: a fork has its code, a continuation its weights too, and both say where they are from."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from jupyter_training.client.client import Client
from tests.torture.processes import eventually
from tests.ui.lab import Lab, Seen, barriers
from tests.ui.seeing import choose_theme, open_detail, open_sidebar, picture, row, submitted, tab

pytestmark = [pytest.mark.browser, pytest.mark.processes]

STEPS = 20
COUNTING = f"""
from jupyter_training import checkpoint, report

found = checkpoint.latest()
weights = found.load() if found else {{"seen": 0}}
print("begins with", weights["seen"], flush=True)
for step in checkpoint.steps({STEPS}):
    weights["seen"] += 1
    report(step=step, loss=1 / step, weights=weights["seen"])
    if checkpoint.every(5, step):
        checkpoint.save(weights, step=step, metrics={{"loss": 1 / step}})
"""


@pytest.fixture(scope="module")
def client(running: Lab) -> Iterator[Client]:
    with running.client() as client:
        yield client


@pytest.fixture(scope="module")
def source(running: Lab, client: Client) -> str:
    """A training that has ended, with the checkpoints of all its steps."""
    keep = {"keep": {"trial_latest": 10}, "metric": "loss"}
    job = submitted(running, "source", COUNTING, params={"lr": 0.1, "layers": [64, 32]}, checkpoints=keep)
    ended(client, job)
    return job


def ended(client: Client, job: str) -> None:
    eventually(lambda: client.job(job)["state"] == "succeeded", within=60, what="it succeeds")


@pytest.mark.usefixtures("source")
def test_a_fork_from_the_sidebar_begins_without_weights(running: Lab, seen: Seen, client: Client) -> None:
    page = seen.page
    page.goto(running.address("fork"))
    open_sidebar(page)
    row(page, "source").locator(".jp-Training-name").click(button="right")
    picture(page, "menu-light")
    page.locator(".lm-Menu").get_by_text("Fork…", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("without weights")
    config = dialog.get_by_role("textbox", name="Config")
    config.fill("pool: local\nprioritty: 3\n")
    dialog.get_by_role("button", name="Fork").click()
    expect(dialog).to_contain_text(re.compile("Line 2, column 1: .*priority"))
    picture(page, "fork-wrong-light")
    assert [] == barriers(page, ".jp-Dialog")
    config.fill("pool: local\npriority: 3\n")
    dialog.get_by_role("textbox", name="name", exact=True).fill("forked")
    dialog.get_by_role("textbox", name="lr").fill("0.01")
    picture(page, "fork-light")
    dialog.get_by_role("button", name="Fork").click()

    lineage = page.get_by_role("tabpanel", name="Overview").get_by_role("group", name="Lineage")
    expect(lineage).to_contain_text("forked from source")
    job = client.find("forked")
    ended(client, job["id"])
    made = client.job(job["id"])
    assert {"lr": 0.01, "layers": [64, 32]} == made["params"]
    assert 3 == made["priority"]
    assert (1, STEPS) == (made["metrics"]["weights"]["low"], made["metrics"]["weights"]["high"]), "no weights"
    lineage.get_by_role("button", name="source").click()
    expect(page.get_by_role("tabpanel", name="Overview")).to_contain_text("fork: forked")
    picture(page, "lineage-light")


def test_a_continuation_from_a_chosen_checkpoint_begins_with_its_weights(
    running: Lab, seen: Seen, client: Client, source: str
) -> None:
    page = seen.page
    page.goto(running.address("continue"))
    open_sidebar(page)
    open_detail(page, "source")
    panel = tab(page, "Checkpoints")
    expect(panel.get_by_role("row")).to_have_count(1 + STEPS // 5)
    expect(panel.get_by_role("row", name="best")).to_contain_text("0.05")
    picture(page, "checkpoints-light")
    assert [] == barriers(page, ".jp-Training-whole")
    panel.get_by_role("button", name="Continue from step 10").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("combobox", name="checkpoint")).to_contain_text("step 10")
    dialog.get_by_role("textbox", name="name", exact=True).fill("continued")
    picture(page, "continue-light")
    assert [] == barriers(page, ".jp-Dialog")
    dialog.get_by_role("button", name="Continue").click()

    lineage = page.get_by_role("tabpanel", name="Overview").get_by_role("group", name="Lineage")
    expect(lineage).to_contain_text("continued from step 10 of source")
    job = client.find("continued")["id"]
    ended(client, job)
    made = client.job(job)
    assert 11 == made["metrics"]["weights"]["low"], "it has the weights"
    assert 10 + STEPS == made["metrics"]["loss"]["last_step"]
    assert source == made["parent"]["job"]
    choose_theme(page, "JupyterLab Dark")
    lineage.get_by_role("button", name="source").click()
    tab(page, "Overview")
    expect(lineage).to_contain_text("continues from step 10 in continued")
    tab(page, "Checkpoints")
    picture(page, "checkpoints-dark")
    assert [] == barriers(page, ".jp-Training-whole")


def test_what_would_go_is_listed_before_it_goes(running: Lab, seen: Seen, client: Client) -> None:
    page = seen.page
    job = submitted(running, "kept", COUNTING, checkpoints={"keep": {"trial_latest": 10}})
    ended(client, job)
    page.goto(running.address("kept"))
    open_sidebar(page)
    open_detail(page, "kept")
    panel = tab(page, "Checkpoints")
    panel.get_by_role("button", name="What is kept").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Nothing: all 4 stay.")
    dialog.get_by_role("spinbutton", name="newest").fill("1")
    dialog.get_by_role("spinbutton", name="best", exact=True).fill("0")
    expect(dialog).to_contain_text("3 checkpoints go")
    expect(dialog).to_contain_text("step 15")
    picture(page, "retention-light")
    assert [] == barriers(page, ".jp-Dialog")
    assert 4 == client.job(job)["checkpoint"]["count"], "nothing has gone yet"
    dialog.get_by_role("button", name="Keep Only These").click()
    expect(panel.get_by_role("row", name="removed")).to_have_count(3)
    assert 1 == client.job(job)["checkpoint"]["count"]


def test_an_extension_goes_on_with_other_parameters_that_stand_beside_the_old(
    running: Lab, seen: Seen, client: Client
) -> None:
    page = seen.page
    job = submitted(running, "extended", COUNTING, params={"lr": 0.1})
    ended(client, job)
    page.goto(running.address("extend"))
    open_sidebar(page)
    row(page, "extended").locator(".jp-Training-name").click()
    page.keyboard.press("x")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"from step {STEPS}")
    dialog.get_by_role("textbox", name="lr").fill("0.5")
    picture(page, "extend-light")
    assert [] == barriers(page, ".jp-Dialog")
    dialog.get_by_role("button", name="Extend").click()
    eventually(lambda: client.job(job)["metrics"]["loss"]["last_step"] == 2 * STEPS, within=60, what="it goes on")
    assert 2 * STEPS == client.job(job)["metrics"]["weights"]["last"]
    open_detail(page, "extended")
    panel = tab(page, "Parameters")
    expect(panel.get_by_role("row", name="lr")).to_contain_text("before it was extended: 0.1")
    picture(page, "overrides-light")
    assert [] == barriers(page, ".jp-Training-whole")
