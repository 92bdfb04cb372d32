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
from ..stages import Graph
from ..text.pointer import join, touched
from .heads import nodes, views
from .parameter_groups import check_settings
from .schedule_checks import check_scheduler

Args = Mapping[str, Any]


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
    yield from check_scheduler(graph)
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


def _conflict(pointer: str, name: str, reason: str, help: str, *, target: Target = "value",
              fix_value: Any = None) -> Diagnostic:
    fix = None if fix_value is None else ({"op": "add", "path": pointer, "value": fix_value},)
    return codes.CONFLICTING_KEYS.at(pointer, target=target, name=name, reason=reason, help=help,
                                     fix=fix)
