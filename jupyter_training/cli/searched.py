"""What a shell says of a search that was just submitted."""

from __future__ import annotations

import sys
from typing import Any

from jupyter_training.cli import say
from jupyter_training.client.client import Client
from jupyter_training.kernel import search_words

__all__ = ["submitted"]


def submitted(client: Client, result: dict[str, Any], *, waits: bool, as_json: bool) -> int:
    """Say what became of the wish; with ``waits`` stay to the search's end, whose exit code it is then."""
    search = result["experiment"]
    for sentence in search_words.submitted(result):
        print(sentence, file=sys.stderr)
    if not waits:
        if as_json:
            say.as_json(client.experiment(search["id"]))
        else:
            follow = f"To follow it: jupyter training wait {search['id'][:6]}"
            print(f"{search['id']}  {search['name']}  {search['phase']}. {follow}")
        return 0
    from jupyter_training.cli.wait import stay

    if not result["reused"]:
        print(f"{search['id']}  {search['name']}  submitted", file=sys.stderr)
    return stay(client, [search["id"]], timeout=None, as_json=as_json, quiet=as_json, searches=[search["id"]])
