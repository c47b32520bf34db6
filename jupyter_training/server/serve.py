"""``jupyter-training serve``: the same API without JupyterLab, on a Unix socket of this account.

    client --0600 socket, token--> HeadlessServer: our routes, no files, no kernels, no terminals

A script or a kernel that finds no server of its home starts one. It ends when
nobody has used it for long, or at SIGTERM; jobs go on in any case. One per home
is enough, so a second one says so and ends.

It reads none of Jupyter's configuration: that is about the person's own server,
down to its port and certificates.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import os
import secrets
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jupyter_server.serverapp import ServerApp
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from traitlets.config import Config

from jupyter_training.dispatch.wake import socket_folder
from jupyter_training.errors import TrainingError, Unavailable
from jupyter_training.server.app import SETTINGS_KEY, TrainingApp
from jupyter_training.server.desk import Desk
from jupyter_training.server.discovery import private_folder
from jupyter_training.settings import Settings

__all__ = ["IDLE_EXIT", "HeadlessServer", "main", "serve"]

IDLE_EXIT = 3600.0
_LOCK_NAME = "headless.lock"
_SOCKET_NAME = "server.sock"


class _NoFiles(AsyncLargeFileManager):
    """Jupyter wants a contents manager; this one has no addresses."""

    def get_extra_handlers(self) -> list[Any]:
        return []


class HeadlessServer(ServerApp):
    """Jupyter Server reduced to its manners: authentication, XSRF, WebSockets, start and stop."""

    default_services = ()  # type: ignore[assignment] # declared with the length of Jupyter's own list
    idle_exit = IDLE_EXIT

    def load_config_file(self, *args: Any, **kwargs: Any) -> None:
        """None is read."""

    def migrate_config(self) -> None:
        """There is nothing to migrate."""

    def write_server_info_file(self) -> None:
        """Not listed among the person's Jupyter servers; our own note says where it is."""

    def write_browser_open_files(self) -> None:
        """No browser reaches a Unix socket."""

    def init_signal(self) -> None:
        """Leave in order when asked, without a question at the terminal."""
        signal.signal(signal.SIGTERM, self._signal_stop)
        signal.signal(signal.SIGINT, self._signal_stop)

    async def leave_when_idle(self, desk: Desk) -> None:
        """Stop once nobody has asked or listened for long, or the home was deleted."""
        while True:
            if not desk.settings.run_folder.is_dir():
                self.log.warning("The home is gone; leaving.")
                self.stop()
                return
            idle = time.monotonic() - desk.last_used
            if desk.feed.listeners:
                desk.touch()
            elif idle > self.idle_exit:
                self.log.info("Nobody has asked for %.0f s; leaving. Jobs go on.", idle)
                self.stop()
                return
            await asyncio.sleep(min(30.0, self.idle_exit / 4))


def serve(settings: Settings, *, idle_exit: float = IDLE_EXIT, socket: Path | None = None) -> int:
    """Serve a home until it is idle (``idle_exit`` seconds; 0 = never) or told to end. The exit code.

    Raises:
        Unavailable: the home can't be used, or it has a headless server already.
    """
    os.umask(0o077)
    place = socket or private_folder(socket_folder(settings)) / _SOCKET_NAME
    with _only_one(settings):
        server = _server(settings, place)
        app = server.extension_manager.extension_points[TrainingApp.name].app
        assert isinstance(app, TrainingApp)
        assert app.desk is not None
        if idle_exit > 0:
            server.idle_exit = idle_exit
            server.io_loop.add_callback(server.leave_when_idle, app.desk)
        try:
            server.start()
        finally:
            place.unlink(missing_ok=True)
            HeadlessServer.clear_instance()
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line of ``python -m jupyter_training.server.serve``."""
    parser = argparse.ArgumentParser(
        prog="jupyter-training serve", description="Serve the API of a home on a Unix socket, without JupyterLab."
    )
    parser.add_argument("--home", help="the home folder; by default JUPYTER_TRAINING_HOME, or Jupyter's data folder")
    parser.add_argument("--socket", type=Path, help="where to listen; by default in the home's run folder")
    parser.add_argument(
        "--idle-exit", type=float, default=IDLE_EXIT, metavar="SECONDS", help="end after so long unused; 0 = never"
    )
    given = parser.parse_args(arguments)
    try:
        return serve(Settings.load(given.home), idle_exit=given.idle_exit, socket=given.socket)
    except TrainingError as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _server(settings: Settings, place: Path) -> HeadlessServer:
    config = Config()
    config.ServerApp.sock = str(place)
    config.ServerApp.sock_mode = "0600"
    config.ServerApp.base_url = "/"
    config.ServerApp.allow_root = True  # it does nothing but what its account may anyway
    config.ServerApp.open_browser = False
    config.ServerApp.root_dir = str(private_folder(settings.home))
    config.ServerApp.cookie_secret = secrets.token_bytes(32)
    config.ServerApp.contents_manager_class = _NoFiles
    config.ServerApp.tornado_settings = {SETTINGS_KEY: settings}
    config.ServerApp.allow_unauthenticated_access = False
    config.IdentityProvider.token = secrets.token_hex(32)
    server: HeadlessServer = HeadlessServer.instance(config=config, jpserver_extensions={"jupyter_training": True})
    server.initialize(argv=[], find_extensions=False, starter_extension=TrainingApp.name)
    return server


@contextlib.contextmanager
def _only_one(settings: Settings) -> Any:
    """Hold the home's lock of headless servers. The kernel frees it, however the process ends."""
    lock = os.open(private_folder(settings.run_folder) / _LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Unavailable(f"A headless server of {settings.home} is up already.") from None
        yield
    finally:
        os.close(lock)


if __name__ == "__main__":
    sys.exit(main())
