"""Inside the person's process: starts their code and gives it ``report`` and its friends.

Standard library only, Python 3.9 or newer, and cheap to import, since each job
pays for it: no ``typing``, ``pathlib`` or ``traceback`` before they are needed.
Knows the spool and nothing else of the product; ``archive`` puts both into a
small package that is first on a job's ``sys.path``.

Start reading at ``entry`` (the first code that runs), then ``public`` (what the
person's code imports); ``checkpoint`` is a room of its own. ``pieces`` and ``data`` are what came along from a
notebook: its definitions and its values.
"""

from __future__ import annotations

import os

__all__ = ["LAUNCHER", "command"]

# No suffix, so that no `import` of the person's finds it beside the package.
LAUNCHER = "job"


def command(python: str, runtime_folder: str, attempt_folder: str) -> list[str]:
    """The words that start an attempt's code in the person's interpreter."""
    return [python, os.path.join(runtime_folder, LAUNCHER), attempt_folder]
