"""The table of verbs. A verb's file is imported when the verb is used, and not before."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["VERBS", "VerbEntry"]


@dataclass(frozen=True)
class VerbEntry:
    """``file`` is the module of this package that has the verb's ``arguments`` and ``run``."""

    name: str
    file: str
    summary: str


VERBS: dict[str, VerbEntry] = {
    entry.name: entry
    for entry in (
        VerbEntry("submit", "submit", "submit a script with its parameters"),
        VerbEntry("jobs", "jobs", "list jobs, newest first"),
        VerbEntry("show", "show", "all about one job"),
        VerbEntry("logs", "logs", "what a job printed"),
        VerbEntry("metrics", "metrics", "the curves of a job"),
        VerbEntry("wait", "wait", "stay until jobs have ended"),
        VerbEntry("cancel", "act", "ask jobs to end"),
        VerbEntry("kill", "act", "end jobs at once"),
        VerbEntry("pause", "act", "let jobs stop after their next checkpoint"),
        VerbEntry("activate", "act", "let paused jobs go on"),
        VerbEntry("retry", "act", "start failed or canceled jobs again, from their last checkpoint"),
        VerbEntry("resume", "descend", "extend a job that has ended, from its last checkpoint"),
        VerbEntry("fork", "descend", "a new job with a job's code and edited config, no weights"),
        VerbEntry("continue", "descend", "a new job that begins with a job's checkpoint"),
        VerbEntry("checkpoints", "checkpoints", "what a job has saved, and how much of it is kept"),
        VerbEntry("archive", "act", "leave ended jobs out of lists"),
        VerbEntry("unarchive", "act", "put archived jobs back into lists"),
        VerbEntry("delete", "act", "remove ended jobs for good, with all they have saved"),
        VerbEntry("queue", "queue", "what waits, in which order and why; change the order"),
        VerbEntry("experiment", "experiment", "searches: make, look at, extend, stop; the best of one"),
        VerbEntry("open", "open", "the record of a job in MLflow"),
        VerbEntry("pool", "pool", "list pools, change their slots"),
        VerbEntry("doctor", "doctor", "see whether all is well, and how to mend what is not"),
        VerbEntry("serve", "serve", "a server without JupyterLab, on a private socket"),
        VerbEntry("dispatch", "dispatch", "be the dispatcher of a home"),
        VerbEntry("db", "db", "back up, check and tidy the store"),
        VerbEntry("schema", "schema", "the JSON Schema of what goes over the wire"),
    )
}
