"""One detached process for each local attempt: starts it, watches it, cleans up, writes how it ended.

Knows the attempt's folder and nothing else: no database, no server, no
credentials. Who starts it makes it a session of its own (``start_new_session``)
and may die at any moment; if the supervisor dies, the training goes on and
another one, started with ``--adopt``, takes its place. Standard library only.

Start reading at ``main`` (launch or adopt), then ``watch`` (the loop) and
``ending`` (what is written last). ``nursery`` forks them.
"""

from __future__ import annotations

__all__ = ["command", "nursery_command"]

_CODE = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from jupyter_training.supervisor.main import main; sys.exit(main(sys.argv[2:]))"
)

_NURSERY = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from jupyter_training.supervisor.nursery import main; sys.exit(main())"
)


def command(python: str, runtime_folder: str, attempt_folder: str, *, adopt: bool = False) -> list[str]:
    """The words that start a supervisor, isolated from the environment it is started in.

    Any number of them may be started for an attempt: one runs it, the others leave.
    """
    words = [python, "-I", "-S", "-c", _CODE, runtime_folder, attempt_folder]
    return [*words, "--adopt"] if adopt else words


def nursery_command(python: str, runtime_folder: str) -> list[str]:
    """The words that start what forks supervisors, isolated likewise."""
    return [python, "-I", "-S", "-c", _NURSERY, runtime_folder]
