"""A training that is followed goes on being followed, whatever is reloaded, restarted or killed meanwhile."""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.torture.processes import eventually
from tests.ui.lab import Lab, Seen, notebook, page_of
from tests.ui.seeing import (
    LOAD,
    card,
    changes,
    curve,
    open_sidebar,
    pixels,
    row,
    run_all,
    save,
    settled,
    sidebar,
    training,
)

pytestmark = [pytest.mark.browser, pytest.mark.processes]

SETTINGS = "local_slots = 8\n"


def begun(running: Lab, page: Page, name: str, *, steps: int = 3000) -> tuple[Locator, Locator]:
    """A training that was run in its cell; its card with a curve, and its row."""
    notebook(running.folder / f"{name}.ipynb", [LOAD, training(name, steps=steps)])
    page.goto(running.address(name, f"{name}.ipynb"))
    open_sidebar(page)
    run_all(page)
    shown = card(page, name)
    expect(curve(shown)).to_be_visible()
    expect(row(page, name)).to_contain_text("running")
    return shown, row(page, name)


def stop(running: Lab, name: str) -> None:
    with running.client() as client:
        client.kill(client.find(name)["id"])


def spark(place: Locator) -> str:
    """The course that the row draws."""
    return place.locator("svg path").last.get_attribute("d") or ""


def test_the_curve_grows_in_card_and_sidebar(running: Lab, seen: Seen) -> None:
    shown, line = begun(running, seen.page, "growing")
    drawn = pixels(shown)
    expect(line.get_by_role("img")).to_be_visible()
    course = spark(line)
    drawn = changes(shown, since=drawn)
    changes(shown, since=drawn)
    eventually(lambda: spark(line) != course, within=20, what="the row's course is drawn anew")
    stop(running, "growing")
    expect(shown).to_have_attribute("data-phase", "canceled")
    expect(line).to_contain_text("canceled")


def test_after_a_reload_it_goes_on(running: Lab, seen: Seen) -> None:
    page = seen.page
    shown, line = begun(running, page, "reloaded")
    save(page, running.folder / "reloaded.ipynb")
    page.reload()
    expect(shown).to_have_attribute("data-phase", "running")
    expect(curve(shown)).to_be_visible()
    changes(shown)
    expect(line).to_contain_text("running")
    expect(shown).to_have_count(1)
    expect(sidebar(page).locator("[data-job]", has_text="reloaded")).to_have_count(1)
    stop(running, "reloaded")
    expect(shown).to_have_attribute("data-phase", "canceled")


def test_after_a_restart_of_the_kernel_it_goes_on(running: Lab, seen: Seen) -> None:
    page = seen.page
    shown, line = begun(running, page, "restarted")
    settled(page)
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.get_by_role("menuitem").get_by_text("Restart Kernel…", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Confirm Kernel Restart").click()
    settled(page)
    changes(shown)
    expect(shown).to_have_attribute("data-phase", "running")
    expect(line).to_contain_text("running")
    stop(running, "restarted")
    expect(shown).to_have_attribute("data-phase", "canceled")


def test_a_killed_server_comes_back_and_nothing_is_missed_or_doubled(running: Lab, seen: Seen) -> None:
    """Without a reload: card and sidebar say that they wait, and go on at the change where they were."""
    page = seen.page
    shown, line = begun(running, page, "outlived")
    running.kill()
    expect(shown.get_by_role("status").filter(has_text="econnecting")).to_be_visible()
    before = pixels(shown)
    expect(shown).to_contain_text(re.compile(r"last seen (8|9|\d\d) s ago, reconnecting"))
    running.revive()
    # Two seconds after its return; it says where it is a moment before it answers.
    expect(shown.get_by_role("status").filter(has_text="econnecting")).to_have_count(0, timeout=4_000)
    changes(shown, since=before)
    expect(line).to_contain_text("running")

    stop(running, "outlived")
    expect(shown).to_have_attribute("data-phase", "canceled")
    expect(line).to_contain_text("canceled")
    expect(shown).to_have_count(1)
    expect(sidebar(page).locator("[data-job]", has_text="outlived")).to_have_count(1)
    told = [json.loads(frame.text) for frame in seen.changes()]
    numbers = [one["n"] for one in told]
    assert numbers == sorted(set(numbers)), "each change once, in order"
    assert 1 == [one["type"] for one in told].count("snapshot"), "it went on, and did not begin anew"
    resumed = [url for url in seen.sockets if "/changes" in url][-1]
    assert int(parse_qs(urlsplit(resumed).query)["after"][0]) in numbers
    with running.client() as client:
        job = client.find("outlived")
        (series,) = client.metrics(job["id"], "loss", points=20_000)["series"]
    assert list(range(series["count"])) == [step for step, _, _ in series["points"]], "the training never paused"


def test_a_second_browser_sees_the_same(running: Lab, seen: Seen, browser: Browser) -> None:
    shown, _ = begun(running, seen.page, "shared")
    with page_of(browser) as other:
        other.page.goto(running.address("other"))
        open_sidebar(other.page)
        line = row(other.page, "shared")
        expect(line).to_contain_text("running")
        line.click()
        sidebar(other.page).get_by_role("button", name="Stop").first.click()
        expect(line).to_contain_text("canceled")
        expect(shown).to_have_attribute("data-phase", "canceled")


def test_nothing_is_streamed_to_a_page_that_nobody_sees(running: Lab, seen: Seen) -> None:
    """A hidden page closes its stream; shown again, it goes on from there, and the curve is whole."""
    page = seen.page
    shown, _ = begun(running, page, "unseen")
    show(page, "hidden")
    eventually(lambda: quiet(seen, page), within=30, what="the stream ends")
    frames, requests = len(seen.changes()), len(asked(seen))
    before = pixels(shown)
    page.wait_for_timeout(3_000)  # an absence has no event to wait for
    assert frames == len(seen.changes())
    assert requests == len(asked(seen))
    assert before == pixels(shown)
    show(page, "visible")
    changes(shown, since=before)
    stop(running, "unseen")
    expect(shown).to_have_attribute("data-phase", "canceled")


def show(page: Page, state: str) -> None:
    """As the browser tells it when its tab is left or chosen."""
    page.evaluate(
        """state => {
            Object.defineProperty(document, 'visibilityState', {value: state, configurable: true});
            Object.defineProperty(document, 'hidden', {value: state === 'hidden', configurable: true});
            document.dispatchEvent(new Event('visibilitychange'));
        }""",
        state,
    )


def asked(seen: Seen, about: str = "") -> list[str]:
    return [url for url in seen.requests if "/jupyter-training/api/" in url and about in url]


def quiet(seen: Seen, page: Page) -> bool:
    """Whether a second went by without a word."""
    before = len(seen.changes())
    page.wait_for_timeout(1_000)
    return before == len(seen.changes())


def test_another_store_behind_the_same_address_is_said_and_left_alone(running: Lab, seen: Seen) -> None:
    """The card keeps what it knows and says why it is not live; when its own store is back, it goes on."""
    page = seen.page
    shown, _ = begun(running, page, "stranger")
    with running.client() as client:
        job = str(client.find("stranger")["id"])
    own = running.environment["JUPYTER_TRAINING_HOME"]
    running.kill()
    running.environment["JUPYTER_TRAINING_HOME"] = f"{own}/another"
    try:
        running.revive()
        expect(page.locator(".jp-Notebook .jp-Training-output")).to_contain_text("another store")
        expect(sidebar(page)).to_contain_text("No trainings yet")
        before = len(asked(seen, job))
        page.wait_for_timeout(3_000)  # an absence has no event to wait for
        assert before == len(asked(seen, job)), "no endless questions for what is not there"
    finally:
        running.kill()
        running.environment["JUPYTER_TRAINING_HOME"] = own
        running.revive()
    expect(shown).to_have_attribute("data-phase", "running")
    changes(shown)
    stop(running, "stranger")
    expect(shown).to_have_attribute("data-phase", "canceled")
