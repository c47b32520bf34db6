"""A JupyterLab of its own, and a page in a system browser that looks at it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from jupyter_training.client.client import Client
from tests.kernel.living import REPOSITORY, emptied, variables
from tests.torture.processes import eventually

__all__ = [
    "ARTEFACTS",
    "TOKEN",
    "Frame",
    "Lab",
    "Seen",
    "barriers",
    "browser_page",
    "chromium",
    "lab",
    "notebook",
    "page_of",
]

ARTEFACTS = REPOSITORY / "test-artefacts" / "ui"
TOKEN = "a-token-for-tests"

# The system's browser, without sandbox (tests may run as root) and without words to its maker.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Lab:
    """A running JupyterLab: its address, its folder with the notebooks, and its process."""

    url: str
    folder: Path
    home: Path
    process: subprocess.Popen[bytes]
    words: list[str]
    environment: dict[str, str]
    log: Path

    def address(self, workspace: str, notebook: str | None = None) -> str:
        """Where a page begins. Each workspace has a layout of its own, empty at first."""
        place = f"/tree/{quote(notebook)}" if notebook else ""
        return f"{self.url}lab/workspaces/{workspace}{place}?token={TOKEN}"

    def client(self) -> Client:
        """A client of this very server, as a script would have one."""
        return Client(self.url, token=TOKEN)

    def kill(self) -> None:
        """As a crash or a full memory does it: no goodbye."""
        self.process.kill()
        self.process.wait(timeout=30)

    def revive(self) -> None:
        """Start it again at the same address, with the same home."""
        port = urlsplit(self.url).port
        self.process = _started([*self.words, f"--ServerApp.port={port}", "--ServerApp.port_retries=0"], self)
        self.url = eventually(lambda: _url(self), within=60, what="JupyterLab starts again")

    def leave(self) -> None:
        """End it in order; a kernel that hangs at its start can hold it for ever."""
        self.process.send_signal(signal.SIGINT)
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.kill()


@dataclass(frozen=True)
class Frame:
    """One message of a WebSocket, as it came."""

    url: str
    text: str
    at: float  # time.monotonic()


@dataclass
class Seen:
    """What the page asked for, was told, and complained about."""

    page: Page
    requests: list[str] = field(default_factory=list)
    sockets: list[str] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def changes(self) -> list[Frame]:
        """What the product's own stream said so far."""
        return [frame for frame in self.frames if "/jupyter-training/" in frame.url]


@contextlib.contextmanager
def lab(
    folder: Path,
    *,
    theme: str = "JupyterLab Light",
    extensions: Sequence[str] = (),
    settings: str = "",
    without: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Lab]:
    """JupyterLab with a fresh home, ready to be opened. Everything it started is gone afterwards.

    ``settings`` is the text of the home's settings file, ``extensions`` more server extensions.
    ``without`` leaves ours out on both sides, for a baseline. ``environment``: variables besides.
    """
    with emptied(folder / "home") as home:
        write_settings(home, theme)
        if settings:
            (home / "settings.toml").write_text(settings, "utf-8")
        found = variables(
            home,
            **(environment or {}),
            JUPYTER_PREFER_ENV_PATH="0",  # else a bundle that is installed wins over this tree's
            JUPYTERLAB_SETTINGS_DIR=str(home / "lab-settings"),
            JUPYTERLAB_WORKSPACES_DIR=str(home / "lab-workspaces"),
            PYTHONPATH=os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")])),
        )
        _show_bundle(Path(found["JUPYTER_DATA_DIR"]))
        work = folder / "work"
        work.mkdir(exist_ok=True)
        _configure(home / "config", {"jupyter_training": not without, **dict.fromkeys(extensions, True)})
        words = [
            sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
            f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={work}",
        ]  # fmt: skip
        running = Lab("", work, home, None, words, found, folder / "lab.log")  # type: ignore[arg-type]
        running.process = _started([*words, "--ServerApp.port=0"], running)
        try:
            running.url = eventually(lambda: _url(running), within=60, what="JupyterLab starts")
            yield running
        finally:
            running.leave()


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium or Chrome, unseen."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    executable = next(filter(None, map(shutil.which, names)), None)
    if executable is None:
        pytest.fail("The browser tests need Chromium or Chrome; `make doctor` says how to get it.")
    expect.set_options(timeout=45_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def page_of(browser: Browser, *, width: int = 1280, height: int = 860, zoom: float = 1.0) -> Iterator[Seen]:
    """A page with a fresh profile: nothing stored, nobody logged in.

    ``zoom`` does what Ctrl + does in a window of this size: fewer, larger CSS pixels.
    """
    context = browser.new_context(
        viewport={"width": round(width / zoom), "height": round(height / zoom)}, device_scale_factor=zoom
    )
    page = context.new_page()
    page.set_default_timeout(45_000)
    seen = Seen(page)
    page.on("request", lambda request: seen.requests.append(request.url))
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))

    def opened(socket: object) -> None:
        url = str(socket.url)  # type: ignore[attr-defined]
        seen.sockets.append(url)
        socket.on(  # type: ignore[attr-defined]
            "framereceived",
            lambda text: seen.frames.append(Frame(url, text if isinstance(text, str) else "", time.monotonic())),
        )

    page.on("websocket", opened)
    try:
        yield seen
    finally:
        context.close()


@contextlib.contextmanager
def browser_page(*, width: int = 1280, height: int = 860) -> Iterator[Seen]:
    """A page in a browser of its own."""
    with chromium() as browser, page_of(browser, width=width, height=height) as seen:
        yield seen


def barriers(page: Page, *places: str) -> list[str]:
    """What axe finds in our parts of the page that would keep somebody out (WCAG 2 A and AA)."""
    page.add_script_tag(path=REPOSITORY / "node_modules" / "axe-core" / "axe.min.js")
    found = page.evaluate(
        """places => axe.run({include: places.map(place => [place])}, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa']})
            .then(all => all.violations.map(one => `${one.id}: ${one.nodes.map(node => node.html).join(' ')}`))""",
        list(places),
    )
    return list(found)


def notebook(path: Path, cells: Sequence[str]) -> None:
    """Write a notebook with these code cells, not yet run."""
    content = {
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{number}",
                "metadata": {},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for number, source in enumerate(cells)
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(content), "utf-8")


def write_settings(home: Path, theme: str) -> None:
    """No news, no updates, and a theme; as a person's own settings file would say it."""
    place = home / "lab-settings" / "@jupyterlab" / "apputils-extension"
    place.mkdir(parents=True, exist_ok=True)
    (place / "notification.jupyterlab-settings").write_text('{"fetchNews": "false", "checkForUpdates": false}')
    (place / "themes.jupyterlab-settings").write_text(json.dumps({"theme": theme}))


def _started(words: list[str], running: Lab) -> subprocess.Popen[bytes]:
    with open(running.log, "ab") as log:
        return subprocess.Popen(words, env=running.environment, cwd=running.folder, stdout=log, stderr=log)


def _url(running: Lab) -> str | None:
    """Where the process says that it listens; an ended one says nothing any more."""
    note = Path(running.environment["JUPYTER_RUNTIME_DIR"]) / f"jpserver-{running.process.pid}.json"
    try:
        return str(json.loads(note.read_text("utf-8"))["url"])
    except (OSError, ValueError, KeyError):
        if running.process.poll() is not None:
            raise AssertionError(f"JupyterLab ended: {running.log.read_text('utf-8')[-2000:]}") from None
        return None


def _show_bundle(data: Path) -> None:
    """Let JupyterLab find the bundle of this very tree, whatever is installed beside it."""
    place = data / "labextensions"
    place.mkdir(parents=True, exist_ok=True)
    (place / "jupyter-training").symlink_to(REPOSITORY / "jupyter_training" / "_labextension")


def _configure(place: Path, extensions: Mapping[str, bool]) -> None:
    """Switch server extensions as an administrator would; ours also in the page."""
    folder = place / "jupyter_server_config.d"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "extensions.json").write_text(json.dumps({"ServerApp": {"jpserver_extensions": extensions}}), "utf-8")
    (place / "labconfig").mkdir(exist_ok=True)
    disabled = {"jupyter-training": not extensions["jupyter_training"]}
    (place / "labconfig" / "page_config.json").write_text(json.dumps({"disabledExtensions": disabled}), "utf-8")
