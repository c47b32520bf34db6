"""The magics and the client as a folder, for kernels whose environment has none of us."""

from __future__ import annotations
