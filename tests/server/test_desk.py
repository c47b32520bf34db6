"""Requests that change something don't keep those waiting that only read."""

from __future__ import annotations

import asyncio
import logging
import threading
from pathlib import Path

from jupyter_training.server.desk import Desk
from jupyter_training.settings import Settings


def test_a_reader_is_answered_while_a_crowd_writes(tmp_path: Path) -> None:
    async def story() -> str:
        desk = Desk(Settings(home=tmp_path / "home"), logging.getLogger(__name__))
        may_end = threading.Event()
        crowd = [asyncio.create_task(desk.call_writing(may_end.wait, 60)) for _ in range(50)]
        await asyncio.sleep(0)
        try:
            return await asyncio.wait_for(desk.call(lambda: "answered"), 30)
        finally:
            may_end.set()
            await asyncio.gather(*crowd)
            await desk.close()

    assert "answered" == asyncio.run(story())
