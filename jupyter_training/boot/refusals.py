"""Why the code can't be started in this container."""

from __future__ import annotations

__all__ = ["BadRequirements", "Refused", "Stopped"]


class Refused(Exception):
    """It can't start as it is; the text says why, as the end of a sentence."""


class BadRequirements(Refused):
    """The packages that it asks for can't be installed; the text is the installer's own reason."""


class Stopped(Exception):
    """The container is to stop before the code has begun."""
