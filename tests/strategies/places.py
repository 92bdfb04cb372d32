"""Values for the places of a spec that name something of a bundle, or ask much of the machine."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
from hypothesis import strategies as st
from specc.schema import load_schema
from specc.schema.metrics import METRICS

from .columns import FORMS
from .drawn import DrawnBundle, Link
from .schema import Json, Strategy, weighted

_PARTS: list[str] = load_schema()["$defs"]["transformer.datetime"]["properties"]["parts"][
    "items"]["enum"]


def widths(most: int = 9) -> Strategy:
    """Widths of layers."""
    return st.integers(1, most)


def places(bundle: DrawnBundle, extractors: Sequence[str]) -> dict[str, Strategy]:
    """What stands where a spec names something of the bundle, or asks much of the machine."""
    frames = st.sampled_from(sorted(bundle.tables))
    columns = st.sampled_from(sorted({
        name for frame in bundle.tables for name in bundle.columns(frame)}))
    of_index = st.sampled_from(sorted(bundle.columns(bundle.index_frame)))
    schema = bundle.tables[bundle.index_frame].schema
    flat = weighted((1, of_index), (9, st.sampled_from(sorted(
        field.name for field in schema if not pa.types.is_nested(field.type)) or ["y"])))
    named = st.sampled_from(list(extractors))
    several = st.lists(named, min_size=1, max_size=3, unique=True)
    dtype = st.sampled_from(["boolean", "integer", "float", "number", "string", "datetime"])
    selectors = st.lists(
        weighted((3, columns), (1, st.builds(lambda name: {"dtype": name}, dtype)),
                 (1, st.sampled_from(["*", "k*", "?*"]))), min_size=1, max_size=3)
    links = [link for after in bundle.links.values() for link in after]
    joins = st.builds(join, st.sampled_from(links)) if links else st.builds(
        lambda frame, on: {"frame": frame, "on": on}, frames, columns)
    nothing = st.none()
    tower = weighted((9, st.just({"type": "torch.nn:Linear", "out_features": 3})),
                     (1, st.just({"type": "output"})))
    inner = st.lists(st.sampled_from([
        {"type": f"torch.optim.lr_scheduler:{name}", **rest} for name, rest in (
            ("ConstantLR", {}), ("LinearLR", {}), ("StepLR", {"step_size": 2}),
            ("ExponentialLR", {"gamma": 0.9}), ("CosineAnnealingLR", {"T_max": 5}))]),
        min_size=1, max_size=3)
    found: dict[str, Strategy] = {
        "/$schema": st.just("spec.schema.json"),
        "/extractors": st.just({}),
        "/bundle": st.just({"index_frame": bundle.index_frame}),
        "/label": st.just("label"), "/heads/label": st.just("label"),
        "/training": st.just({}),
        "extractor.context/frame": frames, "extractor.context/on": nothing | columns,
        "extractor.context/joins": st.lists(joins, max_size=1),
        "aggregation.group_by/sizes": nothing | st.lists(st.integers(1, 5), min_size=1,
                                                         max_size=2),
        "aggregation.group_by/spans": nothing | st.sampled_from([["P1D"], ["PT1H", "P9D"]]),
        "sampler.even/column": flat,
        "sampler.even/size": st.sampled_from([0.3, 1.0, 2.0]),
        "sampler.priority/size": st.sampled_from([0.3, 1.0, 2.0]),
        "network.extraction/frames": several,
        "network.torch.nn:Linear/out_features": widths(),
        "network.fully_connected/sizes": st.lists(widths(), min_size=1, max_size=3),
        **{f"network.{kind}/layers": st.integers(1, 2) for kind in (
            "resnet", "cross", "tabm", "highway", "lstm", "gru", "ft_transformer",
            "transformer_encoder")},
        **{f"network.{kind}/width": widths() for kind in (
            "resnet", "tabm", "lstm", "gru", "linear_embeddings", "periodic_embeddings",
            "piecewise_linear_embeddings")},
        **{f"network.{kind}/heads": st.sampled_from([1, 1, 1, 2]) for kind in (
            "self_attention", "transformer_encoder", "cross_attention", "ft_transformer")},
        **{f"network.{kind}/hidden_width": nothing | widths()
           for kind in ("transformer_encoder", "attention_pooling", "ft_transformer")},
        "network.ft_transformer/width": st.sampled_from([2, 4, 8]),
        "network.transformer_encoder/width": nothing | st.sampled_from([2, 4, 8]),
        "network.cross_attention/width": st.sampled_from([2, 4, 8]),
        "network.embedding/width": nothing | widths(),
        "network.conv1d/channels": st.lists(widths(), min_size=1, max_size=2),
        "network.conv1d/kernel_size": st.integers(1, 4),
        "network.conv1d/dilation": st.integers(1, 3),
        "network.periodic_embeddings/frequencies": widths(),
        "network.piecewise_linear_embeddings/bins": st.integers(2, 9),
        "network.cross/rank": nothing | st.sampled_from([1, 1, 2]),
        "network.factorization_machine/factors": widths(),
        "network.tabm/members": st.integers(1, 4),
        "network.ensemble/members": st.integers(1, 3),
        "network.two_tower/left": tower, "network.two_tower/right": tower,
        "network.torch.nn:GroupNorm/num_groups": st.sampled_from([1, 1, 2, 3]),
        "network.torch.nn:PReLU/num_parameters": st.sampled_from([1, 1, 1, 4]),
        "network.torch.nn:Flatten/start_dim": st.sampled_from([1, 1, 2]),
        "network.torch.nn:Flatten/end_dim": st.sampled_from([-1, 1, -2]),
        **{f"network.torch.nn:{name}/dim": st.sampled_from([-1, 1, 1, 0, 2])
           for name in ("GLU", "Softmax", "Softmin", "LogSoftmax")},
        "transformer.piecewise_linear/bins": st.integers(1, 60),
        "transformer.hash/buckets": st.integers(1, 40),
        "transformer.vector/length": weighted((6, nothing), (1, st.sampled_from([2, 3]))),
        "transformer.datetime/parts": st.lists(st.sampled_from(_PARTS), min_size=1, max_size=9,
                                               unique=True),
        "scheduler.torch.optim.lr_scheduler:SequentialLR/milestones": st.lists(
            st.integers(1, 4), max_size=2),
        "scheduler.torch.optim.lr_scheduler:SequentialLR/schedulers": inner,
        "scheduler.torch.optim.lr_scheduler:ChainedScheduler/schedulers": inner,
    }
    for place in load_schema()["$defs"]:
        if "input_frames" in load_schema()["$defs"][place].get("properties", {}):
            found[f"{place}/input_frames"] = st.just([])
    for place in ("extractor.plain", "extractor.embedding", "inner_extractor.plain",
                  "inner_extractor.embedding"):
        found |= {
            f"{place}/frame": weighted(
                (4, nothing), (1, st.sampled_from(["beside", bundle.index_frame]))),
            f"{place}/joins": st.lists(joins, max_size=2),
            f"{place}/take_columns": selectors, f"{place}/drop_columns": selectors,
        }
    parts = weighted(
        (9, st.sampled_from([{"train": 0.8, "test": 0.2}, {"train": 1.0},
                             {"train": 0.5, "display": 0.25, "test": 0.25}])),
        (1, st.sampled_from([{"train": 0.5, "test": 0.2}, {"a": 0.5, "b": 0.5}])))
    for kind in ("random_split", "stratified_split", "grouped_split"):
        found[f"preparation.{kind}/parts"] = parts
    found |= {
        "preparation.stratified_split/column": flat,
        "preparation.grouped_split/columns": flat | st.lists(flat, min_size=1, max_size=2),
        "preparation.time_split/column": st.sampled_from(timed(bundle)) if timed(bundle)
        else of_index,
        "preparation.time_split/parts": weighted((6, st.sampled_from([
            [{"split": "train", "fraction": 0.7}, {"split": "test", "fraction": 0.3}],
            [{"split": "train", "fraction": 1.0}],
            [{"split": "train", "before": "2024-01-02"}, {"split": "test"}],
        ])), (1, st.sampled_from([
            [{"split": "train", "before": "2023-12-30T12:00:00+01:00"}, {"split": "test"}],
            [{"split": "train", "before": "soon"}, {"split": "test", "fraction": 0.5}],
        ]))),
        "preparation.priority/column": flat,
        "loss.quantile/quantiles": st.sampled_from([
            [0.1, 0.5, 0.9], [0.5], [0.2, 0.8], [0.01, 0.99], [0.9, 0.1]]),
        **{f"metric.{metric.name}/query": of_index | st.lists(of_index, min_size=1, max_size=2)
           for metric in METRICS if metric.by_query},
        **{f"preparation.{kind}/only_where_not_null": nothing | of_index
           for kind in ("random_split", "stratified_split", "grouped_split", "time_split")},
    }
    return found


def join(link: Link) -> Json:
    """A link as an element of `joins`."""
    on: Json = link.columns[0] if len(link.columns) == 1 else list(link.columns)
    return {"frame": link.frame, "on": on}


def timed(bundle: DrawnBundle) -> list[str]:
    """The columns of the index frame that hold times."""
    return [name for name, form in bundle.features[bundle.index_frame].items()
            if FORMS[form].reads[:1] == ("datetime",)]
