"""``--config-file renate_config.py``: what the file defines is trained or searched, as by ``execute_tuning_job``."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from jupyter_training.cli.arguments import Parser, whole
from jupyter_training.client import tuning_job
from jupyter_training.client.client import Client
from jupyter_training.errors import InvalidUsage
from jupyter_training.kernel.values import expression
from jupyter_training.kernel.wish import Wish

__all__ = ["arguments", "request"]

_OURS = {  # what an option of a submit is called there
    "metric": "metric",
    "mode": "mode",
    "searcher": "scheduler",
    "searcher_options": "scheduler_kwargs",
    "workers": "n_workers",
    "seed": "seed",
    "name": "job_name",
}
_TEXTS = {
    "--updater": ("NAME", "the update algorithm (ER)"),
    "--input-state-url": ("FOLDER", "where the model of the update before is"),
    "--output-state-url": ("FOLDER", "where the best model and its state go"),
    "--task-id": ("NAME", "the task's label"),
    "--working-directory": ("FOLDER", "the data are kept below it (renate_working_dir)"),
    "--accelerator": ("auto|cpu|gpu", "what is trained on"),
    "--strategy": ("NAME", "how several devices share the work (ddp)"),
    "--precision": ("16|32|64|bf16", "of the numbers (32)"),
    "--gradient-clip-algorithm": ("norm|value", "how gradients are clipped"),
}
_WHOLES = {
    "--max-epochs": "the most epochs (50)",
    "--chunk-id": "which chunk of the data",
    "--devices": "how many, for each trial (1)",
}


def arguments(parser: Parser) -> None:
    group = parser.add_argument_group("a config file of Renate's kind, instead of a script")
    _add(group, "--config-file", metavar="FILE", help="model_fn, data_module_fn and the like; key=value is its space")
    for name, (metavar, words) in _TEXTS.items():
        _add(group, name, metavar=metavar, help=words)
    for name, words in _WHOLES.items():
        _add(group, name, metavar="N", type=whole, help=words)
    _add(group, "--gradient-clip-val", metavar="VALUE", type=float, help="where gradients are clipped")
    _add(group, "--deterministic-trainer", metavar="true|false", type=_is_true, help="the same each time")


def request(options: argparse.Namespace, wish: Wish, words: list[str], client: Client) -> dict[str, Any] | None:
    """The wish in the wire's shape; None: no config file is named. Notes go to stderr.

    Raises:
        InvalidUsage, InvalidSpec: as ``execute_tuning_job`` does.
    """
    own = {_named(name): getattr(options, _named(name)) for name in _options()}
    given = {name: value for name, value in own.items() if value is not None}
    if options.config_file is None:
        if given:
            raise InvalidUsage(f"--{next(iter(given)).replace('_', '-')} goes with --config-file.")
        return None
    if words or options.rest:
        found = (words or options.rest)[0]
        raise InvalidUsage(f"{found!r} is neither an option nor key=value.", hint="A config file takes no script.")
    asked = wish.asked()
    if asked.get("context") is not None:
        raise InvalidUsage("--context goes with a script.")
    texts = wish.texts
    space = {name: expression(texts[name], value) if name in texts else value for name, value in wish.params.items()}
    for theirs, ours in _OURS.items():
        if asked.get(theirs) is not None:
            given[ours] = asked.pop(theirs)
    for name in ("metric", "mode"):
        given[name] = _one(given.get(name), name)
    found = tuning_job.prepared(
        {**given, "config_file": options.config_file, "config_space": space, **_place(asked)},
        limit=client.settings.bundle_limit_bytes,
    )
    for note in found.notes:
        print(note, file=sys.stderr)
    whole_wish = {**found.request, **asked, "origin": {"client": "cli"}}
    whole_wish["resources"] = {**(found.request.get("resources") or {}), **(asked.get("resources") or {})} or None
    if options.key is not None:
        whole_wish["key"] = options.key
    return {name: value for name, value in whole_wish.items() if value is not None}


def _place(asked: dict[str, Any]) -> dict[str, Any]:
    """Where it runs, as ``execute_tuning_job`` calls it; what it takes from there is no longer asked."""
    if asked.get("backend") != "sagemaker":
        return {"backend": "local"}
    return {"backend": asked.pop("backend"), "options": asked.pop("options", None)}


def _options() -> tuple[str, ...]:
    return (*_TEXTS, *_WHOLES, "--gradient-clip-val", "--deterministic-trainer")


def _add(group: Any, name: str, **how: Any) -> None:
    """An option, also as Renate writes it, with underscores."""
    group.add_argument(*dict.fromkeys([name, f"--{_named(name)}"]), default=None, **how)


def _named(option: str) -> str:
    return option[2:].replace("-", "_")


def _one(value: object, name: str) -> object:
    """The one metric or mode that a config file is judged by."""
    if value is None:
        raise InvalidUsage(f"A config file needs a --{name}.", hint="E.g. --metric val_accuracy --mode max")
    return value[0] if isinstance(value, (list, tuple)) and len(value) == 1 else value


def _is_true(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return text.lower() == "true"
