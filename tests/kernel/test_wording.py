"""Numbers and spans as people write them."""

from __future__ import annotations

import base64
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_training.kernel.curve import image, spark
from jupyter_training.kernel.tables import Cell, Table
from jupyter_training.kernel.terminal_text import collapsed
from jupyter_training.kernel.wording import (
    ago,
    all_archived,
    attempt_text,
    best,
    bytes_text,
    exit_text,
    left_text,
    lineage_text,
    lower_is_better,
    number,
    span_text,
    start_text,
)
from jupyter_training.services.sentences import span
from tests.kernel.builders import attempt, job, lineage, metric


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0, "0"),
        (0.962345, "0.962"),
        (0.00012, "1.2e-4"),
        (-0.00012, "-1.2e-4"),
        (1200, "1\u2009200"),
        (1234567.0, "1\u2009234\u2009567"),
        (12.3456, "12.3"),
        (1234.56, "1\u2009230"),
        (999.9, "1\u2009000"),
        (1.5e9, "1.5e9"),
        (2.5e12, "2.5e12"),
        (3.0, "3"),
    ],
)
def test_a_number_has_three_digits(value: float | None, text: str) -> None:
    assert text == number(value)


@given(st.floats(min_value=-1e300, max_value=1e300))
def test_a_number_stays_near_its_value(value: float) -> None:
    shown = float(number(value).replace("\u2009", ""))
    assert math.isclose(shown, value, rel_tol=0.006, abs_tol=1e-320)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.42, "0.4 s"), (9.99, "10 s"), (18, "18 s"), (250, "4 min"), (7800, "2 h 10 m"), (3 * 86400, "3 d")],
)
def test_a_span_is_short(seconds: float, text: str) -> None:
    assert text == span_text(seconds)


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.0, 0.6, "a moment left"),
        (3.2, 7.1, "about 3–8 s left"),
        (21.0, 34.0, "about 20–35 s left"),
        (0.0, 110.0, "about 2 min left"),
        (360.0, 485.0, "about 6–8 min left"),
        (362.0, 371.0, "about 6 min left"),
        (6000.0, 9000.0, "about 1.5–2.5 h left"),
        (2.5e5, 3.5e5, "about 3–4 d left"),
    ],
)
def test_what_is_left_is_as_coarse_as_a_guess(low: float, high: float, words: str) -> None:
    assert words == left_text({"low": low, "high": high})


def test_an_unknown_rest_is_not_guessed() -> None:
    assert "" == left_text(None)


def test_an_instant_is_told_relative_to_now() -> None:
    assert "4 min ago" == ago("1970-01-01T00:00:00Z", now=250.0)


@pytest.mark.parametrize(
    ("name", "lower"),
    [
        ("loss", True),
        ("val_loss", True),
        ("rmse", True),
        ("val_accuracy", False),
        ("acc", False),
        ("f1", False),
        ("lr", None),
        ("epoch", None),
        ("glossary", None),
    ],
)
def test_the_better_side_is_known_from_the_name(name: str, lower: bool | None) -> None:
    assert lower is lower_is_better(name)


def test_the_best_value_comes_with_its_step() -> None:
    assert (0.9, 1) == best("accuracy", metric(0.7, high=0.9))
    assert best("lr", metric(0.7)) is None


def test_an_exit_is_decoded() -> None:
    assert "ended by signal 9 (SIGKILL)" == exit_text(attempt(exit_code=None, signal=9))
    assert "exit code 3" == exit_text(attempt(exit_code=3))
    assert "exit code 143 (SIGTERM)" == exit_text(attempt(exit_code=143))
    assert "exit code 255" == exit_text(attempt(exit_code=255))


def test_sizes_are_decimal() -> None:
    assert ["512 B", "1.5 kB", "12.3 MB", "1.2 GB"] == [
        bytes_text(size) for size in (512, 1500, 12_300_000, 1_200_000_000)
    ]


def test_a_sparkline_shows_the_shape_and_its_gaps() -> None:
    assert "▁▄ █" == spark([(0, 0.0), (1, 0.45), (2, None), (3, 1.0)])
    assert "▁▁" == spark([(0, 5.0), (1, 5.0)])
    assert "" == spark([(0, None)])
    assert 16 == len(spark([(step, float(step)) for step in range(1000)]))


def test_a_gap_breaks_the_line_of_a_chart() -> None:
    picture = image("loss", [(0, 1.0), (1, 2.0), (2, None), (3, 3.0), (4, 2.0)])
    drawing = base64.b64decode(picture.split("base64,")[1].split('"')[0]).decode()
    assert 2 == drawing.split('d="')[2].split('"')[0].count("M")


def test_a_table_aligns_numbers_to_the_right() -> None:
    table = Table(
        ["name", "value"], [[Cell("loss"), Cell("0.5", right=True)], [Cell("accuracy"), Cell("12", right=True)]]
    )
    assert ["name      value", "loss        0.5", "accuracy     12"] == table.text.splitlines()


def test_a_redrawn_line_shows_its_last_state_and_escapes_are_gone() -> None:
    assert "100%|##| done\nred" == collapsed("  0%|  |\r 50%|# |\r100%|##| done\r\n\x1b[31mred\x1b[0m")


def test_binary_garbage_becomes_readable_signs() -> None:
    assert "a\ufffdb" == collapsed("a\x00b")


@pytest.mark.parametrize(
    ("attempts", "used", "most", "words"),
    [
        ([], 0, 5, ""),
        ([{}], 0, 5, ""),
        ([{"start_step": 10}], 0, 0, "from step 10"),
        ([{}, {"start_step": 10}], 1, 5, "attempt 2 of 6, from step 10"),
        ([{}, {}], 1, 1, "attempt 2 of 2"),
        ([{}, {"start_step": 10}], 0, 5, "attempt 2, from step 10"),
        ([{}, {}, {"start_step": 1200}], 1, 5, "attempt 3, retry 1 of 5, from step 1\u2009200"),
    ],
)
def test_an_attempt_is_counted_among_those_that_there_may_be(
    attempts: list[dict[str, int]], used: int, most: int, words: str
) -> None:
    numbered = [attempt(number=number, **changes) for number, changes in enumerate(attempts, 1)]
    assert words == attempt_text(job(attempts=numbered, retries={"used": used, "max": most}))


@pytest.mark.parametrize(
    ("relation", "child", "words"),
    [
        ("fork", False, "a fork of first · zyxwvu"),
        ("fork", True, "forked as first · zyxwvu"),
        ("continue", False, "continues first · zyxwvu from step 10"),
        ("continue", True, "continued as first · zyxwvu from step 10"),
    ],
)
def test_both_sides_of_a_lineage_have_their_words(relation: str, child: bool, words: str) -> None:
    assert words == lineage_text(lineage(relation), child=child)


def test_the_lineage_of_what_is_gone_names_no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "continues a job that is deleted from step 10" == lineage_text(lineage("continue", name=None))
    monkeypatch.setenv("JUPYTER_TRAINING_PLAIN", "1")
    assert "a fork of first" == lineage_text(lineage("fork"))


def test_where_the_next_attempt_begins() -> None:
    assert "from the beginning" == start_text(job("failed"))
    newest = {"step": 10, "created": "2026-01-01T00:00:00Z", "count": 2}
    assert "from step 10" == start_text(job("failed", checkpoint=newest))


def test_a_server_says_spans_by_the_same_rule() -> None:
    for seconds in (0.04, 9.9, 9.94, 9.95, 9.97, 10.0, 59.9, 60.0, 3599.0, 3600.0, 47.9 * 3600, 48 * 3600, 1e6):
        assert span_text(seconds) == span(seconds)


def test_more_archived_jobs_than_were_counted_are_said_to_be_more() -> None:
    assert all_archived({"jobs": [], "next": None}, "%train list is:archived") is None
    page = {"jobs": [job(), job()], "next": "x"}
    expected = "All jobs are archived, more than 2; `%train list is:archived` shows them."
    assert expected == all_archived(page, "%train list is:archived")
