"""Networks that fit the frames of a batch: rows, ids, sequences, and what brings them together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from .extractors import IDS, ROWS, STEPS
from .schema import Builder, Json, happens, mostly_without, weighted

Node = dict[str, Any]

_LAST = {"torch.nn:BCELoss": "sigmoid", "torch.nn:NLLLoss": "log_softmax",
         "torch.nn:KLDivLoss": "log_softmax"}
"""Loss -> the activation that it wants last."""

_ANY_WIDTH = (
    "torch.nn:Linear", "torch.nn:Identity", "torch.nn:Flatten", "torch.nn:Dropout",
    "torch.nn:AlphaDropout", "torch.nn:FeatureAlphaDropout", "torch.nn:BatchNorm1d",
    "torch.nn:LayerNorm", "torch.nn:RMSNorm", "fully_connected", "resnet", "cross", "highway",
    "factorization_machine", "linear_embeddings", "periodic_embeddings",
    "piecewise_linear_embeddings", "ft_transformer",
)
_OF_STEPS = (
    "lstm", "gru", "conv1d", "self_attention", "transformer_encoder", "torch.nn:Linear",
    "torch.nn:LayerNorm", "torch.nn:Tanh", "fully_connected", "highway", "resnet",
    "linear_embeddings",
)
_POOLING = ("attention_pooling", "masked_pool", "masked_pool")
_WILD = 20
"""How often in a hundred a network may have parts that are drawn from all types."""


@st.composite
def networks(draw: st.DrawFn, builder: Builder, frames: Mapping[str, str], loss: str, width: int,
             matrices: bool) -> Node:
    """A network that reads every frame, and ends as wide as the label wants.

    Args:
        frames: what each frame is, as `frames_of` tells.
        matrices: whether each weight must be a matrix.
    """
    last = _LAST.get(loss) if not draw(happens(10)) else None
    if loss == "torch.nn:PoissonNLLLoss":
        last = draw(st.sampled_from([None, "softplus"]))
    if matrices:
        sizes = draw(st.lists(st.integers(1, 9), max_size=2))
        return _reading({"type": "fully_connected", "sizes": [*sizes, width], "bias": False,
                         "output_activation": last or "identity"}, list(frames))
    rows_alone = set(frames.values()) == {ROWS}
    if rows_alone and draw(happens(15)):
        network: Node = draw(builder.family("network", ["fully_connected"]))
        network["sizes"][-1] = width
        _finish(draw, network, "output_activation", last)
        return _reading(network, list(frames))
    front = [] if rows_alone else [draw(_front(builder, frames))]
    kind = draw(weighted((8, st.just("output")), (1, st.just("tabm"))))
    end: Node = draw(builder.family("network", [kind]))
    _finish(draw, end, "output_activation" if kind == "tabm" else "activation", last)
    layers = [*front, *draw(_layers(builder)), end]
    if rows_alone and draw(happens(20)):
        return {"type": "feed_forward",
                "factories": [{"type": "extraction", "frames": list(frames)}, *layers]}
    if kind == "output" and draw(happens(10)):
        # Members begin at any place of the chain.
        begin = draw(st.integers(0, len(layers) - 1))
        inner = {"type": "feed_forward", "factories": layers[begin:]}
        layers[begin:] = [{"type": "ensemble", "members": draw(st.integers(1, 3)),
                           "network": inner}]
    whole = layers[0] if len(layers) == 1 else {"type": "feed_forward", "factories": layers}
    return _reading(whole, list(frames)) if rows_alone else whole


def _reading(node: Node, frames: list[str]) -> Node:
    node["input_frames"] = frames
    return node


def _finish(draw: st.DrawFn, node: Node, key: str, last: str | None) -> None:
    if last is not None:
        # The loss wants it.
        node[key] = last
    else:
        mostly_without(draw, node, key)


@st.composite
def _layers(draw: st.DrawFn, builder: Builder) -> list[Node]:
    """Up to three layers on rows."""
    shapeless = [kind for kind in builder.types("network")
                 if kind.startswith("torch.nn:") and kind not in _ANY_WIDTH]
    wild = [kind for kind in builder.types("network") if kind not in ("extraction", "output")]
    layer = weighted(
        (6, _sound(builder, _ANY_WIDTH)), (6, builder.family("network", shapeless)),
        (2, _structured(builder)),
        *([(1, builder.family("network", wild))] if draw(happens(_WILD)) else []))
    layers: list[Node] = draw(st.lists(layer, max_size=3))
    if draw(happens(8)):
        # One module in two places: the second has to read what the first one does.
        width = draw(st.integers(1, 6))
        inner = draw(st.sampled_from([{"type": "fully_connected", "sizes": [width]},
                                      {"type": "highway", "layers": 1}]))
        layers += [{"type": "torch.nn:Linear", "out_features": width},
                   {"type": "shared", "name": "twice", "network": inner},
                   {"type": "shared", "name": "twice"}]
    return layers


@st.composite
def _sound(draw: st.DrawFn, builder: Builder, types: tuple[str, ...]) -> Node:
    """One node of these types, mostly without what only some inputs have."""
    node: Node = draw(builder.family("network", types))
    mostly_without(draw, node, "tokens")
    if node["type"] in ("lstm", "gru") and node.get("layers", 1) == 1:
        # Dropout stands between layers.
        mostly_without(draw, node, "dropout")
    if node["type"] in ("ft_transformer", "self_attention", "transformer_encoder"):
        node["heads"] = draw(st.sampled_from([1, 1, 1, 2]))
    if node["type"] in ("ft_transformer", "transformer_encoder"):
        node["width"] = node.get("width", 4)
    return node


@st.composite
def _structured(draw: st.DrawFn, builder: Builder) -> Node:
    """`residual`, `parallel`, or two towers over one value."""
    kind = draw(st.sampled_from(["residual", "parallel", "two_tower"]))
    if kind == "residual":
        inner = draw(_sound(builder, ("torch.nn:Linear", "fully_connected", "torch.nn:LayerNorm")))
        projection = "none" if "Norm" in inner["type"] else "auto"
        return {"type": kind, "network": inner, "projection": projection}
    if kind == "two_tower":
        return {"type": kind, "left": {"type": "torch.nn:Linear", "out_features": 3},
                "right": {"type": "fully_connected", "sizes": [2, 3]},
                "similarity": draw(st.sampled_from(["dot", "cosine"])),
                "scale": draw(st.booleans())}
    merge = draw(st.sampled_from(["concat", "sum", "mean", "product"]))
    width = draw(st.integers(1, 5))
    branches = [{"type": "torch.nn:Linear", "out_features": width},
                {"type": "fully_connected", "sizes": [3, width]}]
    return {"type": kind, "branches": branches, "merge": merge}


@st.composite
def _front(draw: st.DrawFn, builder: Builder, frames: Mapping[str, str]) -> Node:
    """Brings all frames to rows, side by side."""
    rows = [name for name, kind in frames.items() if kind == ROWS]
    branches: list[Node] = []
    asked = False
    for name, kind in frames.items():
        if kind == IDS:
            branches.append(draw(_of_ids(builder, [name, *rows] if draw(st.booleans())
                                         else [name])))
        elif kind != ROWS and rows and not asked and draw(happens(20)):
            # The sample asks its context.
            asked = True
            heads = draw(st.sampled_from([1, 2]))
            steps = draw(_sequence(builder, kind, pooled=False))
            branches.append({"type": "cross_attention", "width": 2 * heads, "heads": heads,
                             "query": {"type": "extraction", "frames": rows},
                             "context": _reading(steps, [name])})
        elif kind != ROWS:
            branches.append(_reading(draw(_sequence(builder, kind, pooled=True)), [name]))
    if rows and (len(branches) == 0 or draw(st.booleans())):
        branches.append({"type": "extraction", "frames": rows})
    if len(branches) == 1:
        return branches[0]
    if len(branches) == 2 and draw(happens(15)):
        towers = [{"type": "feed_forward", "factories": [
            branch, {"type": "torch.nn:Linear", "out_features": 3}]} for branch in branches]
        return {"type": "two_tower", "left": towers[0], "right": towers[1]}
    if draw(happens(20)):
        width = draw(st.integers(1, 5))
        branches = [{"type": "feed_forward", "factories": [
            branch, {"type": "torch.nn:Linear", "out_features": width}]} for branch in branches]
        return {"type": "parallel", "branches": branches,
                "merge": draw(st.sampled_from(["sum", "mean", "product"]))}
    return {"type": "parallel", "branches": branches}


@st.composite
def _of_ids(draw: st.DrawFn, builder: Builder, names: list[str]) -> Node:
    """Ids, perhaps with numbers beside them, to rows."""
    how = draw(st.sampled_from(["embedding", "embedding", "tokens", "ft_transformer"]))
    if how == "ft_transformer":
        return _reading(draw(_sound(builder, ("ft_transformer",))), names)
    node: Node = draw(builder.family("network", ["embedding"]))
    if how == "embedding":
        mostly_without(draw, node, "tokens")
        return _reading(node, names)
    # Given vectors keep their own width, which may be another.
    inner = draw(_sound(builder, ("ft_transformer",)))
    return {"type": "feed_forward", "factories": [
        _reading({"type": "embedding", "tokens": True, "width": inner["width"]},
                 names[:1]), inner]}


@st.composite
def _sequence(draw: st.DrawFn, builder: Builder, kind: str, pooled: bool) -> Node:
    """Layers on steps, and most of the time what makes one row of them."""
    first = [] if kind == STEPS else [draw(builder.family("network", ["embedding"]))]
    if first:
        mostly_without(draw, first[0], "tokens")
    layers: list[Json] = draw(st.lists(_sound(builder, _OF_STEPS), max_size=2))
    for layer in layers:
        if "pool" in layer or layer["type"] in ("lstm", "gru"):
            layer["pool"] = "none"
        if layer["type"] == "resnet" or layer.get("normalization") == "batch_norm":
            layer["normalization"] = draw(weighted((12, st.just("layer_norm")),
                                                   (1, st.just("batch_norm"))))
    if pooled and not draw(happens(3)):
        last = draw(weighted(
            (3, _sound(builder, _POOLING)),
            (4, _sound(builder, ("lstm", "gru", "conv1d", "transformer_encoder")))))
        if last["type"] not in _POOLING:
            last["pool"] = draw(st.sampled_from(["last", "mean", "max"]))
        layers.append(last)
    parts = [*first, *layers]
    if not parts:
        return {"type": "torch.nn:Identity"}
    return parts[0] if len(parts) == 1 else {"type": "feed_forward", "factories": parts}
