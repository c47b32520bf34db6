"""The control groups that we are in, as far as this mount namespace shows them."""

from __future__ import annotations

import os

__all__ = ["ROOT", "folders"]

ROOT = "/sys/fs/cgroup"


def folders(controller: str, *, root: str = ROOT, own: str = "/proc/self/cgroup") -> list[str]:
    """The folder of our group and of those above it, the nearest first: each may set a limit, all hold.

    Of version 2, and of version 1 those of this controller (``memory``, ``cpu``).
    """
    try:
        with open(own, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except OSError:
        return []
    found: list[str] = []
    for line in lines:
        number, controllers, path = line.split(":", 2)
        if number == "0":
            top = root if os.path.exists(f"{root}/cgroup.controllers") else f"{root}/unified"
        elif controller in controllers.split(","):
            top = f"{root}/{controller}"
            if not os.path.isdir(top):
                top = f"{root}/{controllers}"  # mounted together with another one, and without a link
        else:
            continue
        # Within a container the path may be the host's, of which only the end, or nothing, is to be seen here.
        parts = [part for part in path.split("/") if part and part != ".."]
        found += [os.path.join(top, *parts[:count]) for count in range(len(parts), -1, -1)]
    return found
