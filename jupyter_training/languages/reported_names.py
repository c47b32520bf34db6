"""Which metrics a piece of code reports, where its text tells all of them. Nothing is run.

    report(loss=loss, val_accuracy=accuracy, epoch=epoch)
    report({"val/loss": loss}, step=epoch)

A text that may report more than it shows, by ``**metrics``, a computed name or
another library, gives no answer: behind this stands a refusal. Standard library only.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from jupyter_training.errors import near_miss

__all__ = ["in_texts", "like"]

_STEPS = ("global_step", "step", "iteration", "epoch")
_OURS = "jupyter_training"
_OTHERS = frozenset(
    {"mlflow", "lightning", "pytorch_lightning", "keras", "tensorflow", "transformers", "tqdm", "syne_tune", "wandb"}
)
_SPLITS = ("val", "validation", "valid", "train", "training", "test", "eval")


def in_texts(texts: Iterable[str | bytes]) -> tuple[str, ...] | None:
    """The names that these files report together; None where they may report others, or say nothing of it."""
    found: dict[str, None] = {}
    for text in texts:
        names = _in_text(text)
        if names is None:
            return None
        found.update(dict.fromkeys(names))
    return tuple(found) or None


def like(metric: str, names: Sequence[str]) -> str | None:
    """The name among those reported that is most likely meant: the same of another split of the data first."""
    bare = _without_split(metric)
    same = [one for one in names if _without_split(one) == bare]
    validation = [one for one in same if one.lower().startswith("val")]
    return next(iter(validation or same), None) or near_miss(metric, names)


def _in_text(text: str | bytes) -> list[str] | None:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    called: set[str] = set()
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            if node.module.partition(".")[0] in _OTHERS:
                return None
            if node.module == _OURS:
                called.update(one.asname or one.name for one in node.names if one.name == "report")
        elif isinstance(node, ast.Import):
            tops = {one.name.partition(".")[0] for one in node.names}
            if tops & _OTHERS:
                return None
            modules.update(one.asname or one.name for one in node.names if one.name == _OURS)
    names: list[str] = []
    calls = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_report(node.func, called, modules):
            calls += 1
            own = _of_call(node)
            if own is None:
                return None
            names += own
    uses = sum(isinstance(node, ast.Name) and node.id in called for node in ast.walk(tree))
    uses += sum(isinstance(node, ast.Attribute) and _is_report(node, set(), modules) for node in ast.walk(tree))
    return names if uses == calls else None  # handed on to somebody else


def _is_report(node: ast.expr, called: set[str], modules: set[str]) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr == "report" and isinstance(node.value, ast.Name) and node.value.id in modules
    return isinstance(node, ast.Name) and node.id in called


def _of_call(call: ast.Call) -> list[str] | None:
    words = [word.arg for word in call.keywords]
    names = [word for word in words if word is not None and word != "step"]
    if None in words or len(call.args) > 1:
        return None
    for one in call.args:
        if not isinstance(one, ast.Dict):
            return None
        for key in one.keys:
            if not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
                return None
            names.append(key.value)
    if "step" not in words:
        taken = next((step for step in _STEPS if step in names), None)
        names = [name for name in names if name != taken]
    return names


def _without_split(name: str) -> str:
    for sign in "_/.":
        head, found, rest = name.partition(sign)
        if found and head.lower() in _SPLITS:
            return rest.lower()
    return name.lower()
