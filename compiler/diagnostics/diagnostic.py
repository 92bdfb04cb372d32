"""A diagnostic is a record with a stable code; passes collect them and never raise them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Generic, Literal, TypeVar

from ..text.pointer import inside


class Severity(Enum):
    """How bad a finding is: an error stops the compilation, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


Target = Literal["key", "value"]
"""Which side of `"key": value` a diagnostic underlines."""

Patch = tuple[Mapping[str, Any], ...]
"""A JSON Patch (RFC 6902) as a tuple of operations."""


@dataclass(frozen=True)
class Related:
    """Another place that belongs to a finding: a pointer into the spec, or a file."""

    message: str
    pointer: str | None = None
    file: str | None = None


@dataclass(frozen=True)
class Diagnostic:
    """One finding.

    Args:
        code: stable and never reused, such as `SC102`.
        message: one line, lower case, no full stop; names the thing at fault.
        pointer: JSON Pointer into the spec; None for a finding about a file.
        target: whether the key or the value at `pointer` is at fault.
        file: the file at fault when it is not the spec, such as a Parquet file.
        offset: code point offset in the spec's text, for text that has no pointers.
        help: what to do.
        fix: the repair, where it is certain.
    """

    code: str
    severity: Severity
    message: str
    pointer: str | None = None
    target: Target = "value"
    file: str | None = None
    offset: int | None = None
    related: tuple[Related, ...] = ()
    help: str | None = None
    fix: Patch | None = None

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR


@dataclass(frozen=True)
class Code:
    """The rule behind a diagnostic: its number, severity and wording.

    Args:
        name: the stable code.
        severity: of every diagnostic of this code.
        message: with named holes, filled by `at`.
        doc: the reason for the rule, for the reference.
    """

    name: str
    severity: Severity
    message: str
    doc: str
    help: str | None = None

    def at(
        self,
        pointer: str | None = None,
        *,
        target: Target = "value",
        file: str | None = None,
        offset: int | None = None,
        related: Iterable[Related] = (),
        help: str | None = None,
        fix: Patch | None = None,
        **holes: Any,
    ) -> Diagnostic:
        """The diagnostic of this code at a place; `holes` fill the message and the help."""
        advice = help if help is not None else self.help
        return Diagnostic(
            code=self.name,
            severity=self.severity,
            message=one_line(self.message.format(**holes)),
            pointer=pointer,
            target=target,
            file=file,
            offset=offset,
            related=tuple(related),
            help=advice.format(**holes) if advice is not None and help is None else advice,
            fix=fix,
        )


def one_line(text: str) -> str:
    """Text with line breaks and control characters made visible: names come from strangers."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def distinct(found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Findings without repetition: two passes, or two sides of a join, may meet one mistake."""
    # By text, because patches are not hashable and a comparison of all pairs is slow.
    kept: dict[str, Diagnostic] = {}
    for diagnostic in found:
        kept.setdefault(repr(diagnostic), diagnostic)
    return tuple(kept.values())


def placed(diagnostic: Diagnostic, moved: Mapping[str, str]) -> Diagnostic:
    """A diagnostic at the pointers of the text, where a repair has renamed keys.

    Args:
        moved: pointer now -> pointer in the text.
    """

    def in_text(pointer: str | None) -> str | None:
        for now, before in moved.items():
            if pointer is not None and inside(pointer, now):
                return before + pointer[len(now):]
        return pointer

    if not moved:
        return diagnostic
    related = tuple(replace(entry, pointer=in_text(entry.pointer)) for entry in diagnostic.related)
    fix = diagnostic.fix and tuple(
        {key: in_text(value) if key in ("path", "from") else value
         for key, value in operation.items()}
        for operation in diagnostic.fix
    )
    return replace(diagnostic, pointer=in_text(diagnostic.pointer), related=related, fix=fix)


Stage = TypeVar("Stage", covariant=True)


@dataclass(frozen=True)
class Result(Generic[Stage]):
    """What a pass gives: the next stage, and what it found on the way.

    A stage with mistakes is given all the same where later passes can judge the rest of it;
    it is None where they cannot.
    """

    stage: Stage | None
    diagnostics: tuple[Diagnostic, ...] = field(default=())

    @property
    def ok(self) -> bool:
        """Whether there is a stage and nothing but warnings was found."""
        return self.stage is not None and not any(entry.is_error for entry in self.diagnostics)
