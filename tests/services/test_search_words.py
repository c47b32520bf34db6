"""What a person is told who does not know yet how a search is said."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from jupyter_training.errors import InvalidSpec
from jupyter_training.services import submitting
from tests.services.searching import LR, Searching
from tests.services.stage import USER, Stage, request

SCRIPT = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--epochs", type=int, default=27)
args = parser.parse_args()
"""


def test_a_list_beside_a_searcher_is_told_from_values_to_try(stage: Stage) -> None:
    (note,) = stage.submit(params={"lr": [0.1, 0.01], "size": 8}, searcher="grid", metric="loss", mode="min").notes
    assert note.endswith("A list is one value: to try each of lr, write lr=choice(0.1, 0.01).")
    assert () == stage.submit(params={"layers": [64, 32]}).notes, "layers of a network are one value, as they should be"


def test_where_a_search_is_insisted_on_a_list_is_refused_with_what_to_write(stage: Stage) -> None:
    with pytest.raises(InvalidSpec) as found:
        wish = request(params={"opt": ["sgd", "adam"]}, metric="loss", mode="min")
        submitting.submit(stage.site, USER, wish, insists=True)
    assert 'A list is one value: to try each of opt, write opt=choice("sgd", "adam").' == found.value.hint


def test_a_mode_that_lacks_is_asked_for(stage: Stage) -> None:
    with pytest.raises(InvalidSpec, match="mode: is a smaller or a larger loss better"):
        stage.submit(params={"lr": LR}, metric="loss")


@pytest.mark.parametrize("metric", ["", " , ", ()])
def test_a_metric_without_a_name_is_refused_in_words(metric: object) -> None:
    with pytest.raises(ValidationError, match="it is empty; write a word"):
        request(params={"lr": LR}, metric=metric, mode="min")


def test_the_epochs_of_a_script_are_its_parsers_default_unless_they_are_given(stage: Stage) -> None:
    def longest(**params: object) -> int | None:
        result = stage.submit(SCRIPT, params={"lr": LR, **params}, metric="loss", mode="min", searcher="asha")
        assert result.experiment is not None
        return result.experiment.max_resource

    assert 27 == longest()
    assert 9 == longest(epochs=9)
    assert longest(epochs="choice(3, 9)") is None, "of what is searched for nobody knows"


def test_that_its_end_was_presumed_is_said_until_it_has_ended_or_was_extended(stage: Stage) -> None:
    def says(search: Searching) -> bool:
        return any(note.startswith("Nothing says when this search ends") for note in search.view.notes)

    search, other = (Searching(stage, max_trials=None) for _ in range(2))
    assert says(search)
    search.act("extend", trials=2)
    assert not says(search)
    other.act("kill")
    assert not says(other)


def test_the_best_so_far_goes_on_to_the_last_report(stage: Stage) -> None:
    search = Searching(stage)
    search.drive()
    search.trial(0)
    for at, value in enumerate((0.5, 0.25, 0.75, 0.5), start=1):
        search.tell(0, at, value)
    assert ((0, 0.5), (1, 0.25), (3, 0.25)) == search.view.curve
    search.tell(0, 5, 0.125)
    assert ((0, 0.5), (1, 0.25), (4, 0.125)) == search.view.curve
