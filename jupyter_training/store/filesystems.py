"""Whether a folder lies on a network file system, where shared memory between hosts is a lie."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["is_network", "kind_of"]

_NETWORK = frozenset(
    [
        *("9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "davfs2", "glusterfs", "gpfs", "lustre", "ncpfs"),
        *("nfs", "nfs4", "ocfs2", "orangefs", "pvfs2", "smb3", "smbfs", "vboxsf", "virtiofs", "wekafs"),
        *(f"fuse.{name}" for name in ("ceph", "gcsfuse", "glusterfs", "juicefs", "rclone", "s3fs", "sshfs")),
    ]
)


def is_network(path: Path) -> bool:
    """True for a known network file system. Unknown ones count as local; the write-ahead log is tried there anyway."""
    try:
        table = Path("/proc/self/mountinfo").read_text("utf-8", "replace")
    except OSError:
        return False
    return kind_of(path.resolve(), table) in _NETWORK


def kind_of(path: Path, mountinfo: str) -> str | None:
    """The type of the file system that holds the path, by the kernel's table of mounts (proc(5))."""
    best: tuple[int, str] | None = None
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) < 5 or not after:
            continue
        point = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[4]))
        # A later mount at the same place hides the earlier one.
        if path.is_relative_to(point) and (best is None or len(point.parts) >= best[0]):
            best = (len(point.parts), after.split(" ")[0])
    return best[1] if best else None
