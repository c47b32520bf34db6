"""A space as it was understood: what varies, in words; how many configs there are; some of them. Nothing is stored."""

from __future__ import annotations

import random

from jupyter_training.core.space import SearchSpace
from jupyter_training.errors import InvalidSpec
from jupyter_training.languages import default_spaces
from jupyter_training.schema import SpaceRequest, SpaceView
from jupyter_training.services.experiment_present import axis_views

__all__ = ["of_updater", "understood"]


def understood(request: SpaceRequest) -> SpaceView:
    """What a mapping of names says as a space.

    Raises:
        InvalidSpec: with the key of each fault, ``space.lr``, and the column within its expression.
    """
    space = SearchSpace.read(request.space, key="space")
    grid, note = _grid(space)
    rng = random.Random(request.seed)
    return SpaceView(
        axes=axis_views(space.domains),
        constants=space.constants,
        size=space.size(),
        grid=grid,
        grid_note=note,
        samples=tuple(space.sample(rng) for _ in range(request.samples)),
        space=space.to_json(),
        yaml=space.to_yaml(),
        python=space.to_python(),
    )


def of_updater(name: str) -> SpaceView:
    """The space that a search with an updater begins with.

    Raises:
        InvalidSpec: there is none of that name; with the near miss and those there are.
    """
    return understood(SpaceRequest(space=default_spaces.space_of(name)))


def _grid(space: SearchSpace) -> tuple[int | None, str | None]:
    """How many configs a grid has, or why there is none."""
    try:
        return len(space.grid()), None
    except InvalidSpec as error:
        return None, str(error)
