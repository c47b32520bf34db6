"""The part of the table ``api.OPERATIONS`` that is about spaces."""

from __future__ import annotations

from jupyter_training.schema import SpaceRequest, SpaceView
from jupyter_training.services import spaces
from jupyter_training.services.operation import Operation

__all__ = ["SPACE_OPERATIONS"]

SPACE_OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "space",
        "POST",
        "spaces",
        "A space as it is understood: its axes in words, its size, some samples. Nothing is stored.",
        lambda site, user, path, query, body: spaces.understood(body),
        request=SpaceRequest,
        response=SpaceView,
    ),
    Operation(
        "default_space",
        "GET",
        "spaces/{updater}",
        "The space that a search with an updater begins with.",
        lambda site, user, path, query, body: spaces.of_updater(path["updater"]),
        response=SpaceView,
    ),
)
