"""The extension: its options, its routes, and what happens at start and stop.

Jupyter Server imports this module whenever it starts, so it stays light: the
services, and pydantic and SQLAlchemy with them, come with the first request, or
with the background work after start-up where the home already has a store.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_server._tz import utcnow
from jupyter_server.extension.application import ExtensionApp
from traitlets import Bool, Dict, Float, Int, TraitType, Unicode

from jupyter_training.errors import TrainingError
from jupyter_training.server import discovery
from jupyter_training.server.api import API, ApiHandler
from jupyter_training.server.changes import ChangesSocket
from jupyter_training.server.desk import Desk
from jupyter_training.server.docs import AssetHandler, DocsHandler, OpenApiHandler
from jupyter_training.server.proxy import RecordHandler
from jupyter_training.settings import Settings

if TYPE_CHECKING:
    from jupyter_training.services.site import Site

__all__ = ["SETTINGS_KEY", "TrainingApp"]

# A server that is started for us brings its settings along under this key of ``ServerApp.tornado_settings``.
SETTINGS_KEY = "jupyter_training_settings"

_SETTLED = 2.0  # seconds after start-up before the home is opened: the first page goes first
_ACTIVITY_EVERY = 60.0
_DISPATCHER_EVERY = 5.0


def _option(kind: type[TraitType[Any, Any]], help_text: str) -> Any:
    """A setting of the home that this server may overrule; None = the file's, the environment's or the default."""
    return kind(None, allow_none=True, help=help_text).tag(config=True)


class TrainingApp(ExtensionApp):
    """Durable training jobs: REST, live changes and the record, below ``/jupyter-training/api/v1/``."""

    name = "jupyter_training"
    description = "Durable training jobs for JupyterLab."
    load_other_extensions = True
    extension_url = f"{API}docs"

    home = _option(Unicode, "The folder that holds store, spool, outputs and the embedded MLflow database.")
    store_url = _option(Unicode, "The store as an SQLAlchemy URL; by default SQLite files in the home.")
    tracking_uri = _option(Unicode, "MLflow's tracking URI; by default an SQLite file in the home.")
    local_slots = _option(Int, "Slots of the pool 'local'; by default one per CPU.")
    pools = _option(Dict, "Pools by name, each with slots, gpus, devices, cpus, memory, policy, preemption ...")
    sagemaker = _option(Dict, "What holds for every job on SageMaker: role, region, bucket, prefix, image, prices ...")
    log_cap_bytes = _option(Int, "How much of an attempt's log is kept on disk.")
    log_head_bytes = _option(Int, "How much of a log's beginning is always kept.")
    sample_every = _option(Float, "Seconds between samples of CPU, memory and GPU of a running job.")
    bundle_limit_bytes = _option(Int, "The largest code that a job may bring along.")
    context_limit_bytes = _option(Int, "The largest folder that a job may bring along as its context.")
    hook_within = _option(Float, "Seconds that a context's startup-hook.sh may take.")
    keep_finished_days = _option(Float, "`db gc` removes jobs that finished longer ago; 0 = never.")
    keep_spool_days = _option(Float, "How long a finished job's spool is kept.")
    hang_after = _option(Float, "Seconds without a report and a line of log after which a job is warned of; 0 = never.")
    dispatcher_idle_exit = _option(Float, "Seconds without work after which the dispatcher leaves.")
    mirror_idle_exit = _option(Float, "Seconds without work after which the copying to MLflow ends.")
    driver_slots = _option(Int, "How many searches are driven at once; the rest wait.")
    driver_idle_exit = _option(Float, "Seconds with nothing to do after which a search's driver leaves for a while.")
    record_idle_exit = _option(Float, "Seconds without a request after which `mlflow server` is stopped; 0 = never.")
    keep_server_active = _option(Bool, "Whether running jobs count as activity of this server, against culling.")

    desk: Desk | None = None
    _note: Path | None = None
    _running = 0
    _tasks: tuple[asyncio.Task[None], ...] = ()

    def initialize_settings(self) -> None:
        """Read the settings and set up what the handlers share. A mistake in them must not stop Jupyter."""
        assert self.serverapp is not None
        settings: Settings | TrainingError | None = self.serverapp.tornado_settings.get(SETTINGS_KEY)
        if settings is None:
            given = {field.name: getattr(self, field.name) for field in fields(Settings) if field.name != "home"}
            try:
                settings = Settings.load(self.home, **given)
            except TrainingError as error:
                self.log.error("jupyter_training: %s", error)
                settings = error
        self.desk = Desk(settings, self.log, root=self._root(), on_open=self._opened)

    def initialize_handlers(self) -> None:
        """All routes. The API's own are matched against the table of operations at the first request."""
        shared = {"desk": self.desk}
        self.handlers.extend(
            [
                (f"{API}changes", ChangesSocket, shared),
                (f"{API}openapi\\.json", OpenApiHandler, shared),
                (f"{API}docs", DocsHandler, shared),
                (f"{API}docs/([a-z0-9.-]+)", AssetHandler, shared),
                (f"{API}record(?:/(.*))?", RecordHandler, shared),
                (f"{API}.*", ApiHandler, shared),
            ]
        )

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        """Begin the work in the background, once the server answers."""
        soon = SETTINGS_KEY in serverapp.tornado_settings
        self._tasks = (
            asyncio.create_task(self._begin(0.0 if soon else _SETTLED), name="jupyter-training-begin"),
            asyncio.create_task(self._keep_active(), name="jupyter-training-activity"),
            asyncio.create_task(self._keep_dispatched(), name="jupyter-training-dispatcher"),
        )
        if soon:
            await self._tasks[0]

    def current_activity(self) -> dict[str, int] | None:
        """For Jupyter's shutdown on no activity: running jobs, where they count."""
        return {"running_jobs": self._running} if self._running else None

    async def stop_extension(self) -> None:
        """Leave no note and no child behind. Jobs and their dispatcher go on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._note is not None:
            discovery.withdraw(self._note)
            self._note = None
        if self.desk is not None:
            await self.desk.close()

    def _root(self) -> Path | None:
        """The folder that the file browser shows; None where its files are elsewhere, or there is no file browser."""
        assert self.serverapp is not None
        if SETTINGS_KEY in self.serverapp.tornado_settings:
            return None
        root = getattr(self.serverapp.contents_manager, "root_dir", None)
        return Path(root) if root and Path(root).is_dir() else None

    async def _begin(self, pause: float) -> None:
        """Open a home that is in use and see that somebody acts on its wishes; one that is not stays untouched."""
        await asyncio.sleep(pause)
        assert self.desk is not None
        try:
            settings = self.desk.settings
            if pause and settings.store_url is None and not settings.jobs_file.exists():
                return
            site = await self.desk.site()
            await self.desk.call(site.ensure_dispatcher)
        except TrainingError as error:
            self.log.warning("jupyter_training: %s", error)
        except Exception:
            self.log.exception("jupyter_training: the home could not be opened")

    async def _opened(self, site: Site) -> None:
        """Tell other processes of this account where the home is served."""
        serverapp = self.serverapp
        assert serverapp is not None
        provider = serverapp.identity_provider
        if provider.auth_enabled and not provider.token:
            return  # nobody could get in by token: a note would only mislead
        reach = discovery.Reach.of(
            serverapp.connection_url, sock=serverapp.sock, base_url=serverapp.base_url, token=provider.token
        )
        try:
            self._note = discovery.announce(site.settings, reach, store=site.store.store_id)
        except OSError as error:
            self.log.warning("jupyter_training: other processes can't find this server: %s", error)

    async def _keep_active(self) -> None:
        """While jobs run, the server counts as active, so that nobody culls it as idle."""
        assert self.desk is not None
        while True:
            await asyncio.sleep(_ACTIVITY_EVERY)
            with contextlib.suppress(TrainingError):
                await self.note_activity()

    async def _keep_dispatched(self) -> None:
        """While this server lives, a dispatcher that died is succeeded, also when nobody submits anything."""
        assert self.desk is not None
        while True:
            await asyncio.sleep(_DISPATCHER_EVERY)
            site = self.desk.open_site
            if site is not None:
                with contextlib.suppress(TrainingError):
                    await self.desk.call(site.ensure_dispatcher)

    async def note_activity(self) -> None:
        """Look once whether jobs run, and say so to Jupyter."""
        assert self.desk is not None
        assert self.serverapp is not None
        site = self.desk.open_site
        if site is None or not site.settings.keep_server_active:
            return
        from jupyter_training.services import changes

        self._running = await self.desk.call(changes.running, site)
        if self._running:
            self.serverapp.web_app.settings["last_activity_times"]["jupyter_training"] = utcnow()
