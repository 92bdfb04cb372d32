"""What `specc explain` says of a code: the rule, a spec that breaks it, and its repair.

The examples come from the golden corpus of the tests, through `examples.json`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ..reporters.json import FORMAT_VERSION
from ..reporters.text import painter
from .diagnostic import Code
from .rules import RULES, shown
from .suggest import nearest

EXAMPLES_FILE = Path(__file__).with_name("examples.json")


@dataclass(frozen=True)
class Example:
    """A case of a code.

    Args:
        situation: what led to the finding, in words.
        spec: the text of the spec; None where no spec can cause the finding.
        output: what specc prints.
        repair: what mends it, in words.
        repaired: the text of the spec after the repair; None where it stands elsewhere.
    """

    situation: str
    spec: str | None
    output: str | None
    repair: str
    repaired: str | None


@cache
def examples() -> Mapping[str, Example]:
    """Code -> its example."""
    loaded = json.loads(EXAMPLES_FILE.read_text(encoding="utf-8"))
    return {name: Example(**entry) for name, entry in loaded.items()}


def suggestion(name: str) -> str | None:
    """The code that an unknown name was most likely meant to be."""
    return nearest(name.upper(), RULES)


def explanation(code: Code, *, color: bool) -> str:
    """One code as text; no line break at the end."""
    paint, severity = painter(color), code.severity.value
    title = paint(severity, f"{severity}[{code.name}]")
    lines = [f"{title}: {paint('strong', shown(code.message))}", "", f"why: {code.doc}"]
    if code.help is not None:
        lines.append(f"{paint('help', 'help:')} {shown(code.help)}")
    example = examples().get(code.name)
    if example is not None:
        lines += ["", *_example(example)]
    return "\n".join(lines)


def _example(example: Example) -> Iterator[str]:
    yield f"Example: {example.situation}"
    for text in (example.spec, example.output):
        if text is not None:
            yield ""
            yield from _indented(text)
    yield from ("", f"Repair: {example.repair}")
    if example.repaired is not None:
        yield ""
        yield from _indented(example.repaired)


def _indented(text: str) -> Iterator[str]:
    for line in text.rstrip("\n").split("\n"):
        yield f"    {line}".rstrip()


def listing() -> str:
    """All codes, a line each; no line break at the end."""
    return "\n".join(f"{code.name}  {code.severity.value:7}  {shown(code.message)}"
                     for code in RULES.values())


def as_json(codes: Mapping[str, Code]) -> str:
    """Codes with their examples for programs."""
    return json.dumps({"format_version": FORMAT_VERSION, "codes": [
        _record(code) for code in codes.values()]}, indent=2)


def _record(code: Code) -> Mapping[str, Any]:
    example = examples().get(code.name)
    return {
        "code": code.name,
        "severity": code.severity.value,
        "message": shown(code.message),
        "why": code.doc,
        "help": None if code.help is None else shown(code.help),
        "example": None if example is None else asdict(example),
    }
