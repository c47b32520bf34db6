"""Write an attempt's folder: the code, the secrets and, last, the order."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from jupyter_training.backends.local import context, shares
from jupyter_training.core.job import JobSpec
from jupyter_training.errors import LaunchFailed
from jupyter_training.runtime import startup_hook
from jupyter_training.seams import registry
from jupyter_training.seams.backend import LaunchOrder
from jupyter_training.settings import Settings
from jupyter_training.spool import layout

__all__ = ["prepare"]

STOP_WITHIN = 30.0  # seconds that code which asks should_stop() gets before SIGTERM


def prepare(order: LaunchOrder, folder: Path, runtime: Path, settings: Settings) -> None:
    """Make the folder ready to be claimed. Repeating it changes nothing once the order is there.

    Raises:
        LaunchFailed: the interpreter, the folder, the code, data or a secret is not there.
        OSError: the folder can't be written.
    """
    if layout.read_json(layout.order_file(folder)) is not None:
        return
    spec = order.spec
    environment = registry.load("environments", spec.environment.kind)().resolve(spec.environment)
    launcher = registry.load("launchers", spec.launcher)()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    code = layout.code_folder(folder)
    if spec.context is None:
        _unpack(spec, code, settings.blobs)
    else:
        context.lay_out(spec.context, spec.files, code, data=settings.data, blobs=settings.blobs)
    output = settings.outputs / order.ref.job
    output.mkdir(parents=True, exist_ok=True, mode=0o700)
    data = _data(spec, settings.data)
    _hand_over_secrets(order, settings.secrets_file(order.key), folder, environment.secrets)
    words = launcher.command(spec, order.allocation, python=environment.python, runtime=runtime, attempt=folder)
    if spec.context is not None and (code / startup_hook.FILE).is_file():
        words = startup_hook.command(environment.python, str(runtime), str(folder), words)
    layout.write_json(
        layout.order_file(folder),
        {
            "version": layout.VERSION,
            "job": order.ref.job,
            "attempt": order.ref.number,
            "token": order.ref.token,
            "store": order.store_id,
            "argv": words,
            # A context is the working folder, wherever it was packed.
            "folder": str(code) if spec.context is not None else environment.folder or str(code),
            "env": shares.variables(
                environment.variables, spec.resources, order.allocation, hides_devices=order.hides_devices
            ),
            "code": str(code),
            "launcher": spec.launcher,
            "entry": spec.entry.model_dump(mode="json"),
            "params": dict(order.params),
            "data": data,
            "output": str(output),
            "home": str(settings.home),
            "grace": spec.grace,
            "stop_within": STOP_WITHIN,
            "pause_within": spec.pause_within,
            "checkpoints": _checkpoints(order, settings.checkpoints / order.ref.job),
            "test": False,
            "sample_every": settings.sample_every,
            "log_cap_bytes": settings.log_cap_bytes,
            "log_head_bytes": settings.log_head_bytes,
            "hook_within": settings.hook_within,
            **({"context": spec.context.model_dump(mode="json")} if spec.context is not None else {}),
        },
        durable=False,  # nobody has claimed it: were it lost, the attempt would be given up and made anew
    )


def _checkpoints(order: LaunchOrder, folder: Path) -> dict[str, object]:
    """Where the attempt saves, and what it may go on from."""
    policy = order.spec.checkpoints
    return {
        "folder": str(folder),
        "to": policy.to,
        "candidates": [
            {"name": one.name, "step": one.step, "sha256": one.sha256, "place": one.place} for one in order.checkpoints
        ],
        "known": list(order.known_checkpoints),
        "base": order.base_step,
        "sklearn": policy.sklearn,
    }


def _unpack(spec: JobSpec, code: Path, blobs: Path) -> None:
    code.mkdir(parents=True, exist_ok=True, mode=0o700)
    for file in spec.files:
        target = code / file.path
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            shutil.copyfile(blobs / file.sha256, target)
        except FileNotFoundError:
            raise LaunchFailed(f"the content of {file.path!r} is no longer in the home's blobs.") from None


def _data(spec: JobSpec, kept: Path) -> list[dict[str, str]]:
    """What came along, where it is kept: the job reads it there, however many attempts and jobs have it."""
    for one in spec.data:
        if not (kept / one.sha256).is_file():
            raise LaunchFailed(f"the content of {one.name!r} is no longer in the home's data.", hint="Submit it again.")
    return [{"name": one.name, "kind": one.kind, "path": str(kept / one.sha256)} for one in spec.data]


def _hand_over_secrets(order: LaunchOrder, kept: Path, folder: Path, own: Mapping[str, str]) -> None:
    """The values of ``pass_env``, which win over all other variables; so those that name devices stay behind."""
    given = order.hides_devices or bool(order.allocation.devices)
    names = [name for name in order.spec.environment.pass_env if not (given and name in shares.DEVICE_VARIABLES)]
    if not names and not own:
        return
    try:
        values = json.loads(kept.read_text("utf-8")) if names else {}
        wanted = {**own, **{name: values[name] for name in names}}
    except (OSError, ValueError, KeyError):
        raise LaunchFailed(
            f"the values of {', '.join(names)} are no longer kept.", hint="Submit it again where they are set."
        ) from None
    target = layout.secrets_file(folder)
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        json.dump(wanted, out)
