"""The page of diagnostic codes."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from specc.compiler.diagnostics.diagnostic import Code
from specc.compiler.diagnostics.explain import Example, examples
from specc.compiler.diagnostics.rules import RULES, shown

_RANGES = {
    "SC0": "the text of the spec",
    "SC1": "the vocabulary",
    "SC2": "references inside the spec",
    "SC3": "shapes, and the agreement of label, output, loss and metrics",
    "SC4": "the plan",
    "SC5": "the run",
    "SC6": "the bundle",
    "SC7": "the fit of transformers",
}


def code_section(code: Code) -> Iterator[str]:
    """One code: severity, message, reason and help."""
    yield from (f"### {code.name}", "")
    yield f"`{code.severity.value}: {shown(code.message)}`"
    yield from ("", f"Why: {code.doc}")
    if code.help is not None:
        yield from ("", f"Help: `{shown(code.help)}`")
    if code.name in examples():
        yield from ("", *example_lines(examples()[code.name]))


def example_lines(example: Example) -> Iterator[str]:
    """A failing spec, what specc prints of it, and the lines that differ in the repaired one."""
    yield f"Example: {example.situation}"
    for language, text in (("json", example.spec), ("text", example.output)):
        if text is not None:
            yield from ("", f"```{language}", *text.rstrip("\n").split("\n"), "```")
    yield from ("", f"Repair: {example.repair}")
    if example.spec is not None and example.repaired is not None:
        lines = difflib.unified_diff(example.spec.split("\n"), example.repaired.split("\n"),
                                     n=0, lineterm="")
        yield from ("", "```diff", *(line for line in lines if line[:2] not in ("--", "++", "@@")),
                    "```")


def codes_page() -> str:
    """Every diagnostic code, grouped by range."""
    lines = [
        "# Diagnostic codes",
        "",
        "Made by `python docs/generate.py --write` from `codes.py` and `examples.json` in "
        "`compiler/diagnostics/`; do not edit.",
        "",
        "Angle brackets stand for what the finding fills in.",
        "Where a code has no help line here, the help depends on the finding.",
        "A code is never used again for something else.",
        "`specc explain CODE` prints the same, with the repaired spec in full.",
    ]
    group = ""
    for code in RULES.values():
        if code.name[:3] != group:
            group = code.name[:3]
            lines += ["", f"## {group}xx: {_RANGES[group]}"]
        lines += ["", *code_section(code)]
    return "\n".join(lines) + "\n"
