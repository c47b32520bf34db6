"""What a person does in JupyterLab with trainings, and what they see: by role, name and word."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.torture.processes import eventually
from tests.ui.lab import ARTEFACTS, Lab

__all__ = [
    "LOAD",
    "SIDEBAR_TAB",
    "card",
    "changes",
    "choose_theme",
    "curve",
    "may_be_narrow",
    "narrow",
    "open_detail",
    "open_sidebar",
    "overflow",
    "picture",
    "pixels",
    "restored",
    "row",
    "run_all",
    "save",
    "settled",
    "sidebar",
    "submitted",
    "tab",
    "training",
]

LOAD = "%load_ext jupyter_training"
SIDEBAR_TAB = '.lm-TabBar-tab[data-id="jupyter-training-sidebar"]'

PIXELS = """node => {
    const canvas = node.tagName === 'CANVAS' ? node : node.querySelector('canvas');
    if (canvas === null || canvas.width === 0) {
        return '';
    }
    const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    let hash = 2166136261;
    for (let at = 0; at < data.length; at += 1) {
        hash = Math.imul(hash ^ data[at], 16777619);
    }
    return String(hash >>> 0);
}"""


def training(name: str, *, steps: int, pause: float = 0.1, body: str = "") -> str:
    """A cell that reports a falling loss; ``body`` comes after the loop."""
    return f"""%%train {name} steps={steps}
import time
from jupyter_training import report

steps = 1
for step in range(steps):
    time.sleep({pause})
    report(step=step, loss=1 / (step + 1), val_accuracy=1 - 0.9 / (step + 1))
{body}"""


def choose_theme(page: Page, name: str) -> None:
    """By the menu, as a person does."""
    page.get_by_role("menuitem", name="Settings", exact=True).click()
    page.locator(".lm-Menu").get_by_text("Theme", exact=True).click()
    page.locator(".lm-Menu").get_by_text(name, exact=True).click()
    light = str(name.endswith("Light")).lower()
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", light)


def open_sidebar(page: Page) -> Locator:
    """Show our panel, which is not shown yet, by its tab at the side."""
    restored(page)
    page.locator(SIDEBAR_TAB).click()
    expect(sidebar(page)).to_be_visible()
    return sidebar(page)


def restored(page: Page) -> None:
    """Wait until JupyterLab has restored its layout; before that, it takes back what is opened."""
    expect(page.get_by_role("main")).to_be_visible()
    expect(page.locator("#jupyterlab-splash")).to_have_count(0)


def open_detail(page: Page, name: str) -> Locator:
    """A training in the main area, opened from its row in the open sidebar."""
    row(page, name).get_by_text(name).first.dblclick()
    expect(page.get_by_role("tab", name="Overview")).to_be_visible()
    return page.locator(".jp-Training-whole").first


def tab(page: Page, name: str) -> Locator:
    """One of a training's tabs, chosen; gives what it shows."""
    page.get_by_role("tab", name=name, exact=True).click()
    panel = page.get_by_role("tabpanel", name=name, exact=True)
    expect(panel).to_be_visible()
    return panel


def submitted(running: Lab, name: str, script: str, **keys: object) -> str:
    """A job of this script, as a client would send it; gives its id."""
    wish = {
        "key": uuid.uuid4().hex,
        "name": name,
        "entry": {"kind": "script", "path": "script.py"},
        "files": [{"path": "script.py", "text": script}],
        **keys,
    }
    with running.client() as client:
        return str(client.submit_request(wish)["job"]["id"])


def sidebar(page: Page) -> Locator:
    return page.get_by_role("region", name="Training", exact=True)


def card(page: Page, name: str) -> Locator:
    """The live card of a training, by the name it is given."""
    return page.get_by_role("article", name=re.compile(rf"\b{re.escape(name)}\b"))


def curve(shown: Locator) -> Locator:
    """What a card draws."""
    return shown.locator("canvas").first


def row(page: Page, name: str) -> Locator:
    """A training's line in the sidebar."""
    return sidebar(page).locator("[data-job]", has_text=name).first


def may_be_narrow(page: Page) -> None:
    """Lift JupyterLab's own limit of 250 px, before a panel is opened."""
    expect(page.get_by_role("main")).to_be_visible()
    page.add_style_tag(content=":root { --jp-sidebar-min-width: 180px !important; }")


def narrow(page: Page, width: int) -> None:
    """Drag the edge of the side area until the open panel is so wide; below 250 px after ``may_be_narrow``."""
    handle = page.locator("#jp-main-split-panel > .lm-SplitPanel-handle:visible").first
    for _ in range(3):
        box, edge = sidebar(page).bounding_box(), handle.bounding_box()
        assert box is not None
        assert edge is not None
        if abs(box["width"] - width) < 1:
            return
        page.mouse.move(edge["x"], 300)
        page.mouse.down()
        page.mouse.move(edge["x"] + width - box["width"], 300, steps=4)
        page.mouse.up()
    raise AssertionError(f"The panel can't be made {width} px wide.")


def run_all(page: Page) -> None:
    """By the menu, once the kernel is up: earlier, JupyterLab asks which kernel to take."""
    settled(page)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()


def save(page: Page, file: Path) -> None:
    """Save the notebook, and wait until the card's reference is in the file."""
    page.get_by_role("button", name="Save and create checkpoint").click()
    eventually(lambda: "vnd.jupyter-training.job" in file.read_text("utf-8"), within=20, what="the notebook is saved")


def settled(page: Page) -> None:
    """Wait until the notebook's kernel is up and does nothing."""
    expect(page.locator("#jp-main-statusbar")).to_contain_text("Python 3 (ipykernel) | Idle")
    expect(page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")).to_be_attached()


def pixels(place: Locator) -> str:
    """A mark of what is drawn in a canvas, or in the first one inside; empty when none is there."""
    return str(place.evaluate(PIXELS))


def changes(place: Locator, *, within: float = 20, since: str | None = None) -> str:
    """Wait until the canvas shows something else than now (or than ``since``); its new mark."""
    before = pixels(place) if since is None else since

    def other() -> str | None:
        now = pixels(place)
        return now if now not in ("", before) else None

    return eventually(other, within=within, what="the canvas is drawn anew")


def overflow(page: Page, place: str) -> list[Any]:
    """Parts of ``place`` (a CSS selector) that stick out to the side: nothing that scrolls and is not meant to.

    What scrolls by itself (code, a log, a table in its own frame) is left out, and so is what is clipped on purpose.
    """
    found = page.evaluate(
        """place => [...document.querySelectorAll(place)].flatMap(top => [top, ...top.querySelectorAll('*')])
            .filter(node => node.scrollWidth > node.clientWidth + 1 && node.clientWidth > 0)
            .filter(node => {
                const style = getComputedStyle(node);
                return style.display !== 'inline' && !['auto', 'scroll', 'hidden', 'clip'].includes(style.overflowX);
            })
            .map(node => [node.tagName, String(node.className), node.scrollWidth, node.clientWidth])""",
        place,
    )
    return list(found)


def picture(page: Page, name: str) -> None:
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"{name}.png")
