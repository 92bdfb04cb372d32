"""A repairer without any wit: it does what diagnostics say first, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from specc.compiler.diagnostics.diagnostic import Diagnostic, Patch
from specc.compiler.text.patch import PatchError, apply_to_value
from specc.compiler.text.pointer import join, parts

from .case import Case
from .outcome import Compiler

_QUESTION = re.compile(r"did you mean (['\"])(?P<name>.+?)\1\?")
_BELONGS = re.compile(r"it belongs in (?P<place>/\S*|the top level)")
_EXAMPLE = re.compile(r"^(?:write .*, )?such as (?P<value>.*)$")
_SUCH_AS = re.compile(r'add it, such as (?P<member>".*)$|^add (?P<single>"\w+": [\w"]+)$')
_ONE_OF = re.compile(r"one of: (?P<value>\"[^\"]*\"|[^\s,]+)")
_KNOWN = re.compile(r"known (?P<noun>[a-z ]+?)(?: with these keys)?: (?P<name>.+?)(?:, | and |$)")
_EVEN = re.compile(r"even: (?P<width>\d+) or")


def repair(case: Case, compiler: Compiler, rounds: int) -> bool:
    """Whether a case is accepted after so many rounds of following every first suggestion."""
    bundle, spec = case.base.bundle, case.document
    for _ in range(rounds):
        found = compiler(bundle, spec)
        for diagnostic in found:
            if not diagnostic.is_error:
                continue
            for patch in _suggested(diagnostic):
                try:
                    spec = apply_to_value(spec, patch)
                    break
                except PatchError:
                    continue
    return compiler.accepts(bundle, spec)


def _suggested(diagnostic: Diagnostic) -> Iterator[Patch]:
    """What a diagnostic suggests, first things first."""
    help, pointer = diagnostic.help or "", diagnostic.pointer
    if diagnostic.fix is not None:
        yield diagnostic.fix
    if pointer is None:
        return
    if match := _QUESTION.search(help):
        yield _named(diagnostic, pointer, match["name"])
    if match := _BELONGS.search(help):
        place = "" if match["place"] == "the top level" else match["place"]
        yield ({"op": "move", "from": pointer, "path": join(place, parts(pointer)[-1])},)
    if match := _SUCH_AS.search(help):
        (member,) = json.loads("{" + (match["member"] or match["single"]) + "}").items()
        yield ({"op": "add", "path": join(pointer, member[0]), "value": member[1]},)
    if match := _EXAMPLE.search(help):
        yield _written(pointer, json.loads(match["value"]))
    if match := _EVEN.search(help):
        yield from (({"op": "replace", "path": place.pointer, "value": int(match["width"])},)
                    for place in diagnostic.related if place.pointer is not None)
    if match := _ONE_OF.search(help):
        yield _written(pointer, json.loads(match["value"]))
    if match := _KNOWN.search(help):
        types = match["noun"] == "types" and not pointer.endswith("/type")
        yield _named(diagnostic, join(pointer, "type") if types else pointer, match["name"])
    if "leave it out" in help:
        yield ({"op": "remove", "path": pointer},)


def _named(diagnostic: Diagnostic, pointer: str, name: str) -> Patch:
    if diagnostic.target == "key":
        holder = pointer.rpartition("/")[0]
        return ({"op": "move", "from": pointer, "path": join(holder, name)},)
    return _written(pointer, name)


def _written(pointer: str, value: Any) -> Patch:
    # In a list `add` would insert.
    last = pointer.rpartition("/")[2]
    return ({"op": "replace" if last.isdigit() else "add", "path": pointer, "value": value},)
