"""What page and server hold while a training streams to them."""

from __future__ import annotations

from dataclasses import dataclass

import psutil
from playwright.sync_api import expect

from tests.ui.lab import Lab, Seen, notebook
from tests.ui.seeing import LOAD, card, open_sidebar, run_all
from tests.ui.watching import heap, inspected

# Bytes that may come and go by chance in the second half; a leak of one kept message each would be more.
PAGE_BOUND = 3e6
SERVER_BOUND = 10e6

_LOOKS = 12


@dataclass(frozen=True)
class Held:
    """Bytes at half time, and how many more the most of the last two looks has."""

    points: int
    messages: int
    page_half: float
    page_growth: float
    server_half: float
    server_growth: float


def held_while_streaming(running: Lab, seen: Seen, *, points: int, seconds: int) -> Held:
    """Follow a job in card and sidebar that reports so many points in so many seconds."""
    page = seen.page
    train = f"""%%train long
import math, time
from jupyter_training import report

begin = time.monotonic()
for step in range({points}):
    report(step=step, loss=math.sin(step / 500))
    time.sleep(max(0.0, begin + step * {seconds} / {points} - time.monotonic()))
time.sleep(20)
"""
    notebook(running.folder / "long.ipynb", [LOAD, train])
    page.goto(running.address("long", "long.ipynb"))
    open_sidebar(page)
    run_all(page)
    expect(card(page, "long").locator("canvas")).to_be_visible()
    server = psutil.Process(running.process.pid)
    held: list[tuple[float, float]] = []
    with inspected(page) as instruments:
        for _ in range(_LOOKS):
            page.wait_for_timeout(1e3 * seconds / _LOOKS)
            held.append((heap(instruments), float(server.memory_info().rss)))
    with running.client() as client:
        count = client.find("long")["metrics"]["loss"]["count"]
    half = held[_LOOKS // 2 :]
    in_page, in_server = (max(one[place] for one in half[-2:]) - half[0][place] for place in (0, 1))
    return Held(count, len(seen.changes()), half[0][0], in_page, half[0][1], in_server)
