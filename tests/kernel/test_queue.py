"""The queue in a notebook: its table, the verbs below it, what a submit says of its place."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_training.client.handle import Handle
from jupyter_training.errors import IllegalMove, InvalidSpec, InvalidUsage, Refused, UnknownJob
from jupyter_training.kernel import card, queue, queue_words, tell
from jupyter_training.kernel.arguments import verb_of
from jupyter_training.kernel.wording import starts_text
from tests.kernel import builders
from tests.kernel.shells import Cells


def submit(cells: Cells, *names: str, options: str = "") -> dict[str, str]:
    """Ids by names of jobs that wait."""
    for name in names:
        cells.run(f"%%train {name} {options} -o {name}\nx = '{name}'\n")
        assert cells.result.error_in_exec is None, cells.result.error_in_exec
    return {name: cells.shell.user_ns[name].id for name in names}


def order(cells: Cells, pool: str | None = None) -> list[str]:
    return [row["name"] for row in cells.client.queue(pool)["rows"]]


def cells_of(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in text.splitlines()]


def test_the_table_says_who_is_before_whom_and_why_each_waits(cells: Cells) -> None:
    ids = submit(cells, "a", "b")
    titles, first, second, note = cells.run("%train queue").splitlines()
    assert ["#", "ID", "Type", "Name", "Priority", "Submitted", "Slots", "State", "User", "Why"] == titles.split()
    assert ["0", ids["a"][:6], "job", "a", "42"] == first.split()[:5]
    assert ["1", ids["b"][:6], "job", "b", "42"] == second.split()[:5]
    assert "0/1" in first
    assert "◔ queued" in first
    assert note.startswith("local: 0 of ")
    assert note.endswith("slots used, 2 jobs wait; by priority")
    assert ["b", "a"] == [line.split()[3] for line in cells.run("%train queue --reverse").splitlines()[1:3]]
    assert "1 more: %train queue -n 2" == cells.run("%train queue -n 1").splitlines()[-1]
    assert "1 more: %train queue -n 2 --reverse" == cells.run("%train queue -n 1 --reverse").splitlines()[-1]


def test_what_is_the_same_each_time_has_no_ids_and_times(cells: Cells, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_TRAINING_PLAIN", "1")
    ids = submit(cells, "a", "b")
    text = cells.run("%train queue")
    assert ["#", "Type", "Name", "Priority", "Slots", "State", "Why"] == text.splitlines()[0].split()
    assert ["0", "job", "a", "42", "0/1", "◔", "queued"] == text.splitlines()[1].split()[:7]
    assert 3 == len(text.splitlines())
    assert not [one for one in ids.values() if one[:6] in text]
    assert "b: ahead of a, priority 42.\n" == cells.run("%train queue update b --ahead-of a")


def test_a_handle_is_found_whatever_sign_its_name_is_typed_with(cells: Cells) -> None:
    ids = submit(cells, "a", "b")
    cells.shell.user_ns["\u03bc"] = cells.client.handle(ids["b"])
    assert f"b · {ids['b'][:6]}: priority 3.\n" == cells.run("%train queue update @\u00b5 --priority 3")


@pytest.mark.parametrize(
    ("line", "said", "then"),
    [
        ("c --ahead-of a", "ahead of a, priority 42.", "cab"),
        ("@c --ahead-of @a", "ahead of @a, priority 42.", "cab"),
        ("a --behind-of b", "behind b, priority 42.", "bac"),
        ("last --top", "before all others of priority 42.", "cab"),
        ("a --bottom", "after all others of priority 42.", "bca"),
        ("c --position 2", "at place 2, priority 42.", "acb"),
        ("b --priority 3", "priority 3.", "bac"),
    ],
)
def test_an_update_moves_a_job(cells: Cells, line: str, said: str, then: str) -> None:
    ids = submit(cells, "a", "b", "c")
    name = line.split(maxsplit=1)[0].strip("@").replace("last", "c")
    assert f"{name} · {ids[name][:6]}: {said}\n" == cells.run(f"%train queue update {line}")
    assert list(then) == order(cells)
    assert "" == cells.run(f"%train queue update {line} -q")


@pytest.mark.parametrize(
    ("line", "error", "said"),
    [
        ("update a --priority 0", InvalidSpec, "0 is not allowed; it goes from 1 (first) to 99"),
        ("update a --priority 100", InvalidSpec, "100 is not allowed"),
        ("update a --priority 1.5", InvalidSpec, "must be a whole number from 1 (first) to 99, not 1.5"),
        ("update a --priority high", InvalidSpec, "must be a whole number from 1 (first) to 99, not 'high'"),
        ("update a --weight 0", InvalidSpec, "0 is not allowed; it must be above 0"),
        ("update a --weight 2", IllegalMove, "priority"),
        ("update a", InvalidUsage, "none is given"),
        ("update a --top --position 3", InvalidUsage, "--top and --position are given"),
        ("update --top", InvalidUsage, "needs to know which job"),
        ("update a --ahead-of nobody", UnknownJob, "nobody"),
        ("update @nothing --top", InvalidUsage, "is not defined"),
        ("update-batch", InvalidUsage, "last.priority=1"),
        ("update-batch a.colour=3", InvalidUsage, "there is: priority, weight"),
        ("update-batch nobody.top", UnknownJob, "nobody"),
        ("after a a", InvalidSpec, "a"),
        ("updat a --top", InvalidUsage, "Did you mean %train queue update?"),
        ("list", InvalidUsage, "There is: update, update-batch, after."),
        ("--pol local", InvalidUsage, "Did you mean --pool?"),
    ],
)
def test_what_can_t_be_is_refused_in_a_sentence_and_changes_nothing(
    cells: Cells, line: str, error: type[Exception], said: str
) -> None:
    submit(cells, "a", "b")
    before = cells.client.queue()["rows"]
    shown = cells.run(f"%train queue {line}")
    assert isinstance(cells.result.error_in_exec, error), shown
    assert said in shown
    assert before == cells.client.queue()["rows"]


def test_a_refused_value_is_shown_where_it_was_written(cells: Cells) -> None:
    submit(cells, "a")
    shown = cells.run("%train queue update a --priority 0").splitlines()
    (number, line) = next((place, text) for place, text in enumerate(shown) if "--priority 0" in text and "%" in text)
    assert line.index("--priority 0") + len("--priority ") == shown[number + 1].index("^")


def test_a_batch_says_what_became_of_each_item(cells: Cells) -> None:
    submit(cells, "a", "b", "xy")
    shown = cells.run("%train queue update-batch b.ahead-of=a a.color=3 @a.priority=5 xy.ahead-of=@b")
    assert isinstance(cells.result.error_in_exec, Refused)
    assert "b.ahead-of=a: b is now ahead of a, priority 42." == shown.splitlines()[0]
    assert shown.splitlines()[1].startswith("a.color=3: ")
    assert "@a.priority=5: a is now priority 5." == shown.splitlines()[2]
    assert "xy.ahead-of=@b: xy is now ahead of @b, priority 42." == shown.splitlines()[3]
    assert "1 of 4 could not be carried out; the others were." in shown
    assert ["a", "xy", "b"] == order(cells)
    assert "None of the 2 could be carried out." in cells.run("%train queue update-batch a.priority=0 b.color=3")
    shown = cells.run("%train queue update-batch --atomic b.top a.priority=0 -q")
    assert "Nothing was changed, as not all of it can be." in shown
    assert ["a", "xy", "b"] == order(cells)


def test_a_job_waits_for_others_until_it_is_told_otherwise(cells: Cells) -> None:
    ids = submit(cells, "prepare", "load")
    submit(cells, "train", options="--after prepare,@load")
    view = cells.client.job(cells.shell.user_ns["train"].id)
    assert [ids["prepare"], ids["load"]] == [one["job"] for one in view["after"]]
    assert "prepare (queued), load (queued)" in cells.run("%train show train")
    assert " waits for no other job.\n" in cells.run("%train queue after train")
    assert " starts after load.\n" in cells.run("%train queue after @train @load")
    assert ["load"] == [one["name"] for one in cells.shell.user_ns["train"].view["after"]]


def test_a_handle_moves_and_waits_too(cells: Cells) -> None:
    submit(cells, "a", "b")
    a, b = cells.shell.user_ns["a"], cells.shell.user_ns["b"]
    assert isinstance(b.move(ahead_of=a), Handle)
    assert ["b", "a"] == order(cells)
    assert ["b"] == [one["name"] for one in a.start_after(b).view["after"]]
    assert [] == a.start_after().view["after"]
    with pytest.raises(InvalidUsage):
        a.move()


@pytest.mark.parametrize(
    "cell",
    [
        "%%train late --after a --weight 2 --preemptible never --max-slots 3 --pool lab --dry-run\nx = 1\n",
        "%%train late --config c --dry-run\nx = 1\n",
    ],
)
def test_a_dry_run_shows_what_the_line_or_the_config_says_of_its_place(cells: Cells, cell: str) -> None:
    submit(cells, "a")
    cells.client.set_pool("lab", slots=4, policy="fair_share")
    cells.run("%%train_config c\nafter: a\nweight: 2\npreemptible: never\nmax_slots: 3\npool: lab\n")
    said = {line[0]: line[1] for line in cells_of(cells.run(cell)) if len(line) > 1}
    assert "lab, priority 42, weight 2" == said["pool"]
    assert ("a", "never") == (said["starts after"], said["preemptible"])
    assert "1 slot, 3 slots at most for its experiment" == said["needs"]


def test_a_fork_may_have_another_weight(cells: Cells) -> None:
    cells.client.set_pool("lab", slots=4, policy="fair_share")
    submit(cells, "a", options="--pool lab --weight 0.5")
    cells.run("%train fork a --weight 3 -o b")
    assert ("lab", 3.0) == (cells.shell.user_ns["b"].view["pool"], cells.shell.user_ns["b"].view["weight"])
    shown = cells.run("%train fork a --weight 0 -o c")
    assert isinstance(cells.result.error_in_exec, InvalidSpec)
    assert "0 is not allowed; it must be above 0" in shown
    assert "c" not in cells.shell.user_ns


def test_in_a_notebook_the_table_is_html_too(cells: Cells) -> None:
    submit(cells, "a")
    table = queue._table(queue_words.read(cells.client, None, limit=5))
    assert table.html.count("<th ") == 10
    assert ">◔ queued</td>" in table.html
    assert "slots used, 1 job waits; by priority</div>" in table.html


def test_in_a_fair_pool_the_table_has_weights(cells: Cells) -> None:
    cells.client.set_pool("lab", slots=4, policy="fair_share")
    submit(cells, "a", options="--pool lab --weight 0.5")
    titles, row, note = cells.run("%train queue --pool lab").splitlines()
    assert "Weight" == titles.split()[4]
    assert ("N/A", "0.5") == (row.split()[0], row.split()[4])
    assert note.endswith("slots are shared fairly")
    cells.run("%train queue update a --priority 3")
    assert isinstance(cells.result.error_in_exec, IllegalMove)
    both = cells.run("%train queue --all-pools")
    assert "Nothing waits or runs in the pool local." in both
    assert "0.5" in both


@pytest.mark.parametrize(
    ("start", "note", "words"),
    [
        ({"low": 245, "high": 530}, None, "starts in 4–9 min"),
        ({"low": 0, "high": 0.4}, None, "starts in a moment"),
        ({"low": 0.3, "high": 64}, None, "starts within 65 s"),
        ({"low": 580, "high": 600}, None, "starts in 9–10 min"),
        ({"low": 600, "high": 600}, None, "starts in 10 min"),
        ({"low": 240, "high": None}, None, "starts in 4 min or later"),
        ({"low": 0, "high": None}, None, "starts nobody knows when"),
        (None, "no history yet", "no history yet"),
        (None, None, ""),
    ],
)
def test_when_a_job_starts_is_said_as_coarsely_as_it_is_known(start: Any, note: str | None, words: str) -> None:
    assert words == starts_text({"start": start, "start_note": note})


def row(**changes: Any) -> dict[str, Any]:
    usual = {"ahead": 0, "job": "abcdefghij", "type": "job", "name": "a", "priority": 42, "aged": None, "weight": 1.0,
             "submitted": "2026-01-01T00:00:00Z", "slots": 1, "acquired": 0, "devices": [], "state": "queued",
             "phase": "queued", "user": "ada", "sentence": "Waits: 1 of 1 slots are used by b; it needs 1.",
             "start": None, "start_note": None}  # fmt: skip
    return {**usual, **changes}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "1 of 1 slots are used by b; it needs 1."),
        ({"start": {"low": 245, "high": 530}}, "1 of 1 slots are used by b; it needs 1. · starts in 4–9 min"),
        ({"start_note": "no history yet"}, "1 of 1 slots are used by b; it needs 1. · no history yet"),
        ({"state": "scheduled", "phase": "running", "sentence": "Running."}, ""),
        ({"state": "scheduled", "phase": "running", "sentence": "Running.", "devices": ["0", "1"]}, "GPU 0, 1"),
        ({"state": "scheduled", "phase": "pausing", "sentence": "Pausing."}, "Pausing."),
        ({"state": "backfilled", "phase": "running"}, "goes first only because it can be preempted"),
    ],
)
def test_the_last_column_says_why_it_waits_and_of_the_others_what_is_unusual(
    changes: dict[str, Any], words: str
) -> None:
    assert words == queue_words.why(row(**changes))


def test_what_is_told_of_a_job_has_its_place() -> None:
    before = {"job": "bcdefghijk", "name": "prepare", "state": "failed", "met": False}
    changes: dict[str, Any] = {"weight": 0.5, "after": [before], "start": {"low": 245, "high": 530}}
    told = tell.about(builders.job("queued", **changes), now=0.0)
    said = {row[0].text: row[1].text for row in told.rows}
    assert ("local, priority 42, weight 0.5", "starts in 4–9 min", "prepare (failed)") == (
        said["pool"], said["start"], said["after"],
    )  # fmt: skip
    running = tell.about(builders.job(attempts=[builders.attempt(devices=["3", "7"])], **changes), now=0.0)
    assert "GPU 3, 7" == {row[0].text: row[1].text for row in running.rows}["given"]
    shown = card.text(builders.job("queued", sentence="Waits: first is ahead.", **changes))
    assert "first is ahead.   starts in 4–9 min" in shown


def test_a_priority_that_has_aged_stands_beside_its_own() -> None:
    page = {"pool": {"policy": "priority"}}
    assert "50, aged 48" == queue_words.row_cells(page, row(priority=50, aged=48), now=0.0)[4]


def test_verbs_of_two_words_are_read_with_their_columns() -> None:
    command, rest, begin = verb_of("queue update a --top")
    assert ("queue update", " a --top", 12) == (command.name, rest, begin)
    assert ("queue", " --pool x") == (verb_of("queue --pool x")[0].name, verb_of("queue --pool x")[1])
    with pytest.raises(InvalidUsage, match="Did you mean %train queue update"):
        verb_of("move a --top")


def test_help_names_the_verbs_below(cells: Cells) -> None:
    shown = cells.run("%train help queue")
    assert "%train queue update JOB" in shown
    assert "--ahead-of JOB" in cells.run("%train help queue update")
