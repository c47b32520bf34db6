"""What can be done with a training from its card: the menu of its legal verbs, by keys, and what they ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from jupyter_training.client.client import Client
from tests.torture.processes import eventually
from tests.ui.lab import Lab, Seen, barriers, notebook
from tests.ui.seeing import LOAD, card, choose_theme, open_detail, open_sidebar, picture, run_all, tab

pytestmark = [pytest.mark.browser, pytest.mark.processes]

SAVING = """
import os
from jupyter_training import checkpoint, report

print("token", os.environ.get("A_TOKEN"))
checkpoint.save({"seen": 1}, step=1)
report(step=1, loss=0.5)
"""


@pytest.fixture(scope="module")
def client(running: Lab) -> Iterator[Client]:
    with running.client() as client:
        yield client


def test_an_ended_one_is_forked_from_its_card_by_keys_alone(running: Lab, seen: Seen, client: Client) -> None:
    page = seen.page
    notebook(
        running.folder / "menu.ipynb",
        [LOAD, "import os; os.environ['A_TOKEN'] = 'of the kernel'", f"%%train first --pass-env A_TOKEN\n{SAVING}"],
    )
    page.goto(running.address("menu", "menu.ipynb"))
    run_all(page)
    shown = card(page, "first")
    expect(shown).to_have_attribute("data-phase", "succeeded")
    more = shown.get_by_role("button", name="More for first")
    more.focus()
    page.keyboard.press("ArrowDown")
    menu = page.get_by_role("menu").last
    expect(menu.get_by_role("menuitem").filter(visible=True)).to_contain_text(
        ["Extend…", "Continue from a Checkpoint…", "Fork…", "Clone into Cell", "Copy Id", "Archive", "Delete…"]
    )
    expect(menu.locator(".lm-mod-active")).to_contain_text("Extend…")
    picture(page, "card-menu-light")
    page.keyboard.press("Escape")
    expect(more).to_be_focused()

    page.keyboard.press("Enter")
    expect(menu.locator(".lm-mod-active")).to_contain_text("Extend…")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Fork first")
    expect(dialog.get_by_role("textbox").first).to_be_focused()  # what is pressed before goes to the page behind it
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(more).to_be_focused()

    choose_theme(page, "JupyterLab Dark")
    more.focus()
    page.keyboard.press("Enter")
    expect(menu.locator(".lm-mod-active")).to_contain_text("Extend…")
    picture(page, "card-menu-dark")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("textbox", name="name", exact=True)).to_be_focused()
    page.keyboard.type("second")
    page.keyboard.press("Enter")
    secret = dialog.get_by_label(re.compile("A_TOKEN"))
    expect(secret).to_be_focused()
    expect(dialog).to_contain_text("Its value is needed once more")
    picture(page, "fork-secrets-dark")
    assert [] == barriers(page, ".jp-Dialog", ".jp-Training-card")
    page.keyboard.type("typed by hand")
    assert "password" == secret.get_attribute("type")
    picture(page, "fork-secrets-typed-dark")
    page.keyboard.press("Enter")
    expect(page.get_by_role("tabpanel", name="Overview")).to_contain_text("forked from first")
    job = client.find("second")["id"]
    eventually(lambda: client.job(job)["state"] == "succeeded", within=60, what="the fork succeeds")
    assert "token typed by hand" in str(client.logs(job))
    assert "typed by hand" not in str(client.job(job))


def test_checkpoints_that_could_not_be_copied_are_warned_of_on_card_and_page(running: Lab, seen: Seen) -> None:
    page = seen.page
    url = "s3://nobucket/x"
    notebook(running.folder / "nocopy.ipynb", [LOAD, f"%%train nocopy --checkpoints {url}\n{SAVING}"])
    page.goto(running.address("nocopy", "nocopy.ipynb"))
    choose_theme(page, "JupyterLab Light")
    open_sidebar(page)
    run_all(page)
    shown = card(page, "nocopy")
    expect(shown).to_have_attribute("data-phase", "succeeded")
    expect(shown.locator(".jp-Training-hangs")).to_contain_text("kept on this machine only")
    picture(page, "nocopy-card-light")
    assert [] == barriers(page, ".jp-Training-card")
    whole = open_detail(page, "nocopy")
    expect(whole.locator(".jp-Training-hangs")).to_contain_text("kept on this machine only")
    picture(page, "nocopy-light")
    assert [] == barriers(page, ".jp-Training-whole")
    choose_theme(page, "JupyterLab Dark")
    tab(page, "Checkpoints")
    picture(page, "nocopy-dark")
    assert [] == barriers(page, ".jp-Training-whole")
