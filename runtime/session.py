"""The live objects of one run: data, network, loss, optimizer, scheduler."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import optim

from ..compiler.stages import Plan
from .batches import Batches, Frame
from .compiling import compile_steps
from .computing import Computing
from .constructors import build_optimizer
from .parameters import optimizer_groups
from .schedules import build_scheduler
from .scoring import (
    EVALUATION_BYTES,
    Scoring,
    build_scoring,
    label_sources,
    load_plan_frames,
    reads_class_numbers,
)


@dataclass(eq=False)
class Session(Scoring):
    """What training works on. The only mutable thing of a run."""

    optimizer: optim.Optimizer
    scheduler: Any
    training: Batches
    computing: Computing


def open_session(plan: Plan, device: torch.device) -> Session:
    """Encodes the frames and builds everything.

    Raises BundleError when a frame cannot be read any more, Stopped when the network cannot be
    compiled (SC523).
    """
    frames = load_plan_frames(plan, device)
    plan.shaped.fitted.bound.bundle.release()
    session = build_session(plan, device, frames)
    compile_steps(session)
    return session


def build_session(plan: Plan, device: torch.device, frames: dict[str, Frame]) -> Session:
    """Network, loss, optimizer and scheduler over frames that are loaded already; nothing is
    compiled."""
    scoring = build_scoring(plan, device, frames, label_sources(plan, frames))
    optimizer = build_optimizer(plan.graph.optimizer, optimizer_groups(plan, scoring.network),
                                device)
    return Session(
        **vars(scoring),
        optimizer=optimizer,
        scheduler=build_scheduler(plan, optimizer),
        training=scoring.evaluation.of_size(min(plan.graph.training.batch_size, plan.epoch_rows)),
        computing=Computing(plan, scoring.module, optimizer, device),
    )


__all__ = ["EVALUATION_BYTES", "Session", "build_session", "load_plan_frames", "open_session",
           "reads_class_numbers"]
