"""A JupyterLab of its own, and a page in a system browser that looks at it."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.kernel.living import REPOSITORY, emptied, variables
from tests.torture.processes import eventually

__all__ = ["ARTEFACTS", "Lab", "Seen", "barriers", "browser_page", "lab", "notebook"]

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

    def address(self, workspace: str, notebook: str | None = None) -> str:
        """Where a page begins. Each workspace has a layout of its own, empty at first."""
        place = f"/tree/{quote(notebook)}" if notebook else ""
        return f"{self.url}lab/workspaces/{workspace}{place}?token={TOKEN}"


@dataclass
class Seen:
    """What the page asked for and complained about."""

    page: Page
    requests: list[str] = field(default_factory=list)
    sockets: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@contextlib.contextmanager
def lab(folder: Path, *, theme: str = "JupyterLab Light") -> Iterator[Lab]:
    """JupyterLab with a fresh home, ready to be opened. Everything it started is gone afterwards."""
    with emptied(folder / "home") as home:
        write_settings(home, theme)
        environment = variables(
            home,
            JUPYTERLAB_SETTINGS_DIR=str(home / "lab-settings"),
            JUPYTERLAB_WORKSPACES_DIR=str(home / "lab-workspaces"),
        )
        work = folder / "work"
        work.mkdir(exist_ok=True)
        words = [
            sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.port=0",
            f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={work}",
        ]  # fmt: skip
        with open(folder / "lab.log", "ab") as log:
            process = subprocess.Popen(words, env=environment, cwd=work, stdout=log, stderr=log)
        try:
            note = Path(environment["JUPYTER_RUNTIME_DIR"]) / f"jpserver-{process.pid}.json"
            url = eventually(lambda: _url(note), within=60, what="JupyterLab starts")
            yield Lab(url, work, home, process)
        finally:
            process.send_signal(signal.SIGINT)
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


@contextlib.contextmanager
def browser_page(*, width: int = 1280, height: int = 860) -> Iterator[Seen]:
    """A page in a fresh profile of the system's Chromium or Chrome."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    executable = next(filter(None, map(shutil.which, names)), None)
    if executable is None:
        pytest.fail("The browser tests need Chromium or Chrome; `make doctor` says how to get it.")
    expect.set_options(timeout=45_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        page = browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(45_000)
        seen = Seen(page)
        page.on("request", lambda request: seen.requests.append(request.url))
        page.on("websocket", lambda socket: seen.sockets.append(socket.url))
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        try:
            yield seen
        finally:
            browser.close()


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


def _url(note: Path) -> str | None:
    try:
        return str(json.loads(note.read_text("utf-8"))["url"])
    except (OSError, ValueError, KeyError):
        return None
