"""The section `training` as a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..stages import (
    Checkpointing,
    EarlyStopping,
    EvaluationLimits,
    GroupRule,
    Training,
    WarmupRule,
    WeightAverage,
)
from ..text.pointer import join
from .extractors import node

Object = Mapping[str, Any]


def training(value: Object) -> Training:
    """The record of `training`."""
    evaluate_on = value["evaluate_on"]
    groups, stopping = value["parameter_groups"], value["early_stopping"]
    checkpoint, limits = value["checkpoint"], value["evaluation_limits"]
    average, warmup = value["weight_average"], value["warmup"]
    return Training(
        epochs=value["epochs"],
        batch_size=value["batch_size"],
        mini_batch_size=value["mini_batch_size"],
        mini_epochs=value["mini_epochs"],
        accumulate=value["accumulate"],
        gradient_clipping=value["gradient_clipping"],
        max_steps=value["max_steps"],
        max_seconds=value["max_seconds"],
        max_epoch_steps=value["max_epoch_steps"],
        max_epoch_seconds=value["max_epoch_seconds"],
        report=value["report"],
        train_on=tuple(value["train_on"]),
        evaluate_on=None if evaluate_on is None else tuple(evaluate_on),
        evaluate_every=value["evaluate_every"],
        evaluate_before_training=value["evaluate_before_training"],
        early_stopping=None if stopping is None else EarlyStopping(**stopping),
        evaluation_limits=None if limits is None else EvaluationLimits(**limits),
        sampler=node("/training/sampler", value["sampler"]),
        sample_weight=value["sample_weight"],
        class_weight=value["class_weight"],
        no_decay=tuple(value["no_decay"]),
        parameter_groups=tuple(_group(index, group) for index, group in enumerate(groups)),
        scheduler_interval=value["scheduler_interval"],
        warmup=None if warmup is None else WarmupRule(**warmup),
        precision=value["precision"],
        weight_average=None if average is None else WeightAverage(**average),
        compile=value["compile"],
        device=value["device"],
        threads=value["threads"],
        checkpoint=None if checkpoint is None else Checkpointing(**checkpoint),
        delay=value["delay"],
        quiet_hours=tuple(value["quiet_hours"]),
    )


def _group(index: int, value: Object) -> GroupRule:
    return GroupRule(join("/training/parameter_groups", index), tuple(value["nodes"]),
                     value["lr"], value["weight_decay"])
