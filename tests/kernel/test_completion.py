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
from jupyter_training.kernel.completion import Memories, Memory
from jupyter_training.kernel.config_offers import KEYS
from jupyter_training.kernel.offers import Known, Sources
from jupyter_training.services.config_text import EVERY_KEY
from tests.kernel import builders
from tests.kernel.shells import ended

KNOWN = Known(
    jobs=(
        builders.job(
            name="digits-big",
            tags={"team": "vision"},
            metrics={"loss": builders.metric(0.5)},
            params={"lr": 0.1, "opt": "adam"},
        ),
        builders.job(id="bcdefghijk", name="digits", metrics={"val_accuracy": builders.metric(0.5)}),
        builders.job("succeeded", id="cdefghijkl", name="done"),
        builders.job("failed", id="efghijklmn", name="failed"),
        builders.job("paused", id="rstuvwxyza", name="rests", ended="2026-01-01T00:00:12Z"),
    ),
    archived=(builders.job("failed", id="fghijklmno", name="put-away", archived=True),),
    pools=({"name": "local", "backend": "local"}, {"name": "gpu", "backend": "sagemaker"}),
    searches=(builders.search(),),
    searchers=("asha", "random", "tpe"),
)
VARIABLES = {"X_train": [1], "X_test": [2], "y": 3, "os": threading, "fit": lambda: 0, "h": object()}


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    shell = InteractiveShell()
    one = completion.matcher(
        Sources(
            lambda: KNOWN,
            configs=lambda: ["big", "small"],
            variables=lambda: VARIABLES,
            handles=lambda: ["h"],
            steps=lambda job: {builders.JOB: [10, 5]}.get(job, []),
        )
    )
    completion.install(shell, one)
    yield shell
    completion.remove(shell, one)
    ended(shell)


def offered(shell: InteractiveShell, text: str) -> list[str]:
    """What is offered at the bar in the text, or at its end: the whole word before the cursor, completed."""
    before, _, after = text.partition("|")
    with provisionalcompleter():
        found = list(shell.Completer.completions(before + after, len(before)))
    return [(before[: one.start] + one.text).splitlines()[-1].split(" ")[-1] for one in found]


BODY = "\nlr = 0.1\nepochs = 3\nopt: str = 'adam'\nprint(lr)\n"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("%%train digits --pri", ["--priority"]),
        ("%%train --metrics ", ["auto", "off"]),
        ("%%train --pool ", ["gpu", "local"]),
        ("%%train --pool l", ["local"]),
        ("%%train --pool=l", ["--pool=local"]),
        ("%%train --backend ", ["local", "sagemaker"]),
        ("%%train --config b", ["big"]),
        ("%%train --if-exists n", ["new"]),
        ("%%train --take X", ["X_test", "X_train"]),
        ("%%train --take X_train,", ["X_train,X_test", "X_train,y"]),
        ("%%train --take=X_train,y,", ["--take=X_train,y,X_test"]),
        ("%%train -o ", ["h"]),
        ("%%train --env A_VARIABLE_OF_TE", ["A_VARIABLE_OF_TESTS"]),
        ("%%train d", ["digits", "digits-big", "done"]),
        (f"%%train digits l|{BODY}", ["lr="]),
        (f"%%train digits |{BODY}", ["epochs=", "lr=", "opt="]),
        (f"%%train digits lr=1 |{BODY}", ["epochs=", "opt="]),
        (f"%%train digits lr=|{BODY}", ["lr=0.1"]),
        (f"%%train digits opt=|{BODY}", ['opt="adam"']),
        ("%train ca", ["cancel"]),
        ("%train cl", ["clone"]),
        ("%train cancel digits-", ["digits-big"]),
        ("%train cancel digits digits", ["digits-big"]),
        ("%train show do", ["done"]),
        ("%train kill d", ["digits", "digits-big"]),
        ("%train show @", ["@h"]),
        ("%train logs --fo", ["--follow"]),
        ("%train metrics digits ", ["val_accuracy"]),
        ("%train metrics bcd ", ["val_accuracy"]),
        ("%train list --state f", ["failed"]),
        ("%train list state:f", ["state:failed"]),
        ("%train list 'state:q", ["'state:queued"]),
        ("%train list state:failed -tag:t", ["-tag:team=vision"]),
        ("%train list val", ["val_accuracy>"]),
        ("%train help wa", ["wait"]),
        ("%train help train_", ["train_config"]),
        ("%%train_config big -", ["--quiet"]),
        ("%%train --keep", ["--keep-best", "--keep-latest"]),
        ("%%train --resu", ["--resume"]),
        ("%train arch", ["archive"]),
        ("%train c", ["cancel", "checkpoints", "clone", "continue"]),
        ("%train pause ", ["@h", "abcdefghij", "bcdefghijk", "digits", "digits-big", "last"]),
        ("%train pause digits --d", ["--discard"]),
        ("%train retry fa", ["failed"]),
        ("%train delete d", ["done"]),
        ("%train delete done --y", ["--yes"]),
        ("%train activate r", ["rests", "rstuvwxyza"]),
        ("%train unarchive ", ["@h", "fghijklmno", "last", "put-away"]),
        ("%train fork digits-big ", ["lr=", "opt="]),
        ("%train fork digits-big lr=1 ", ["opt="]),
        ("%train fork digits-big l", ["lr="]),
        ("%train fork digits-big lr=", ["lr=0.1"]),
        ("%train resume last o", ["opt="]),
        ("%train fork lr=1 o", ["opt="]),
        ("%train continue digits-big --checkpoint ", ["10", "5"]),
        ("%train continue digits-big --checkpoint=1", ["--checkpoint=10"]),
        ("%train continue --checkpoint 1", ["10"]),
        ("%train checkpoints digits --mode ", ["max", "min"]),
        ("%train list is", ["is:archived"]),
        ("%train que", ["queue"]),
        ("%train queue ", ["after", "update", "update-batch"]),
        ("%train queue --po", ["--pool"]),
        ("%train queue --pool l", ["local"]),
        ("%train queue update --ah", ["--ahead-of"]),
        ("%train queue update digits --ahead-of digits-", ["digits-big"]),
        ("%train queue update digits --resource-pool=g", ["--resource-pool=gpu"]),
        ("%train queue update failed", []),  # it has ended
        ("%train queue after digits digits-", ["digits-big"]),
        ("%train queue update-batch digits-", ["digits-big."]),
        ("%train queue update-batch digits-big.pr", ["digits-big.priority="]),
        ("%train queue update-batch digits.top digits-big.resource-pool=g", ["digits-big.resource-pool=gpu"]),
        ("%train queue update-batch digits.ahead-of=digits-", ["digits.ahead-of=digits-big"]),
        ("%train help queue up", ["update", "update-batch"]),
        ("%%train digits --after digits-", ["digits-big"]),
        ("%%train --searcher a", ["asha"]),
        ("%%train --metric val", ["val_accuracy"]),
        ("%%train --mode ", ["max", "min"]),
        ("%%train lr=log", ["lr=logfinrange(", "lr=lograndint(", "lr=loguniform("]),
        ("%train exp", ["experiment"]),
        ("%train experiment re", ["results", "retry-failed"]),
        ("%train experiment show ", ["@h", "last", "searchabcd", "sweep"]),
        ("%train experiment stop sweep s", ["searchabcd"]),
        ("%train experiment trials sweep --sort ", ["batch", "lr", "number", "state", "value"]),
        ("%train experiment list --state f", ["failed"]),
        ("%train help experiment tr", ["trials"]),
    ],
)
def test_what_fits_is_offered(
    shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch, line: str, words: list[str]
) -> None:
    monkeypatch.setenv("A_VARIABLE_OF_TESTS", "1")
    assert words == sorted(offered(shell, line))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("pri", ["priority: "]),
        ("pool: ", ["gpu", "local"]),
        ("pool: l", ["local"]),
        ("backend: s", ["sagemaker"]),
        ("wait: ", ["false", "true"]),
        ("if_exists: e", ["error"]),
        ("metrics: o", ["off"]),
        ("take: [X_te", ["X_test"]),
        ("take: [y, X_te", ["X_test"]),
        ("resources", ["resources:"]),
        ("resources:\n  g", ["gpus: "]),
        ("resources:\n  slots: 2\n  ", ["cpus: ", "gpus: ", "max_slots: ", "memory: "]),
        ("environment:\n  va", ["variables:"]),
        ("pool: local\ntimeout: 2h\ngr", ["grace: "]),
        ("ti|\npool: local", ["timeout: "]),
        ("p|\npriority: 3\nparams:\n  pool: 3\n", ["pause_within: ", "pool: ", "preemptible: ", "profile: "]),
        ("retr", ["retries: "]),
        ("retries:\n  ", ["max: ", "on: "]),
        ("retries:\n  on: [error, l", ["lost"]),
        ("checkpoints:\n  keep:\n    trial_", ["trial_best: ", "trial_latest: "]),
        ("checkpoints:\n  mo", ["mode: "]),
        ("checkpoints:\n  mode: ", ["max", "min"]),
        ("hang:\n  st", ["stop: "]),
        ("resume: t", ["true"]),
        ("preemptible: n", ["never"]),
        ("after: [digits-", ["digits-big"]),
    ],
)
def test_keys_and_values_of_a_config_are_offered(shell: InteractiveShell, text: str, words: list[str]) -> None:
    with provisionalcompleter():
        before, _, after = f"%%train_config big\n{text}".partition("|")
        found = sorted(one.text for one in shell.Completer.completions(before + after, len(before)))
    assert words == found


def test_a_key_that_is_there_is_not_offered_again(shell: InteractiveShell) -> None:
    for cell in ("%%train_config big\npriority: 3\nprio", "%%train_config big\nprio|\npriority: 3\n"):
        assert "priority:" not in [word.strip() for word in offered(shell, cell)]


def test_every_key_that_the_server_reads_is_known() -> None:
    assert EVERY_KEY == {path for path in KEYS if "." not in path}


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

    memory = Memory(slow, [])
    began = time.perf_counter()
    assert [] == memory.get(patience=0.01)
    assert [] == memory.get(patience=0.01)
    assert time.perf_counter() - began < 1.0
    go.set()
    assert ["late"] == memory.get(patience=5)
    assert [1] == asked


def test_an_answer_is_reused_while_it_is_fresh_and_renewed_after() -> None:
    now, answers = [0.0], iter([["first"], ["second"]])
    memory = Memory(lambda: next(answers), [], clock=lambda: now[0])
    assert ["first"] == memory.get(patience=5)
    now[0] = 0.9
    assert ["first"] == memory.get(patience=5)
    now[0] = 2.0
    assert ["second"] == memory.get(patience=5)


def test_each_job_s_checkpoints_are_asked_for_once_and_the_oldest_answers_forgotten() -> None:
    asked: list[str] = []

    def steps(job: str) -> list[str]:
        asked.append(job)
        return [f"{job}-10"]

    memories: Memories[list[str]] = Memories(steps, [], most=2)
    for job in ("a", "b", "a", "c", "a"):
        assert [f"{job}-10"] == memories.get(job, patience=5)
    assert ["a", "b", "c", "a"] == asked


def test_without_a_server_nothing_is_offered_and_nothing_is_raised() -> None:
    def nobody() -> list[str]:
        raise ServerUnreachable("Nobody answers.")

    assert [] == Memory(nobody, []).get(patience=5)
