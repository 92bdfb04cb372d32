"""Hostile contexts, extractors inside extractors, sequences, and sizes of all of these.

`refused(spec)` gives `(name, text)` of what no bundle is needed for, `refused_on_a_bundle(spec)`
of what only a bundle can refuse; `spec` is the valid one that each is put into.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from typing import Any

Json = dict[str, Any]

LONG, GIANT = 1_000_000, 10**9

_INNER: Json = {"type": "plain", "take_columns": ["age"], "transformer": {"type": "continuous"}}

CONTEXT: Json = {
    "type": "context", "frame": "customers", "on": {"customer": "customer"}, "size": 3,
    "extractor": _INNER,
    "aggregations": {"steps": {"type": "sequence"}, "means": {"type": "group_by"}},
}
"""A context that the bundle of test_limits.py accepts."""

_DURATIONS = (
    "P", "PT", "1D", "P1Y", "P-1D", "P1D ", "P" + "9" * 99 + "D", "P" + "9" * LONG + "D",
    "PT" + "1H" * LONG, "P1DT" * 50_000, "P1.5.5D", "P\u0661D", "P1D\n", "../P1D", "P" * LONG,
)
_PATHS = ("../x", "../../etc/passwd", "/etc/passwd", "customers.parquet", "./customers", "..",
          "a/b", "C:\\x", "file:///x", "x\u0000", "CUSTOMERS", "%2e%2e%2fx", "customers/")


def refused(spec: Json) -> Iterator[tuple[str, str]]:
    """Without a bundle."""
    for key, value in (
            ("size", GIANT), ("size", 0), ("size", -1), ("size", 1e300), ("size", "3"),
            ("order_by", ["a"] * LONG), ("order_by", "x" * LONG), ("on", ["customer"] * LONG),
            ("on", {f"k{place}": "a" for place in range(2_000)}), ("on", {}), ("on", [[]]),
            ("where", [{"column": "a", "is": "null"}] * 20_000),
            ("where", [[[{"column": "a", "is": "null"}]]]),
            ("where", [{"column": "a", "is": "matches", "value": "(a+)+$"}]),
            ("where", [{"column": "a", "is": "in", "value": list(range(20_000))}]),
            ("where", "age > 1; import os"), ("within", 1e31), ("within", -1), ("within", True),
            ("as_of", {"sample": "now", "row": "at", "allow_future": True}), ("as_of", "now"),
            ("at", {"sample": "x" * LONG, "row": "y"}), ("direction", "../before"),
            ("aggregations", {}), ("aggregations", {"": {"type": "sequence"}}),
            ("aggregations", {"x" * 201: {"type": "sequence"}}),
            ("aggregations", {f"a{place}": {"type": "sequence"} for place in range(2_000)}),
            ("aggregations", {"a": {"type": "apply", "function": "os:system"}}),
            ("extractor", CONTEXT), ("extractor", "age"), ("fits", "../../runs"),
            ("joins", [{"frame": "customers", "on": "customer"}] * 50)):
        yield f"context {key} {_shown(value)}", _with(spec, (key,), value)
    for text in _DURATIONS:
        yield f"within {_shown(text)}", _with(spec, ("within",), text)
        yield f"half-life {_shown(text)}", _with(
            spec, ("aggregations", "means", "half_life"), text)
    for key, value in (
            ("sizes", [1] * LONG), ("sizes", [GIANT]), ("sizes", [0]), ("sizes", []),
            ("spans", ["P1D"] * LONG), ("functions", ["mean"] * LONG), ("functions", ["eval"]),
            ("functions", ["lambda rows: 0"]), ("functions", []), ("scaler", "os:system"),
            ("scaler", {"type": "sklearn.preprocessing:FunctionTransformer"})):
        yield f"group_by {key} {_shown(value)}", _with(spec, ("aggregations", "means", key), value)
    yield "a pivot of a thousand million", _with(
        spec, ("aggregations", "wide"), {"type": "pivot", "size": GIANT})
    for depth in (100, 2_000, 100_000):
        yield f"combined {depth} deep", _deep(spec, depth)
    yield "combined of itself many times", _with(
        spec, ("extractor",), {"type": "combined", "extractors": {
            f"p{place}": _INNER for place in range(2_000)}})
    yield from _networks(spec)
    for key, value in (("mini_batch_size", GIANT * 10), ("mini_epochs", GIANT), ("accumulate", 0),
                       ("max_seconds", -1), ("max_steps", 10**30), ("gradient_clipping", 0),
                       ("class_weight", {str(place): 1 for place in range(20_000)}),
                       ("parameter_groups", [{"nodes": ["/network"], "lr": 1}] * 20_000),
                       ("parameter_groups", [{"nodes": ["/../../etc"], "lr": 1}]),
                       ("no_decay", ["bias"] * LONG), ("sampler", {"type": "os:system"})):
        changed = copy.deepcopy(spec)
        changed["training"][key] = value
        yield f"training {key} {_shown(value)}", json.dumps(changed)


def refused_on_a_bundle(spec: Json) -> Iterator[tuple[str, str]]:
    """Names that must not become paths, and sizes that only columns tell."""
    for name in _PATHS:
        shown = _shown(name)
        yield f"frame of a context {shown}", _with(spec, ("frame",), name)
        ids = {"type": "embedding", "take_columns": ["customer"], "vectors": {"frame": name}}
        yield f"vectors {shown}", json.dumps({
            **spec, "extractors": {**spec["extractors"], "order": ids},
            "network": {"type": "feed_forward", "input_frames": ["order"],
                        "factories": [{"type": "embedding"}, {"type": "output"}]}})
        yield f"frame by time {shown}", _with(spec, ("joins",), [
            {"frame": name, "on": None, "as_of": {"sample": "order", "row": "at"}}])
        yield f"column of a context {shown}", _with(
            spec, ("extractor", "take_columns", 0), f"{name}?")
        yield f"time of a context {shown}", _with(
            spec, ("at",), {"sample": f"{name}?", "row": "age"})
    hashed = {**_INNER, "transformer": {"type": "hash", "buckets": 100_000}}
    yield "a million columns of each sample", _with(spec, ("extractor",), {
        **hashed, "take_columns": ["age"]}, ("aggregations", {
            "steps": {"type": "group_by", "sizes": list(range(1, 101)),
                      "functions": ["mean", "min", "max", "sum", "std", "median", "first",
                                    "last", "nunique"]}}))


def _networks(spec: Json) -> Iterator[tuple[str, str]]:
    """Sizes and depths of networks."""
    for node in (
            {"type": "lstm", "width": GIANT}, {"type": "lstm", "width": 4, "layers": GIANT},
            {"type": "conv1d", "channels": [4] * LONG}, {"type": "conv1d", "channels": []},
            {"type": "conv1d", "channels": [4], "kernel_size": GIANT},
            {"type": "conv1d", "channels": [4], "dilation": GIANT},
            {"type": "transformer_encoder", "layers": GIANT},
            {"type": "transformer_encoder", "heads": GIANT}, {"type": "self_attention", "heads": 0},
            {"type": "tabm", "members": GIANT}, {"type": "ensemble", "members": GIANT},
            {"type": "highway", "layers": GIANT},
            {"type": "embedding", "width": GIANT}, {"type": "ft_transformer", "width": GIANT},
            {"type": "periodic_embeddings", "frequencies": GIANT},
            {"type": "piecewise_linear_embeddings", "bins": GIANT},
            {"type": "factorization_machine", "factors": GIANT},
            {"type": "shared", "name": "x" * LONG}, {"type": "shared", "name": "a"},
            {"type": "shared", "name": "a", "network": {"type": "shared", "name": "a"}},
            {"type": "parallel", "branches": [{"type": "output"}] * 20_000},
            {"type": "two_tower", "left": {"type": "output"}, "right": "../x"}):
        changed = copy.deepcopy(spec)
        changed["network"] = {"type": "feed_forward", "input_frames": ["order"],
                              "factories": [node, {"type": "output"}]}
        yield f"network {_shown(node)}", json.dumps(changed)
    for kind, key in (("residual", "network"), ("shared", "network"), ("ensemble", "network")):
        text = "".join(f'{{"type": "{kind}", "name": "n{level}", "{key}": ' if kind == "shared"
                       else f'{{"type": "{kind}", "{key}": ' for level in range(5_000))
        yield f"{kind} 5000 deep", json.dumps(spec)[:-1] + f', "network": {text}'


def _with(spec: Json, place: Sequence[str | int], value: Any,
          *more: tuple[str, Any]) -> str:
    """The spec with a context beside its extractors, changed at a place below the context.

    Args:
        more: further properties of the context.
    """
    changed = copy.deepcopy(spec)
    context: Json = {**copy.deepcopy(CONTEXT), **dict(more)}
    changed["extractors"]["past"] = context
    changed["network"] = {"type": "feed_forward", "factories": [
        {"type": "masked_pool", "input_frames": ["past.steps"]}, {"type": "output"}]}
    if more:
        changed["network"] = {"type": "output", "input_frames": ["past.steps"]}
    holder: Any = context
    for token in place[:-1]:
        holder = holder[token]
    holder[place[-1]] = value
    return json.dumps(changed)


def _deep(spec: Json, depth: int) -> str:
    text = _with(spec, ("extractor",), "@@here@@")
    inner = '{"type": "combined", "extractors": {"a": ' * depth + json.dumps(_INNER) + "}}" * depth
    return text.replace('"@@here@@"', inner)


def _shown(value: Any) -> str:
    text = json.dumps(value)
    shown = text if len(text) <= 60 else f"{text[:40]}... ({len(text):,} characters)"
    return shown.encode("unicode_escape").decode()
