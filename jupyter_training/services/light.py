"""The magics and the client as a folder, for kernels whose environment has none of us."""

from __future__ import annotations

import sys

from pydantic import BaseModel, ConfigDict

import jupyter_training
from jupyter_training.services.site import Site

__all__ = ["LightView", "light"]


class LightView(BaseModel):
    """``path`` goes onto a kernel's ``sys.path``; ``python`` is this server's interpreter."""

    model_config = ConfigDict(frozen=True)

    path: str
    python: str
    version: str


def light(site: Site) -> LightView:
    """The folder, made if it is not there yet."""
    return LightView(
        path=str(site.settings.home / "light"), python=sys.executable, version=jupyter_training.__version__
    )
