"""What a compiler says of a mistake, held against what it must say."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from specc.compiler.diagnostics.diagnostic import Diagnostic
from specc.compiler.pipeline import compile_document, read
from specc.compiler.stages import Source
from specc.compiler.text.patch import PatchError, apply_to_value

from .bases import Base, Bundles
from .case import Case

_QUESTION = re.compile(r"did you mean (['\"])(.+?)\1\?")

_WARNED = ("titanic", "SC312")
"""The spec of the first user trains classes with the squared error, and is warned of it."""

Findings = tuple[Diagnostic, ...]


class Compiler:
    """Compiles specs on the bundles, each spec once; no real network is built."""

    def __init__(self, bundles: Bundles) -> None:
        self._bundles = bundles
        self._known: dict[tuple[str, str], Findings] = {}

    def __call__(self, bundle: str, spec: Any) -> Findings:
        text = json.dumps(spec, indent=2)
        key = bundle, text
        if key not in self._known:
            self._known[key] = self._compile(bundle, text)
        return self._known[key]

    def _compile(self, bundle: str, text: str) -> Findings:
        document = read(Source("spec.json", text))
        assert document.stage is not None, text
        result = compile_document(document.stage, self._bundles[bundle])
        found = (*document.diagnostics, *result.diagnostics)
        return tuple(one for one in found if (bundle, one.code) != _WARNED)

    def news(self, base: Base, spec: Any) -> Findings:
        """What is said of a spec made from a base, without warnings that the base has itself."""
        own = {diagnostic.code for diagnostic in self(base.bundle, base.spec)}
        return tuple(diagnostic for diagnostic in self(base.bundle, spec)
                     if diagnostic.is_error or diagnostic.code not in own)

    def accepts(self, bundle: str, spec: Any) -> bool:
        return not any(diagnostic.is_error for diagnostic in self(bundle, spec))


@dataclass(frozen=True)
class Outcome:
    """What became of a case.

    Args:
        found: all diagnostics, warnings too, but for those that the base has itself.
        placed: whether one stands exactly where the mistake is.
        related: whether, failing that, one names the place of the mistake as the other end of
            two things that do not fit together (SC3xx).
        single: whether there is one diagnostic.
        suggested: whether the first name suggested is right; None where no name is misspelt.
        fixed: whether the fix of the first diagnostic gives an accepted spec.
    """

    case: Case
    found: Findings
    placed: bool
    related: bool
    single: bool
    suggested: bool | None
    fixed: bool


def check(case: Case, compiler: Compiler) -> Outcome:
    """Compiles a case and judges what is said of it."""
    found = compiler.news(case.base, case.document)
    placed = any(diagnostic.pointer == case.pointer for diagnostic in found)
    related = any(
        diagnostic.code.startswith("SC3")
        and case.pointer in {place.pointer for place in diagnostic.related}
        for diagnostic in found
    )
    suggested = None
    if case.distance is not None:
        suggested = bool(found) and suggestion(found[0]) == case.right
    return Outcome(case, found, placed, related and not placed, len(found) == 1, suggested,
                   _fixed(case, found, compiler))


def suggestion(diagnostic: Diagnostic) -> Any:
    """The name that a diagnostic offers first: that of its fix, else that of its question."""
    for operation in diagnostic.fix or ():
        if operation["op"] == "move":
            return _last(operation)
        if "value" in operation:
            return operation["value"]
    asked = _QUESTION.search(diagnostic.help or "")
    return asked[2] if asked else None


def _last(operation: Mapping[str, Any]) -> str:
    last: str = operation["path"].rpartition("/")[2]
    return last.replace("~1", "/").replace("~0", "~")


def _fixed(case: Case, found: Findings, compiler: Compiler) -> bool:
    fix = next((diagnostic.fix for diagnostic in found if diagnostic.fix is not None), None)
    if fix is None:
        return False
    try:
        repaired = apply_to_value(case.document, fix)
    except PatchError:
        return False
    return compiler.accepts(case.base.bundle, repaired)
