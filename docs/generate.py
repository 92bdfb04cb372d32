"""Writes the generated pages of this folder, or checks that they are fresh.

`python docs/generate.py --write` writes them; without `--write` a stale page gives one line
and exit status 1.
"""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from specc.compiler.diagnostics.diagnostic import Code
from specc.compiler.diagnostics.explain import Example, examples
from specc.compiler.diagnostics.rules import RULES, shown
from specc.schema.assemble import properties_of
from specc.schema.constructors.types import MetricType
from specc.schema.declaration import Family, Fragment, Type
from specc.schema.document import PROPERTIES, REQUIRED_KEYS, VERSION
from specc.schema.vocabulary import VOCABULARY

FOLDER = Path(__file__).resolve().parent
COMMAND = "python docs/generate.py --write"

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

_TYPES = {
    "integer": "whole number", "number": "number", "string": "string", "boolean": "true or false",
    "null": "null", "object": "object", "array": "list",
}
_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


def compact(value: Any) -> str:
    """JSON on one line, as code; a bar would end the cell of a table."""
    text = json.dumps(value, ensure_ascii=False).replace("|", "\\|")
    return f"`{text}`"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A Markdown table."""
    yield "| " + " | ".join(header) + " |"
    yield "|" + "---|" * len(header)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def form(fragment: Fragment) -> str:
    """What values a fragment of the schema admits, in words."""
    if "$ref" in fragment:
        name = fragment["$ref"].rpartition("/")[2]
        return f"[{name}](#{name})"
    if "const" in fragment:
        return compact(fragment["const"])
    if "enum" in fragment:
        return " or ".join(compact(value) for value in fragment["enum"])
    if "then" in fragment:
        return f"{form(fragment['then'])} or null"
    return " or ".join(_form_of_kind(kind, fragment) for kind in _kinds(fragment))


def _kinds(fragment: Fragment) -> list[str]:
    kinds: str | list[str] = fragment.get("type", [])
    return [kinds] if isinstance(kinds, str) else kinds


def _form_of_kind(kind: str, fragment: Fragment) -> str:
    if kind in ("integer", "number"):
        return f"{_TYPES[kind]} {_bounds(fragment)}".rstrip()
    if kind == "array" and "prefixItems" in fragment:
        places = "; ".join(form(place) for place in fragment["prefixItems"])
        return f"list of {len(fragment['prefixItems'])}: {places}"
    if kind == "array":
        items = form(fragment["items"])
        several = len(_kinds(fragment["items"])) > 1
        return f"list of {_count(fragment)}" + (f"({items})" if several else items)
    if kind == "object" and isinstance(fragment.get("additionalProperties"), Mapping):
        return f"object of name → {form(fragment['additionalProperties'])}"
    if kind == "object" and "properties" in fragment:
        inner = "; ".join(f"`{name}`: {form(value)}"
                          for name, value in fragment["properties"].items())
        return f"object of {inner}"
    return _TYPES[kind]


def _bounds(fragment: Fragment) -> str:
    bounds = {key: f"{fragment[key]:,}".removesuffix(".0") for key in _BOUNDS if key in fragment}
    if bounds.keys() == {"minimum", "maximum"}:
        return f"{bounds['minimum']} to {bounds['maximum']}"
    return ", ".join(f"{_BOUNDS[key]} {bound}" for key, bound in bounds.items())


def _count(fragment: Fragment) -> str:
    fewest, most = fragment.get("minItems", 0), fragment.get("maxItems")
    if fewest == most:
        return f"{fewest} "
    return f"{fewest} or more " if fewest else ""


def property_table(properties: Mapping[str, Fragment], required: Sequence[str],
                   sections: Sequence[str] = ()) -> Iterator[str]:
    """One row for each property: form, default, example, description.

    Args:
        sections: the properties that have a table of their own further down.
    """
    yield from table(
        ("property", "value", "default", "example", "meaning"),
        (
            (
                f"`{name}`",
                f"object, [see {name}](#{name})" if name in sections else form(fragment),
                _default(fragment, name in required),
                ", ".join(compact(example) for example in fragment.get("examples", [])),
                fragment.get("description", ""),
            )
            for name, fragment in properties.items()
        ),
    )


def _default(fragment: Fragment, required: bool) -> str:
    return "required" if required or "default" not in fragment else compact(fragment["default"])


def top_level() -> Iterator[str]:
    """The properties of the document and of its sections."""
    sections = [name for name, fragment in PROPERTIES.items() if "properties" in fragment]
    yield from ("## The document", "", *property_table(PROPERTIES, REQUIRED_KEYS, sections))
    for name in sections:
        section = PROPERTIES[name]
        yield from ("", f"### {name}", "", section["description"], "")
        yield from property_table(section["properties"], section["required"])


def family(entry: Family) -> Iterator[str]:
    """One family: its own types at length, the classes of libraries in one table."""
    yield from (f"## {entry.name}", "", entry.description)
    constructors = [declared for declared in entry.types if ":" in declared.name]
    for declared in entry.types:
        if declared not in constructors:
            yield from ("", *type_section(declared))
    if constructors:
        yield from ("", *constructor_tables(constructors))


def type_section(declared: Type) -> Iterator[str]:
    """One type of specc's own, with its table of properties and its examples."""
    yield from (f"### {declared.name}", "", declared.description)
    properties = properties_of(declared)
    if properties:
        yield from ("", *property_table(properties, declared.required))
    yield from ("", "```json")
    for example in declared.examples:
        yield json.dumps({"type": declared.name, **example}, ensure_ascii=False)
    yield "```"


def constructor_tables(constructors: Sequence[Type]) -> Iterator[str]:
    """The classes of one family, a row each, and below what their properties mean."""
    measured = isinstance(constructors[0], MetricType)
    yield from table(
        ("type", "meaning", *(("tasks", "reads", "better") if measured else ()), "properties"),
        (
            (
                f"`{declared.name}`",
                declared.description,
                *_measure(declared),
                "<br>".join(_properties(declared)) or "none",
            )
            for declared in constructors
        ),
    )
    meanings = sorted({
        (f"`{name}`", fragment["description"])
        for declared in constructors
        for name, fragment in declared.properties.items()
    })
    if meanings:
        yield from ("", *table(("property", "meaning"), meanings))


def _measure(declared: Type) -> tuple[str, ...]:
    if not isinstance(declared, MetricType):
        return ()
    return ", ".join(declared.tasks), declared.needs, declared.direction


def _properties(declared: Type) -> Iterator[str]:
    for name, fragment in declared.properties.items():
        default = _default(fragment, name in declared.required)
        yield f"`{name}` {form(fragment)}, {default}"


def vocabulary_page() -> str:
    """The reference of every property and every type that a spec may use."""
    lines = [
        "# The vocabulary",
        "",
        f"Made by `{COMMAND}` from the declarations in `schema/`; do not edit.",
        "",
        f"Everything that a spec of version {VERSION} may say.",
        "[How to write a spec](spec.md) introduces it in the order of use.",
        "Each type of `network` but `extraction` also takes `input_frames`: the extractors to put "
        "in front of it, side by side.",
        "",
        "Families: " + ", ".join(f"[{entry.name}](#{entry.name})" for entry in VOCABULARY) + ".",
        "",
        *top_level(),
    ]
    for entry in VOCABULARY:
        lines += ["", *family(entry)]
    return "\n".join(lines) + "\n"


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
        f"Made by `{COMMAND}` from `codes.py` and `examples.json` in `compiler/diagnostics/`; "
        "do not edit.",
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


PAGES: Mapping[str, Callable[[], str]] = {
    "vocabulary.md": vocabulary_page,
    "codes.md": codes_page,
}


def stale() -> list[str]:
    """The names of the committed pages that differ from what would be written."""
    return [
        name
        for name, page in PAGES.items()
        if not (FOLDER / name).exists() or (FOLDER / name).read_text(encoding="utf-8") != page()
    ]


def main(arguments: list[str]) -> int:
    """Check the pages, or write them; 1 when one is stale."""
    if "--write" in arguments:
        for name, page in PAGES.items():
            (FOLDER / name).write_text(page(), encoding="utf-8")
        return 0
    names = stale()
    for name in names:
        print(f"docs/{name} is stale: run `make generate`", file=sys.stderr)
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
