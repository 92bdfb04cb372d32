"""Everything of a training run that changes: what a checkpoint holds."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from .averaging import Averaging, kept_weights
from .drawn_rows import DrawnRows, EvaluationBudget
from .epoch import Epoch
from .history import History, Row
from .running_loss import OnRow
from .session import Session
from .stopping import Limits, Watch

Tree = dict[str, Any]


def _ignored(row: Row) -> None:
    return None


class TrainingState:
    """A run that has trained up to some step, with the session that holds its weights.

    Args:
        tell: is told what is reported within an epoch.

    The other attributes: `history`, and `reports` of what was told within epochs; `next_epoch`,
    which is the one under way where there is one; `ended`, whether training is over.
    """

    def __init__(self, session: Session, tell: OnRow = _ignored) -> None:
        plan = session.plan
        self.session = session
        self.history, self.reports = History(), History()
        self.limits, self.watch = Limits(plan), Watch(plan)
        self.drawn_rows, self.evaluations = DrawnRows(plan), EvaluationBudget(plan)
        self.average = Averaging(session)
        self.next_epoch = 0 if plan.graph.training.evaluate_before_training else 1
        self.ended = False
        self.under_way: Epoch | None = None
        self._tell = tell

    def tell(self, row: Row) -> None:
        """Keeps a row that was reported within an epoch, and tells it."""
        self.reports.add(row)
        self._tell(row)

    def tells(self, tell: OnRow) -> None:
        """From now on tells somebody else what is reported within an epoch."""
        self._tell = tell

    @property
    def steps(self) -> int:
        """Optimizer steps that are done."""
        return self.session.plan.steps - self.limits.left

    def evaluates(self) -> bool:
        """Whether the limits of the run leave one more evaluation before its end."""
        return self.evaluations.allows(self.drawn_rows, self.session.plan.evaluate_on)

    def paused(self, seconds: float) -> None:
        """Leaves a time in which the run waited out of the time of its training."""
        self.limits.paused(seconds)
        if self.under_way is not None:
            self.under_way.paused(seconds)

    def begin(self) -> Epoch:
        """The next epoch at its start, or where a checkpoint left it."""
        if self.under_way is None:
            self.under_way = Epoch(self.session, self.next_epoch, self.tell, self.steps)
        return self.under_way

    def finish(self, row: Row, last: bool) -> None:
        """Closes the next epoch, with its row of the history."""
        self.history.add(row)
        self.history.kept = self.next_epoch
        self.next_epoch += 1
        self.under_way, self.ended = None, last

    def tree(self) -> Tree:
        """All of it, for a checkpoint."""
        session = self.session
        scheduler, optimizer = session.scheduler, session.optimizer.state_dict()
        return {
            "next_epoch": self.next_epoch,
            "ended": self.ended,
            "network": session.module.state_dict(),
            "optimizer": {"type": session.plan.graph.optimizer.type,
                          "weights": _names(session), **optimizer},
            "scheduler": None if scheduler is None else scheduler.state_dict(),
            "limits": self.limits.state(),
            "evaluations": self.evaluations.state(),
            "scaler": session.computing.state(),
            "average": self.average.state(),
            "watch": self.watch.state(),
            "history": self.history.state(),
            "reports": self.reports.state(),
            "under_way": None if self.under_way is None else self.under_way.state(),
        }

    def load(self, tree: Tree) -> None:
        """Goes on where a checkpoint of this very run left it.

        Raises ValueError, or another of `checkpoint_file.BROKEN`, for a tree of another run.
        """
        session = self.session
        _check_weights(tree["network"], session.module.state_dict())
        session.module.load_state_dict(tree["network"])
        _load_optimizer(session, tree["optimizer"])
        if session.scheduler is not None:
            fresh = session.scheduler.state_dict()
            session.scheduler.load_state_dict(_like(fresh, tree["scheduler"], "scheduler"))
        self._load_scaler(tree["scaler"])
        average = tree["average"]
        if average is not None and average["count"]:
            _check_weights(average["weights"], session.module.state_dict())
        self.average.load(average)
        self.limits.load(tree["limits"])
        self.evaluations.load(tree["evaluations"])
        if tree["watch"]["weights"]:
            _check_weights(tree["watch"]["weights"], session.module.state_dict())
        self.watch.load(tree["watch"])
        self.history = History.of_state(tree["history"])
        self.reports = History.of_state(tree["reports"])
        self.next_epoch, self.ended = int(tree["next_epoch"]), bool(tree["ended"])
        self.under_way = None
        if tree["under_way"] is not None:
            self.begin().load(tree["under_way"])
        # Torch would warn of a schedule that moves before the first step of this process.
        session.optimizer._opt_called = self.steps > 0  # type: ignore[attr-defined]

    def _load_scaler(self, saved: Any) -> None:
        scaler = self.session.computing.scaler
        fresh = self.session.computing.state()
        if scaler is None or fresh is None:
            if saved is not None:
                raise ValueError("it scales losses, and this run does not")
            return
        scaler.load_state_dict(_like(fresh, saved, "scaler"))

    def follow(self, tree: Tree) -> None:
        """Trains on from the weights of an earlier run, the averaged ones where it has such, as a
        run of its own: the moments of the optimizer are taken over, where it is the same; its
        settings, the schedule and the average are new.

        Raises ValueError where the network has other weights.
        """
        session, saved = self.session, tree["optimizer"]
        weights = kept_weights(tree)
        _check_weights(weights, session.module.state_dict())
        session.module.load_state_dict(weights)
        if saved["type"] == session.plan.graph.optimizer.type:
            places = {name: place for place, name in enumerate(_names(session))}
            fresh = session.optimizer.state_dict()
            state = {places[saved["weights"][place]]: value
                     for place, value in saved["state"].items()}
            _load_optimizer(session, {**fresh, "state": state})
        self.history = History.of_state(tree["history"])
        self.next_epoch = session.plan.epochs_before + 1


def _names(session: Session) -> list[str]:
    """The weights in the order in which the optimizer numbers them."""
    names = {id(weight): name for name, weight in session.module.named_parameters()}
    return [names[id(weight)] for group in session.optimizer.param_groups
            for weight in group["params"]]


def _check_weights(given: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> None:
    """Raises ValueError where names, shapes or dtypes of weights differ."""
    for name in sorted({*given, *wanted}):
        if name not in given or name not in wanted:
            raise ValueError(f"one of the two alone has the weight {name!r}")
        if given[name].shape != wanted[name].shape or given[name].dtype != wanted[name].dtype:
            raise ValueError(f"the weight {name!r} is {_form(given[name])} there, and "
                             f"{_form(wanted[name])} here")


def _form(tensor: Tensor) -> str:
    return f"{tuple(tensor.shape)} of {str(tensor.dtype).removeprefix('torch.')}"


def _load_optimizer(session: Session, saved: Mapping[str, Any]) -> None:
    weights = [weight for group in session.optimizer.param_groups for weight in group["params"]]
    for place, values in saved["state"].items():
        weight = weights[place]
        for name, value in values.items():
            if isinstance(value, Tensor) and not _belongs(value, weight):
                raise ValueError(f"the optimizer's {name!r} is {_form(value)}, for a weight that "
                                 f"is {_form(weight)}")
            if not isinstance(value, Tensor | int | float | None):
                raise ValueError(f"the optimizer's {name!r} is no number")
    fresh = session.optimizer.state_dict()["param_groups"]
    session.optimizer.load_state_dict({
        "state": saved["state"],
        "param_groups": _like(fresh, saved["param_groups"], "optimizer"),
    })


def _belongs(value: Tensor, weight: Tensor) -> bool:
    """Whether a moment can be that of a weight: one number, or as large in each dimension, or
    the mean over one."""
    return value.ndim == 0 or (value.ndim == weight.ndim and all(
        own in (1, whole) for own, whole in zip(value.shape, weight.shape, strict=True)))


def _moves(fresh: Any, saved: Any) -> bool:
    """Whether a setting can have become another number while a run went on."""
    numbers = isinstance(fresh, int | float | None) and isinstance(saved, int | float)
    if not numbers or isinstance(fresh, bool) or isinstance(saved, bool):
        return False
    return math.isfinite(saved) or (fresh is not None and not math.isfinite(fresh))


def _like(fresh: Any, saved: Any, place: str) -> Any:
    """What was saved, in the form of what is there.

    Raises ValueError where the two differ in more than numbers.
    """
    if isinstance(fresh, dict) and isinstance(saved, dict) and fresh.keys() == saved.keys():
        inner = {key: _like(value, saved[key], f"{place}/{key}") for key, value in fresh.items()}
        return Counter(inner) if isinstance(fresh, Counter) else inner
    if type(fresh) is type(saved) and isinstance(fresh, list | tuple) and len(fresh) == len(saved):
        return type(fresh)(_like(value, other, f"{place}/{index}")
                           for index, (value, other) in enumerate(zip(fresh, saved, strict=True)))
    if _moves(fresh, saved) or (type(fresh) is type(saved) and fresh == saved):
        return saved
    raise ValueError(f"{place} is not what this run would have there")


