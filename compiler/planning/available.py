"""The memory that there is."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath


def available_memory() -> int | None:
    """Bytes that a new process could take now; None where the system does not tell.

    On Linux what the kernel calls available, or less where a control group limits this
    process. Elsewhere the memory of the machine, taken or not.
    """
    try:
        limits = [_meminfo(Path("/proc/meminfo").read_text(encoding="ascii"))]
        limits += _control_groups(Path("/proc/self/cgroup"), Path("/sys/fs/cgroup"))
        return max(0, min(limits))
    except (OSError, ValueError, KeyError):
        return _physical_memory()


def _meminfo(text: str) -> int:
    lines = dict(line.split(":", 1) for line in text.splitlines())
    return int(lines["MemAvailable"].split()[0]) * 1024


def _physical_memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def _control_groups(membership: Path, root: Path) -> list[int]:
    """What the control groups above this process leave free, version 1 and version 2."""
    free = []
    for line in _text(membership).splitlines():
        _, controllers, place = line.split(":", 2)
        if controllers not in ("", "memory"):
            continue
        top = root / controllers
        group = PurePosixPath(place.lstrip("/"))
        free += [
            left for inner in (group, *group.parents) if (left := _left(top / inner)) is not None
        ]
    return free


def _left(group: Path) -> int | None:
    """Bytes that a control group may still take; the cache of files gives way when asked."""
    for limit, used in (("memory.max", "memory.current"),
                        ("memory.limit_in_bytes", "memory.usage_in_bytes")):
        most, now = _text(group / limit).strip(), _text(group / used).strip()
        if most.isdigit() and now.isdigit():
            lines = (line.split() for line in _text(group / "memory.stat").splitlines())
            stat = {line[0]: int(line[1]) for line in lines if len(line) == 2}
            cache = stat.get("inactive_file", 0) + stat.get("active_file", 0)
            return int(most) - int(now) + cache
    return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        return ""
