"""Where the state of a search's best trial may go: where its trials could have put it themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.core.resources import Pool
from jupyter_training.errors import InvalidSpec
from jupyter_training.runtime import state
from jupyter_training.schema import PoolRequest
from jupyter_training.services import model_states, pools
from jupyter_training.store import experiments
from jupyter_training.store import pools as pool_rows
from jupyter_training.tuning import state_export
from tests.services.searching import LR, Searching
from tests.services.stage import Stage


def wishing(output: object, **more: Any) -> dict[str, Any]:
    text = json.dumps({"input": None, "output": output}) if not isinstance(output, bytes) else output.decode()
    return {"environment": {"variables": {state.VARIABLE: text}}, **more}


def refused(stage: Stage, wish: dict[str, Any]) -> InvalidSpec:
    with pytest.raises(InvalidSpec) as found:
        Searching(stage, **wish)
    assert "output_state_url" == found.value.errors[0].key
    return found.value


def test_a_folder_of_the_person_is_as_good_as_any(stage: Stage, tmp_path: Path) -> None:
    assert Searching(stage, **wishing(str(tmp_path / "models"))).id
    assert Searching(stage, **wishing(None)).id


@pytest.mark.parametrize("place", [".", "secrets", "models/a", "..", "link"])
def test_the_home_of_the_store_is_no_place_for_a_state(stage: Stage, tmp_path: Path, place: str) -> None:
    """A state takes the place of a folder in one exchange: whatever lies there, or above it, would be moved."""
    home = stage.site.settings.home
    (tmp_path / "link").symlink_to(home)
    path = tmp_path / "link" / "secrets" if place == "link" else home / place
    assert "the home of the store" in refused(stage, wishing(str(path))).detail


@pytest.mark.parametrize(
    ("output", "words"),
    [("gs://bucket/model", "is kept in a folder or below s3://"), (3, "is no wish for a state"), (b"[", "is no wish")],
)
def test_what_is_no_place_is_refused_before_anything_starts(stage: Stage, output: object, words: str) -> None:
    assert words in refused(stage, wishing(output)).detail


def test_trials_that_run_elsewhere_get_no_folder_of_this_machine(stage: Stage, tmp_path: Path) -> None:
    there = Pool("far", "scripted", 2)
    pool_rows.write(stage.site.store, there, now=stage.site.now())
    wish = wishing(str(tmp_path / "models"))
    assert "run at scripted, and can't write to" in str(model_states.refusal(stage.site, str(tmp_path / "m"), "far"))
    search = Searching(stage, **wish)
    pool_rows.write(stage.site.store, Pool("local", "scripted", 2), now=stage.site.now())

    said = state_export.publish(stage.site, experiments.one(stage.site.store, search.id))

    assert said is not None
    assert "can't be put into" in said, "its pool has become another since"
    assert "run at scripted" in said
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize("params", [{"lr": LR}, {"lr": "choice(0.1)"}], ids=["search", "one training"])
def test_an_updater_that_nobody_knows_is_refused_with_the_near_miss(stage: Stage, params: dict[str, str]) -> None:
    with pytest.raises(InvalidSpec) as found:
        stage.submit(params=params, metric="loss", mode="min", updater="Super-RE")
    assert ("updater", "Did you mean 'Super-ER'?") == (found.value.errors[0].key, found.value.hint)


def test_an_updater_is_kept_as_it_is_written_here(stage: Stage) -> None:
    assert "Super-ER" == Searching(stage, updater="super_er").row.spec.updater


def test_the_pool_of_drivers_is_no_persons_to_make(stage: Stage) -> None:
    with pytest.raises(InvalidSpec, match="'drivers' is the pool that what drives searches runs in"):
        pools.set_pool(stage.site, PoolRequest(name="drivers", slots=2))
    Searching(stage)  # now it is there
    pools.set_pool(stage.site, PoolRequest(name="drivers", slots=2))
