"""Specs drafted for a bundle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .api import BundleLike, Validation, open_bundle
from .compiler.diagnostics import codes
from .compiler.diagnostics.diagnostic import Diagnostic

if TYPE_CHECKING:
    from .compiler.drafting import Guess


@dataclass(frozen=True)
class Draft(Validation):
    """Why there is no draft, or the spec with what was guessed for it.

    Args:
        spec: as `specc.run` takes it; None where there is none.
        guesses: each with its place in the spec, what was chosen, and why.
    """

    spec: Mapping[str, Any] | None = field(repr=False, default=None)
    guesses: tuple[Guess, ...] = field(repr=False, default=())

    @property
    def text(self) -> str:
        """The spec as the text of a file. Raises RuntimeError where there is none."""
        if self.spec is None:
            raise RuntimeError(f"there is no draft\n{self}")
        return _text(self.spec)


def draft(bundle: BundleLike, label: str) -> Draft:
    """A spec that predicts a column of the index frame, and that `specc.run` takes as it is.

    Joins are guessed from values that are found in keys, the kind of the label from its values,
    the split from a column `split`, a time, or else at random.

    Args:
        label: the column to predict.

    Reports: SC601 to SC605, SC607, SC616, SC620, SC648 to SC650.
    """
    opened = open_bundle(bundle)
    if opened.stage is None:
        return Draft(opened.diagnostics)
    from .compiler.drafting import draft as drafted

    result = drafted(opened.stage, label)
    if result.stage is None:
        return Draft(result.diagnostics)
    return Draft(result.diagnostics, spec=result.stage.spec, guesses=result.stage.guesses)


def _text(spec: Mapping[str, Any]) -> str:
    return json.dumps(spec, indent=2, ensure_ascii=False) + "\n"


def write_draft(path: Path, spec: Mapping[str, Any], force: bool = False) -> tuple[Diagnostic, ...]:
    """Writes a spec into a file, whole or not at all; one that is there stays unless `force`.

    Reports: SC646.
    """
    def refused(reason: str, help: str | None = None) -> tuple[Diagnostic, ...]:
        return (codes.UNWRITABLE_OUTPUT.at(file=str(path), path=str(path), reason=reason,
                                           help=help),)

    if path.exists() and not (force and path.is_file()):
        return refused("it is there already",
                       "choose another file, or replace it with --force" if path.is_file()
                       else "choose another file")
    beside = path.with_name(f".{path.name[:50]}.tmp")
    try:
        beside.write_text(_text(spec), encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        return refused(error.strerror or str(error))
    return ()
