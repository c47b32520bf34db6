"""A training followed by eye: card and sidebar, live, after a reload, in both themes; and what it costs to be there."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.kernel.living import REPOSITORY
from tests.ui.lab import Lab, Seen, barriers, lab, notebook
from tests.ui.seeing import LOAD, card, curve, open_sidebar, picture, row, run_all, save, sidebar, training

pytestmark = [pytest.mark.browser, pytest.mark.processes]


@pytest.fixture(scope="module", params=["JupyterLab Light", "JupyterLab Dark"], ids=["light", "dark"])
def themed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lab, str]]:
    with lab(tmp_path_factory.mktemp("lab"), theme=request.param) as running:
        yield running, str(request.param).rpartition(" ")[2].lower()


# The theme makes no difference to what these are about.
in_light = pytest.mark.parametrize("themed", ["JupyterLab Light"], ids=["light"], indirect=True, scope="module")


def test_a_training_is_followed_from_its_cell_to_a_reload(themed: tuple[Lab, str], seen: Seen) -> None:
    running, theme = themed
    page = seen.page
    notebook(running.folder / "falling.ipynb", [LOAD, training("falling", steps=60)])
    page.goto(running.address("falling", "falling.ipynb"))
    panel = open_sidebar(page)
    expect(panel).to_contain_text("%%train first")
    picture(page, f"empty-{theme}")
    run_all(page)

    shown = card(page, "falling")
    expect(shown).to_have_attribute("data-phase", "running")
    line = row(page, "falling")
    expect(line).to_contain_text("running")
    expect(curve(shown)).to_be_visible()
    line.click()
    expect(sidebar(page)).to_contain_text("Running.")
    picture(page, f"running-{theme}")
    assert [] == barriers(page, ".jp-Training-sidebar", ".jp-Training-card")
    assert 1 == len([url for url in seen.sockets if "/changes" in url]), "one stream for card and sidebar"

    expect(shown).to_have_attribute("data-phase", "succeeded")
    expect(line).to_contain_text("succeeded")
    expect(shown).to_contain_text("0.0167")
    picture(page, f"succeeded-{theme}")

    save(page, running.folder / "falling.ipynb")
    page.reload()
    expect(card(page, "falling")).to_have_attribute("data-phase", "succeeded")
    expect(curve(card(page, "falling"))).to_be_visible()
    expect(row(page, "falling")).to_contain_text("succeeded")
    picture(page, f"reloaded-{theme}")


@in_light
def test_stop_in_the_card_stops_the_job(themed: tuple[Lab, str], seen: Seen) -> None:
    running, _ = themed
    page = seen.page
    notebook(running.folder / "stopped.ipynb", [LOAD, training("stopped", steps=6000)])
    page.goto(running.address("stopped", "stopped.ipynb"))
    run_all(page)
    shown = card(page, "stopped")
    expect(curve(shown)).to_be_visible()
    shown.get_by_role("button", name="Stop stopped").click()
    expect(shown).to_have_attribute("data-phase", "canceled")
    expect(shown).to_contain_text("Stopped by you")
    expect(shown.get_by_role("button", name="Stop stopped")).to_have_count(0)
    picture(page, "stopped-light")


@in_light
def test_start_costs_little_and_listens_to_nothing(themed: tuple[Lab, str], seen: Seen) -> None:
    """Chunks, charts and the stream come when somebody looks; until then under 30 KB arrive."""
    running, _ = themed
    page = seen.page
    page.goto(running.address("bare"))
    expect(page.locator('.lm-TabBar-tab[data-id="jupyter-training-sidebar"]')).to_be_visible()
    page.wait_for_load_state("networkidle")
    static = REPOSITORY / "jupyter_training" / "_labextension" / "static"
    names = {
        url.partition("?")[0].rpartition("/")[2] for url in seen.requests if "/extensions/jupyter-training/" in url
    }
    loaded = [static / name for name in names if (static / name).is_file()]
    assert any(path.name.startswith("remoteEntry") for path in loaded)
    assert 30_000 > sum(len(gzip.compress(path.read_bytes())) for path in loaded)
    assert 150_000 > sum(len(gzip.compress(path.read_bytes())) for path in static.glob("*.js"))
    assert [] == [url for url in seen.sockets if "/changes" in url]
    assert [] == [url for url in seen.requests if "/jupyter-training/api/" in url]
