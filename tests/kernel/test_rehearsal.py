"""The result card of ``%%train --test``, as text, as HTML and in plain mode; and its error."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_training.errors import Refused
from jupyter_training.kernel import rehearsal
from tests.kernel.shells import Cells
from tests.kernel.test_card import Tags

TRACEBACK = """Traceback (most recent call last):
  File "cell [3] of my book.ipynb", line 7, in <module>
    root(limit)
ValueError: math domain error
"""


def step(name: str, ok: bool | None, sentence: str, seconds: float | None = None) -> dict[str, Any]:
    return {"name": name, "ok": ok, "sentence": sentence, "seconds": seconds}


PASSED: dict[str, Any] = {
    "ok": True,
    "sentence": "It works: one step took 1.1 s, and it goes on from its checkpoint.",
    "steps": [
        step("import", True, "What it imports is there."),
        step("train", True, "It ran one step in 1.1 s.", 1.1),
        step("report", True, "It reported loss at step 1."),
        step("checkpoint", True, "It saved step 1: 4.1 MB in 0.2 s.", 0.2),
        step("restore", True, "It went on from step 1.", 1.0),
    ],
    "error": None,
    "log": "  0%|  |\r100%|##| done\nstep 1\n",
}
FAILED: dict[str, Any] = {
    "ok": False,
    "sentence": "ValueError: math domain error at cell [3] of my book.ipynb, line 7, after 0.7 s.",
    "steps": [
        step("import", True, "What it imports is there."),
        step("train", False, "ValueError: math domain error at cell [3] of my book.ipynb, line 7, after 0.7 s.", 0.7),
        *(step(name, None, "Not reached.") for name in ("report", "checkpoint", "restore")),
    ],
    "error": TRACEBACK,
    "log": f"before it fails <b>\n{TRACEBACK}",
}


def test_each_of_the_five_has_its_word_its_time_and_its_sentence() -> None:
    lines = rehearsal.text("digits", PASSED).splitlines()
    assert "digits passed its test. It works: one step took 1.1 s, and it goes on from its checkpoint." == lines[0]
    assert ["import", "train", "report", "checkpoint", "restore"] == [line.split()[1] for line in lines[1:6]]
    assert "✓ checkpoint  ok  0.2 s  It saved step 1: 4.1 MB in 0.2 s." == lines[4]
    assert ["Its last lines:", "    100%|##| done", "    step 1"] == lines[7:]


def test_a_failure_shows_the_traceback_once_and_what_was_not_reached() -> None:
    shown = rehearsal.text("bad", FAILED)
    assert shown.startswith("bad failed its test: ValueError: math domain error at cell [3] of my book.ipynb, line 7")
    assert 3 == shown.count("not tried")
    assert 1 == shown.count('File "cell [3] of my book.ipynb", line 7, in <module>')
    assert shown.endswith("Its last lines:\n    before it fails <b>")


@pytest.mark.parametrize("found", [PASSED, FAILED], ids=["passed", "failed"])
def test_the_html_is_whole_and_says_the_same(found: dict[str, Any]) -> None:
    shown = rehearsal.html("digits", found)
    tags = Tags(shown)
    assert [] == tags.open
    assert {"script", "style", "b", "div", "span"} & set(tags.tags) == {"b", "div", "span"}
    for one in found["steps"]:
        assert one["name"] in shown
        assert one["sentence"].split(":")[0] in shown
    assert ("<b>test passed</b>" if found["ok"] else "<b>test failed</b>") in shown
    assert found["ok"] or "root(limit)" in shown
    assert found["ok"] or "before it fails &lt;b&gt;" in shown


def test_plain_mode_says_what_is_the_same_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_TRAINING_PLAIN", "1")
    shown = rehearsal.bundle("digits", {**PASSED, "log": ""})
    assert {
        "text/plain": "digits passed its test.\n✓ import      ok\n✓ train       ok\n✓ report      ok\n"
        "✓ checkpoint  ok\n✓ restore     ok"
    } == shown
    failed = rehearsal.text("bad", FAILED)
    assert "0.7 s" not in failed
    assert "ValueError: math domain error at cell [3] of my book.ipynb, line 7, after ..." in failed


@pytest.mark.parametrize("shown", [True, False], ids=["below its card", "alone"])
def test_the_error_is_one_line_where_the_card_has_the_rest(shown: bool) -> None:
    error: Any = rehearsal.failed("bad", FAILED, shown=shown)
    lines = error._render_traceback_()
    assert lines[0].startswith("TestFailed: bad failed its test: ValueError: math domain error at cell [3]")
    assert shown is (len(lines) == 1)
    assert shown or "    root(limit)" in lines


def test_something_stands_there_while_it_is_tried() -> None:
    shown = rehearsal.begun("digits")
    assert "digits: its code is tried for one step, and once more from its checkpoint." == shown["text/plain"]
    assert "<b>testing</b>" in shown["text/html"]
    assert [] == Tags(shown["text/html"]).open


def test_an_interrupt_meanwhile_is_one_line() -> None:
    with pytest.raises(KeyboardInterrupt) as caught, rehearsal.given_up():
        raise KeyboardInterrupt
    error: Any = caught.value
    assert ["The test is given up; nothing of it is kept."] == error._render_traceback_()


def test_a_test_sends_the_same_request_as_a_submit_and_stores_no_job(
    cells: Cells, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(type(cells.client), "rehearse", lambda _, request: asked.append(request) or PASSED)
    shown = cells.run("%%train digits lr=0.5 --test -o found --retries 2\nlr = 0.1\nprint(lr)\n")
    assert shown.startswith("digits passed its test.")
    assert PASSED == cells.shell.user_ns["found"]
    assert ("digits", {"lr": 0.5}, {"max": 2}) == (asked[0]["name"], asked[0]["params"], asked[0]["retries"])
    assert [] == cells.client.jobs()["jobs"]


def test_a_test_that_failed_is_an_error_of_its_cell(cells: Cells, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(cells.client), "rehearse", lambda _, request: FAILED)
    shown = cells.run("%%train bad --test\nprint(1)\n")
    assert "TestFailed: bad failed its test" in shown
    assert cells.result.error_in_exec is not None
    quiet = cells.run("%%train bad --test -q\nprint(1)\n").splitlines()
    assert quiet[0].startswith("TestFailed: ")
    assert "ValueError: math domain error" == quiet[-1]


def test_a_test_that_is_refused_says_that_nothing_was_tried(cells: Cells, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object, request: object) -> None:
        raise Refused("A test of yours is under way, and one runs at a time.")

    monkeypatch.setattr(type(cells.client), "rehearse", refuse)
    shown = cells.run("%%train digits --test\nprint(1)\n").splitlines()
    assert "digits was not tested." == shown[0]
    assert "Refused: A test of yours is under way, and one runs at a time." in shown


def test_to_test_and_to_plan_exclude_each_other(cells: Cells) -> None:
    assert "--test and --dry-run exclude each other." in cells.run("%%train --dry-run --test\nprint(1)\n")
