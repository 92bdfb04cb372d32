"""The section `training`, and the weights of samples and classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import strategies as st

from .drawn import DrawnBundle
from .schema import Builder, Json, Strategy, happens, weighted

_POSITIVE = st.sampled_from([0.5, 1, 3.0])


def trainings(bundle: DrawnBundle, builder: Builder, network: Json,
              classes: Sequence[str]) -> Strategy:
    """Sections `training`, mostly such that the bundle has what they name.

    Args:
        classes: those of the label, as they are named in a spec; empty for numbers.
    """
    splits = st.lists(st.sampled_from([*bundle.splits, "train"]), min_size=1, max_size=3)
    limits = {
        "mini_batch_size": st.integers(1, 8), "mini_epochs": st.integers(1, 3),
        "accumulate": st.integers(1, 4), "gradient_clipping": st.sampled_from([0.1, 5]),
        "max_steps": st.integers(1, 6), "max_seconds": st.sampled_from([1e9, 1000]),
        "max_epoch_steps": st.integers(1, 4), "max_epoch_seconds": st.sampled_from([1e9, 1000]),
        "report": st.sampled_from(["epoch", "batch", "mini_epoch"]),
    }
    weights: dict[str, Strategy] = {}
    if bundle.weighted:
        weights["sample_weight"] = st.just("weight")
    if classes:
        weights["class_weight"] = st.just("balanced") | st.dictionaries(
            st.sampled_from(list(classes)), _POSITIVE, min_size=1, max_size=2)
    nodes = st.sampled_from(sorted({"/network", *_types(network)}))
    groups = st.lists(st.builds(
        lambda name, rest: {"nodes": [name], **rest}, nodes,
        st.sampled_from([{"lr": 0.01}, {"weight_decay": 0.1}, {"lr": 0, "weight_decay": 0}])),
        max_size=2)
    watched = weighted((5, st.sampled_from([*bundle.splits, "train"])), (1, st.just("nowhere")))
    few = st.none() | st.integers(1, 4)
    # No `delay` and no `quiet_hours`: a drawn run would wait for minutes, or until the evening.
    return st.fixed_dictionaries({}, optional={
        "epochs": st.integers(1, 3),
        "batch_size": weighted((6, st.integers(2, 16)), (1, st.sampled_from([1, 2**31 - 1]))),
        "train_on": splits, "evaluate_on": splits | st.none(),
        "evaluate_every": st.integers(1, 3),
        "evaluate_before_training": st.booleans(),
        "evaluation_limits": st.none() | st.fixed_dictionaries({}, optional={
            "max_batches": few, "max_seconds": st.sampled_from([None, 1e-9, 1000]),
            "max_run_batches": few, "max_run_seconds": st.sampled_from([None, 1e-9, 1000])}),
        "sampler": builder.family("sampler", ["auto", "shuffled", "sequential", "even", *(
            ["priority"] if "priority" in bundle.columns(bundle.index_frame) else [])]),
        "early_stopping": st.none() | st.builds(
            lambda split, rest: {"split": split, **rest}, watched,
            st.fixed_dictionaries({}, optional={
                "patience": st.integers(1, 3), "min_change": st.sampled_from([0.0, 0.5]),
                "restore_best": st.booleans()})),
        "no_decay": st.lists(st.sampled_from(["bias", "normalization", "embedding"]), unique=True),
        "parameter_groups": groups,
        "scheduler_interval": st.sampled_from(["auto", "epoch", "step"]),
        "warmup": st.none() | st.builds(
            lambda length, rest: {**length, **rest},
            weighted((9, st.sampled_from([{"steps": 1}, {"steps": 4}, {"epochs": 0.5},
                                          {"epochs": 2}, {"share": 0.3}, {"share": 1}])),
                     (1, st.just({}))),
            st.fixed_dictionaries({}, optional={"start_factor": st.sampled_from([0, 0.5, 1])})),
        # `compile` is not drawn: a compiler takes tens of seconds for each network.
        "precision": st.sampled_from(["bfloat16", "float16", "float32"]),
        "weight_average": st.none() | st.fixed_dictionaries({}, optional={
            "decay": st.sampled_from([0, 0.5, 0.99]), "every_steps": st.integers(1, 2),
            "start_epoch": weighted((6, st.just(1)), (1, st.just(2)))}),
        "device": st.sampled_from(["auto", "cpu"]), "threads": st.none() | st.just(1),
        **limits, **weights,
    }).flatmap(_thinned)


@st.composite
def _thinned(draw: st.DrawFn, training: Json) -> dict[str, Any]:
    """Some of the properties alone: all together hardly ever fit."""
    kept = {key: value for key, value in training.items() if draw(happens(40))}
    if kept.get("mini_batch_size", 0) > kept.get("batch_size", 256) and not draw(happens(10)):
        del kept["mini_batch_size"]
    if kept.get("report") == "mini_epoch" or kept.get("mini_epochs", 1) > 1:
        kept.setdefault("mini_batch_size", 1)
    return kept


def _types(network: Json) -> Iterator[str]:
    if isinstance(network, dict):
        if isinstance(network.get("type"), str):
            yield network["type"]
        network = list(network.values())
    for inner in network if isinstance(network, list) else ():
        yield from _types(inner)
