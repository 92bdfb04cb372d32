"""How a plan trains, as JSON data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ...schema import samplers
from ..network.class_weights import class_names
from ..network.schedules import interval, scheduler_steps
from ..stages import FittedGraph, Node, ParameterGroup, Training
from .epochs import rows_taken

PACE = "pace"
"""Where the plan says when training waits, which changes nothing that a run computes."""


def describe_training(fitted: FittedGraph, loop: Mapping[str, Any]) -> dict[str, Any]:
    """Epochs, steps, order, weights and groups; equal specs on equal bundles give equal data.

    Args:
        loop: what the pass `lower` has decided, by the names of the fields of `Plan`.
    """
    training = fitted.bound.graph.training
    weights, stopping = loop["class_weights"], training.early_stopping
    graph, warmup = fitted.bound.graph, loop["warmup"]
    average = training.weight_average
    return {
        "epochs": training.epochs,
        "batch_size": training.batch_size,
        "mini_batch_size": training.mini_batch_size,
        "mini_epochs": training.mini_epochs,
        "rows": loop["training_rows"],
        "epoch_rows": loop["epoch_rows"],
        "steps_per_epoch": loop["steps_per_epoch"],
        "steps": loop["steps"],
        "accumulate": training.accumulate,
        "gradient_clipping": training.gradient_clipping,
        "max_seconds": training.max_seconds,
        "report": training.report,
        "train_on": list(training.train_on),
        "evaluate_on": list(loop["evaluate_on"]),
        "evaluate_every": training.evaluate_every,
        "evaluate_before_training": training.evaluate_before_training,
        "early_stopping": None if stopping is None else asdict(stopping),
        "order": _order(loop["sampler"]),
        "sampler": {"type": loop["sampler"].type, **loop["sampler"].args},
        "sample_weight": training.sample_weight,
        "class_weights": None if weights is None else dict(
            zip(class_names(fitted.label), weights, strict=True)),
        "parameter_groups": [_group(group) for group in loop["groups"]],
        "precision": training.precision,
        "weight_average": None if average is None else asdict(average),
        "compile": training.compile,
        "scheduler_interval": interval(graph),
        "scheduler_steps": None if graph.scheduler is None else scheduler_steps(
            graph, loop["steps"], loop["steps_per_epoch"]),
        "warmup": None if warmup is None else asdict(warmup),
        "device": training.device,
        "threads": loop["threads"],
        **_limits(training, loop["epoch_rows"]),
    }


def _limits(training: Training, rows: int) -> dict[str, Any]:
    """Limits of an epoch and of evaluations, and when training waits, each where it is set."""
    found: dict[str, Any] = {}
    if training.max_epoch_steps is not None:
        found |= {"max_epoch_steps": training.max_epoch_steps,
                  "rows_taken": rows_taken(training, rows)}
    if training.max_epoch_seconds is not None:
        found["max_epoch_seconds"] = training.max_epoch_seconds
    if training.evaluation_limits is not None:
        found["evaluation_limits"] = asdict(training.evaluation_limits)
    if training.delay or training.quiet_hours:
        found[PACE] = {"delay": training.delay, "quiet_hours": list(training.quiet_hours)}
    return found


def _order(sampler: Node) -> str:
    if "replacement" not in sampler.args:
        return sampler.type
    even = sampler.type == samplers.EVEN.name
    drawn = f"drawn evenly by {sampler.args['column']!r}" if even else "drawn by priority"
    return drawn if sampler.args["replacement"] else f"{drawn} without replacement"


def _group(group: ParameterGroup) -> dict[str, Any]:
    return {
        "parameters": group.parameters,
        "lr": group.lr,
        "weight_decay": group.weight_decay,
        "tensors": [f"{pointer}:{name}" for pointer, name in group.tensors],
    }
