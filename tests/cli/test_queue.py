"""The queue from a shell: its table, what each move prints, what is refused, with which code it ends."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.cli import place
from jupyter_training.cli.queue import CSV
from jupyter_training.core.lifecycle import EndReason, Verb
from jupyter_training.core.resources import Allocation
from jupyter_training.dispatch import ensure
from jupyter_training.store import facts, verbs
from tests.cli.conftest import Run
from tests.services.searching import Searching
from tests.services.stage import Stage


@pytest.fixture
def slots() -> int:
    return 1


@pytest.fixture(autouse=True)
def alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dispatcher is there, as far as anybody asks."""
    monkeypatch.setattr(ensure, "is_alive", lambda settings: True)
    monkeypatch.setattr(place, "_PATIENCE", 0.0)


def queued(stage: Stage, *names: str, **changes: Any) -> dict[str, str]:
    """Ids of new jobs, by their names."""
    return {name: stage.submit(name=name, **changes).job.id for name in names}


def rows(run: Run, *words: str) -> list[dict[str, Any]]:
    code, out, err = run("queue", "--json", *words)
    assert (0, "") == (code, err)
    found: list[dict[str, Any]] = json.loads(out)["rows"]
    return found


def order(run: Run, *words: str) -> list[str]:
    return [row["name"] for row in rows(run, *words)]


def test_the_table_has_nine_columns_and_why_in_the_order_in_which_they_start(stage: Stage, run: Run) -> None:
    ids = queued(stage, "late", priority=50) | queued(stage, "first", "second")
    stage.begin(ids["first"])
    done = queued(stage, "done", priority=1)["done"]
    stage.begin(done)
    stage.end(done, EndReason.COMPLETED)
    resting = queued(stage, "resting")["resting"]
    verbs.wish(stage.site.store, [stage.job(resting).id], Verb.PAUSE, now=stage.site.now())
    code, out, err = run("queue")
    assert (0, "") == (code, err)
    heading, titles, *lines = out.splitlines()
    assert "local: 1 of 1 slots used, 2 jobs wait; by priority" == heading
    assert "# ID Type Name Priority Submitted Slots State User Why" == " ".join(titles.split())
    cells = [line.split()[:5] for line in lines]
    assert [
        ["0", ids["first"], "job", "first", "42"],
        ["1", ids["second"], "job", "second", "42"],
        ["2", ids["late"], "job", "late", "50"],
    ] == cells
    assert ["1/1", "0/1", "0/1"] == [next(word for word in line.split() if "/" in word) for line in lines]
    assert " ● scheduled " in lines[0]
    assert " ◔ queued " in lines[1]
    assert "first" in lines[1].split("ada", 1)[1], "why it waits names who holds the slot"


def test_json_and_csv_have_the_same_jobs_with_the_same_values(stage: Stage, run: Run) -> None:
    ids = queued(stage, "a", "b")
    stage.begin(ids["a"])
    as_json = rows(run)
    code, out, err = run("queue", "--csv")
    assert (0, "") == (code, err)
    read = list(csv.DictReader(io.StringIO(out)))
    assert list(CSV) == list(read[0])
    same = ("job", "type", "name", "state", "phase", "user", "sentence", "submitted")
    assert [{key: row[key] for key in same} for row in as_json] == [{key: row[key] for key in same} for row in read]
    assert [("local", "0", "1", "1"), ("local", "1", "0", "1")] == [
        (row["pool"], row["ahead"], row["acquired"], row["slots"]) for row in read
    ]
    assert 2 == run("queue", "--csv", "--json")[0]


def test_a_part_of_a_long_queue_says_how_many_more_there_are(stage: Stage, run: Run) -> None:
    queued(stage, *"abcd")
    _, out, _ = run("queue", "-n", "3")
    assert "1 more: jupyter training queue --limit 4" == out.splitlines()[-1]
    assert ["d", "c"] == order(run, "--reverse", "--limit", "2")
    run("pool", "add", "lab", "--slots", "1")
    queued(stage, "e", "f", pool="lab")
    code, out, err = run("queue", "--csv", "--limit", "1", "--pool", "lab", "--reverse")
    assert (0, 2) == (code, len(out.splitlines())), "a file of some jobs holds no words"
    assert "1 more: jupyter training queue --limit 2 --pool lab --reverse" == err.splitlines()[0]
    code, _, err = run("queue", "--limit", "0")
    assert (2, "error: The limit is a number from 1, not 0.\n") == (code, err)


def test_a_queue_of_more_than_a_page_is_read_page_by_page(
    stage: Stage, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jupyter_training.kernel.queue_words._AT_ONCE", 2)
    queued(stage, *"abcde")
    assert list("abcde") == order(run)
    assert list("edcb") == order(run, "--reverse", "--limit", "4")


def test_pools_have_queues_of_their_own(stage: Stage, run: Run) -> None:
    assert 0 == run("pool", "add", "lab", "--slots", "4", "--policy", "fair-share")[0]
    queued(stage, "here")
    queued(stage, "there", pool="lab", weight=0.5)
    assert ["here"] == order(run)
    assert ["there"] == order(run, "--pool", "lab")
    _, out, _ = run("queue", "--pool", "lab")
    assert "lab: 0 of 4 slots used, 1 job waits; slots are shared fairly" == out.splitlines()[0]
    assert "Weight" in out.splitlines()[1]
    assert ["N/A", "0.5"] == [out.splitlines()[2].split()[place] for place in (0, 4)]
    code, out, _ = run("queue", "--all-pools", "--json")
    pages = {page["pool"]["name"]: [row["name"] for row in page["rows"]] for page in json.loads(out)["queues"]}
    assert (0, {"local": ["here"], "lab": ["there"]}) == (code, pages)
    assert ["here", "there"] == sorted(
        row["name"] for row in csv.DictReader(io.StringIO(run("queue", "--all-pools", "--csv")[1]))
    )
    assert ["", "lab", "local"] == sorted(
        line.partition(":")[0] for line in run("queue", "--all-pools")[1].splitlines() if ":" in line or not line
    )
    code, _, err = run("queue", "--pool", "lob")
    assert 2 == code
    assert "lab" in err


def test_who_runs_says_which_gpus_it_was_given(stage: Stage, run: Run) -> None:
    run("pool", "add", "lab", "--slots", "4", "--devices", "3,7")
    job = stage.job(queued(stage, "a", pool="lab", resources={"slots": 1, "gpus": 2})["a"])
    given = [(job.id, Allocation("lab", 1, ("3", "7")), "0" * 32)]
    (attempt,) = facts.begin(stage.site.store, stage.epoch, given, stage.site.now())
    facts.running(stage.site.store, stage.epoch, job.id, attempt.number, stage.site.now(), stage.site.now())
    assert run("queue", "--pool", "lab")[1].splitlines()[-1].endswith("  GPU 3, 7")
    assert "3 7" == next(csv.DictReader(io.StringIO(run("queue", "--pool", "lab", "--csv")[1])))["devices"]
    assert ["given", "GPU 3, 7"] in [line.split(maxsplit=1) for line in run("show", "a")[1].splitlines()]


def test_an_empty_queue_says_so(stage: Stage, run: Run) -> None:
    stage.ended()
    assert "Nothing waits or runs." == run("queue")[1].splitlines()[-1]


def test_why_is_cut_to_the_width_and_its_words_begin_the_sentence(
    stage: Stage, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "a-name-that-is-as-long-as-a-sentence-about-what-it-does"
    ids = queued(stage, name, "second")
    stage.begin(ids[name])
    monkeypatch.setenv("COLUMNS", "200")
    lines = run("queue")[1].splitlines()[1:]
    assert max(map(len, lines)) <= 200
    assert f"  1 of 1 slots are used by {name[:20]}" in lines[-1]
    assert lines[-1].endswith("…")
    monkeypatch.setenv("COLUMNS", "100")
    _, titles, *lines = run("queue")[1].splitlines()
    assert titles.endswith("State        User"), "where it would say little it stands below"
    assert f"second  1 of 1 slots are used by {name}; it needs 1." == lines[-1].partition(" · ")[0]
    assert 3 == len(lines)


@pytest.mark.parametrize(
    ("words", "said", "then"),
    [
        (("third", "--ahead-of", "first"), "Ahead of first, priority 42.", ["third", "first", "second"]),
        (("first", "--behind-of", "second"), "Behind second, priority 42.", ["second", "first", "third"]),
        (("third", "--top"), "Before all others of priority 42.", ["third", "first", "second"]),
        (("first", "--bottom"), "After all others of priority 42.", ["second", "third", "first"]),
        (("third", "--position", "2"), "At place 2, priority 42.", ["first", "third", "second"]),
        (("third", "--priority", "1"), "Priority 1.", ["third", "first", "second"]),
        (("second", "--ahead-of", "second"), "Ahead of second, priority 42.", ["first", "second", "third"]),
    ],
)
def test_an_update_says_where_the_job_stands_now(
    stage: Stage, run: Run, words: tuple[str, ...], said: str, then: list[str]
) -> None:
    ids = queued(stage, "first", "second", "third")
    code, out, err = run("queue", "update", *words)
    assert (0, f"{ids[words[0]]}  {words[0]}  {said}\n", "") == (code, out, err)
    assert then == order(run)


def test_why_a_job_waits_follows_a_move_at_once(stage: Stage, run: Run) -> None:
    ids = queued(stage, "runs", "second", "third")
    stage.begin(ids["runs"])
    assert ["second is ahead."] == [row["sentence"][-16:] for row in rows(run)[2:]]
    run("queue", "update", "third", "--ahead-of", "second")
    assert [("third", "it needs 1."), ("second", "third is ahead.")] == [
        (row["name"], row["sentence"].split("; ")[-1].split("0 free. ")[-1]) for row in rows(run)[1:]
    ]


def test_next_to_a_job_of_another_priority_it_takes_that_priority(stage: Stage, run: Run) -> None:
    queued(stage, "a", "b")
    queued(stage, "c", priority=50)
    assert "Ahead of b, priority 42.\n" == run("queue", "update", "c", "--ahead-of", "b")[1].split("  ")[2]
    assert [("a", 42), ("c", 42), ("b", 42)] == [(row["name"], row["priority"]) for row in rows(run)]


def test_another_pool_is_another_queue(stage: Stage, run: Run) -> None:
    run("pool", "add", "lab", "--slots", "1")
    queued(stage, "a")
    assert "In the pool lab.\n" == run("queue", "update", "a", "--resource-pool", "lab")[1].split("  ")[2]
    assert ([], ["a"]) == (order(run), order(run, "--pool", "lab"))


def test_of_a_search_it_is_said_what_its_trials_have(stage: Stage, run: Run) -> None:
    run("pool", "add", "lab", "--slots", "1", "--policy", "fair-share")
    one = Searching(stage, name="hunt").id
    assert f"{one}  hunt  Its trials have priority 20.\n" == run("queue", "update", "hunt", "--priority", "20")[1]
    assert (
        f"{one}  hunt  Its trials go to the pool lab.\n" == run("queue", "update", "hunt", "--resource-pool", "lab")[1]
    )
    assert [
        "hunt.weight='0.5'  hunt: its trials have weight 0.5.",
        "hunt.resource_pool=local  hunt: its trials go to the pool local.",
        "hunt.top  hunt is now before all others of priority 42.",
    ] == run("queue", "update-batch", "hunt.weight='0.5'", "hunt.resource_pool=local", "hunt.top")[1].splitlines()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("a", "--priority", "0"), 2, "0 is not allowed; it goes from 1 (first) to 99"),
        (("a", "--priority", "100"), 2, "100 is not allowed; it goes from 1 (first) to 99"),
        (("a", "--priority", "1.5"), 2, "it must be a whole number from 1 (first) to 99, not 1.5"),
        (("a", "--priority", "high"), 2, "it must be a whole number from 1 (first) to 99, not 'high'"),
        (("a", "--weight", "2"), 3, "priority"),
        (("a", "--weight", "0"), 2, "0 is not allowed; it must be above 0"),
        (("a", "--weight", "-1"), 2, "-1 is not allowed; it must be above 0"),
        (("a", "--position", "0"), 2, "position"),
        (("a", "--ahead-of", "nobody"), 3, "There is no job 'nobody'."),
        (("nobody", "--top"), 3, "There is no job 'nobody'."),
        (("a", "--resource-pool", "nowhere"), 2, "nowhere"),
        (("done", "--top"), 3, "done"),
        (("a",), 2, "changes one thing, and none is given."),
        (("a", "--top", "--priority", "3"), 2, "--priority and --top are given."),
        (("a", "--prio", "3"), 2, "Did you mean --priority?"),
        ((), 2, "JOB"),
    ],
)
def test_a_move_that_can_t_be_is_refused_in_a_sentence_and_changes_nothing(
    stage: Stage, run: Run, words: tuple[str, ...], code: int, said: str
) -> None:
    stage.ended(name="done")
    queued(stage, "a", "b")
    before = rows(run)
    found, out, err = run("queue", "update", *words)
    assert (code, "") == (found, out)
    assert said in err
    assert before == rows(run)


def test_in_a_fair_pool_there_are_weights_and_no_order(stage: Stage, run: Run) -> None:
    run("pool", "add", "lab", "--slots", "4", "--policy", "fair-share", "--default")
    queued(stage, "a", "b")
    code, out, _ = run("queue", "update-batch", "a.weight=0.5")
    assert (0, "a.weight=0.5  a is now weight 0.5.\n") == (code, out)
    for words in (("--priority", "3"), ("--ahead-of", "b"), ("--top",), ("--position", "1")):
        code, out, err = run("queue", "update", "a", *words)
        assert (3, "") == (code, out)
        assert "fair" in err
    assert [("a", 0.5, 42), ("b", 1.0, 42)] == [(row["name"], row["weight"], row["priority"]) for row in rows(run)]


def test_a_batch_has_a_line_for_each_item_and_stops_at_none(stage: Stage, run: Run) -> None:
    run("pool", "add", "big.lab", "--slots", "1")
    queued(stage, "a", "b", "c", "x.y")
    items = ["c.ahead-of=a", 'b.resource-pool="big.lab"', "x.color=3", "a.priority", "x.y.priority=1", "a.priority=100"]
    code, out, err = run("queue", "update-batch", *items)
    assert 3 == code
    assert [
        "c.ahead-of=a  c is now ahead of a, priority 42.",
        'b.resource-pool="big.lab"  b is now in the pool big.lab.',
        "x.y.priority=1  x.y is now priority 1.",
    ] == out.splitlines()
    wrong = err.splitlines()
    assert ["x.color=3", "a.priority", "a.priority=100"] == [line.partition("  ")[0] for line in wrong[:3]]
    assert "there is: priority, weight, resource-pool, ahead-of" in wrong[0]
    assert "gives no value" in wrong[1]
    assert "1 (first) to 99" in wrong[2]
    assert "3 of 6 could not be carried out; the others were." == wrong[3]
    assert ["x.y", "c", "a"] == order(run)


def test_an_atomic_batch_is_done_as_a_whole_or_not_at_all(stage: Stage, run: Run) -> None:
    queued(stage, "a", "b")
    before = rows(run)
    code, out, err = run("queue", "update-batch", "--atomic", "b.priority=1", "a.priority=0")
    assert (3, "") == (code, out)
    assert "b.priority=1  Not done" in err
    assert "a.priority=0  priority: 0 is not allowed" in " ".join(err.replace("'", "").split(" "))
    assert "Nothing was changed, as not all of it can be." == err.splitlines()[-1]
    assert before == rows(run)
    assert 0 == run("queue", "update-batch", "--atomic", "b.priority=1", "a.behind-of=b")[0]
    assert ["b", "a"] == order(run)


def test_the_refusal_of_a_batch_of_one_is_its_own_and_json_has_every_result(stage: Stage, run: Run) -> None:
    queued(stage, "a")
    assert 2 == run("queue", "update-batch", "a.priority=0")[0]
    assert 3 == run("queue", "update-batch", "nobody.priority=1")[0]
    code, out, _ = run("queue", "update-batch", "--json", "a.priority=1", "a.priority=0")
    assert (3, [True, False]) == (code, [one["ok"] for one in json.loads(out)["results"]])


def test_500_moves_in_front_of_the_same_job_keep_the_order_that_was_asked_for(stage: Stage, run: Run) -> None:
    queued(stage, "a", "b", "c")
    items = [f"{'bc'[number % 2]}.ahead-of={'cb'[number % 2]}" for number in range(500)]
    for start in range(0, 500, 100):
        assert 0 == run("queue", "update-batch", *items[start : start + 100])[0]
    assert ["a", "c", "b"] == order(run)


def test_after_says_whom_the_job_waits_for_until_it_waits_for_none(stage: Stage, run: Run) -> None:
    ids = queued(stage, "prepare", "load", "train")
    code, out, _ = run("queue", "after", "train", "prepare", "load")
    assert (0, f"{ids['train']}  train  Starts after prepare, load.\n") == (code, out)
    assert "Waits: Starts after prepare and load." == rows(run)[2]["sentence"]
    stage.begin(ids["load"])
    stage.end(ids["load"], EndReason.ERROR)
    words = "Waits: Starts after prepare and load (failed). Only a retry of load or `queue after` can let it start."
    assert words == rows(run)[1]["sentence"]
    _, out, _ = run("show", "train")
    assert ["after", "prepare (queued), load (failed)"] in [line.split(maxsplit=1) for line in out.splitlines()]
    code, _, err = run("queue", "after", "prepare", "train")
    assert 0 != code, "they would wait for each other"
    assert "train" in err
    code, out, _ = run("queue", "after", "train")
    assert (0, f"{ids['train']}  train  Waits for no other job.\n") == (code, out)
    assert [] == json.loads(run("show", "train", "--json")[1])["after"]


def test_after_a_job_that_is_deleted_only_other_predecessors_help(stage: Stage, run: Run) -> None:
    ids = queued(stage, "prepare", "train")
    run("queue", "after", "train", "prepare")
    stage.begin(ids["prepare"])
    stage.end(ids["prepare"], EndReason.ERROR)
    assert 0 == run("delete", "prepare", "-y")[0]
    words = "Waits: Starts after a job that is deleted. Only `queue after` can let it start."
    assert [words] == [row["sentence"] for row in rows(run)]


@pytest.mark.parametrize("verb", ["queue", "jobs"])
def test_where_no_dispatcher_is_alive_the_lists_say_that_all_stands_still(
    stage: Stage, run: Run, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    queued(stage, "first")
    assert "" == run(verb)[2]
    monkeypatch.setattr(ensure, "is_alive", lambda settings: False)
    assert run(verb)[2].startswith("No dispatcher is alive here: nothing starts, and no end is seen.")
    assert "" == run(verb, "--json")[2]
    looks = iter([False, True])
    monkeypatch.setattr(ensure, "is_alive", lambda settings: next(looks))
    monkeypatch.setattr(place, "_PATIENCE", 60.0)
    assert "" == run(verb)[2], "one that is just being started is waited for"


def test_a_submit_says_what_it_waits_for_its_weight_and_what_it_may_be_stopped_for(
    stage: Stage, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text("print(1)\n")
    queued(stage, "prepare", "load")
    run("pool", "add", "lab", "--slots", "4", "--policy", "fair-share", "--default")
    options = ["--after", "prepare,load", "--weight", "2", "--preemptible", "never", "--max-slots", "3"]
    code, out, err = run("submit", "train.py", *options, "--dry-run")
    assert 0 == code, err
    facts = dict(line.split("  ", 1) for line in out.splitlines() if "  " in line)
    said = {key: value.strip() for key, value in facts.items()}
    assert "prepare, load" == said["starts after"]
    assert "lab, priority 42, weight 2" == said["pool"]
    assert "never" == said["preemptible"]
    assert "1 slot, 3 slots at most for its experiment" == said["needs"]
    code, out, _ = run("submit", "train.py", *options, "--json")
    job = json.loads(out)
    assert (["prepare", "load"], 2, "never", 3) == (
        [one["name"] for one in job["after"]], job["weight"], job["preemptible"], job["max_slots"],
    )  # fmt: skip
    assert "priority 42, weight 2" in run("show", "last")[1]
    code, out, err = run("submit", "train.py", "--priority", "high")
    assert (2, "") == (code, out)
    assert "it must be a whole number from 1 (first) to 99, not 'high'" in err
    code, _, err = run("submit", "train.py", "--after", "nobody")
    assert "nobody" in err
    assert 0 != code
