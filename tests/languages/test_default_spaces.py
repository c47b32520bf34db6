"""Default spaces: a copy at each call, whatever the name's letters, and a sentence for one that is not there."""

from __future__ import annotations

import pytest

from jupyter_training.client.default_spaces import config_space
from jupyter_training.core.space import SearchSpace
from jupyter_training.errors import InvalidSpec
from jupyter_training.languages import default_spaces


def test_each_call_gives_a_mapping_of_its_own() -> None:
    first = config_space("ER")
    first["learning_rate"] = 1
    first["momentum"]["args"].append(7)
    second = config_space("ER")
    assert "loguniform(0.001, 0.5)" == repr(second["learning_rate"])
    assert "choice([0.0, 0.9, 0.99])" == repr(second["momentum"])


@pytest.mark.parametrize("name", ["Offline-ER", "OfflineER", "OFFLINE-ER", "offline_er"])
def test_a_name_is_found_however_it_is_written(name: str) -> None:
    assert "choice([0.25, 0.5, 0.75])" == repr(config_space(name)["loss_weight_new_data"])


def test_an_unknown_name_gets_the_near_miss_and_the_list() -> None:
    with pytest.raises(InvalidSpec, match=r"no updater 'Ofline-ER'\. Did you mean 'Offline-ER'\?.*ER, DER, Super-ER"):
        config_space("Ofline-ER")
    with pytest.raises(InvalidSpec, match="the updater GDumb has no default space"):
        config_space("GDumb")


@pytest.mark.parametrize("name", default_spaces.SPACES)
def test_every_space_is_one_for_the_server(name: str) -> None:
    """Also by its texts, which is how a server hands it out."""
    made, written = SearchSpace.read(config_space(name)), SearchSpace.read(default_spaces.space_of(name))
    assert made.to_json() == written.to_json()
    assert made.is_search
    assert {"optimizer": "SGD", "batch_size": 64, "max_epochs": 50}.items() <= dict(made.constants).items()


def test_an_updater_is_known_by_its_letters_or_by_its_plug_in() -> None:
    assert "Avalanche-iCaRL" == default_spaces.check_updater("avalanche-icarl")
    assert "Mine" == default_spaces.check_updater("Mine", plug_ins={"Mine"})
    with pytest.raises(
        InvalidSpec, match=r"there is no updater 'FineTunig'; there is: ER, .*Did you mean 'FineTuning'\?"
    ):
        default_spaces.check_updater("FineTunig")
