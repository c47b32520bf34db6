"""The card of a search: what it says in a line, what it shows as HTML, and that it has room."""

from __future__ import annotations

import re
from typing import Any, cast

import pytest

from jupyter_training.client.client import Client
from jupyter_training.errors import ServerUnreachable
from jupyter_training.kernel import card, search_card, search_words
from tests.kernel.builders import axis, search, trial


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


def test_a_line_says_how_far_it_is_and_what_is_best() -> None:
    said = search_card.text(search())
    assert said.startswith("sweep · search running   7 of 8 trials · 2 running · 2 completed · 3 stopped early   ")
    assert "val_accuracy ↑ 0.963 in trial 4 (lr 0.0123 · batch 64) ▁" in said
    assert said.endswith("   %train experiment stop search")


@pytest.mark.parametrize(
    ("phase", "hint"),
    [
        ("running", "%train experiment stop search"),
        ("paused", "%train experiment activate search"),
        ("succeeded", "%train experiment best search --cell"),
        ("failed", "%train experiment trials search"),
        ("canceled", ""),
    ],
)
def test_it_says_what_to_type_next(phase: str, hint: str) -> None:
    assert search_card.text(search(phase)).endswith(hint)
    assert hint in words(search_card.html(search(phase)))


def test_of_an_end_the_number_of_trials_is_not_compared_with_itself() -> None:
    ended = search("succeeded", trials=8, counts={"completed": 8})
    assert "8 trials · 8 completed" == search_words.counts_text(ended)
    assert "5 of 8 trials" in search_words.counts_text(search("canceled", trials=5))


def test_in_plain_mode_it_is_the_same_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_TRAINING_PLAIN", "1")
    assert {"text/plain": "sweep submitted"} == search_card.bundle(search())
    ended = search("succeeded", trials=8)
    assert {"text/plain": "sweep succeeded   8 trials   val_accuracy"} == search_card.bundle(ended)


def test_html_has_the_best_so_far_beside_the_trials() -> None:
    html = search_card.html(search(), [trial(4, best=0.96), trial(6, "running", None), trial(5, "stopped", 0.4)])
    text = words(html)
    assert "● running sweep · search" in text
    assert "7 of 8 trials · 2 running · 2 completed · 3 stopped early" in text
    assert "val_accuracy ↑ best 0.963 in trial 4 lr 0.0123 · batch 64" in text
    assert 'alt="val_accuracy, best so far: 5 points from 0.5 to 0.963"' in html
    assert "trial state val_accuracy ↑ reports lr batch 4 ✓ completed 0.96 9 0.05 32 6 ● running – 9 0.07 32" in text
    assert "<b>4</b>" in html
    assert "<b>6</b>" not in html
    assert 'aria-valuenow="62"' in html  # five of eight have ended
    assert {"store": "store-one", "experiment": "searchabcd"} == search_card.bundle(search())[search_card.LIVE]


def test_html_has_no_script_no_ids_and_escapes_what_people_wrote() -> None:
    evil = "<script>alert(1)</script>"
    view = search(name=evil, notes=[evil], constants={evil: evil}, space=[axis(evil)])
    html = search_card.html(view, [trial(0, config={evil: evil})])
    assert "<script" not in html
    assert " id=" not in html


def test_a_failure_shows_its_sentence_and_the_first_traceback() -> None:
    view = search(
        "failed", sentence="Failed: all 3 trials failed.", error="Traceback ...\nValueError: bad\n", best=None
    )
    text = words(search_card.html(view))
    assert "all 3 trials failed." in text
    assert "ValueError: bad" in text
    assert "ValueError" not in search_card.html(view, error=False)


def test_what_has_no_place_is_left_out() -> None:
    many = [axis(f"a-parameter-with-a-long-name-{number}") for number in range(40)]
    config = {one["name"]: "a text that is long enough to take its place" for one in many}
    view = search(space=many, best={**search()["best"], "config": config}, notes=["x" * 2000] * 9)
    html = search_card.html(view, [trial(number, config=config) for number in range(10)])
    assert len(html) <= card.LIMIT
    assert "and 32 more" in html


class Trials:
    """A client that has trials, or has none just now."""

    def __init__(self, *pages: Any) -> None:
        self.pages = list(pages)
        self.asked: list[str | None] = []

    def trials(self, _: str, *, sort: str | None = None, limit: int) -> dict[str, Any]:
        self.asked.append(sort)
        found = self.pages.pop(0)
        if isinstance(found, Exception):
            raise found
        return {"trials": found[:limit], "next": None, "total": 12}


def shown(client: Trials, view: dict[str, Any]) -> list[int]:
    return [one["number"] for one in search_card.trials_of(cast(Client, client), view)]


def test_the_best_trial_is_pinned_above_the_newest() -> None:
    newest = [trial(number) for number in range(12, 2, -1)]
    assert [4, 12, 11, 10, 9, 8, 7, 6, 5, 3] == shown(Trials(newest), search())


def test_a_best_one_that_is_not_among_the_newest_is_fetched() -> None:
    newest = [trial(number) for number in range(19, 9, -1)]
    client = Trials(newest, [trial(4)])
    assert [4, *range(19, 10, -1)] == shown(client, search())
    assert ["-number", "value"] == client.asked


def test_a_card_without_its_trials_is_better_than_none() -> None:
    assert [] == shown(Trials(ServerUnreachable("gone")), search())


def test_a_space_of_several_metrics_is_told_in_all_of_them() -> None:
    view = search(metrics=["loss", "size"], modes=["min", "min"])
    assert ("trial", "state", "loss ↓", "size ↓", "reports", "lr", "batch") == search_words.trial_titles(view)
    row = search_words.trial_cells(view, trial(1, best=0.25, values={"loss": 0.3, "size": 1200}, config={"lr": 0.5}))
    assert ("1", "✓ completed", "0.25", "1\u2009200", "9", "0.5", "") == row


def test_of_several_metrics_each_has_its_best() -> None:
    front = [
        {"trial": 4, "job": "trialabcde", "values": {"val_accuracy": 0.96251, "size": 9000.0}, "config": {"lr": 0.1}},
        {"trial": 2, "job": "trialabcdf", "values": {"val_accuracy": 0.5, "size": 138.0}, "config": {"lr": 0.2}},
    ]
    view = search(metrics=["val_accuracy", "size"], modes=["max", "min"], pareto=front)
    assert "val_accuracy ↑ 0.963 in trial 4, size ↓ 138 in trial 2" == search_words.best_text(view)
    assert "val_accuracy ↑ best 0.963 in trial 4, size ↓ best 138 in trial 2; 2 trials that none" in words(
        search_card.html(view)
    )
    assert "" == search_words.best_text(search(best=None))
