"""Values for the places of a spec that name something of a bundle, or ask much of the machine."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st
from specc.schema import load_schema
from specc.schema.constructors import load
from specc.schema.metrics import METRICS

from .bundles import DrawnBundle, Link
from .columns import FORMS
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
    named = st.sampled_from(list(extractors))
    several = st.lists(named, min_size=1, max_size=3, unique=True)
    dtype = st.sampled_from(["boolean", "integer", "float", "number", "string", "datetime"])
    selectors = st.lists(
        weighted((3, columns), (1, st.builds(lambda name: {"dtype": name}, dtype)),
                 (1, st.sampled_from(["*", "k*", "?*"]))), min_size=1, max_size=3)
    links = [link for after in bundle.links.values() for link in after]
    joins = st.builds(join, st.sampled_from(links)) if links else st.builds(
        lambda frame, on: {"frame": frame, "on": on}, frames, columns)
    splits = st.lists(st.sampled_from([*bundle.splits, "train"]), min_size=1, max_size=3)
    nothing = st.none()
    tower = weighted((9, st.just({"type": "torch.nn:Linear", "out_features": 3})),
                     (1, st.just({"type": "output"})))
    found: dict[str, Strategy] = {
        "/$schema": st.just("spec.schema.json"),
        "/extractors": st.just({}),
        "/bundle": st.just({"index_frame": bundle.index_frame}),
        "/label": named,
        "/training": st.fixed_dictionaries({}, optional={
            "epochs": st.integers(1, 3),
            "batch_size": weighted((6, st.integers(2, 16)), (1, st.sampled_from([1, 2**31 - 1]))),
            "train_on": splits, "evaluate_on": splits | nothing,
            "evaluate_every": st.integers(1, 3),
            "sampler": st.builds(lambda name: {"type": name},
                                 st.sampled_from(["auto", "shuffled", "sequential"])),
            "device": st.sampled_from(["auto", "cpu"]),
            "threads": nothing | st.just(1),
        }),
        "extractor.plain/frame": weighted(
            (4, nothing), (1, st.sampled_from(["beside", bundle.index_frame]))),
        "extractor.plain/joins": st.lists(joins, max_size=2),
        "extractor.plain/take_columns": selectors,
        "extractor.plain/drop_columns": selectors,
        "network.extraction/frames": several,
        "network.torch.nn:Linear/out_features": widths(),
        "network.fully_connected/sizes": st.lists(widths(), min_size=1, max_size=3),
        **{f"network.{kind}/layers": st.integers(1, 3) for kind in ("resnet", "cross", "tabm")},
        **{f"network.{kind}/width": widths() for kind in ("resnet", "tabm")},
        "network.cross/rank": nothing | st.sampled_from([1, 1, 2]),
        "network.factorization_machine/factors": widths(),
        "network.tabm/members": st.integers(1, 4),
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
    }
    for kind in load().layers:
        found[f"network.{kind.name}/input_frames"] = st.just([])
    for kind in ("feed_forward", "fully_connected", "output", "resnet", "cross",
                 "factorization_machine", "two_tower", "tabm"):
        found[f"network.{kind}/input_frames"] = st.just([])
    parts = weighted(
        (9, st.sampled_from([{"train": 0.8, "test": 0.2}, {"train": 1.0},
                             {"train": 0.5, "display": 0.25, "test": 0.25}])),
        (1, st.sampled_from([{"train": 0.5, "test": 0.2}, {"a": 0.5, "b": 0.5}])))
    for kind in ("random_split", "stratified_split", "grouped_split"):
        found[f"preparation.{kind}/parts"] = parts
    found |= {
        "preparation.stratified_split/column": of_index,
        "preparation.grouped_split/columns": of_index | st.lists(of_index, min_size=1, max_size=2),
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
        "preparation.priority/column": of_index,
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
