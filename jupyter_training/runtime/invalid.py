"""How a trial says that its configuration makes no sense."""

from __future__ import annotations

__all__ = ["InvalidConfig"]


class InvalidConfig(ValueError):
    """Raised by a training: these values don't go together.

    A search puts another trial in its place and does not count it. It is not
    tried again, whatever the job's retries are.
    """


InvalidConfig.__module__ = "jupyter_training"  # as people import it, and see it in tracebacks
