"""How it looks: in light and dark, while the theme is switched, and to those who see or hear it otherwise."""

from __future__ import annotations

import uuid

import pytest
from playwright.sync_api import Locator, expect

from tests.torture.processes import eventually
from tests.ui.lab import Lab, Seen, barriers, notebook
from tests.ui.seeing import LOAD, card, choose_theme, curve, open_sidebar, overflow, picture, row, run_all, training

pytestmark = [pytest.mark.browser, pytest.mark.processes]

# How light the opaque parts of a canvas are on average: letters and lines, the ground is transparent.
LIGHTNESS = """node => {
    const data = node.getContext('2d').getImageData(0, 0, node.width, node.height).data;
    let sum = 0, count = 0;
    for (let at = 0; at < data.length; at += 4) {
        if (data[at + 3] > 200 && Math.max(data[at], data[at + 1], data[at + 2])
            - Math.min(data[at], data[at + 1], data[at + 2]) < 16) {
            sum += data[at];
            count += 1;
        }
    }
    return count === 0 ? -1 : sum / count;
}"""


def lightness(canvas: Locator) -> float:
    return float(canvas.evaluate(LIGHTNESS))


def test_the_theme_is_switched_while_it_runs(running: Lab, seen: Seen) -> None:
    """Letters and lines in the canvas are dark on light, then light on dark; nothing else stops or starts."""
    page = seen.page
    ran_before(running, "themes", lr=0.1, epochs=3)
    again = ran_before(running, "themes", lr=0.01, epochs=3)
    notebook(running.folder / "themes.ipynb", [LOAD, training("themes", steps=3000)])
    page.goto(running.address("themes", "themes.ipynb"))
    open_sidebar(page)
    run_all(page)
    shown = card(page, "themes")
    canvas = curve(shown)
    expect(canvas).to_be_visible()
    row(page, "themes").click()
    expect(page.locator(f"[data-job='{again}'] .jp-Training-differs")).to_have_text("lr=0.01")
    assert [] == barriers(page, ".jp-Training-sidebar", ".jp-Training-card")
    light = eventually(lambda: max(0.0, lightness(canvas)), within=20, what="letters are drawn")
    picture(page, "theme-light")

    choose_theme(page, "JupyterLab Dark")
    eventually(lambda: lightness(canvas) != light, within=20, what="the canvas has the theme's colours")
    dark = lightness(canvas)
    assert [] == barriers(page, ".jp-Training-sidebar", ".jp-Training-card")
    picture(page, "theme-dark")
    assert "running" == shown.get_attribute("data-phase")

    choose_theme(page, "JupyterLab Light")
    eventually(lambda: abs(lightness(canvas) - light) < 20, within=20, what="the canvas is light again")
    assert abs(dark - light) > 20, "letters on dark are not those on light"
    with running.client() as client:
        client.kill(client.find("themes")["id"])
    expect(shown).to_have_attribute("data-phase", "canceled")


def ran_before(running: Lab, name: str, **params: float) -> str:
    """A short run of that name; gives its id once it has ended."""
    wish = {
        "key": uuid.uuid4().hex,
        "name": name,
        "entry": {"kind": "script", "path": "script.py"},
        "files": [{"path": "script.py", "text": "print('ran')"}],
        "params": params,
    }
    with running.client() as client:
        job = str(client.submit_request(wish)["job"]["id"])
        eventually(lambda: client.job(job)["state"] == "succeeded", within=60, what="it ends")
    return job


@pytest.mark.parametrize("seen", [2.0], ids=["zoomed"], indirect=True)
def test_a_card_at_twice_the_size_has_nothing_beside_it(running: Lab, seen: Seen) -> None:
    page = seen.page
    name = "card-whose-name-is-as-long-as-a-name-may-be-and-not-one-more-xx"[-63:]
    notebook(running.folder / "zoomed.ipynb", [LOAD, training(name, steps=40)])
    page.goto(running.address("zoomed", "zoomed.ipynb"))
    expect(page.locator("#jp-main-statusbar")).to_contain_text("Python 3 (ipykernel) | Idle")
    page.keyboard.press("Control+b")  # the file browser takes half of so small a window
    run_all(page)
    shown = card(page, name)
    expect(shown).to_have_attribute("data-phase", "succeeded")
    shown.scroll_into_view_if_needed()
    assert shown.evaluate("node => node.scrollWidth <= node.clientWidth")
    assert [] == overflow(page, ".jp-Training-card")
    assert [] == barriers(page, ".jp-Training-card")
