"""A comparison as text for people, and as JSON data for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from ...schema import load_schema
from ..diagnostics.diagnostic import one_line
from ..reporters import Paint
from ..text.patch import PatchError, value_at
from .canonical import without_defaults
from .difference import Change, Comparison
from .sections import NAMES, SECTIONS, WORK, section_hashes

_WIDTH = 60
"""Characters of a value; longer ones are cut."""
_CUT = "..."

_MARKS = {"added": ("+", "added"), "removed": ("-", "removed"), "changed": ("~", "warning"),
          "moved": (">", "help")}
_TITLES = {"data": "data preparation", "network": "network", "training": "training",
           NAMES: "names"}


def difference_text(comparison: Comparison, first: str, second: str,
                    paint: Paint) -> Iterator[str]:
    """The lines of a comparison: what of the work changes, then each change under its section.

    Values are shown without what says the default. A change of several sections stands under
    the first.

    Args:
        first: what the first spec is called.
        second: what the second is called.
    """
    old, new = one_line(first), one_line(second)
    if not comparison.changes:
        yield f"{old} and {new} mean the same"
        return
    yield f"{old} -> {new}: {verdict(comparison)}"
    shown = [without_defaults(load_schema(), spec)
             for spec in (comparison.first, comparison.second)]
    for section in SECTIONS:
        changes = [change for change in comparison.changes if change.sections[0] == section]
        if not changes:
            continue
        yield ""
        yield paint("strong", f"{_TITLES[section]}: {_counted(len(changes))}")
        for change in changes:
            mark, style = _MARKS[change.kind]
            yield f"  {paint(style, f'{mark} {_line(change, *shown)}')}{_also(change)}"


def verdict(comparison: Comparison) -> str:
    """In words, what of the work changes and what stays as it is."""
    changed = [name for name in WORK if name in comparison.sections]
    kept = [name for name in WORK if name not in changed]
    if not changed:
        return "only names change"
    words = f"{_listed(changed)} {'changes' if len(changed) == 1 else 'change'}"
    if not kept:
        return words
    return f"{words}; {_listed(kept)} {'stays' if len(kept) == 1 else 'stay'} the same"


def difference_json(comparison: Comparison) -> dict[str, Any]:
    """The comparison as JSON data; values have their defaults written out."""
    return {
        "equal": not comparison.changes,
        "sections": list(comparison.sections),
        "changes": [_record(change) for change in comparison.changes],
        "patch": list(comparison.patch),
        "hashes": [section_hashes(spec) for spec in (comparison.first, comparison.second)],
    }


def _record(change: Change) -> dict[str, Any]:
    record: dict[str, Any] = {"kind": change.kind, "sections": list(change.sections),
                              "before": change.before, "after": change.after}
    if change.kind in ("removed", "changed"):
        record["old"] = change.old
    if change.kind in ("added", "changed"):
        record["new"] = change.new
    return record


def _line(change: Change, first: Mapping[str, Any], second: Mapping[str, Any]) -> str:
    before, after = one_line(change.before or ""), one_line(change.after or "")
    if change.kind == "moved":
        return f"{before} -> {after}"
    if change.kind == "added":
        return f"{after} {_short(second, change.after, change.new)}"
    old = _short(first, change.before, change.old)
    if change.kind == "removed":
        return f"{before} {old}"
    place = after if before == after else f"{before} -> {after}"
    return f"{place} {old} -> {_short(second, change.after, change.new)}"


def _short(shown: Mapping[str, Any], pointer: str | None, value: Any) -> str:
    """A value on one line, without what says the default where there is anything else."""
    # What is not there says what the default says.
    with suppress(PatchError):
        value = value_at(shown, pointer or "")
    text = one_line(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= _WIDTH else text[:_WIDTH - len(_CUT)] + _CUT


def _also(change: Change) -> str:
    more = change.sections[1:]
    return f" (changes {_listed([_TITLES[name] for name in more])} too)" if more else ""


def _listed(names: Sequence[str]) -> str:
    titles = [_TITLES.get(name, name) for name in names]
    return " and ".join([", ".join(titles[:-1]), titles[-1]] if len(titles) > 1 else titles)


def _counted(number: int) -> str:
    return f"{number:,} change{'' if number == 1 else 's'}"
