"""Who draws the card: the page that sent the cell, or the kernel."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from IPython.core.interactiveshell import InteractiveShell

from jupyter_training.client.client import Client
from jupyter_training.kernel.notebook import is_jupyter_page
from jupyter_training.kernel.session import Session

LAB = {"cellId": "6f1c9a52-0b0e-4f0e-9f0e-0a8a3f1f4d11", "deletedCells": [], "recordTiming": False, "trusted": True}


def shell(metadata: dict[str, Any] | None) -> InteractiveShell:
    """A shell whose cell was sent with this beside its code; None: a terminal's."""
    made = SimpleNamespace() if metadata is None else SimpleNamespace(parent_header={"metadata": metadata})
    return cast(InteractiveShell, made)


@pytest.mark.parametrize(
    ("metadata", "draws"),
    [
        (LAB, True),
        ({"cellId": "vscode-notebook-cell:/home/ada/a.ipynb#W0", "deletedCells": []}, False),
        ({"cellId": "vscode-notebook-cell:/home/ada/a.ipynb#W0"}, False),
        ({"cellId": "a1"}, False),
        ({}, False),
        (None, False),
    ],
    ids=["jupyterlab", "vscode", "vscode-bare", "another", "nbclient", "terminal"],
)
def test_jupyter_s_own_pages_are_known_by_what_they_send(metadata: dict[str, Any] | None, draws: bool) -> None:
    assert is_jupyter_page(shell(metadata)) is draws


@pytest.mark.parametrize(("own", "draws"), [(True, True), (False, False)])
def test_a_page_draws_only_what_its_own_server_trains(own: bool, draws: bool) -> None:
    session = Session(cast(Client, SimpleNamespace(is_own_server=own)))
    assert session.is_drawn_by_page(shell(LAB)) is draws
    assert session.is_drawn_by_page(shell({})) is False
