"""diff: two specs in, what they mean differently out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .api import SpecLike, Validation, read_document
from .compiler.comparing.canonical import canonical
from .compiler.comparing.difference import Change, Comparison, compare
from .compiler.pipeline import check
from .schema import load_schema

if TYPE_CHECKING:
    from .compiler.diagnostics.diagnostic import Diagnostic

_SPEC = "spec.json"
_RESOLVED = Path("model") / _SPEC


@dataclass(frozen=True)
class Difference:
    """What differs in two specs by meaning.

    Args:
        first: what is wrong with the first spec.
        second: what is wrong with the second.
        comparison: None where one of them has an error.
    """

    first: Validation
    second: Validation
    comparison: Comparison | None = field(repr=False, default=None)

    @property
    def ok(self) -> bool:
        """Whether both specs were accepted."""
        return self.comparison is not None

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """The findings of both specs."""
        return (*self.first.diagnostics, *self.second.diagnostics)

    @property
    def equal(self) -> bool:
        """Whether both mean the same. Raises RuntimeError where one has an error."""
        return not self.changes

    @property
    def changes(self) -> tuple[Change, ...]:
        """Each place that differs. Raises RuntimeError where one has an error."""
        return self._compared().changes

    @property
    def sections(self) -> tuple[str, ...]:
        """Which of `data`, `network`, `training` and `names` change, in this order. Raises
        RuntimeError where one has an error."""
        return self._compared().sections

    @property
    def patch(self) -> tuple[Mapping[str, Any], ...]:
        """The JSON Patch (RFC 6902) from the first to the second, of both with their defaults.
        Raises RuntimeError where one has an error."""
        return self._compared().patch

    def _compared(self) -> Comparison:
        if self.comparison is None:
            found = "\n".join(str(checked) for checked in (self.first, self.second)
                              if not checked.ok)
            raise RuntimeError(f"the specs were not compared\n{found}")
        return self.comparison

    def __str__(self) -> str:
        from .compiler.comparing.difference_text import difference_text
        from .compiler.reporters import painter

        if self.comparison is None:
            return "\n\n".join(str(checked) for checked in (self.first, self.second)
                               if not checked.ok)
        first, second = (checked.source.name if checked.source else "spec"
                         for checked in (self.first, self.second))
        return "\n".join(difference_text(self.comparison, first, second, painter(False)))


def diff(first: SpecLike, second: SpecLike) -> Difference:
    """What differs in two specs by meaning, not by text.

    Defaults written out or left out are equal, and so are keys in another order. Nothing heavy
    is imported, and no bundle is read.

    Args:
        first: a path, JSON text, a mapping, or a run folder: the spec as it ran, with the values
            of `--set`.
        second: the same.
    """
    (before, old), (after, new) = _read(first), _read(second)
    compared = None if old is None or new is None else compare(old, new)
    return Difference(before, after, compared)


def _read(spec: SpecLike) -> tuple[Validation, Mapping[str, Any] | None]:
    """What is wrong with a spec, and its canonical form where nothing is."""
    document = read_document(_file_of(spec))
    if document.stage is None:
        return document, None
    checked = check(document.stage)
    found = Validation((*document.diagnostics, *checked.diagnostics), document.source)
    if checked.stage is None or not found.ok:
        return found, None
    return found, canonical(load_schema(), checked.stage.resolved)


def _file_of(spec: SpecLike) -> SpecLike:
    """The file of the spec where a folder is named.

    A run folder has what was given and, once it is finished, what that meant with `--set` and
    with the defaults of its time.
    """
    if isinstance(spec, Mapping) or str(spec).lstrip().startswith("{"):
        return spec
    folder = Path(spec)
    try:
        if not folder.is_dir():
            return spec
        return next(path for path in (folder / _RESOLVED, folder / _SPEC) if path.is_file())
    except StopIteration:
        return folder / _SPEC
    except ValueError:
        # A NUL in the path, which reading tells.
        return spec
