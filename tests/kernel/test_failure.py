"""Errors show what, where and what to do, and no traceback of ours."""

from __future__ import annotations

import pytest

from jupyter_training.errors import InvalidSpec, InvalidUsage, Problem, TrainingError, UnknownPool, from_problem
from jupyter_training.kernel.failure import Detached, failed, present
from tests.kernel.builders import attempt, job

CELL = "%%train digits lr=0.1 --gpus 2\nimport math\n\tx = (1,\n"
PLACES = {"params.lr": (16, 6), "resources.gpus": (30, 1)}

LOG = """\
epoch 1 loss=0.5
epoch 2 loss=0.4
Traceback (most recent call last):
  cell [3] of a.ipynb, line 7, in <module>
    1 / 0
ZeroDivisionError: division by zero
"""


def lines(error: TrainingError, text: str = CELL) -> list[str]:
    shown: list[str] = present(error, text, places=PLACES)._render_traceback_()  # type: ignore[attr-defined]
    return shown


def test_a_problem_with_a_place_shows_its_line_with_a_caret() -> None:
    error = InvalidSpec("Not Python.", hint="Close it.", errors=[Problem("never closed", line=3, column=6)])
    assert ["InvalidSpec: Not Python.", "  cell, line 3", "    \tx = (1,", "    \t    ^", "Close it."] == lines(error)


def test_a_key_of_the_server_is_shown_at_its_word_in_the_magic_line() -> None:
    error = from_problem({"code": "invalid_spec", "detail": "bad", "errors": [{"detail": "x", "key": "params.lr"}]})
    assert "                   ^^^^^^" == lines(error)[3]
    assert "lr=0.1" == lines(error)[2][19:25]


def test_a_sentence_that_begins_with_a_key_is_shown_at_its_word() -> None:
    error = from_problem({"code": "invalid_spec", "detail": "gpus: it asks for 2; the pool has none.", "errors": []})
    assert "^" == lines(error)[3].strip()
    assert "2" == lines(error)[2][lines(error)[3].index("^")]


def test_an_error_without_a_place_is_a_sentence_and_a_hint() -> None:
    assert ["UnknownPool: There is no pool 'x'.", "Did you mean 'y'?"] == lines(
        UnknownPool("There is no pool 'x'.", hint="Did you mean 'y'?")
    )


def test_several_problems_are_all_told() -> None:
    error = InvalidSpec("two faults", errors=[Problem("first", key="tags.a"), Problem("second", key="tags.b")])
    assert ["InvalidSpec: two faults", "  tags.a: first", "  tags.b: second"] == lines(error)


def test_a_wrong_word_of_the_magic_line_is_underlined_whole() -> None:
    error = InvalidUsage("no", errors=[Problem("no", line=1, column=9)])
    assert "^^^^^^" == lines(error)[3].strip()


def test_a_failed_job_shows_the_person_s_traceback_then_what_it_printed() -> None:
    error = failed(job("failed", sentence="Failed: ZeroDivisionError: division by zero.", attempts=[attempt()]), LOG)
    shown = lines(error)
    assert "JobFailed: digits failed: ZeroDivisionError: division by zero." == shown[0]
    assert "  cell [3] of a.ipynb, line 7, in <module>" in shown
    assert shown.index("    epoch 2 loss=0.4") > shown.index("ZeroDivisionError: division by zero")
    assert "exit code 1, peak memory 123 MB" in shown
    assert "The whole log: %train logs abcdef" == shown[-1]


def test_a_failed_job_whose_card_is_right_above_is_one_line_and_where_to_look() -> None:
    said = job("failed", sentence="Failed: ZeroDivisionError: division by zero.", attempts=[attempt()])
    assert [
        "JobFailed: digits failed: ZeroDivisionError: division by zero.",
        "More is on its card. The whole log: %train logs abcdef",
    ] == lines(failed(said, LOG, on_card=True))


def test_in_plain_mode_no_page_draws_the_card_so_the_error_has_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_TRAINING_PLAIN", "1")
    assert "ZeroDivisionError: division by zero" in lines(failed(job("failed"), LOG, on_card=True))


def test_a_chained_traceback_is_shown_from_its_first_cause() -> None:
    log = LOG + "\nDuring handling of the above exception, another exception occurred:\n\n" + LOG.partition("0.4\n")[2]
    shown = lines(failed(job("failed", attempts=[attempt()]), log))
    assert 2 == shown.count("Traceback (most recent call last):")
    assert "    epoch 2 loss=0.4" in shown


def test_a_killed_job_shows_its_last_lines_and_the_signal() -> None:
    shown = lines(failed(job("failed", attempts=[attempt(exit_code=None, signal=9)]), "step 1\nstep 2\n"))
    assert ["Its last lines:", "    step 1", "    step 2"] == shown[2:5]
    assert "ended by signal 9 (SIGKILL), peak memory 123 MB" in shown


def test_plain_mode_leaves_out_what_varies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_TRAINING_PLAIN", "1")
    said = "Failed: a signal ended it. Its peak memory was 11.4 MB."
    shown = "\n".join(lines(failed(job("failed", sentence=said, attempts=[attempt()]), LOG)))
    assert "a signal ended it. Its peak memory was ..." in shown
    assert "abcdef" not in shown
    assert "11.4" not in shown
    assert "123 MB" not in shown


def test_an_interrupt_says_that_training_goes_on_and_how_to_stop_it() -> None:
    shown = Detached([job()])._render_traceback_()
    assert ["Detached: Stopped waiting; digits goes on. To stop training: %train cancel abcdef"] == shown
