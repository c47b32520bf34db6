"""The record for people: jobs copied into MLflow by a process of its own, the mirror.

For: one MLflow run per job with its parameters, spec, code, points, log,
outputs and true status, caught up after any crash or outage.
Must not know: backends, dispatching, HTTP of ours, Jupyter. Only the mirror's
process imports mlflow; ``ensure`` is what others import.

Start with ``README.md`` beside this file, then ``mirror`` (the process),
``copier`` (one job, from the store into a tracker) and ``mlflow_tracker``.
"""
