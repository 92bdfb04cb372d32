"""The commit of the folder that a spec stands in, where it is under git."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_SECONDS = 5.0
"""How long git may take: a run does not wait for it."""

# A repository can name programs for git to start; `status` would start this one.
_QUIET = ("-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false")

_OFFLINE = {"GIT_ALLOW_PROTOCOL": "", "GIT_NO_LAZY_FETCH": "1"}
"""Without them a repository that lacks objects would start programs to fetch them."""

_FILTERS = r"^filter\..*\.(clean|smudge|process|required)$"

_OWN = ("local", "worktree")
"""Where git has settings that came with the repository, not from the user."""


def git_state(spec: str | None) -> dict[str, Any] | None:
    """`commit`, and whether the folder of the spec is `dirty`: has changes that no commit holds.

    None without a file, without git, outside of a repository, and when git does not answer.
    """
    if spec is None:
        return None
    try:
        folder = Path(spec).resolve().parent
    except (OSError, RuntimeError, ValueError):
        # A NUL in a path, or a link to itself.
        return None
    commit = _git(folder, "rev-parse", "HEAD")
    filters = None if commit is None else _filters(folder)
    changes = None if filters is None else _git(
        folder, "status", "--porcelain", "--ignore-submodules=dirty", "--", ".", without=filters)
    if commit is None or changes is None:
        return None
    return {"commit": commit.strip(), "dirty": bool(changes.strip())}


def _filters(folder: Path) -> list[str] | None:
    """The settings with which a repository itself names programs that git would start to compare
    files with what was committed; None where git does not tell."""
    # git fails where there is none, as it does where it does not know the question.
    listed = _git(folder, "config", "--show-scope", "--null", "--get-regexp", _FILTERS)
    if listed is None:
        return [] if _git(folder, "config", "--show-scope", "--list") is not None else None
    parts = listed.split("\0")
    return [text.partition("\n")[0] for scope, text in zip(parts[::2], parts[1::2], strict=False)
            if scope in _OWN]


def _git(folder: Path, *words: str, without: Sequence[str] = ()) -> str | None:
    """What git prints; None where it fails.

    Args:
        without: settings that are left empty.
    """
    empty = {f"GIT_CONFIG_KEY_{place}": name for place, name in enumerate(without)}
    empty |= {f"GIT_CONFIG_VALUE_{place}": "" for place in range(len(without))}
    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", *_QUIET, "-C", str(folder), *words],
            capture_output=True, text=True, timeout=_SECONDS, stdin=subprocess.DEVNULL,
            env={**os.environ, **_OFFLINE, **empty, "GIT_CONFIG_COUNT": str(len(without))})
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None
