"""The reference: every property and every type that a spec may use, a page for each family."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from forms import (
    anchor,
    default_of,
    form,
    property_table,
    table,
    titled_sections,
)
from spec_uses import resolved, written
from specc.schema.assemble import properties_of
from specc.schema.constructors.types import MetricType
from specc.schema.declaration import Family, Type
from specc.schema.document import PROPERTIES, REQUIRED_KEYS, VERSION
from specc.schema.vocabulary import VOCABULARY

MADE_BY = ("Made by `python docs/generate.py --write` from the declarations in `schema/`; "
           "do not edit.")

MOST_SPECS = 3
"""Specs to name below a type."""


def index_page() -> str:
    """The families, and where each of their types is."""
    lines = [
        "# The vocabulary",
        "",
        MADE_BY,
        "",
        f"Everything that a spec of version {VERSION} may say, one page for "
        "[the document itself](vocabulary/document.md) and one for each family of types.",
        "A type is chosen by the property `type`; those with a colon are classes and functions of "
        "a library.",
        "[How to write a spec](spec.md) introduces it all in the order of use.",
        "",
        *table(("family", "what it is", "types"), (_index_row(entry) for entry in VOCABULARY)),
    ]
    return "\n".join(lines) + "\n"


def _index_row(entry: Family) -> tuple[str, str, str]:
    own, of_libraries = _own(entry), _of_libraries(entry)
    page = f"vocabulary/{_home(entry).name}.md"
    names = [f"[{declared.name}]({page}#{anchor(declared.name)})" for declared in own]
    if of_libraries:
        names.append(f"{len(of_libraries)} of libraries")
    return f"[{entry.name}](vocabulary/{entry.name}.md)", entry.description, ", ".join(names)


def _own(entry: Family) -> list[Type]:
    return [declared for declared in entry.types if ":" not in declared.name]


def _of_libraries(entry: Family) -> list[Type]:
    return [declared for declared in entry.types if ":" in declared.name]


def _home(entry: Family) -> Family:
    """The family whose page tells of the types: the first that has them all."""
    return next(other for other in VOCABULARY
                if all(declared in other.types for declared in entry.types))


def document_page() -> str:
    """The properties of the document and of its sections."""
    sections = [name for name, fragment in PROPERTIES.items() if "properties" in fragment]
    lines = ["# The document", "", MADE_BY, "",
             "The top level of a spec; [the vocabulary](../vocabulary.md) has the types.", "",
             *property_table(PROPERTIES, REQUIRED_KEYS, sections)]
    for name in sections:
        section = PROPERTIES[name]
        lines += ["", f"## {name}", "", section["description"], "",
                  *property_table(section["properties"], section["required"])]
    sectioned = [PROPERTIES[name]["properties"] for name in sections]
    others = [PROPERTIES[name] for name in PROPERTIES if name not in sections]
    lines += titled_sections([*sectioned, *others])
    return "\n".join(lines) + "\n"


def family_page(entry: Family) -> str:
    """One family: its own types at length, the classes of libraries in one table."""
    lines = [f"# {entry.name}", "", MADE_BY, "",
             f"{entry.description} [All families](../vocabulary.md)."]
    home = _home(entry)
    if home is not entry:
        names = [f"[{declared.name}]({home.name}.md#{anchor(declared.name)})"
                 for declared in entry.types]
        return "\n".join([*lines, "", f"The types: {', '.join(names)}."]) + "\n"
    if entry.name == "network":
        lines += ["", "Each type but `extraction` also takes `input_frames`: the extractors to "
                  "put in front of it, side by side."]
    own = _own(entry)
    if len(own) > 1:
        lines += ["", *(f"- [{declared.name}](#{anchor(declared.name)})" for declared in own)]
    for declared in own:
        lines += ["", *type_section(declared)]
    lines += titled_sections(fragment for declared in own
                             for fragment in properties_of(declared).values())
    if _of_libraries(entry):
        lines += ["", *library_tables(_of_libraries(entry), heading=bool(own))]
    return "\n".join(lines) + "\n"


def type_section(declared: Type) -> Iterator[str]:
    """One type of specc's own: its properties, its examples and specs that use it."""
    yield from (f"## {declared.name}", "", declared.description)
    properties = properties_of(declared)
    if properties:
        yield from ("", *property_table(properties, declared.required))
    yield from ("", "```json")
    for example in declared.examples:
        yield json.dumps({"type": declared.name, **example}, ensure_ascii=False)
    yield from ("```", "", used_in(declared))


def used_in(declared: Type) -> str:
    """Where a type stands in a whole spec."""
    names = [f"{entry.name}.{declared.name}" for entry in VOCABULARY if declared in entry.types]
    specs = [spec for name in names for spec in written().get(name, ())]
    if specs:
        return f"In a whole spec: {_links(list(dict.fromkeys(specs)))}."
    specs = [spec for name in names for spec in resolved().get(name, ())]
    return f"Taken where a spec says nothing else, as in {_links(specs[:1])}."


def _links(specs: Sequence[str]) -> str:
    return ", ".join(f"[{path.removesuffix('.json')}](../../specs/{path})"
                     for path in specs[:MOST_SPECS])


def library_tables(declared: Sequence[Type], *, heading: bool) -> Iterator[str]:
    """The classes and functions of libraries, a row each, and what their properties mean."""
    if heading:
        yield from ("## Of libraries", "")
    measured = isinstance(declared[0], MetricType)
    yield from table(
        ("type", "meaning", *(("tasks", "reads", "better") if measured else ()), "properties"),
        (
            (
                f"`{one.name}`",
                one.description,
                *_measure(one),
                "<br>".join(_properties(one)) or "none",
            )
            for one in declared
        ),
    )
    meanings = sorted({
        (f"`{name}`", fragment["description"])
        for one in declared
        for name, fragment in one.properties.items()
    })
    if meanings:
        yield from ("", *table(("property", "meaning"), meanings))


def _measure(declared: Type) -> tuple[str, ...]:
    if not isinstance(declared, MetricType):
        return ()
    return ", ".join(declared.tasks), declared.needs, declared.direction


def _properties(declared: Type) -> Iterator[str]:
    for name, fragment in declared.properties.items():
        yield f"`{name}` {form(fragment)}, {default_of(fragment, name in declared.required)}"


def pages() -> Mapping[str, str]:
    """Every page of the reference by its path below `docs/`."""
    return {
        "vocabulary.md": index_page(),
        "vocabulary/document.md": document_page(),
        **{f"vocabulary/{entry.name}.md": family_page(entry) for entry in VOCABULARY},
    }
