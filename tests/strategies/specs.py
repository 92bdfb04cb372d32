"""Specs for a bundle: most are meant to run, some are wrong on purpose, some are anything."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from specc.schema import load_schema
from specc.schema.agreement import MATRICES_ONLY, SPARSE_ONLY
from specc.schema.losses import QUANTILE
from specc.schema.metrics import METRICS

from .bundles import DrawnBundle
from .columns import FORMS, LABELS
from .places import join, places, timed, widths
from .schema import Builder, Json, happens, weighted

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

_LAST = {"torch.nn:BCELoss": "sigmoid", "torch.nn:NLLLoss": "log_softmax",
         "torch.nn:KLDivLoss": "log_softmax"}
"""Loss -> the activation that it wants last."""

_FILL = {"categorical": "a", "datetime": "2024-01-02T03:04:05"}
"""Transformer -> what its nulls are filled with."""

_ANY_WIDTH = (
    "torch.nn:Linear", "torch.nn:Identity", "torch.nn:Flatten", "torch.nn:Dropout",
    "torch.nn:AlphaDropout", "torch.nn:FeatureAlphaDropout", "torch.nn:BatchNorm1d",
    "torch.nn:LayerNorm", "torch.nn:RMSNorm", "fully_connected", "resnet", "cross",
    "factorization_machine", "two_tower",
)
_KINDS = ("auto", "auto", "continuous", "categorical", "identity", "datetime", "piecewise_linear",
          "hash", "standard", "vector", "multi_hot")
"""Transformers of features."""

_TYPES_OF_METRICS = {metric.name: metric.tasks for metric in METRICS}


@st.composite
def free_specs(draw: st.DrawFn, bundle: DrawnBundle, percent: int = 30) -> dict[str, Any]:
    """Whatever the schema accepts, with names of the bundle where names of it stand."""
    names = ["label", *draw(st.lists(st.sampled_from(["a", "b/c", "é", "x y"]), min_size=1,
                                     max_size=2, unique=True))]
    builder = Builder(load_schema(), places(bundle, names), percent)
    spec: dict[str, Any] = draw(builder.document())
    spec["extractors"] = {name: draw(builder.family("extractor")) for name in names}
    for extractor in spec["extractors"].values():
        if extractor.get("nulls") != "fill":
            extractor.pop("fill_value", None)
    reader = "frames" if spec["network"]["type"] == "extraction" else "input_frames"
    spec["network"][reader] = draw(st.lists(st.sampled_from(names[1:]), min_size=1, unique=True))
    return spec


@st.composite
def specs(draw: st.DrawFn, bundle: DrawnBundle) -> dict[str, Any]:
    """Specs whose parts are chosen to fit each other and the bundle, up to what is drawn wild."""
    features = draw(st.lists(st.sampled_from(["own", "joined", "b/c", "é"]), min_size=1,
                             max_size=3, unique=True))
    builder = Builder(load_schema(), places(bundle, features), 20)
    name, form = bundle.label
    transformer = draw(st.sampled_from(LABELS[form].reads))
    as_class = transformer == "class_index"
    label: dict[str, Any] = {"type": "plain", "take_columns": [name]}
    if transformer != "identity":
        label["transformer"] = draw(builder.family("transformer", [transformer]))
    if transformer == "multi_hot" and not draw(happens(5)):
        # OTHER is refused in a label where no training row has it.
        label["transformer"]["on_unseen"] = draw(st.sampled_from(["ignore", "error"]))
    spec: dict[str, Any] = {
        "specc": 1,
        "extractors": {"label": label, **{
            feature: draw(_extractor(bundle, builder)) for feature in features}},
    }
    if not bundle.tells_all or draw(happens(20)):
        spec["bundle"] = {"index_frame": bundle.index_frame}
        if bundle.keys:
            spec["bundle"]["keys"] = {frame: list(key) for frame, key in bundle.keys.items()}
    steps = draw(_steps(bundle, builder))
    if steps:
        spec.setdefault("bundle", {})["prepare"] = steps
    loss = draw(st.sampled_from(
        _FOR_CLASSES if form in _CLASSES else (*_FOR_CLASSES, "torch.nn:BCEWithLogitsLoss")
        if as_class else _LOSSES[form]))
    spec["loss"] = draw(builder.family("loss", [loss]))
    _mostly_without(draw, spec["loss"], "weight", "pos_weight", "ignore_index")
    spec["optimizer"] = draw(builder.family("optimizer", [
        kind for kind in builder.types("optimizer") if kind not in SPARSE_ONLY]))
    _with_momentum(draw, spec["optimizer"])
    by_column = as_class and loss in _FOR_CLASSES
    levels = len(spec["loss"].get("quantiles", [1, 2, 3])) if loss == QUANTILE else 1
    spec["network"] = draw(_network(builder, loss, _classes(bundle) if by_column else levels,
                                    spec["optimizer"]["type"] in MATRICES_ONLY))
    _read(draw, spec["network"], features)
    if draw(st.booleans()):
        spec["scheduler"] = draw(builder.family("scheduler"))
        _without_momentum(draw, spec["scheduler"])
    spec["metrics"] = draw(_metrics(builder, _task(bundle, as_class)))
    for key in ("name", "seed", "description", "training"):
        if draw(happens(50)):
            spec[key] = draw(builder.place(f"/{key}"))
    training = spec.setdefault("training", {})
    if "prepare" in spec.get("bundle", {}):
        _mostly_without(draw, training, "train_on", "evaluate_on")
    if draw(happens(7)):
        _spoil(draw, spec)
    return spec


def _read(draw: st.DrawFn, network: dict[str, Any], features: list[str]) -> None:
    """The extraction, as a property or as a node of its own."""
    if "factories" in network and draw(happens(20)):
        network["factories"].insert(0, {"type": "extraction", "frames": features})
        network.pop("input_frames", None)
    else:
        network["input_frames"] = features


def _mostly_without(draw: st.DrawFn, value: dict[str, Any], *keys: str) -> None:
    """Takes out properties whose value has to fit what the schema does not know."""
    for key in keys:
        if key in value and not draw(happens(20)):
            del value[key]


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


@st.composite
def _extractor(draw: st.DrawFn, bundle: DrawnBundle, builder: Builder) -> dict[str, Any]:
    """Columns of the index frame, of one beside it, or of a chain of joins."""
    frame, joins = bundle.index_frame, []
    extractor: dict[str, Any] = {"type": "plain"}
    while bundle.links.get(frame) and draw(st.booleans()):
        link = draw(st.sampled_from(bundle.links[frame]))
        joins.append(join(link))
        frame = link.frame
    if joins:
        extractor["joins"] = joins
    elif "beside" in bundle.tables and draw(st.booleans()):
        extractor["frame"] = frame = "beside"
    forms = bundle.features[frame]
    read = {kind for form in forms.values() for kind in FORMS[form].reads}
    kind = draw(st.sampled_from(
        [kind for kind in _KINDS if kind in read] or ["categorical"]))
    fitting = [name for name, form in forms.items() if kind in FORMS[form].reads]
    if draw(happens(4)) or not forms:
        extractor["take_columns"] = draw(builder.place("extractor.plain/take_columns"))
    elif fitting:
        extractor["take_columns"] = draw(st.lists(st.sampled_from(fitting), min_size=1,
                                                  max_size=3, unique=True))
    else:
        kind = "categorical"
        extractor["take_columns"] = [draw(st.sampled_from(sorted(forms)))]
    extractor["transformer"] = draw(builder.family("transformer", [kind]))
    _mostly_without(draw, extractor["transformer"], "on_null", "steps", "continuous",
                    "categorical", "datetime")
    for key, percent in (("nulls", 6), ("fill_value", 1), ("missing_rows", 6)):
        if draw(happens(percent)):
            extractor[key] = draw(builder.place(f"extractor.plain/{key}"))
    others = sorted(set(forms) - set(map(str, extractor["take_columns"])))
    if others and draw(happens(10)):
        extractor["drop_columns"] = [draw(st.sampled_from(others))]
    if extractor.get("nulls") == "fill" or kind in ("identity", "standard"):
        extractor |= {"nulls": "fill",
                      "fill_value": draw(weighted((8, st.just(_FILL.get(kind, 0))),
                                                  (1, st.sampled_from([1, False, "a", None]))))}
    return extractor


@st.composite
def _steps(draw: st.DrawFn, bundle: DrawnBundle, builder: Builder) -> list[dict[str, Any]]:
    """Preparation: always a split where the bundle has none that will do."""
    steps = []
    if "train" not in bundle.splits or draw(happens(20)):
        split = draw(builder.family("preparation", [
            "random_split", "stratified_split", "grouped_split",
            *(["time_split"] * 3 if timed(bundle) else [])]))
        _mostly_without(draw, split, "only_where_not_null")
        steps.append(split)
    if draw(happens(20)):
        steps.append(draw(builder.family("preparation", ["priority"])))
    return steps


def _classes(bundle: DrawnBundle) -> int:
    """Classes of the label; training rows may show fewer."""
    name, _ = bundle.label
    values = bundle.tables[bundle.index_frame].column(name).to_pylist()
    return max(1, len({value for value in values if value is not None}))


def _task(bundle: DrawnBundle, as_class: bool) -> str:
    form = bundle.label[1]
    if as_class:
        return "binary" if _classes(bundle) == 2 else "multiclass"
    if form == "tags":
        return "multilabel"
    return "binary" if form in ("binary", "flag", "sign") else "regression"


@st.composite
def _network(draw: st.DrawFn, builder: Builder, loss: str, width: int,
             matrices: bool) -> dict[str, Any]:
    """Layers, and a last one as wide as the label wants."""
    last = _LAST.get(loss) if not draw(happens(10)) else None
    if loss == "torch.nn:PoissonNLLLoss":
        last = draw(st.sampled_from([None, "softplus"]))
    if matrices:
        sizes = draw(st.lists(widths(), max_size=2))
        return {"type": "fully_connected", "sizes": [*sizes, width], "bias": False,
                "output_activation": last or "identity"}
    if draw(happens(20)):
        network: dict[str, Any] = draw(builder.family("network", ["fully_connected"]))
        network["sizes"][-1] = width
        _finish(draw, network, "output_activation", last)
        return network
    if draw(happens(10)):
        ensemble: dict[str, Any] = draw(builder.family("network", ["tabm"]))
        _finish(draw, ensemble, "output_activation", last)
        return ensemble
    shapeless = [kind for kind in builder.types("network")
                 if kind.startswith("torch.nn:") and kind not in _ANY_WIDTH]
    layers: list[Any] = draw(st.lists(weighted(
        (4, builder.family("network", _ANY_WIDTH)), (6, builder.family("network", shapeless)),
        (1, builder.family("network", [
            kind for kind in builder.types("network") if kind not in ("extraction", "output")])),
    ), max_size=3))
    output: dict[str, Any] = draw(builder.family("network", ["output"]))
    _finish(draw, output, "activation", last)
    return {"type": "feed_forward", "factories": [*layers, output]}


def _finish(draw: st.DrawFn, node: dict[str, Any], key: str, last: str | None) -> None:
    if last is not None:
        node[key] = last
    else:
        _mostly_without(draw, node, key)


@st.composite
def _metrics(draw: st.DrawFn, builder: Builder, task: str) -> list[dict[str, Any]]:
    # Numbers below 0 are no relevance.
    fitting = [name for name, tasks in _TYPES_OF_METRICS.items()
               if task in tasks and (name, task) != ("ndcg", "regression")]
    metrics = draw(st.lists(builder.family("metric", fitting), max_size=3))
    if draw(happens(10)):
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
