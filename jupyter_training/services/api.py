"""One table of everything that can be asked for.

The server's routes, the OpenAPI document and the in-process client are made
from it, so that all three offer the same. ``call`` gets validated models; who
asks is ``user``. Paths are below ``<base_url>jupyter-training/api/v1/``. What there
is on queues and pools stands in ``api_queue``, on searches in ``api_experiments``, on spaces in ``api_spaces``.
"""

from __future__ import annotations

from jupyter_training.schema import (
    ArtifactList,
    CheckpointList,
    ConfigText,
    ConfigView,
    ContinueRequest,
    ForkRequest,
    InfoView,
    JobPage,
    JobView,
    LogChunk,
    MetricsView,
    PlanView,
    RehearsalView,
    ResumeRequest,
    RetentionRequest,
    RetentionView,
    SubmitRequest,
    SubmitResult,
    VerbRequest,
    VerbResult,
)
from jupyter_training.services import (
    artifacts,
    cell_text,
    checkpoints,
    code,
    configs,
    data,
    descend,
    ignore_rules,
    info,
    jobs,
    light,
    log_matches,
    logs,
    metrics,
    plans,
    rehearsals,
    resuming,
    retention,
    scripts,
    submitting,
)
from jupyter_training.services.api_experiments import EXPERIMENT_OPERATIONS
from jupyter_training.services.api_queue import QUEUE_OPERATIONS
from jupyter_training.services.api_spaces import SPACE_OPERATIONS
from jupyter_training.services.operation import Call, Operation, Path

__all__ = ["OPERATIONS", "Call", "Operation", "Path", "operation"]


def operation(name: str) -> Operation:
    """The operation of that name; a KeyError is a mistake of the caller's code."""
    return _BY_NAME[name]


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "info",
        "GET",
        "info",
        "Which store answers, and whether its dispatcher is alive.",
        lambda site, user, path, query, body: info.info(site, user),
        response=InfoView,
    ),
    Operation(
        "submit",
        "POST",
        "jobs",
        "Store a wish; repeating its key gives the first job again.",
        lambda site, user, path, query, body: submitting.submit(site, user, body),
        request=SubmitRequest,
        response=SubmitResult,
    ),
    Operation(
        "jobs",
        "GET",
        "jobs",
        "One page of jobs: newest first, or what waits in the order in which it starts.",
        lambda site, user, path, query, body: jobs.page(site, query),
        query=jobs.JobsQuery,
        response=JobPage,
    ),
    Operation(
        "job",
        "GET",
        "jobs/{job}",
        "One job; with `wait`, as soon as it has changed or ended.",
        lambda site, user, path, query, body: jobs.show(site, path["job"]),
        query=jobs.ShowQuery,
        response=JobView,
    ),
    Operation(
        "find",
        "GET",
        "jobs-find",
        "The job that an id, a unique prefix, a name or `last` means.",
        lambda site, user, path, query, body: jobs.find(site, user, query),
        query=jobs.FindQuery,
        response=JobView,
    ),
    Operation(
        "act",
        "POST",
        "verbs",
        "Wish something of several jobs; a result per job.",
        lambda site, user, path, query, body: jobs.act(site, body),
        request=VerbRequest,
        response=VerbResult,
    ),
    Operation(
        "fork",
        "POST",
        "jobs/{job}/fork",
        "A new job with the job's code and its config, edited; it begins at the beginning.",
        lambda site, user, path, query, body: descend.fork(site, user, path["job"], body),
        request=ForkRequest,
        response=SubmitResult,
    ),
    Operation(
        "continue",
        "POST",
        "jobs/{job}/continue",
        "A new job with the job's code and its config, edited; it begins with one of the job's checkpoints.",
        lambda site, user, path, query, body: descend.continued(site, user, path["job"], body),
        request=ContinueRequest,
        response=SubmitResult,
    ),
    Operation(
        "resume",
        "POST",
        "jobs/{job}/resume",
        "Extend a job that has ended or is paused, from its newest checkpoint.",
        lambda site, user, path, query, body: resuming.resume(site, path["job"], body),
        request=ResumeRequest,
        response=SubmitResult,
    ),
    Operation(
        "checkpoints",
        "GET",
        "jobs/{job}/checkpoints",
        "The job's checkpoints, newest first, those that are gone too, and the policy for them.",
        lambda site, user, path, query, body: checkpoints.listed(site, path["job"]),
        response=CheckpointList,
    ),
    Operation(
        "retention",
        "POST",
        "jobs/{job}/retention",
        "What another policy would let go of; with `apply` it does.",
        lambda site, user, path, query, body: retention.retention(site, path["job"], body),
        request=RetentionRequest,
        response=RetentionView,
    ),
    Operation(
        "metrics",
        "GET",
        "jobs/{job}/metrics",
        "The job's curves, sampled so that no spike is lost.",
        lambda site, user, path, query, body: metrics.metrics(site, path["job"], query),
        query=metrics.MetricsQuery,
        response=MetricsView,
    ),
    Operation(
        "logs",
        "GET",
        "jobs/{job}/logs",
        "A piece of an attempt's log, by byte offset; with `wait`, as soon as there is more.",
        lambda site, user, path, query, body: logs.logs(site, path["job"], query),
        query=logs.LogQuery,
        response=LogChunk,
    ),
    Operation(
        "log_matches",
        "GET",
        "jobs/{job}/log-matches",
        "The lines of an attempt's log that fit a pattern.",
        lambda site, user, path, query, body: log_matches.log_matches(site, path["job"], query),
        query=log_matches.LogMatchesQuery,
        response=log_matches.LogMatches,
    ),
    Operation(
        "cell",
        "GET",
        "jobs/{job}/cell",
        "The cell that does again what the job did.",
        lambda site, user, path, query, body: cell_text.cell(site, path["job"]),
        response=cell_text.CellText,
    ),
    Operation(
        "code",
        "GET",
        "jobs/{job}/code",
        "The job's code as it was sent.",
        lambda site, user, path, query, body: code.code(site, path["job"]),
        response=code.CodeView,
    ),
    Operation(
        "artifacts",
        "GET",
        "jobs/{job}/artifacts",
        "The files that the job kept.",
        lambda site, user, path, query, body: ArtifactList(
            artifacts=tuple(artifacts.kept(site, jobs.known(site, path["job"]).id))
        ),
        response=ArtifactList,
    ),
    Operation(
        "artifact",
        "GET",
        "jobs/{job}/artifacts/{artifact}",
        "One file that the job kept.",
        lambda site, user, path, query, body: artifacts.open_artifact(
            site, jobs.known(site, path["job"]).id, path["artifact"], query
        ),
        query=artifacts.ArtifactQuery,
    ),
    Operation(
        "plan",
        "POST",
        "plans",
        "What a submit would store; nothing is stored.",
        lambda site, user, path, query, body: plans.plan(site, user, body),
        request=SubmitRequest,
        response=PlanView,
    ),
    Operation(
        "rehearse",
        "POST",
        "rehearsals",
        "Try a submit's code for one step, and whether it goes on from its checkpoint; nothing is stored.",
        lambda site, user, path, query, body: rehearsals.rehearse(site, user, body),
        request=SubmitRequest,
        response=RehearsalView,
    ),
    Operation(
        "config",
        "POST",
        "configs",
        "A config text as it is understood; mistakes with line and column.",
        lambda site, user, path, query, body: configs.config(site, body),
        request=ConfigText,
        response=ConfigView,
    ),
    Operation(
        "data_stored",
        "GET",
        "data/{sha256}",
        "Whether a value that goes along is kept already.",
        lambda site, user, path, query, body: data.stored(site, path["sha256"]),
        response=data.DataStored,
    ),
    Operation(
        "put_data",
        "PUT",
        "data/{sha256}",
        "Keep a value that goes along, under the SHA-256 of its bytes.",
        lambda site, user, path, query, body: data.store(site, path["sha256"], body),
        response=data.DataStored,
        uploads=True,
    ),
    Operation(
        "ignore_rules",
        "POST",
        "ignore-rules",
        "The lines of an ignore file (gitignore syntax) as regexes, for clients that pack a folder.",
        lambda site, user, path, query, body: ignore_rules.ignore_rules(body),
        request=ignore_rules.IgnoreText,
        response=ignore_rules.IgnoreRules,
    ),
    Operation(
        "script",
        "GET",
        "scripts",
        "The parameters that a script's text says it has; it is not run.",
        scripts.only_a_server,
        query=scripts.ScriptQuery,
        response=scripts.ScriptView,
    ),
    Operation(
        "submit_script",
        "POST",
        "scripts",
        "Submit a script below the server's root folder, with the modules beside it.",
        scripts.only_a_server,
        request=scripts.ScriptSubmit,
        response=SubmitResult,
    ),
    Operation(
        "light",
        "GET",
        "light",
        "A folder with the magics and the client, for kernels whose environment has none of us.",
        lambda site, user, path, query, body: light.light(site),
        response=light.LightView,
    ),
    *QUEUE_OPERATIONS,
    *EXPERIMENT_OPERATIONS,
    *SPACE_OPERATIONS,
)

_BY_NAME = {one.name: one for one in OPERATIONS}
