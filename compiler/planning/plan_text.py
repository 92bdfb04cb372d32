"""A plan as text that reads well on a screen and in a diff."""

from __future__ import annotations

from collections.abc import Iterator

from ...schema.training import FLOAT32
from ..diagnostics.diagnostic import one_line
from .contexts_text import contexts_text
from .data_text import extractors_text, frames_text, joins_text
from .limits_text import limits_text
from .memory import show_bytes
from .schedule_text import rates_text, schedule_text
from .text_lines import Described, constructor, listed, table, wrapped


def plan_text(plan: Described, measured: Described | None = None,
              rates: Described | None = None) -> str:
    """The plan of `describe` as lines: frames, extractors, contexts, joins, network, training,
    memory.

    Args:
        measured: `step_seconds`, `epoch_seconds` and `steps`, where steps were timed.
        rates: optimizer step -> learning rate, where they were computed.
    """
    data = plan["data"]
    parts = [_head(plan), frames_text(data), extractors_text(data), contexts_text(data),
             joins_text(data), _network(plan), _training(plan, rates), _cost(plan, measured)]
    return "\n\n".join(text for part in parts if (text := "\n".join(part))) + "\n"


def _head(plan: Described) -> Iterator[str]:
    yield f"plan {plan['name']}: {plan['task']}, seed {plan['seed']}"


def _network(plan: Described) -> Iterator[str]:
    frozen = plan["parameters"] - plan["trainable"]
    share = f"{plan['trainable']:,} of them train, {frozen:,} are frozen" if frozen \
        else "all of them train"
    yield f"network: {plan['parameters']:,} parameters, {share}"
    yield from table(
        ("node", "type", "input", "output", "parameters", "trains"),
        [
            (
                "  " * node["depth"] + node["pointer"],
                node["type"],
                one_line(node["input"]),
                node["output"],
                _parameters(node),
                _trains(node),
            )
            for node in plan["network"]["nodes"]
        ],
    )


def _parameters(node: Described) -> str:
    """Those of a node; within an ensemble how many members have how many."""
    return _by_member(node, "parameters") if node["parameters"] else "-"


def _by_member(node: Described, key: str) -> str:
    members = node.get("members", 1)
    one = f"{node[key] // members:,}"
    return f"{members} x {one}" if members > 1 else one


def _trains(node: Described) -> str:
    if node["trainable"] in (0, node["parameters"]):
        return ("yes" if node["trainable"] else "no") if node["parameters"] else "-"
    return _by_member(node, "trainable")


def _training(plan: Described, rates: Described | None) -> Iterator[str]:
    training = plan["training"]
    yield (
        f"training: {_steps(training)}, "
        f"{_rows(training)} {one_line(training['order'])} in {_batches(training)}, "
        f"{training['threads']} thread{'s' if training['threads'] > 1 else ''}"
    )
    yield from _weights(training)
    yield from _losses(plan)
    yield f"  optimizer  {constructor(plan['optimizer'])}"
    if len(training["parameter_groups"]) > 1:
        for group in training["parameter_groups"]:
            decay = group["weight_decay"]
            yield (f"  group      {group['parameters']:,} parameters, learning rate "
                   f"{group['lr']:g}" + ("" if decay is None else f", weight decay {decay:g}"))
    if training["precision"] != FLOAT32 or training["compile"]:
        yield f"  computes   {_computes(training)}"
    if training["gradient_clipping"] is not None:
        yield f"  gradients  clipped to a norm of {training['gradient_clipping']:g}"
    if plan["scheduler"]:
        yield f"  scheduler  {constructor(plan['scheduler'])}"
    yield from schedule_text(training)
    yield from rates_text(rates)
    for metric in _metrics(plan):
        yield f"  metric     {metric}"
    yield (
        f"  evaluates  {', '.join(training['evaluate_on'])} "
        f"every {training['evaluate_every']} epoch{'s' if training['evaluate_every'] > 1 else ''}"
        + (", and before training" if training["evaluate_before_training"] else "")
    )
    if training["weight_average"] is not None:
        yield _averages(training["weight_average"])
    yield from limits_text(training)
    if training["early_stopping"] is not None:
        yield _stops(training["early_stopping"])


def _losses(plan: Described) -> Iterator[str]:
    if plan["loss"] is not None:
        yield f"  loss       {constructor(plan['loss'])}"
    for name, head in plan.get("heads", {}).items():
        yield (f"  head       {name}: {head['task']}, {head['output']}, {head['weight']:g} times "
               f"{constructor(head['loss'])} of {one_line(head['label']['extractor'])}")


def _metrics(plan: Described) -> Iterator[str]:
    yield from map(constructor, plan["metrics"])
    for name, head in plan.get("heads", {}).items():
        yield from (f"{name}: {constructor(metric)}" for metric in head["metrics"])


def _steps(training: Described) -> str:
    epochs, per_epoch = training["epochs"], training["steps_per_epoch"]
    text = f"{epochs} epochs of {per_epoch:,} steps"
    if training["steps"] < epochs * per_epoch:
        text += f", at most {training['steps']:,} steps"
    if training["max_seconds"] is not None:
        text += f", at most {training['max_seconds']:g} s"
    if "max_epoch_seconds" in training:
        text += f", at most {training['max_epoch_seconds']:g} s an epoch"
    return text


def _computes(training: Described) -> str:
    """How training steps compute the network, where evaluations do it in another way."""
    ways = []
    if training["precision"] != FLOAT32:
        ways.append((f"in {training['precision']}", f"in {FLOAT32}"))
    if training["compile"]:
        ways.append(("compiled", "not compiled"))
    steps, evaluations = (", ".join(way) for way in zip(*ways, strict=True))
    return f"steps {steps}; evaluations {evaluations}"


def _averages(average: Described) -> str:
    every, start = average["every_steps"], average["start_epoch"]
    steps = "each step" if every == 1 else f"every {every:,} steps"
    return (f"  averages   the weights of {steps} with a decay of {average['decay']:g}"
            + (f", from epoch {start}" if start > 1 else "") + ", and keeps the average")


def _stops(stopping: Described) -> str:
    patience = stopping["patience"]
    kept = ", keeps the best weights" if stopping["restore_best"] else ""
    return (f"  stops      after {patience} evaluation{'s' if patience > 1 else ''} without a "
            f"better {stopping['metric']} of {one_line(stopping['split'])}{kept}")


def _rows(training: Described) -> str:
    rows, total = training.get("rows_taken", training["epoch_rows"]), training["rows"]
    return f"{rows:,} rows" if rows == total else f"{rows:,} rows of {total:,}"


def _batches(training: Described) -> str:
    batches = f"batches of {training['batch_size']}"
    if training["mini_batch_size"] is not None:
        batches += f" cut into {training['mini_batch_size']}"
    passes = training["mini_epochs"]
    if passes > 1:
        batches += f" with {passes} passes over each"
    if training["accumulate"] > 1:
        batches += f", {training['accumulate']} for a step"
    return batches


def _weights(training: Described) -> Iterator[str]:
    """What a sample counts in the loss, where samples do not count alike."""
    if training["sample_weight"] is not None:
        yield f"  weight     of samples: column {one_line(training['sample_weight'])}"
    if training["class_weights"] is not None:
        weights = [f"{one_line(name)} {weight:.4g}"
                   for name, weight in training["class_weights"].items()]
        yield from wrapped(f"weight     of classes: {listed(weights)}", "  ")


def _cost(plan: Described, measured: Described | None) -> Iterator[str]:
    memory = plan["memory"]
    parts = ", ".join(f"{name} {show_bytes(size)}" for name, size in memory.items())
    yield f"memory: {show_bytes(sum(memory.values()))} ({parts})"
    if measured is not None:
        step = "a step without compiling" if plan["training"]["compile"] else "a step"
        yield (f"time: about {_duration(measured['step_seconds'])} {step}, "
               f"{_duration(measured['epoch_seconds'])} an epoch, the median of "
               f"{measured['steps']} step{'s' if measured['steps'] > 1 else ''} here and now")


def _duration(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.{1 if seconds < 0.01 else 0}f} ms"
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:,.0f} min"


