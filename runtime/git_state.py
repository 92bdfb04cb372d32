"""The commit of the folder that a spec stands in, where it is under git."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

_SECONDS = 5.0
"""How long git may take: a run does not wait for it."""

# A repository can name programs for git to start; these two it would start for `status`.
_QUIET = ("-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false")


def git_state(spec: str | None) -> dict[str, Any] | None:
    """`commit`, and whether the folder of the spec is `dirty`: has changes that no commit holds.

    None without a file, without git, outside of a repository, and when git does not answer.
    """
    if spec is None:
        return None
    folder = Path(spec).resolve().parent
    commit = _git(folder, "rev-parse", "HEAD")
    changes = None if commit is None else _git(folder, "status", "--porcelain", "--", ".")
    if commit is None or changes is None:
        return None
    return {"commit": commit.strip(), "dirty": bool(changes.strip())}


def _git(folder: Path, *words: str) -> str | None:
    """What git prints; None where it fails."""
    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", *_QUIET, "-C", str(folder), *words],
            capture_output=True, text=True, timeout=_SECONDS, stdin=subprocess.DEVNULL)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None
