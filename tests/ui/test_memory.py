"""Streaming leaks nothing, in the short form; `make bench NAMES=leak` is the long one."""

from __future__ import annotations

import pytest

from tests.ui.lab import Lab, Seen
from tests.ui.streaming import PAGE_BOUND, SERVER_BOUND, held_while_streaming

pytestmark = [pytest.mark.browser, pytest.mark.processes]


def test_neither_page_nor_server_grow_with_what_they_are_told(running: Lab, seen: Seen) -> None:
    held = held_while_streaming(running, seen, points=6_000, seconds=30)
    assert held.points > 3_000
    assert held.messages > 100
    assert held.page_growth < PAGE_BOUND, held
    assert held.server_growth < SERVER_BOUND, held
