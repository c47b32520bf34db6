"""A body that is kept as it comes, piece by piece, and never stands in memory as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_training.errors import Forbidden, TrainingError

if TYPE_CHECKING:
    from jupyter_training.server.desk import Desk
    from jupyter_training.services.data import DataStored, Upload

__all__ = ["Arrival"]

_PIECE = 1024 * 1024  # written at a time


class Arrival:
    """One upload on its way in. After a fault the rest is read and dropped, so that the answer arrives."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._upload: Upload | None = None
        self._fault: TrainingError = Forbidden("Nothing was taken in.")
        self._piece = bytearray()

    async def begin(self, sha256: str, size: int) -> None:
        """Make ready for ``size`` bytes, as announced. Only for who may: what comes from then on goes onto the disk."""
        from jupyter_training.services.data import Upload

        try:
            site = await self._desk.site()
            self._upload = await self._desk.call(Upload, site.settings.data, sha256, size)
        except TrainingError as error:
            self._fault = error

    async def take(self, chunk: bytes) -> None:
        """Take a chunk in."""
        if self._upload is None:
            return
        self._piece += chunk
        if len(self._piece) >= _PIECE:
            await self._write()

    async def finish(self) -> DataStored:
        """What is kept now.

        Raises:
            TrainingError: what stood in the way; nothing is kept.
        """
        await self._write()
        if self._upload is None:
            raise self._fault
        try:
            return await self._desk.call(self._upload.finish)
        finally:
            self.close()

    def close(self) -> None:
        """Let go; what was not finished leaves nothing."""
        if self._upload is not None:
            self._upload.close()
            self._upload = None

    async def _write(self) -> None:
        if self._upload is None or not self._piece:
            return
        piece = bytes(self._piece)
        self._piece.clear()
        try:
            await self._desk.call(self._upload.write, piece)
        except TrainingError as error:
            self._fault = error
            self.close()
