"""Arguments of one constructor that the library refuses together.

Each rule repeats, as data, what torch says when the object is built, so that a spec is
refused without importing torch. The rehearsal before a run holds the real objects against it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ...schema.agreement import CLASS_WEIGHTS
from ...schema.losses import QUANTILE
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Target
from ..stages import Graph, Node
from ..text.pointer import join, touched
from .heads import nodes, views
from .parameter_groups import check_settings

Args = Mapping[str, Any]

_SCHEDULERS = "torch.optim.lr_scheduler:"
ONE_CYCLE = f"{_SCHEDULERS}OneCycleLR"
_CYCLES_MOMENTUM = (ONE_CYCLE, f"{_SCHEDULERS}CyclicLR")
_SEQUENTIAL = f"{_SCHEDULERS}SequentialLR"
_HOLDERS = (_SEQUENTIAL, f"{_SCHEDULERS}ChainedScheduler")
_FOLLOWS_METRIC = f"{_SCHEDULERS}ReduceLROnPlateau"


@dataclass(frozen=True)
class Rule:
    """Two properties that contradict each other.

    Args:
        types: the constructors that have them.
        key: the property to point at.
        broken: `(args) -> bool`, whether these arguments are refused.
        reason: why, as the end of a message that starts with the key.
        help: what to do.
    """

    types: tuple[str, ...]
    key: str
    broken: Callable[[Args], bool]
    reason: str
    help: str


RULES = (
    Rule(("torch.optim:SGD",), "nesterov",
         lambda args: args["nesterov"] and not (args["momentum"] > 0 and args["dampening"] == 0),
         "needs a momentum above 0 and no dampening",
         'set "momentum": 0.9 and leave dampening out, or leave nesterov out'),
    Rule(("torch.optim:SGD", "torch.optim:Adam", "torch.optim:AdamW", "torch.optim:Adagrad"),
         "fused", lambda args: bool(args.get("fused") and args.get("foreach")),
         "and foreach exclude each other", "leave foreach out"),
    Rule(("torch.nn:Hardtanh",), "min_val", lambda args: args["min_val"] >= args["max_val"],
         "must be below max_val", "exchange min_val and max_val"),
    Rule(("torch.nn:RReLU",), "lower", lambda args: args["lower"] > args["upper"],
         "must not be above upper", "exchange lower and upper"),
)

OWN_RULES = (
    Rule((QUANTILE,), "quantiles",
         lambda args: any(high <= low for low, high in pairwise(args["quantiles"])),
         "do not ascend", "write each quantile once, the smallest first"),
)
"""What types refuse that are no library's."""


def check_conflicts(graph: Graph) -> Iterator[Diagnostic]:
    """Arguments that contradict each other, in any constructor of the graph or in `training`.

    Reports: SC204.
    """
    losses = [view.loss for view in views(graph).values()]
    for node in (*losses, graph.optimizer, *nodes(graph)):
        for rule in (*RULES, *OWN_RULES):
            place = join(node.pointer, rule.key)
            if node.type in rule.types and rule.broken(node.args) \
                    and not touched(place, graph.holes):
                yield _conflict(place, rule.key, rule.reason, rule.help)
    if graph.scheduler is not None:
        yield from _check_scheduler(graph.scheduler, graph.optimizer)
    yield from _check_training(graph)


def _check_training(graph: Graph) -> Iterator[Diagnostic]:
    training, loss = graph.training, graph.loss
    key = CLASS_WEIGHTS.get(loss.type)
    weighted = training.class_weight is not None and not graph.heads
    if weighted and key is not None and loss.args.get(key) is not None:
        yield _conflict("/training/class_weight", "class_weight",
                        f"the loss has weights of its own, {key!r}", "remove one of the two",
                        target="key")
    if training.mini_batch_size is not None and training.mini_batch_size > training.batch_size:
        yield _conflict(
            "/training/mini_batch_size", "mini_batch_size",
            f"{training.mini_batch_size} rows cannot be cut from a batch of "
            f"{training.batch_size}", "make batch_size larger, or leave mini_batch_size out",
            fix_value=training.batch_size)
    sampler = training.sampler.args
    if sampler.get("size", 0) > 1 and not sampler["replacement"]:
        yield _conflict(
            join(training.sampler.pointer, "size"), "size",
            f"{sampler['size']:g} times the training rows cannot be drawn without replacement",
            'choose a size of at most 1, or set "replacement": true')
    for rule in training.parameter_groups:
        yield from check_settings(graph, rule)
    scheduler = graph.scheduler
    if scheduler is None or not any(_sets_rates({"type": scheduler.type, **scheduler.args})):
        return
    for rule in training.parameter_groups:
        if rule.lr is not None:
            yield _conflict(join(rule.pointer, "lr"), "lr",
                            f"{scheduler.type} gives all weights one learning rate",
                            "leave lr out, or use another scheduler", target="key")


def _sets_rates(scheduler: Args) -> Iterator[bool]:
    """For a scheduler and all in it: whether it replaces learning rates rather than scales them."""
    yield scheduler["type"] in _CYCLES_MOMENTUM
    for inner in scheduler.get("schedulers") or ():
        yield from _sets_rates(inner)


def _check_scheduler(scheduler: Node, optimizer: Node) -> Iterator[Diagnostic]:
    has_momentum = "momentum" in optimizer.args or "betas" in optimizer.args
    if scheduler.type in _CYCLES_MOMENTUM and scheduler.args["cycle_momentum"] \
            and not has_momentum:
        yield _conflict(
            join(scheduler.pointer, "cycle_momentum"), "cycle_momentum",
            f"{optimizer.type} has no momentum to cycle", 'set "cycle_momentum": false',
            fix_value=False,
        )
    inner = scheduler.args.get("schedulers")
    if inner is None:
        return
    if scheduler.type == _SEQUENTIAL and len(scheduler.args["milestones"]) != len(inner) - 1:
        yield _conflict(
            join(scheduler.pointer, "milestones"), "milestones",
            f"{len(inner)} schedulers take turns at {len(inner) - 1} milestones, not at "
            f"{len(scheduler.args['milestones'])}",
            "give the epoch at which each scheduler but the first starts",
        )
    for index, value in enumerate(inner):
        pointer = join(scheduler.pointer, "schedulers", index)
        args = {key: entry for key, entry in value.items() if key != "type"}
        if value["type"] == _FOLLOWS_METRIC or (
            scheduler.type == _SEQUENTIAL and index > 0 and value["type"] in _HOLDERS
        ):
            yield _conflict(join(pointer, "type"), "type",
                            f"{value['type']} cannot stand here inside {scheduler.type}",
                            "list what it holds in its place" if "schedulers" in value
                            else "let it stand alone")
        else:
            yield from _check_scheduler(Node(pointer, value["type"], args), optimizer)


def check_schedule(graph: Graph, steps: int) -> Iterator[Diagnostic]:
    """Schedulers against the length of the run.

    Reports: SC204.

    Args:
        steps: of the optimizer in the whole run.
    """
    scheduler = graph.scheduler
    if scheduler is None or scheduler.type != ONE_CYCLE:
        return
    total = scheduler.args["total_steps"] or steps
    if total < steps:
        yield _conflict(
            join(scheduler.pointer, "total_steps"), "total_steps",
            f"the run takes {steps} steps, more than {total}",
            "leave it out: the length of the run is its default",
        )
    elif scheduler.args["pct_start"] * total == 1:
        yield _conflict(
            join(scheduler.pointer, "pct_start"), "pct_start",
            f"the rise ends at the first of {total} steps",
            "train longer, or make the rise longer or shorter",
        )


def _conflict(pointer: str, name: str, reason: str, help: str, *, target: Target = "value",
              fix_value: Any = None) -> Diagnostic:
    fix = None if fix_value is None else ({"op": "add", "path": pointer, "value": fix_value},)
    return codes.CONFLICTING_KEYS.at(pointer, target=target, name=name, reason=reason, help=help,
                                     fix=fix)
