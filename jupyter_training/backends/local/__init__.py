"""This machine: each attempt in a folder of its own, under a detached supervisor.

The backend only writes orders and reads records; the supervisor does the rest
and outlives whoever started it. Start reading at ``backend``.
"""

from __future__ import annotations

from jupyter_training.backends.local.backend import LocalBackend

__all__ = ["LocalBackend"]
