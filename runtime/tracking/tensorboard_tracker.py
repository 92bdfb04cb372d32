"""TensorBoard: event files in the run folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.tensorboard import summary

from .event_file import EventFile
from .parameters import as_text
from .tracker import TENSORBOARD, RunFacts

FOLDER = "tensorboard"
"""Where a run folder has its event files."""

_SUMMARIES: Any = summary
"""Functions without types."""

_LONGEST = 500
"""Characters of a value in the table of parameters."""

_ALL = {"scalars": 0, "tensors": 1, "compressedHistograms": 1, "images": 1, "audio": 1}
"""How many events of each sort are read: 0 means all."""


class TensorBoard:
    """Writes below `tensorboard/` of the run folder.

    A run that goes on begins a new file there. Points that stand in the others are not written
    again; those that were lost, because a kill cut a file, are.
    """

    name = TENSORBOARD

    def __init__(self) -> None:
        self._file: EventFile | None = None
        self._parameters: dict[str, Any] = {}
        self._known: dict[str, set[int]] = {}

    def begin(self, facts: RunFacts) -> None:
        self._close()
        folder = facts.folder / FOLDER
        self._known = _points(folder)
        self._parameters = {pointer: _parameter(value)
                            for pointer, value in facts.parameters.items()}
        self._file = EventFile(folder)
        if not self._known:
            self._file.add(_SUMMARIES.text("spec", _block(facts.parameters)))
            self._file.add(_SUMMARIES.text("run", _block(facts.tags)))

    def has(self, curve: str, step: int) -> bool:
        return step in self._known.get(curve, ())

    def add(self, step: int, values: Mapping[str, float]) -> None:
        assert self._file is not None
        for name, value in values.items():
            self._file.add(_SUMMARIES.scalar(name, value), step)

    def flush(self) -> None:
        assert self._file is not None
        self._file.flush()

    def finish(self, final: Mapping[str, float], epoch: int, files: Sequence[Path]) -> None:
        assert self._file is not None
        for each in _SUMMARIES.hparams(self._parameters, dict(final)):
            self._file.add(each)
        self.add(epoch, final)
        self._file.add(_SUMMARIES.text("status", "finished"))
        self._file.close()
        self._file = None

    def stop(self, code: str, interrupted: bool) -> None:
        if self._file is not None:
            word = "interrupted" if interrupted else "failed"
            self._file.add(_SUMMARIES.text("status", f"{word}: {code}"))
            self._file.flush()
            self._close()

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            # What could not be written is not written by closing the file either.
            with suppress(OSError):
                file.close()


def _points(folder: Path) -> dict[str, set[int]]:
    """The points of all event files; of one that was cut, those before the cut."""
    if not folder.is_dir():
        return {}
    events = EventAccumulator(str(folder), size_guidance=_ALL, purge_orphaned_data=False)
    events.Reload()
    return {name: {event.step for event in events.Scalars(name)}
            for name in events.Tags()["scalars"]}


def _parameter(value: Any) -> Any:
    return value if isinstance(value, int | float) else as_text(value, _LONGEST)


def _block(values: Mapping[str, Any]) -> str:
    """A table in a form that Markdown leaves as it is: names come from strangers."""
    return "\n".join(f"    {name}: {json.dumps(value, ensure_ascii=False)}"
                     for name, value in values.items())
