"""What is read from a training's own output."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_training.errors import InvalidSpec
from jupyter_training.languages import output_lines
from jupyter_training.languages.output_lines import MAX_LINE, Found, LineReader, check_patterns


def read(text: str, metrics: str | dict[str, str] = "auto") -> Found | None:
    return LineReader(metrics).line(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("epoch 3/10 loss=0.41 acc: 0.88", Found(3, {"loss": 0.41, "acc": 0.88}, 3, 10, "epoch")),
        ("Epoch [7/20], val_loss: 1.5e-3", Found(7, {"val_loss": 0.0015}, 7, 20, "epoch")),
        ("step 5 lr: 1e-4", Found(5, {"lr": 1e-4}, None, None, "step")),
        ("Epoch 2 of 5", Found(2, {}, 2, 5, "epoch")),
    ],
)
def test_lines_that_name_an_epoch_give_metrics(text: str, expected: Found) -> None:
    assert expected == read(text)


@pytest.mark.parametrize(
    "text", ["time: 12:30", "Downloading: 5", "see http://host:8080/x", "{'a': 1}", "", "10% off, value=3", "x" * 100]
)
def test_other_lines_give_nothing(text: str) -> None:
    assert read(text) is None


def test_a_tqdm_bar_gives_progress_and_the_numbers_behind_it() -> None:
    found = read("train:  45%|####5     | 45/100 [00:01<00:01, 37.9it/s, loss=0.31]")
    assert found == Found(45, {"loss": 0.31}, 45.0, 100.0, "step", "train")


@pytest.mark.parametrize("pace", ["37.9epoch/s", "2.51s/epoch", "?epoch/s", "37.9 epoch/s", "1.2kepoch/s"])
def test_a_bar_says_what_it_counts(pace: str) -> None:
    found = read(f"45%|####5     | 45/100 [00:01<00:01, {pace}]")
    assert found is not None and found.unit == "epoch"


@pytest.mark.parametrize(
    ("before", "text"),
    [
        ("", ""),
        ("train: ", "train"),
        ("epoch 3 of 9:  ", "epoch 3 of 9"),
        ("lr=1 50%|##|train", "train"),
        ("a | b ", "b"),
    ],
)
def test_what_stands_before_a_bar_is_its_text(before: str, text: str) -> None:
    found = read(f"{before}45%|####5     | 45/100 [00:01<00:01, 37.9it/s]")
    assert found is not None and (text, 45.0) == (found.text, found.done)


def test_a_bar_with_scaled_counts_is_understood() -> None:
    found = read("50%|#####     | 1.5k/3.0k [00:01<00:01, 900it/s]")
    assert found is not None and (1500.0, 3000.0) == (found.done, found.total)


def test_a_tune_metric_line_may_be_followed_by_braces() -> None:
    found = read('[tune-metric]: {"epoch": 2, "loss": 1.04, "st_worker_iter": 0} and } more')
    assert found == Found(2, {"loss": 1.04})


def test_tune_metric_lines_count_even_when_guessing_is_off() -> None:
    assert read('[tune-metric]: {"loss": 1}', "off") is not None
    assert read("epoch 1/2 loss=3", "off") is None


def test_own_patterns_replace_the_guessing() -> None:
    found = read("step 3: train objective is 0.5 (other=2)", {"objective": r"objective is ([\d.]+)"})
    assert found == Found(3, {"objective": 0.5})


@pytest.mark.parametrize("pattern", ["(", "no group"])
def test_a_pattern_that_can_give_no_number_is_refused_by_name(pattern: str) -> None:
    with pytest.raises(InvalidSpec, match=r"metrics\.loss"):
        check_patterns({"loss": pattern})


@pytest.mark.parametrize(
    "text",
    [
        "step 99999999999999999999999 loss=0.5",
        f"step {'9' * 400} loss=0.5",
        f"epoch 1/{'9' * 400}",
        "50%|#####     | 1.2.3/3 [00:01<00:01, 900it/s, loss=1]",
        '[tune-metric]: {"step": 99999999999999999999999, "loss": 1}',
        f'[tune-metric]: {{"loss": {"9" * 400}}}',
        "[tune-metric]: {" + '"a": {' * 600,
    ],
)
def test_a_number_that_nobody_counts_to_says_nothing(text: str) -> None:
    assert [] == list(LineReader("auto").feed(text.encode() + b"\n"))


def test_a_redrawn_line_is_read_at_each_carriage_return() -> None:
    reader = LineReader("auto")
    steps = [found.step for found in reader.feed(b"epoch 1 a=1\repoch 2 a=2\repoch 3 a=")]
    assert [1, 2] == steps


@pytest.mark.parametrize(
    "line",
    [
        lambda n: " " * n + "x%|",
        lambda n: "5%|" + " " * n,
        lambda n: "x" * n + "%|",
        lambda n: "5%|#|1/2 [" + "1" * n + "]",
        lambda n: "epoch" + " " * n,
        lambda n: "epoch 1 a=" + "1" * n + "x",
        lambda n: "epoch 1 " + "a-" * (n // 2),
        lambda n: "5%|#|1/2 [," + "a-" * (n // 2) + "]",
        lambda n: "epoch 1 " + "a" + " " * n,
    ],
    ids=["blanks", "behind a bar", "before a bar", "pace", "epoch", "number", "names", "names of a bar", "no value"],
)
def test_a_line_takes_a_time_in_proportion_to_its_length_whatever_it_says(line: Callable[[int], str]) -> None:
    """One process reads what all jobs print: a line that takes it a minute holds all of them up."""
    reader = LineReader("auto")

    def effort(n: int) -> float:
        text, best = line(n), float("inf")
        for _ in range(5):
            began = time.thread_time()
            for _ in range(10):
                reader.line(text)
            best = min(best, time.thread_time() - began)
        return best

    assert effort(4000) < 10 * effort(1000)  # in proportion: 4; tried in every division: 16 and more


def test_a_pattern_that_takes_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output_lines, "PATIENCE", 0.05)
    reader = LineReader({"loss": r"loss: ((1|11)+)$", "accuracy": r"acc=([\d.]+)"})
    lines = ["acc=0.5", f"loss: {'1' * 200} x acc=0.6", "acc=0.7", '[tune-metric]: {"loss": 1}']

    found = list(reader.feed("".join(f"{one}\n" for one in lines).encode()))

    assert [{"accuracy": 0.5}, {"loss": 1.0}] == [one.metrics for one in found]
    assert "loss" == reader.too_slow


def test_a_pattern_that_takes_too_long_in_all_is_given_up_too() -> None:
    clock = count()  # each look at it is 0.6 s later
    reader = LineReader({"loss": r"loss=([\d.]+)"}, worked=lambda: 0.6 * next(clock))

    assert [{"loss": 1.0}] == [one.metrics for one in reader.feed(b"loss=1\nloss=2\nloss=3\n")]
    assert "loss" == reader.too_slow


@given(st.binary(max_size=3 * MAX_LINE), st.integers(1, 997))
def test_pieces_of_any_size_give_the_same_and_garbage_never_raises(text: bytes, size: int) -> None:
    whole = list(LineReader("auto").feed(text))
    reader = LineReader("auto")
    pieces = [found for start in range(0, len(text), size) for found in reader.feed(text[start : start + size])]
    assert repr(whole) == repr(pieces)
