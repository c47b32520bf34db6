"""The loop that reads the store, asks the policy, and makes it so.

    wishes, facts (store) -> view -> core.policy.plan -> decisions
          ^                                                  |
          '-- facts <- ingest, observe <- backend <- act ----'

One dispatcher acts per store: a file lock on this host and a lease with an
epoch in the store keep the peace; the claim of each attempt is the last word,
so that a double launch is harmless. Every effect is bracketed: intent in the
store, act, fact in the store; each step may be repeated by a successor.

Start reading at ``loop`` and ``tick``. Must not know: HTTP, Jupyter, MLflow.
"""
