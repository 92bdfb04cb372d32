"""The wording of help lines that name what exists, and the repairs that go with them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..text.pointer import join
from .diagnostic import Code, Diagnostic, Patch, Target, one_line
from .suggest import certain, nearest

_FEW = 6
"""Names up to which a help line that has a guess lists them all the same."""

_SHOWN = 8
"""How many known names a help line lists before it counts the rest."""


def known(candidates: Iterable[str], noun: str) -> str:
    """`known columns: a, b, c` with at most eight names."""
    names = list(candidates)
    if not names:
        return f"there are no {noun}"
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"known {noun}: {', '.join(names[:_SHOWN])}{more}"


def did_you_mean(guess: str | None, candidates: Iterable[str], noun: str) -> str:
    """The help of an unknown name: the nearest one, then those that exist, if they are few."""
    names = list(candidates)
    if guess is None:
        return known(names, noun)
    question = f"did you mean {guess!r}?"
    return f"{question} {known(names, noun)}" if len(names) <= _FEW else question


def replace_fix(pointer: str, guess: str | None) -> Patch | None:
    """The patch that writes the nearest name in place of an unknown one."""
    return None if guess is None else ({"op": "replace", "path": pointer, "value": guess},)


def unknown(code: Code, pointer: str, noun: str, name: str, names: Iterable[str],
            *, target: Target = "value", also: Iterable[str] = (), **holes: Any) -> Diagnostic:
    """The diagnostic of a name that is not there, with the nearest one and, where it is the
    only near one, its repair.

    Args:
        code: has a hole `name`.
        noun: what is named, in the plural, such as `columns`.
        names: those that are there.
        target: `key` where the name is a key of the spec.
        also: other ways to write what is there, which may have been meant and are not listed.
    """
    candidates = list(names)
    meant = [*candidates, *also]
    guess, sure = nearest(name, meant), certain(name, meant)
    fix = replace_fix(pointer, sure)
    if sure is not None and target == "key":
        holder = pointer.rpartition("/")[0]
        fix = ({"op": "move", "from": pointer, "path": join(holder, sure)},)
    return code.at(pointer, target=target, name=name, fix=fix,
                   help=one_line(did_you_mean(guess, candidates, noun)), **holes)
