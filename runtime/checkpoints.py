"""When the state of a run is kept, and where."""

from __future__ import annotations

import time
from pathlib import Path

from ..compiler.diagnostics import codes
from .checkpoint_file import BROKEN, damaged, read_checkpoint, write_checkpoint
from .interrupts import Interruption
from .stopping import Stopped
from .training_state import TrainingState, Tree

FOLDER = "checkpoints"
LAST, BEST = f"{FOLDER}/last.safetensors", f"{FOLDER}/best.safetensors"
"""Where a run folder has the checkpoint to go on from, and that of the best epoch."""

_MOST_EPOCHS = 2**53


class Checkpoints:
    """Keeps the state of a run as often as its spec asks, and when the user interrupts it.

    Args:
        identity: what tells this run from every other; see `environment.identity`.
    """

    def __init__(self, folder: Path, identity: str, state: TrainingState,
                 interruption: Interruption) -> None:
        self._folder = folder
        self._identity = identity
        self._settings = state.session.plan.graph.training.checkpoint
        self._interruption = interruption
        self._steps = 0
        self._written = time.monotonic()

    def step(self, state: TrainingState) -> None:
        """Raises Stopped when the user has interrupted (SC504), FolderError when the disk is
        full (SC513)."""
        self._steps += 1
        asked = self._interruption.asked
        if asked or self._due():
            self._write(state, LAST)
        if asked:
            raise interrupted(state)

    def epoch(self, state: TrainingState) -> None:
        """As `step`; a run that has nothing left to train is not interrupted any more."""
        epoch = state.next_epoch - 1
        every = self._settings.every_epochs if self._settings is not None else None
        asked = self._interruption.asked and not state.ended
        # The best first: a run that goes on from the last does not come by it again.
        if state.watch.best_epoch == epoch:
            self._write(state, BEST)
        if asked or state.ended or (every is not None and epoch % every == 0) or self._due():
            self._write(state, LAST)
        if asked:
            raise interrupted(state)

    def keep(self, state: TrainingState) -> None:
        """The run is about to wait for long. Raises FolderError when the disk is full (SC513)."""
        self._write(state, LAST)

    def waits(self, state: TrainingState) -> None:
        """The run waits; as `step` where the user has interrupted."""
        if self._interruption.asked:
            self._write(state, LAST)
            raise interrupted(state)

    def _due(self) -> bool:
        settings = self._settings
        if settings is None:
            return False
        steps, seconds = settings.every_steps, settings.every_seconds
        return (steps is not None and self._steps >= steps) or (
            seconds is not None and time.monotonic() - self._written >= seconds)

    def _write(self, state: TrainingState, name: str) -> None:
        if self._settings is None:
            return
        write_checkpoint(self._folder / name, {"run": self._identity, **state.tree()})
        if name == LAST:
            self._steps, self._written = 0, time.monotonic()


def interrupted(state: TrainingState) -> Stopped:
    """The finding about a run that the user has interrupted (SC504)."""
    under_way = state.under_way
    if under_way is None:
        return Stopped(codes.INTERRUPTED.at(epoch=state.next_epoch, batch=0))
    return Stopped(codes.INTERRUPTED.at(epoch=under_way.number, batch=under_way.step))


def load(folder: Path, identity: str, state: TrainingState) -> bool:
    """Puts a run where its last checkpoint left it; whether there is one.

    Raises FolderError (SC515) for one that is damaged, or of another run.
    """
    path = folder / LAST
    if not path.exists():
        return False
    tree = read(path, identity)
    try:
        state.load(tree)
        _check_place(state)
    except BROKEN as error:
        raise damaged(path, error) from error
    return True


def _check_place(state: TrainingState) -> None:
    """Raises ValueError where a run cannot have been."""
    plan, under_way = state.session.plan, state.under_way
    if not 0 <= state.next_epoch <= plan.last_epoch + 1 \
            or not 0 <= state.limits.left <= plan.steps \
            or (under_way is not None and under_way.step < 0):
        raise ValueError("it is at no place of this run")


def kept(folder: Path, identity: str) -> Tree | None:
    """The state of a finished run at the epoch whose weights it keeps; None without one.

    Raises FolderError (SC515).
    """
    if not (folder / LAST).exists():
        return None
    last = read(folder / LAST, identity)
    try:
        best = last["watch"]["best_epoch"]
        if not last["watch"]["weights"] or best == last["next_epoch"] - 1:
            return last
        if not (folder / BEST).exists():
            return None
        tree = read(folder / BEST, identity)
        if tree["next_epoch"] != best + 1:
            raise ValueError("it is not of the best epoch")
        return tree
    except BROKEN as error:
        raise damaged(folder / BEST, error) from error


def read(path: Path, identity: str) -> Tree:
    """A checkpoint of this run. Raises FolderError (SC515)."""
    tree = read_checkpoint(path)
    if tree.get("run") != identity:
        raise damaged(path, ValueError("it is of another run"))
    epoch = tree.get("next_epoch")
    if not isinstance(epoch, int) or not 0 <= epoch <= _MOST_EPOCHS:
        raise damaged(path, ValueError("it is at no place of a run"))
    return tree
