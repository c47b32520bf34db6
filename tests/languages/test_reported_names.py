"""Which metrics a text reports: all of them, or no answer."""

from __future__ import annotations

import pytest

from jupyter_training.languages.reported_names import in_texts, like


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from jupyter_training import report\nreport(loss=1, val_accuracy=2, epoch=3)", ("loss", "val_accuracy")),
        ("from jupyter_training import report as r\nr({'val/loss': 1}, step=3, epoch=4)", ("epoch", "val/loss")),
        ("import jupyter_training as jt\njt.report({'a': 1, 'step': 2})", ("a",)),
        ("from jupyter_training import report\nreport(**metrics)", None),
        ("from jupyter_training import report\nreport(metrics)", None),
        ("from jupyter_training import report\nreport({name: 1})", None),
        ("from jupyter_training import report\nreport(a=1)\ncallback(report)", None),
        ("from jupyter_training import report\nimport mlflow\nreport(a=1)", None),
        ("from lightning.pytorch import Trainer", None),
        ("report(a=1)", None),
        ("x = 1", None),
    ],
)
def test_names_of_one_text(text: str, expected: tuple[str, ...] | None) -> None:
    assert expected == in_texts([text])


def test_texts_together_and_one_that_is_no_answer_spoils_all() -> None:
    plain = "from jupyter_training import report\nreport(a=1)"
    assert ("a", "b") == in_texts([plain, plain.replace("a=1", "b=1"), "x = 1"])
    assert in_texts([plain, "import wandb"]) is None


@pytest.mark.parametrize(
    ("metric", "names", "expected"),
    [
        ("accuracy", ["train_accuracy", "val_accuracy"], "val_accuracy"),
        ("val_accuracy", ["accuracy", "loss"], "accuracy"),
        ("val_acuracy", ["loss", "val_accuracy"], "val_accuracy"),
        ("speed", ["loss"], None),
    ],
)
def test_the_name_that_is_meant(metric: str, names: list[str], expected: str | None) -> None:
    assert expected == like(metric, names)
