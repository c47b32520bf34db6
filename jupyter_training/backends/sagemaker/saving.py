"""Whether a piece of code keeps checkpoints, as far as its text tells. Nothing is run.

    from jupyter_training import checkpoint
    jupyter_training.checkpoint.save(...)
    open("/opt/ml/checkpoints/last.pt", "wb")

Behind a no stands a refusal, with a word that overrules it: a library may keep
checkpoints without a sign of it in the code. What can't be read is no no.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

__all__ = ["keeps_checkpoints"]

_OURS = "jupyter_training"
_NAME = "checkpoint"
_FOLDERS = ("/opt/ml/checkpoints", "SM_CHECKPOINT")  # what code that was written for the service names


def keeps_checkpoints(texts: Iterable[bytes | None]) -> bool:
    """Whether any of these files of Python speaks of our checkpoints or of the folder that the service keeps.

    None: a file that can't be read, which may.
    """
    return any(text is None or _keeps(text) for text in texts)


def _keeps(text: bytes) -> bool:
    if any(folder.encode() in text for folder in _FOLDERS):
        return True
    if _OURS.encode() not in text or _NAME.encode() not in text:
        return False
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True  # it has both words, and of how they are meant nothing is known
    ours: set[str] = set()  # what the package is called here
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == _OURS and any(one.name == _NAME for one in node.names):
            return True
        if isinstance(node, ast.Import):
            ours.update(one.asname or one.name for one in node.names if one.name == _OURS)
    return any(
        isinstance(node, ast.Attribute) and node.attr == _NAME and isinstance(node.value, ast.Name)
        and node.value.id in ours
        for node in ast.walk(tree)
    )  # fmt: skip
