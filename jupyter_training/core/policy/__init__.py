"""The planner: who runs next, who makes room, and why the rest waits. Pure.

It knows no clock, no disk and no store: a view of the queue goes in, decisions
come out. Start reading at ``plan.py``; ``view.py`` is what is kept between
plans, ``priority.py`` and ``fair_share.py`` are the two policies.
"""

from jupyter_training.core.policy.aging import aged
from jupyter_training.core.policy.blocked import Blocked, no_pool
from jupyter_training.core.policy.nouns import ActiveAttempt, Decision, Finish, QueuedJob, Start, Stop
from jupyter_training.core.policy.plan import Plan, plan
from jupyter_training.core.policy.view import QueueView

__all__ = [
    "ActiveAttempt",
    "Blocked",
    "Decision",
    "Finish",
    "Plan",
    "QueueView",
    "QueuedJob",
    "Start",
    "Stop",
    "aged",
    "no_pool",
    "plan",
]
