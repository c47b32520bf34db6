"""Completion offers what the table of commands has, and never makes a keystroke wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

from jupyter_training.errors import ServerUnreachable
from jupyter_training.kernel import completion
from jupyter_training.kernel.completion import Memory


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    shell = InteractiveShell()
    one = completion.matcher(Memory(lambda: ["abcdefghij", "digits", "digits-big"]), Memory(lambda: ["local", "gpu"]))
    completion.install(shell, one)
    yield shell
    completion.remove(shell, one)
    shell.history_manager.end_session()


def offered(shell: InteractiveShell, text: str) -> list[str]:
    with provisionalcompleter():
        found = shell.Completer.completions(text, len(text))
        return [(text[: one.start] + one.text).split()[-1] for one in found]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("%%train digits --pri", ["--priority"]),
        ("%%train --metrics ", ["auto", "off"]),
        ("%%train --pool ", ["gpu", "local"]),
        ("%%train --pool l", ["local"]),
        ("%train ca", ["cancel"]),
        ("%train cancel digits-", ["digits-big"]),
        ("%train show ", ["abcdefghij", "digits", "digits-big", "last"]),
        ("%train logs --fo", ["--follow"]),
        ("%train list --state f", ["failed"]),
        ("%train help wa", ["wait"]),
    ],
)
def test_what_fits_is_offered(shell: InteractiveShell, line: str, words: list[str]) -> None:
    assert words == sorted(offered(shell, line))


def test_an_option_that_is_there_is_not_offered_again_unless_it_repeats(shell: InteractiveShell) -> None:
    assert "--wait" not in offered(shell, "%%train --wait -")
    assert "--tag" in offered(shell, "%%train --tag a=b --t")


def test_the_body_of_a_cell_is_left_to_python(shell: InteractiveShell) -> None:
    assert "--priority" not in offered(shell, "%%train digits\nx = 1 --pri")


def test_a_second_job_is_not_offered_where_one_is_taken(shell: InteractiveShell) -> None:
    assert "digits" not in offered(shell, "%train show last ")


def test_a_slow_server_costs_a_keystroke_nothing_and_is_asked_once() -> None:
    go, asked = threading.Event(), []

    def slow() -> list[str]:
        asked.append(1)
        go.wait(5)
        return ["late"]

    memory = Memory(slow)
    began = time.perf_counter()
    assert [] == memory.words(patience=0.01)
    assert [] == memory.words(patience=0.01)
    assert time.perf_counter() - began < 1.0
    go.set()
    assert ["late"] == memory.words(patience=5)
    assert [1] == asked


def test_an_answer_is_reused_while_it_is_fresh_and_renewed_after() -> None:
    now, answers = [0.0], iter([["first"], ["second"]])
    memory = Memory(lambda: next(answers), clock=lambda: now[0])
    assert ["first"] == memory.words(patience=5)
    now[0] = 0.9
    assert ["first"] == memory.words(patience=5)
    now[0] = 2.0
    assert ["second"] == memory.words(patience=5)


def test_without_a_server_nothing_is_offered_and_nothing_is_raised() -> None:
    def nobody() -> list[str]:
        raise ServerUnreachable("Nobody answers.")

    assert [] == Memory(nobody).words(patience=5)
