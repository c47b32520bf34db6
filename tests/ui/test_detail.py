"""A training in the main area: each of its sides, and its log as a tool."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.lab import Lab, Seen, barriers
from tests.ui.seeing import (
    changes,
    choose_theme,
    curve,
    open_detail,
    open_sidebar,
    overflow,
    picture,
    pixels,
    sidebar,
    submitted,
    tab,
)

pytestmark = [pytest.mark.browser, pytest.mark.processes]

LINES = 3000
SCRIPT = f"""
import time
from jupyter_training import output, report

for step in range(60):
    report(step=step, loss=1 / (step + 1), val_loss=1.1 / (step + 1), val_accuracy=1 - 0.9 / (step + 1))
for number in range({LINES}):
    print("a needle lies here" if number == 1233 else f"line {{number}} of the log")
with open(output("notes.txt"), "w") as file:
    file.write("kept for later")
with open(output("table.csv"), "w") as file:
    file.write("name,score\\nfirst,0.5\\nsecond,0.75\\n")
"""
SLOW = """
import time
from jupyter_training import report

for step in range(100_000):
    report(step=step, loss=1 / (step + 1))
    print("step", step, flush=True)
    time.sleep(0.2)
"""


@pytest.fixture(scope="module")
def ended(running: Lab) -> Iterator[str]:
    """A job with something on each of its sides."""
    with running.client() as client:
        job = submitted(running, "whole", SCRIPT, params={"lr": 0.01, "layers": 3})
        assert "succeeded" == client.wait(job, timeout=60)["state"]
        yield job


def opened(running: Lab, page: Page, name: str) -> Locator:
    """The detail of a job, opened from its row."""
    page.goto(running.address(f"detail-{uuid.uuid4().hex[:6]}"))
    open_sidebar(page)
    return open_detail(page, name)


@pytest.mark.usefixtures("ended")
def test_each_side_of_a_training_has_its_tab(running: Lab, seen: Seen) -> None:
    page = seen.page
    whole = opened(running, page, "whole")
    panel = tab(page, "Overview")
    expect(panel.locator("canvas").first).to_be_visible()
    expect(panel.get_by_role("row", name="val_accuracy")).to_contain_text("0.985")
    assert [] == barriers(page, ".jp-Training-whole")
    picture(page, "detail-overview-light")

    panel = tab(page, "Parameters")
    expect(panel).to_contain_text("lr")
    expect(panel).to_contain_text("0.01")
    picture(page, "detail-parameters-light")
    assert [] == barriers(page, ".jp-Training-whole")

    panel = tab(page, "Attempts")
    expect(panel.get_by_role("row")).to_have_count(2)  # with its head
    picture(page, "detail-attempts-light")
    assert [] == barriers(page, ".jp-Training-whole")

    panel = tab(page, "Artifacts")
    expect(panel).to_contain_text("notes.txt")
    panel.get_by_role("button", name="table.csv").click()
    expect(panel).to_contain_text("second")
    picture(page, "detail-artifacts-light")
    assert [] == barriers(page, ".jp-Training-whole")

    panel = tab(page, "Environment")
    expect(panel).to_contain_text("interpreter")
    expect(panel).to_contain_text("from jupyter_training import output, report")
    picture(page, "detail-environment-light")
    assert [] == barriers(page, ".jp-Training-whole")

    panel = tab(page, "Record")
    expect(panel).to_contain_text("MLflow")
    picture(page, "detail-record-light")
    assert [] == barriers(page, ".jp-Training-whole")
    assert [] == overflow(page, ".jp-Training-whole")
    assert "succeeded" in whole.inner_text()


@pytest.mark.usefixtures("ended")
def test_the_log_is_searched_where_it_is(running: Lab, seen: Seen) -> None:
    page = seen.page
    opened(running, page, "whole")
    panel = tab(page, "Log")
    expect(panel).to_contain_text(f"line {LINES - 1} of the log")  # it begins at its end
    box = panel.get_by_role("searchbox", name="Find in the log")
    box.fill("needle")
    expect(panel).to_contain_text("1 of 1")
    expect(panel).to_contain_text("a needle lies here")
    expect(panel).to_contain_text("line 1234 of the log")  # what stands after it
    picture(page, "detail-log-light")
    assert [] == barriers(page, ".jp-Training-whole")
    panel.get_by_role("button", name="Regular expression").click()
    box.fill("line 29[0-9]{2} of")
    expect(panel).to_contain_text("of 100")
    box.fill("(")
    expect(panel).to_contain_text("expression")
    box.press("Escape")
    line = panel.get_by_role("textbox", name="Go to line")
    line.fill("10")
    line.press("Enter")
    expect(panel.get_by_text("line 9 of the log")).to_be_visible()


def test_a_running_training_goes_on_in_its_detail(running: Lab, seen: Seen) -> None:
    """Curve and log grow; Stop is there too; and in dark it is as good."""
    page = seen.page
    submitted(running, "going", SLOW)
    whole = opened(running, page, "going")
    panel = tab(page, "Overview")
    expect(curve(panel)).to_be_visible()
    drawn = pixels(panel)
    changes(panel, since=drawn)
    panel = tab(page, "Log")
    expect(panel).to_contain_text("step 3")
    choose_theme(page, "JupyterLab Dark")
    assert [] == barriers(page, ".jp-Training-whole")
    picture(page, "detail-log-dark")
    tab(page, "Overview")
    expect(curve(whole)).to_be_visible()
    assert [] == barriers(page, ".jp-Training-whole")
    picture(page, "detail-overview-dark")
    choose_theme(page, "JupyterLab Light")
    whole.get_by_role("button", name="Stop").click()
    expect(whole.get_by_role("status").filter(has_text="canceled").first).to_be_visible()
    expect(sidebar(page)).to_contain_text("going")


def test_the_folder_that_was_sent_along_is_listed_with_the_code(running: Lab, seen: Seen) -> None:
    page = seen.page
    folder = running.folder / "sent"
    (folder / "data").mkdir(parents=True)
    (folder / "train.py").write_text("print(open('data/a.csv').read())")
    (folder / "data" / "a.csv").write_text("1,2\n" * 300)
    with running.client() as client:
        job = client.submit(folder / "train.py", name="with-folder", context=folder).id
        assert "succeeded" == client.wait(job, timeout=60)["state"]
    page.goto(running.address("sent"))
    open_sidebar(page)
    open_detail(page, "with-folder")
    panel = tab(page, "Environment")
    expect(panel.get_by_role("row", name="data/a.csv")).to_contain_text("1.2 kB")
    picture(page, "context-light")
    assert [] == barriers(page, ".jp-Training-whole")
    choose_theme(page, "JupyterLab Dark")
    picture(page, "context-dark")
    assert [] == barriers(page, ".jp-Training-whole")
