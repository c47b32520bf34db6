"""A home with a real dispatcher, a folder with a config file, and tuning jobs from there."""

from __future__ import annotations

import csv
import json
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_training.client.client import Client
from jupyter_training.client.local import LocalTransport
from jupyter_training.client.tuning_job import Notice, execute_tuning_job
from jupyter_training.settings import Settings

__all__ = ["CONFIG", "Place"]

# A model of one weight: its accuracy is best where the weight has come to 1, which 0.25 does in the fourth epoch.
CONFIG = """\
import json
import time
from typing import List, Optional

from jupyter_training import checkpoint, report, should_stop


class Data:
    def __init__(self, has_validation):
        self.has_validation = has_validation
    def prepare_data(self):
        print("prepares the data")
    def val_data(self):
        return [1, 2] if self.has_validation else None


def model_fn(model_state_url: Optional[str] = None, width: int = 3):
    if model_state_url is None:
        return {"w": 0.0, "width": width}
    with open(model_state_url) as file:
        return json.load(file)


def data_module_fn(data_path: str, seed: int, has_validation: bool = True):
    print("data in", data_path, "with seed", seed)
    return Data(has_validation)


def train_fn(model, data_module, learner, max_epochs, learning_rate: float = 0.25, pause: float = 0.0):
    learner["updates"] = learner.get("updates", 0) + 1
    for epoch in range(1, max_epochs + 1):
        model["w"] += learning_rate
        report(epoch=epoch, val_accuracy=1 - abs(1 - model["w"]), train_loss=abs(1 - model["w"]))
        time.sleep(pause)
        if should_stop():
            break
"""


class Place:
    """``notices`` are those of the last call."""

    def __init__(self, home: Path, folder: Path) -> None:
        self.folder = folder
        settings = Settings.load(home)
        self.client = Client(settings=settings, transport=LocalTransport(settings))
        self.notices: list[str] = []
        self.write(CONFIG)

    def write(self, text: str, name: str = "renate_config.py") -> None:
        (self.folder / name).write_text(text)

    def tune(self, space: Mapping[str, object], **more: Any) -> Any:
        """A tuning job for the largest val_accuracy, from this place's folder."""
        given: dict[str, Any] = {"config_file": "renate_config.py", "max_epochs": 5, "client": self.client, **more}
        mode, metric, backend = (
            given.pop(*one) for one in [("mode", "max"), ("metric", "val_accuracy"), ("backend", "local")]
        )
        before = os.getcwd()
        os.chdir(self.folder)
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always", Notice)
                found = execute_tuning_job(mode, space, metric, backend, **given)
        finally:
            os.chdir(before)
        self.notices = [str(one.message) for one in caught if one.category is Notice]
        return found

    def model(self, state: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / state / "model.ckpt").read_text())
        return found

    def history(self, state: str) -> list[dict[str, str]]:
        with open(self.folder / state / "hpo.csv", newline="") as file:
            return list(csv.DictReader(file))

    def about(self, state: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / state / "state.json").read_text())
        return found
