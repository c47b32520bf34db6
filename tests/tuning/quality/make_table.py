"""Train every configuration of a small network on the digits, and keep what each epoch reached.

    python -m tests.tuning.quality.make_table

27 configurations of 20 epochs, in about a minute. A search can then be played on
the table in no time, and two ways to search be compared on the very same results.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("table.json")
EPOCHS = 20
AXES: dict[str, list[float]] = {
    "batch": [16, 64, 256],
    "hidden": [4, 16, 64],
    "lr": [1e-4, 1e-3, 1e-2],
}


def configs() -> Iterator[dict[str, float]]:
    for values in product(*AXES.values()):
        yield dict(zip(AXES, values, strict=True))


def train(config: dict[str, float], epochs: int = EPOCHS) -> dict[str, list[float]]:
    """Loss and accuracy on the validation part after each epoch."""
    import numpy as np
    from sklearn.datasets import load_digits
    from sklearn.metrics import log_loss
    from sklearn.model_selection import train_test_split
    from sklearn.neural_network import MLPClassifier

    images, digits = load_digits(return_X_y=True)
    split = train_test_split(images / 16.0, digits, test_size=0.2, random_state=0, stratify=digits)
    train_x, valid_x, train_y, valid_y = split
    model = MLPClassifier(
        hidden_layer_sizes=(int(config["hidden"]),),
        learning_rate_init=config["lr"],
        batch_size=int(config["batch"]),
        random_state=0,
    )
    found: dict[str, list[float]] = {"loss": [], "accuracy": []}
    for _ in range(epochs):
        model.partial_fit(train_x, train_y, classes=np.arange(10))
        odds = model.predict_proba(valid_x)
        found["loss"].append(round(float(log_loss(valid_y, odds)), 5))
        found["accuracy"].append(round(float((odds.argmax(axis=1) == valid_y).mean()), 5))
    return found


def seconds(config: dict[str, float]) -> float:
    """What an epoch takes on the clock of the table: so much per step, and so much per number of the network.

    Told by a rule and not by a watch, so that the table is the same whoever makes it.
    """
    steps, numbers = 1437 / config["batch"], 75 * config["hidden"]
    return round(0.002 * steps + 1437 * numbers * 2e-8, 4)


def main() -> int:
    os.environ["OMP_NUM_THREADS"] = "1"
    rows: list[dict[str, Any]] = []
    for config in configs():
        rows.append({"config": config, "seconds": seconds(config), **train(config)})
        print(config, rows[-1]["accuracy"][-1], flush=True)
    lines = ",\n".join(json.dumps(row) for row in rows)
    TABLE.write_text(f'{{"axes": {json.dumps(AXES)},\n"rows": [\n{lines}\n]}}\n')
    return 0


if __name__ == "__main__":
    sys.exit(main())
