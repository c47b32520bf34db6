"""``open``: the record of a job in MLflow, as a link, and in a browser where there is a screen for one."""

from __future__ import annotations

import argparse
import os
import sys
import webbrowser

from jupyter_training.cli import say
from jupyter_training.cli.arguments import Parser, add_job, add_json, add_place
from jupyter_training.cli.place import client_of, found
from jupyter_training.client.client import Client
from jupyter_training.client.discover import web_address
from jupyter_training.client.http import HttpTransport
from jupyter_training.client.transport import API
from jupyter_training.errors import Refused
from jupyter_training.settings import Settings
from jupyter_training.tracking.mlflow_place import shown

__all__ = ["arguments", "run"]


def arguments(parser: Parser) -> None:
    add_job(parser)
    parser.add_argument("--no-browser", action="store_true", help="only print the link")
    add_json(parser)
    add_place(parser)


def run(options: argparse.Namespace) -> int:
    with client_of(options) as client:
        (job,) = found(client, [options.job])
        if job["run_id"] is None:
            raise Refused(
                f"{job['name']} has no record in MLflow yet.",
                hint="It comes a moment after the job has begun; `jupyter training doctor` says what is in the way.",
            )
        link = _link(client, job["run_id"])
    if options.json:
        say.as_json({"job": job["id"], "run_id": job["run_id"], "url": link})
        return 0
    if link is None:
        print(f"MLflow run {job['run_id']}. No server with an address for browsers runs in this home;")
        store = client.settings.mlflow_uri
        left_out = "" if shown(store) == store else " (its user and password added)"
        print(f"start JupyterLab, or: mlflow server --backend-store-uri {shown(store)}{left_out}")
        return 0
    print(link)
    if not options.no_browser and _has_screen():
        webbrowser.open(link)
    return 0


def _link(client: Client, run_id: str) -> str | None:
    settings: Settings = client.settings
    transport = client.transport
    if isinstance(transport, HttpTransport):
        base = transport.url
    elif (settings.tracking_uri or "").startswith(("http://", "https://")):
        return f"{shown(str(settings.tracking_uri)).rstrip('/')}/#/runs/{run_id}"
    else:
        base = web_address(settings)
    return f"{base.rstrip('/')}/{API}record/#/runs/{run_id}" if base else None


def _has_screen() -> bool:
    """Whether a browser could be seen by whoever types here."""
    if not sys.stdout.isatty() or os.environ.get("SSH_CONNECTION"):
        return False
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
