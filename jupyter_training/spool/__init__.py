"""The language on disk between a running attempt and everybody else.

An attempt is a folder. The person's process and its supervisor append to files
there, the dispatcher and the servers read them, and neither side waits for the
other. Standard library only, Python 3.9 or newer, as these modules also run in
the person's interpreter; must not know: the store, HTTP, who reads.

Start reading at ``layout`` (the files and their names), then ``lines`` (how an
event is written so that ``kill -9`` tears nothing) and ``tail`` (how it is
read). ``claim`` says who may run an attempt, ``identity`` whether a process is
still the one it was, ``log`` reads what the attempt printed, ``checkpoints``
knows a whole checkpoint from a damaged one.
"""

from __future__ import annotations

from jupyter_training.spool.layout import attempt_folder

__all__ = ["attempt_folder"]
