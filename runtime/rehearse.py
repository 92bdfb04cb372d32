"""One step on a sample batch with the real modules, before a run writes anything.

The compiler's shape rules promise that this works; what they cannot know, such as two
arguments that a library refuses together, is found here and becomes a diagnostic.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..compiler.bundle import BundleError
from ..compiler.data.windows import of_samples, positions
from ..compiler.diagnostics import codes
from ..compiler.diagnostics.diagnostic import Diagnostic
from ..compiler.network.heads import networks, views
from ..compiler.network.schedules import CYCLES, scheduler_steps
from ..compiler.stages import FittedContext, FittedExtractor, Plan
from ..schema.shapes import BATCH, counted, show
from .batches import Frame, by_head
from .computing import no_precision
from .device import choose_device, threads
from .schedules import step_scheduler, warmed_up
from .session import Session, build_session, load_plan_frames

SAMPLE_ROWS = 16
"""Rows of the sample batch: enough for batch statistics, nothing in time."""

SCHEDULER_STEPS = 10_000
"""Most steps of a scheduler that are tried."""

LARGEST = torch.finfo(torch.float32).max
"""Learning rates beyond it are infinite for the weights."""

_REFUSALS = (ValueError, TypeError, RuntimeError, ArithmeticError, LookupError, AssertionError)
"""What torch raises for arguments that it cannot take."""


class _Refused(Exception):
    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def rehearse(plan: Plan) -> tuple[Diagnostic, ...]:
    """Builds everything once, takes one step on a sample batch and throws it away.

    Only the rows of the sample batch are encoded. A loss that is not finite on these rows is
    left to the run, whose batches are others; weights or rates that stop being finite are not.

    Reports: SC301 when the real output has another shape than the rule said, SC310, SC311,
    SC404, SC412, SC604.
    """
    device = choose_device(plan.graph.training.device)
    if device is None:
        return (codes.UNAVAILABLE_DEVICE.at("/training/device",
                                            device=plan.graph.training.device),)
    refused = no_precision(plan, device)
    if refused is not None:
        return (refused,)
    try:
        with (threads(plan.threads), torch.random.fork_rng(devices=[]),
              warnings.catch_warnings()):
            warnings.simplefilter("ignore")
            _one_step(sample_of(plan, SAMPLE_ROWS), device)
    except _Refused as refusal:
        return (refusal.diagnostic,)
    except BundleError as error:
        return error.diagnostics
    return ()


def sample_of(plan: Plan, rows: int) -> Plan:
    """The same plan over its first training samples and the frame rows that they reach."""
    chosen = np.flatnonzero(plan.samples.training)[:rows]
    fitted = plan.shaped.fitted
    smaller = replace(
        fitted,
        bound=replace(fitted.bound, samples=fitted.bound.samples.at(chosen)),
        extractors={
            name: _reached_by(entry, chosen) for name, entry in fitted.extractors.items()
        },
        contexts={name: _seen_by(entry, chosen) for name, entry in fitted.contexts.items()},
    )
    return replace(plan, shaped=replace(plan.shaped, fitted=smaller),
                   training_rows=len(chosen), epoch_rows=len(chosen))


def _reached_by(entry: FittedExtractor, chosen: NDArray[np.int64]) -> FittedExtractor:
    places = entry.positions[chosen]
    reached = np.unique(places[places < entry.reached])
    missing = np.searchsorted(reached, places)
    missing[places == entry.reached] = len(reached)
    rows = reached if entry.rows is None else entry.rows[reached]
    return replace(entry, rows=rows.astype(np.int64), reached=len(reached),
                   positions=missing.astype(np.int32),
                   fold_of=None if entry.fold_of is None else entry.fold_of[chosen])


def _seen_by(context: FittedContext, chosen: NDArray[np.int64]) -> FittedContext:
    """A context for the chosen samples, with the rows encoded that they see."""
    windows = of_samples(context.bound.windows, chosen)
    seen = np.unique(positions(windows, np.arange(len(chosen)))[0])
    extractors = {}
    for name, entry in context.extractors.items():
        shown = _reached_by(entry, seen)
        places = np.full(len(entry.positions), shown.reached, dtype=np.int32)
        places[seen] = shown.positions
        extractors[name] = replace(shown, positions=places)
    aggregates = {
        name: entry if entry.values is None else replace(entry, values=entry.values[chosen])
        for name, entry in context.aggregates.items()
    }
    return FittedContext(replace(context.bound, windows=windows), extractors, aggregates)


def _one_step(plan: Plan, device: torch.device) -> None:
    graph = plan.graph
    session = _build(plan, device, load_plan_frames(plan, device))
    count = plan.training_rows
    batch = next(session.training.of(torch.arange(count, device=device)))
    with _refusal(_current_node(session), plan):
        output = session.computing.output(batch)
    for name, part in by_head(output).items():
        _check_shape(plan.views[name], part)
    place = [graph.loss.pointer]
    labels = by_head(batch.label)
    losses: dict[str, torch.Tensor] = {}
    with _refusal(place, plan):
        for name, part in by_head(output).items():
            place[0] = plan.views[name].graph.loss.pointer
            losses |= session.losses_of({name: part}, {name: labels[name]}, batch.weight)
        loss = session.total(losses)
        session.computing.backward(loss)
    with _refusal(["/optimizer"], plan):
        session.computing.unscale()
        with warmed_up(plan, session.optimizer, 0):
            session.computing.step()
    if math.isfinite(float(loss)) and not _all_finite(session.module.parameters()):
        raise _Refused(codes.BROKEN_STEP.at("/optimizer", type=graph.optimizer.type,
                                            what="weights"))
    with _refusal(["/scheduler"], plan):
        _whole_schedule(session, float(loss))


def _check_shape(view: Plan, output: torch.Tensor) -> None:
    shape = view.shaped.shapes.output
    assert isinstance(shape, tuple)
    expected = show(counted(shape))
    got = show((BATCH, *output.shape[1:]))
    node = networks(view.graph)[-1]
    if got != expected:
        raise _Refused(codes.SHAPE_MISMATCH.at(
            node.pointer, type=node.type, got=f"the real output {got}",
            wanted=f"{expected}, as its shape rule says",
        ))


def _all_finite(tensors: Iterable[torch.Tensor]) -> bool:
    return all(bool(torch.isfinite(tensor).all()) for tensor in tensors)


def _whole_schedule(session: Session, loss: float) -> None:
    """Every step of the scheduler, the last ones of a long run: some have a last step."""
    plan, node = session.plan, session.plan.graph.scheduler
    if node is None:
        return
    steps = scheduler_steps(plan.graph, plan.steps, plan.steps_per_epoch)
    if node.type in CYCLES:
        # These compute their rates from the number of the step alone.
        session.scheduler.last_epoch = max(0, steps - SCHEDULER_STEPS)
    for _ in range(min(steps, SCHEDULER_STEPS)):
        # Of the rate after the last step nothing is computed.
        if not all(group["lr"] <= LARGEST for group in session.optimizer.param_groups):
            raise _Refused(codes.BROKEN_STEP.at("/scheduler", type=node.type, what="rates"))
        step_scheduler(plan, session.scheduler, loss)


def _build(plan: Plan, device: torch.device, frames: dict[str, Frame]) -> Session:
    try:
        return build_session(plan, device, frames)
    except _REFUSALS as error:
        raise _Refused(_refused(_place_of(error), plan, error)) from error


def _place_of(error: Exception) -> str:
    """The node whose constructor raised: the builder notes it, else it is found in the stack."""
    for note in getattr(error, "__notes__", ()):
        if note.startswith("while building "):
            return str(note.split()[2])
    functions = {"build_optimizer": "/optimizer",
                 "build_scheduler": "/scheduler"}
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_name
        if name in functions:
            return functions[name]
        trace = trace.tb_next
    return "/network"


def _current_node(session: Session) -> list[str]:
    """A list that always holds the pointer of the node that is computing."""
    current = ["/network"]
    for pointer, module in session.network.modules():

        def enter(_module: Any, _inputs: Any, pointer: str = pointer) -> None:
            current[0] = pointer

        module.register_forward_pre_hook(enter)
    return current


@contextmanager
def _refusal(place: list[str], plan: Plan) -> Iterator[None]:
    try:
        yield
    except _REFUSALS as error:
        raise _Refused(_refused(place[0], plan, error)) from error


def _refused(pointer: str, plan: Plan, error: Exception) -> Diagnostic:
    losses = [view.loss for view in views(plan.graph).values()]
    named = {node.pointer: node for node in (*losses, plan.graph.optimizer)}
    node = named.get(pointer)
    if pointer == "/scheduler":
        node = plan.graph.scheduler
    type_name = node.type if node is not None else "the network"
    reason = str(error).partition("\n")[0] or type(error).__name__
    return codes.REFUSED_BY_LIBRARY.at(pointer, type=type_name, reason=reason)
