"""What lies where in a container, below ``/opt/ml``."""

from __future__ import annotations

import os

__all__ = ["CHANNEL_CODE", "CHANNEL_DATA", "CHANNEL_ORDER", "CHANNEL_START", "OURS", "ROOT", "Places"]

ROOT = "JT_ML_ROOT"  # names another folder in place of /opt/ml
OURS = "jt_"  # begins the names of the channels that bring what we need, and no data of the person's

CHANNEL_CODE = "jt_code"
CHANNEL_DATA = "jt_data"
CHANNEL_ORDER = "jt_order"
CHANNEL_START = "jt_start"


class Places:
    """The folders of one container, as paths."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.input = os.path.join(root, "input")
        self.config = os.path.join(self.input, "config")
        self.data = os.path.join(self.input, "data")
        self.code = os.path.join(root, "code")
        self.model = os.path.join(root, "model")
        self.checkpoints = os.path.join(root, "checkpoints")
        self.output = os.path.join(root, "output")
        self.output_data = os.path.join(self.output, "data")
        self.intermediate = os.path.join(self.output, "intermediate")
        self.failure = os.path.join(self.output, "failure")
        self.attempts = os.path.join(self.output, "jt")  # not of what the service takes away at the end

    @classmethod
    def here(cls) -> Places:
        return cls(os.path.abspath(os.environ.get(ROOT) or "/opt/ml"))

    def channel(self, name: str) -> str:
        return os.path.join(self.data, name)

    def make(self) -> None:
        """Make the folders that the code writes to.

        Raises:
            OSError: one can't be made.
        """
        for folder in (self.code, self.model, self.output_data, self.checkpoints):
            os.makedirs(folder, exist_ok=True)
