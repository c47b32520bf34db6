"""The labelled steps at which a process can be made to die, by room.

Each is a function of the product, named from outside. One that is no longer
there fails a test of its own; one that nobody reaches fails the enumeration,
since its fault is still waiting at the end.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["DISPATCHER", "DRIVER", "INGEST", "MIRROR", "ROOMS", "RUNTIME", "SUPERVISOR", "Step"]


class Step(NamedTuple):
    """``place`` is module:attribute. ``about``: only for calls whose first argument ends so.

    ``needs`` are traits that a job must have for the step to be reached (``plan.Part``).
    """

    place: str
    when: str = "after"  # or "before" the call
    about: str = ""
    needs: tuple[str, ...] = ()


_PACKAGE = "jupyter_training."
_FACTS, _LOCAL = _PACKAGE + "store.facts:", _PACKAGE + "backends.local.backend:"
_CHECKPOINTS, _RETENTION = _PACKAGE + "store.checkpoints:", _PACKAGE + "store.retention:"
_REMOVALS = _PACKAGE + "store.removals:"
_POINTS, _INGESTER = _PACKAGE + "store.points:", _PACKAGE + "dispatch.ingest:Ingester."
_MAIN, _WATCH = _PACKAGE + "supervisor.main:", _PACKAGE + "supervisor.watch:Watch."
_CLAIM, _LAYOUT = _PACKAGE + "spool.claim:", _PACKAGE + "spool.layout:"
_ENTRY, _STOPPING = _PACKAGE + "runtime.entry:", _PACKAGE + "runtime.stopping:"
_CHECKPOINT = _PACKAGE + "runtime.checkpoint."
_TUNING, _RECORD, _DRIVING = (
    _PACKAGE + "tuning.",
    _PACKAGE + "tuning.record:Record.",
    _PACKAGE + "store.driving:",
)
_TRACKER = _PACKAGE + "tracking.mlflow_tracker:MlflowTracker."

DISPATCHER = {
    "the lease": Step(_PACKAGE + "store.lease:take"),
    "the term prolonged": Step(_PACKAGE + "store.lease:renew"),
    "before the attempt's row": Step(_FACTS + "begin", "before"),
    "inside the attempt's row": Step(_FACTS + "changelog.append"),
    "the attempt's row": Step(_FACTS + "begin"),
    "the order": Step(_LOCAL + "prepare"),
    "the supervisor's start": Step(_LOCAL + "LocalBackend._start_supervisor"),
    "the launch": Step(_LOCAL + "LocalBackend.launch"),
    "the fact of the launch": Step(_FACTS + "launched"),
    "before the fact that it runs": Step(_FACTS + "running", "before"),
    "the fact that it runs": Step(_FACTS + "running"),
    "a round": Step(_PACKAGE + "dispatch.tick:Ticker.tick"),
    "the mirror's start": Step(_PACKAGE + "dispatch.loop:ensure_mirror"),
    "the wish to stop noted": Step(_FACTS + "stopping", needs=("stopped",)),
    "the stop asked": Step(_LOCAL + "LocalBackend.stop", needs=("stopped",)),
    "before the end's fact": Step(_FACTS + "ended", "before"),
    "inside the end's fact": Step(_FACTS + "_conclude"),
    "the end's fact": Step(_FACTS + "ended"),
    "the end said": Step(_PACKAGE + "dispatch.tick:told"),
    "before checkpoints are let go": Step(_RETENTION + "let_go", "before", needs=("saving",)),
    "checkpoints let go, their files not yet": Step(_RETENTION + "let_go", needs=("saving",)),
    "a checkpoint's files removed": Step(_PACKAGE + "dispatch.remover:_remove_folder", needs=("saving",)),
    "a place removed": Step(_PACKAGE + "dispatch.remover:_remove_place", needs=("far",)),
    "before a claim is settled": Step(_RETENTION + "gone", "before", needs=("far",)),
    "a claim settled": Step(_RETENTION + "gone", needs=("far",)),
    "before a deleted job is forgotten": Step(_PACKAGE + "store.upkeep:forget", "before", needs=("deleted",)),
    "a deleted job forgotten": Step(_PACKAGE + "store.upkeep:forget", needs=("deleted",)),
    "a removal's folders struck off": Step(_REMOVALS + "places_gone", needs=("deleted",)),
}

INGEST = {
    "a page read": Step(_PACKAGE + "spool.tail:read"),
    "the log read": Step(_INGESTER + "_log"),
    "before points are stored": Step(_POINTS + "ingest_all", "before"),
    "inside the points' transaction": Step(_POINTS + "intake.add"),
    "points stored, no change logged": Step(_POINTS + "changelog.touch_all", "before"),
    "a checkpoint noted": Step(_CHECKPOINTS + "committed", needs=("saving",)),
    "a start noted": Step(_CHECKPOINTS + "started_from", needs=("saving",)),
    "what nobody told is found": Step(_PACKAGE + "dispatch.untold:of_attempt"),
    "points stored": Step(_POINTS + "ingest_all"),
    "before the last points": Step(_INGESTER + "ingest", "before"),
    "the last points": Step(_INGESTER + "ingest"),
}

SUPERVISOR = {
    "the lock": Step(_CLAIM + "lock"),
    "the order read": Step(_PACKAGE + "supervisor.order:read"),
    "the claim without its record": Step(_LAYOUT + "write_json", "before", "owner.json"),
    "the claim": Step(_CLAIM + "take"),
    "room for the exit record": Step(_LAYOUT + "reserve", "after", "exit.json"),
    "the secrets taken": Step(_PACKAGE + "supervisor.order:take_secrets"),
    "begun": Step(_LAYOUT + "write_json", "after", "begun.json"),
    "behind the gate": Step(_PACKAGE + "supervisor.spawn:start"),
    "the process on record": Step(_LAYOUT + "write_json", "after", "process.json"),
    "the gate opened": Step(_PACKAGE + "supervisor.spawn:Gate.open"),
    "a line in the journal": Step(_PACKAGE + "supervisor.journal:Journal.state"),
    "a look": Step(_WATCH + "_stop_if_asked"),
    "a sample": Step(_PACKAGE + "supervisor.journal:Journal.sample", needs=("long",)),
    "the stop seen": Step(_PACKAGE + "supervisor.stopping:Stopping.ask", needs=("stopped",)),
    "SIGTERM sent": Step("os:killpg", needs=("canceled", "deaf")),
    "SIGKILL sent": Step(_WATCH + "_signal_all", needs=("killed",)),
    "the code has ended": Step(_WATCH + "_follow"),
    "what hid is found": Step(_WATCH + "_members", needs=("hiding",)),
    "what hid is told": Step(_PACKAGE + "supervisor.tree:send", needs=("hiding",)),
    "all is clean": Step(_WATCH + "_clean"),
    "the status": Step(_WATCH + "_ended"),
    "before the exit record": Step(_PACKAGE + "supervisor.ending:write", "before"),
    "a page trimmed": Step(_PACKAGE + "spool.lines:trim"),
    "the exit record": Step(_LAYOUT + "write_json", "after", "exit.json"),
}

RUNTIME = {
    "the order read": Step(_LAYOUT + "read_json", "after", "order.json"),
    "room for the end record": Step(_LAYOUT + "reserve", "after", "end.json"),
    "before the code": Step(_ENTRY + "_start", "before"),
    "before a point": Step(_PACKAGE + "runtime.report:report", "before"),
    "a point": Step(_PACKAGE + "runtime.report:report"),
    "the first page": Step(_PACKAGE + "spool.lines:PageWriter._new_page"),
    "it listens": Step(_STOPPING + "_listen", needs=("listening",)),
    "a state written": Step(_CHECKPOINT + "commit:contents.write", needs=("saving",)),
    "a manifest written": Step(_CHECKPOINT + "sealing:seal", needs=("saving",)),
    "before a checkpoint is copied": Step(_CHECKPOINT + "remote:put", "before", needs=("saving", "far")),
    "a checkpoint copied": Step(_CHECKPOINT + "remote:put", needs=("saving", "far")),
    "a checkpoint committed, untold": Step(_CHECKPOINT + "commit:_put", needs=("saving",)),
    "a checkpoint told of": Step(_CHECKPOINT + "commit:_tell", needs=("saving",)),
    "a checkpoint chosen": Step(_CHECKPOINT + "found:_newest", needs=("saving",)),
    "the code has ended": Step(_STOPPING + "let_go"),
    "the end record": Step(_LAYOUT + "write_json", "after", "end.json"),
}

MIRROR = {
    "the record open": Step(_TRACKER + "connect"),
    "the run made": Step(_TRACKER + "begin"),
    "progress saved": Step(_PACKAGE + "store.record:save"),
    "the run handed over": Step(_PACKAGE + "tracking.handover:Handover.announce"),
    "tags sent": Step(_TRACKER + "_send_tags"),
    "parameters sent": Step(_TRACKER + "_send_params"),
    "described": Step(_TRACKER + "describe"),
    "a batch sent": Step(_TRACKER + "_log"),
    "points sent": Step(_TRACKER + "write"),
    "the log written": Step(_PACKAGE + "tracking.copier:write_log"),
    "before the end": Step(_TRACKER + "end", "before"),
    "the end": Step(_TRACKER + "end"),
    "before a run is removed": Step(_TRACKER + "remove", "before", needs=("deleted",)),
    "a run removed": Step(_TRACKER + "remove", needs=("deleted",)),
    "a removal's run struck off": Step(_REMOVALS + "run_gone", needs=("deleted",)),
}

# Of searches; ``needs`` says what search comes there, see ``search_plan``.
DRIVER = {
    "the order read": Step(_LAYOUT + "read_json", "after", "order.json"),
    "claimed": Step(_DRIVING + "claim"),
    "the record read": Step(_RECORD + "read"),
    "led through": Step(_TUNING + "driver:replayed"),
    "before an ask is stored": Step(_RECORD + "answers", "before"),
    "inside an ask's transaction, its event written": Step(_DRIVING + "Writer.start", "before"),
    "inside an ask's transaction, its job written": Step(_DRIVING + "wishes.submit_within"),
    "inside an ask's transaction, its trial written": Step(_DRIVING + "Writer.start"),
    "an ask stored": Step(_RECORD + "answers"),
    "a report read, not on record": Step(_TUNING + "engine:Search.report"),
    "a record being written": Step(_DRIVING + "Writer.events"),
    "a report on record, not heard": Step(_TUNING + "engine:Search.hear", "before"),
    "a report heard, not carried out": Step(_TUNING + "engine:Search.hear"),
    "inside what carries a verdict out": Step(_DRIVING + "Writer.verdicts", "before"),
    "verdicts carried out": Step(_RECORD + "verdicts"),
    "a wish written": Step(_DRIVING + "Writer.wish", needs=("wishing",)),
    "an end seen, not on record": Step(_TUNING + "engine:Search.end"),
    "an end on record": Step(_RECORD + "ends"),
    "a clone's checkpoint at hand": Step(_PACKAGE + "services.checkpoints:Chosen.settle", needs=("cloning",)),
    "inside a clone's transaction": Step(_CHECKPOINTS + "copied", needs=("cloning",)),
    "a clone stored": Step(_PACKAGE + "services.checkpoints:Chosen.settled", needs=("cloning",)),
    "the end found, not written": Step(_TUNING + "engine:Search.conclude"),
    "inside the end's transaction": Step(_DRIVING + "Writer.change", needs=("concluding",)),
    "the end written": Step(_RECORD + "conclude"),
    "on its way out": Step(_PACKAGE + "dispatch.wake:Listener.close"),
}

ROOMS = {
    "dispatcher": DISPATCHER,
    "ingest": INGEST,
    "supervisor": SUPERVISOR,
    "runtime": RUNTIME,
    "mirror": MIRROR,
    "driver": DRIVER,
}
