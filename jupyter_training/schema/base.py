"""What all wire models share."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["Request", "View"]


class Request(BaseModel):
    """What comes in: unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class View(BaseModel):
    """What goes out."""

    model_config = ConfigDict(frozen=True)
