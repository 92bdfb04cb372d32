"""Specs for a bundle: most are meant to run, some are wrong on purpose, some are anything."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from specc.schema import load_schema
from specc.schema.agreement import MATRICES_ONLY, SPARSE_ONLY
from specc.schema.losses import QUANTILE
from specc.schema.metrics import METRICS

from .columns import LABELS
from .contexts import contexts
from .drawn import DrawnBundle
from .extractors import frames_of, row_extractors
from .networks import networks
from .places import places
from .preparation import DERIVED, steps
from .schema import Builder, Json, happens, mostly_without, weighted
from .training import trainings

_CLASSES = ("classes", "two classes", "numbered classes", "dated classes", "fractional classes")
_REGRESSION = (*(f"torch.nn:{name}" for name in ("L1Loss", "MSELoss", "SmoothL1Loss",
                                                 "HuberLoss")), QUANTILE)
_UNIT = tuple(f"torch.nn:{name}" for name in (
    "BCELoss", "BCEWithLogitsLoss", "MultiLabelSoftMarginLoss", "KLDivLoss", "CrossEntropyLoss"))
_FOR_CLASSES = tuple(f"torch.nn:{name}" for name in ("CrossEntropyLoss", "NLLLoss",
                                                     "MultiMarginLoss"))
_LOSSES = {
    "unit": (*_REGRESSION, *_UNIT), "binary": (*_REGRESSION, *_UNIT), "flag": _UNIT,
    "sign": (*_REGRESSION, *["torch.nn:SoftMarginLoss"] * 4),
    "count": (*_REGRESSION, *["torch.nn:PoissonNLLLoss"] * 4), "price": _REGRESSION,
    "amount": _REGRESSION, "tags": _UNIT[:3],
}
"""Form of the label -> losses that take it as numbers."""

_TYPES_OF_METRICS = {metric.name: metric.tasks for metric in METRICS}


@st.composite
def free_specs(draw: st.DrawFn, bundle: DrawnBundle, percent: int = 30) -> dict[str, Any]:
    """Whatever the schema accepts, with names of the bundle where names of it stand."""
    names = ["label", *draw(st.lists(st.sampled_from(["a", "b/c", "é", "x y"]), min_size=1,
                                     max_size=2, unique=True))]
    first = Builder(load_schema(), places(bundle, names), percent)
    extractors = {name: draw(first.family("extractor")) for name in names}
    for extractor in extractors.values():
        if extractor.get("nulls") != "fill":
            extractor.pop("fill_value", None)
    frames = sorted(frames_of({name: extractors[name] for name in names[1:]}))
    builder = Builder(load_schema(), places(bundle, frames), percent)
    spec: dict[str, Any] = draw(builder.document())
    spec["extractors"] = extractors
    reader = "frames" if spec["network"]["type"] == "extraction" else "input_frames"
    spec["network"][reader] = draw(st.lists(st.sampled_from(frames), min_size=1, unique=True))
    spec["training"] = draw(trainings(bundle, builder, spec["network"], ()))
    if spec.get("heads") is not None:
        for key in ("label", "loss", "metrics"):
            spec.pop(key, None)
    elif spec.get("loss") is None:
        spec["loss"] = draw(builder.family("loss"))
    return spec


@st.composite
def specs(draw: st.DrawFn, bundle: DrawnBundle) -> dict[str, Any]:
    """Specs whose parts are chosen to fit each other and the bundle, up to what is drawn wild."""
    _, form = bundle.label
    transformer = draw(st.sampled_from(LABELS[form].reads))
    as_class = transformer == "class_index"
    first = Builder(load_schema(), places(bundle, ["own"]), 20)
    label = draw(_label(bundle, first, transformer))
    prepare = draw(steps(bundle, first))
    extractors = draw(_features(bundle, first, prepare))
    frames = frames_of(extractors)
    builder = Builder(load_schema(), places(bundle, list(frames)), 20)
    spec: dict[str, Any] = {"specc": 1, "extractors": {"label": label, **extractors}}
    if not bundle.tells_all or draw(happens(20)):
        spec["bundle"] = {"index_frame": bundle.index_frame}
        if bundle.keys:
            spec["bundle"]["keys"] = {frame: list(key) for frame, key in bundle.keys.items()}
    if prepare:
        spec.setdefault("bundle", {})["prepare"] = prepare
    loss = draw(st.sampled_from(
        _FOR_CLASSES if form in _CLASSES else (*_FOR_CLASSES, "torch.nn:BCEWithLogitsLoss")
        if as_class else _LOSSES[form]))
    spec["loss"] = draw(builder.family("loss", [loss]))
    mostly_without(draw, spec["loss"], "weight", "pos_weight", "ignore_index")
    spec["optimizer"] = draw(builder.family("optimizer", [
        kind for kind in builder.types("optimizer") if kind not in SPARSE_ONLY
        and (kind not in MATRICES_ONLY or set(frames.values()) == {"rows"})]))
    _with_momentum(draw, spec["optimizer"])
    by_column = as_class and loss in _FOR_CLASSES
    levels = len(spec["loss"].get("quantiles", [1, 2, 3])) if loss == QUANTILE else 1
    spec["network"] = draw(networks(builder, frames, loss,
                                    len(_classes(bundle)) if by_column else levels,
                                    spec["optimizer"]["type"] in MATRICES_ONLY))
    if draw(st.booleans()):
        spec["scheduler"] = draw(builder.family("scheduler"))
        _without_momentum(draw, spec["scheduler"])
    spec["metrics"] = draw(_metrics(builder, _task(bundle, as_class)))
    for key in ("name", "seed", "description"):
        if draw(happens(50)):
            spec[key] = draw(builder.place(f"/{key}"))
    if draw(happens(70)):
        spec["training"] = draw(trainings(bundle, builder, spec["network"],
                                          _classes(bundle) if as_class else ()))
    training = spec.setdefault("training", {})
    if prepare:
        mostly_without(draw, training, "train_on", "evaluate_on", "early_stopping")
    if draw(happens(12)):
        _divide(draw, spec)
    if draw(happens(7)):
        _spoil(draw, spec)
    return spec


def _divide(draw: st.DrawFn, spec: dict[str, Any]) -> None:
    """Two heads in place of the last layer, with the label and the loss that there are."""
    factories = spec["network"].get("factories", [])
    if len(factories) < 2 or factories[-1]["type"] != "output":
        return
    last, loss = factories.pop(), spec.pop("loss")
    spec["heads"] = {
        "first": {"label": "label", "network": last, "loss": loss,
                  "metrics": spec.pop("metrics", [])},
        "second": {"label": "label", "network": {**last}, "loss": {**loss},
                   "weight": draw(st.sampled_from([0.0, 0.3, 1.0, 20.0]))},
    }
    for key in ("class_weight", "early_stopping"):
        if not draw(happens(5)):
            spec["training"].pop(key, None)


@st.composite
def _label(draw: st.DrawFn, bundle: DrawnBundle, builder: Builder,
           transformer: str) -> dict[str, Any]:
    label: dict[str, Any] = {"type": "plain", "take_columns": [bundle.label[0]]}
    if transformer != "identity":
        label["transformer"] = draw(builder.family("transformer", [transformer]))
    if transformer == "continuous":
        mostly_without(draw, label["transformer"], "steps")
    if transformer == "multi_hot" and not draw(happens(5)):
        # OTHER is refused in a label where no training row has it.
        label["transformer"]["on_unseen"] = draw(st.sampled_from(["ignore", "error"]))
    return label


@st.composite
def _features(draw: st.DrawFn, bundle: DrawnBundle, builder: Builder,
              prepare: list[dict[str, Any]]) -> dict[str, Any]:
    """One to three extractors, and one of the derived column where there is one."""
    extractor = row_extractors(bundle, builder)
    if bundle.events:
        extractor = weighted((3, extractor), (2, contexts(bundle, builder)))
    names = draw(st.lists(st.sampled_from(["own", "joined", "b/c", "é"]), min_size=1, max_size=3,
                          unique=True))
    found = {name: draw(extractor) for name in names}
    if any(step["type"] == "derive" and "frame" not in step for step in prepare):
        found["made"] = {"type": "plain", "take_columns": [DERIVED],
                         "transformer": {"type": "auto"}}
    return found


def _with_momentum(draw: st.DrawFn, optimizer: dict[str, Any]) -> None:
    """What plain SGD asks of its arguments, and the two forms of step that exclude each other."""
    if optimizer.get("nesterov") and optimizer["type"].endswith(":SGD") and not draw(happens(20)):
        optimizer["momentum"] = 0.9
        optimizer.pop("dampening", None)
    if optimizer.get("fused") and not draw(happens(20)):
        optimizer.pop("foreach", None)


def _without_momentum(draw: st.DrawFn, scheduler: dict[str, Any]) -> None:
    """Cycling the momentum is refused by most optimizers."""
    for child in scheduler.get("schedulers", ()):
        _without_momentum(draw, child)
    if scheduler["type"].endswith((":CyclicLR", ":OneCycleLR")) and not draw(happens(20)):
        scheduler["cycle_momentum"] = False
    if scheduler["type"].endswith(":SequentialLR") and not draw(happens(20)):
        scheduler["milestones"] = list(range(1, len(scheduler["schedulers"])))


def _classes(bundle: DrawnBundle) -> list[str]:
    """Classes of the label as text, at least one; training rows may show fewer."""
    name, _ = bundle.label
    values = bundle.tables[bundle.index_frame].column(name).to_pylist()
    return sorted({str(value) for value in values if value is not None}) or ["none"]


def _task(bundle: DrawnBundle, as_class: bool) -> str:
    form = bundle.label[1]
    if as_class:
        return "binary" if len(_classes(bundle)) == 2 else "multiclass"
    if form == "tags":
        return "multilabel"
    return "binary" if form in ("binary", "flag", "sign") else "regression"


@st.composite
def _metrics(draw: st.DrawFn, builder: Builder, task: str) -> list[dict[str, Any]]:
    # Numbers below 0 are no relevance.
    fitting = [name for name, tasks in _TYPES_OF_METRICS.items()
               if task in tasks and (name, task) != ("ndcg", "regression")]
    metrics = draw(st.lists(builder.family("metric", fitting), max_size=3))
    if draw(happens(5)):
        metrics.append(draw(builder.family("metric")))
    for metric in metrics:
        for_two = metric.get("average", "binary") == "binary" and (
            "average" in _properties(metric["type"]))
        if task in ("multiclass", "multilabel") and for_two and not draw(happens(10)):
            metric["average"] = "macro"
    return metrics


def _properties(metric: str) -> Json:
    return load_schema()["$defs"][f"metric.{metric}"]["properties"]


def _spoil(draw: st.DrawFn, spec: dict[str, Any]) -> None:
    """One mistake somewhere: a key or a value that does not belong there."""
    objects: list[dict[str, Any]] = []

    def visit(value: Json) -> None:
        if isinstance(value, dict):
            objects.append(value)
        for child in (value.values() if isinstance(value, dict)
                      else value if isinstance(value, list) else ()):
            visit(child)

    visit(spec)
    chosen = draw(st.sampled_from(objects))
    keys = sorted(chosen)
    how = draw(st.sampled_from(["key", "value", "missing", "typo"]))
    key = draw(st.sampled_from(keys)) if keys else ""
    if how == "key" or not keys:
        chosen["unknown/~key"] = 1
    elif how == "value":
        chosen[key] = draw(st.sampled_from([None, -1, 1e300, "nowhere", [], {}, True, [[]]]))
    elif how == "missing":
        del chosen[key]
    else:
        chosen[key + "x"] = chosen.pop(key)
