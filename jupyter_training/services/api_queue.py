"""The part of the table ``api.OPERATIONS`` that is about queues and pools."""

from __future__ import annotations

from jupyter_training.schema import (
    AfterRequest,
    BatchRequest,
    BatchResult,
    JobView,
    MoveRequest,
    PoolList,
    PoolRequest,
    QueuePage,
    VerbResult,
)
from jupyter_training.services import batch, moves, pools, queue
from jupyter_training.services.operation import Operation

__all__ = ["QUEUE_OPERATIONS"]

QUEUE_OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "queue",
        "GET",
        "queue",
        "One page of a pool's queue, in the order in which it is served: what waits and what runs.",
        lambda site, user, path, query, body: queue.page(site, query),
        query=queue.QueueQuery,
        response=QueuePage,
    ),
    Operation(
        "move",
        "POST",
        "queue/moves",
        "Change the priority, the weight, the pool or the place of jobs; a result per job.",
        lambda site, user, path, query, body: moves.move(site, user, body),
        request=MoveRequest,
        response=VerbResult,
    ),
    Operation(
        "batch",
        "POST",
        "queue/batch",
        "Moves as texts, one after the other, with a result per item; with `atomic` all of them or none.",
        lambda site, user, path, query, body: batch.batch(site, user, body),
        request=BatchRequest,
        response=BatchResult,
    ),
    Operation(
        "set_after",
        "PUT",
        "jobs/{job}/after",
        "Let a waiting job start after these jobs instead of those before; none: it waits for nobody.",
        lambda site, user, path, query, body: moves.set_after(site, user, path["job"], body),
        request=AfterRequest,
        response=JobView,
    ),
    Operation(
        "pools",
        "GET",
        "pools",
        "Every pool with what it uses.",
        lambda site, user, path, query, body: pools.pools(site),
        response=PoolList,
    ),
    Operation(
        "set_pool",
        "PUT",
        "pools",
        "Make a pool, or change what is given of one.",
        lambda site, user, path, query, body: pools.set_pool(site, body),
        request=PoolRequest,
        response=PoolList,
    ),
    Operation(
        "remove_pool",
        "DELETE",
        "pools/{pool}",
        "Remove a pool in which no job waits or runs.",
        lambda site, user, path, query, body: pools.remove_pool(site, path["pool"]),
        response=PoolList,
    ),
)
