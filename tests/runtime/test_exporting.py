"""Exported networks against specc: every network type, every form of output, in both formats.

Not checked here: the folder around them, in tests/test_export.py.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from specc.compiler.exporting.inputs import inputs
from specc.compiler.network.heads import nodes
from specc.compiler.stages import Plan
from specc.runtime.exporting import equal_modules
from specc.runtime.exporting.agreement import differences, said_by_file, said_by_specc
from specc.runtime.exporting.formats import FORMATS, CannotExpress, traced
from specc.runtime.exporting.network import Exported, Nodes
from specc.runtime.exporting.outputs import outputs_of
from specc.runtime.exporting.silence import silence
from specc.runtime.scoring import Scoring
from specc.runtime.session import build_session, load_plan_frames
from specc.schema.constructors import load
from specc.schema.networks import NETWORKS

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from histories import AS_OF, CPU, Frames, context, planned, reading, visits_and_events

both = pytest.mark.parametrize("form", ["torch", pytest.param("onnx", marks=pytest.mark.slow)])

EXTRACTORS: dict[str, Any] = {
    "own": {"type": "plain", "take_columns": ["value", "kind", "time"],
            "transformer": {"type": "auto"}},
    "ids": {"type": "embedding", "take_columns": ["kind", "item"]},
    "past": context("events", {"steps": {"type": "sequence", "size": 4}}, ["value", "kind"],
                    on="person", as_of=AS_OF),
}
OWN, STEPS = ["own"], ["past.steps"]
LINEAR = {"type": "torch.nn:Linear", "out_features": 8}
TO_ROW = {"type": "masked_pool"}


def behind(frames: list[str], *factories: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "feed_forward", "input_frames": frames, "factories": list(factories)}


TYPES: dict[str, list[dict[str, Any]]] = {
    "rows": [
        behind(OWN, {"type": "fully_connected", "sizes": [6, 4], "normalization": "layer_norm"}),
        behind(OWN, {"type": "resnet", "width": 6, "layers": 1}),
        behind(OWN, {"type": "residual", "network": LINEAR}),
        behind(OWN, {"type": "parallel", "merge": "product", "branches": [LINEAR, LINEAR]}),
        behind(OWN, {"type": "shared", "name": "one", "network": LINEAR},
               {"type": "torch.nn:ReLU"}),
        behind(OWN, {"type": "cross"}), behind(OWN, {"type": "cross", "layers": 3, "rank": 2}),
        behind(OWN, {"type": "highway"}), behind(OWN, {"type": "factorization_machine"}),
        {"type": "two_tower", "similarity": "cosine",
         "left": behind(OWN, LINEAR), "right": behind(OWN, LINEAR)},
        {"type": "extraction", "frames": OWN},
    ],
    "vectors": [
        behind(["own", "ids"], {"type": "ft_transformer", "width": 8, "heads": 2, "layers": 2}),
        behind(["ids"], {"type": "embedding"}),
        behind(["ids"], {"type": "embedding", "width": 8, "tokens": True},
               {"type": "ft_transformer", "width": 8, "heads": 1, "layers": 1}),
        behind(OWN, {"type": "linear_embeddings", "width": 4}),
        behind(OWN, {"type": "periodic_embeddings", "width": 4, "frequencies": 3}),
        behind(OWN, {"type": "piecewise_linear_embeddings", "width": 4}),
    ],
    "steps": [
        behind(STEPS, {"type": "lstm", "width": 4, "layers": 2, "bidirectional": True,
                       "pool": "none"}, {"type": "gru", "width": 3}),
        behind(STEPS, {"type": "conv1d", "channels": [4], "pool": "max"}),
        behind(STEPS, LINEAR, {"type": "self_attention", "heads": 2}, {"type": "masked_pool",
                                                                      "pool": "last"}),
        *(behind(STEPS, {"type": "transformer_encoder", "width": 8, "heads": 2, "layers": 1,
                         "hidden_width": 8, "positions": positions}, TO_ROW)
          for positions in ("learned", "time")),
        {"type": "cross_attention", "width": 8, "heads": 2,
         "query": {"type": "extraction", "frames": OWN},
         "context": {"type": "extraction", "frames": STEPS}},
        behind(STEPS, {"type": "attention_pooling", "hidden_width": 4}),
    ],
    "layers": [
        behind(OWN, LINEAR, {"type": entry.name, **example})
        for entry in load().layers for example in entry.examples[-1:]],
}
"""Branches side by side, so that one export holds many types."""

ENDS: dict[str, dict[str, Any]] = {
    "tabm": {"type": "tabm", "members": 3, "layers": 1, "width": 8, "input_frames": OWN},
    "ensemble": {"type": "ensemble", "members": 2, "network": behind(
        OWN, {"type": "output"})},
}
"""Types that end a network."""

RECURRENT = behind(STEPS, {"type": "lstm", "width": 4}, {"type": "output"})


def spec_of(branches: list[dict[str, Any]]) -> dict[str, Any]:
    spec = reading(EXTRACTORS)
    spec["network"] = {"type": "feed_forward", "factories": [
        {"type": "parallel", "branches": branches}, {"type": "output"}]}
    return spec


def ending(network: dict[str, Any]) -> dict[str, Any]:
    return {**reading(EXTRACTORS), "network": network}


def frames_of() -> Frames:
    return visits_and_events(0, samples=40, rows=120)


def scoring_of(plan: Plan) -> Scoring:
    """A network whose weights are not those of the start, where some are zero."""
    session = build_session(plan, CPU, load_plan_frames(plan, CPU))
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in session.module.parameters():
            parameter += torch.randn_like(parameter) * 0.1
    return session


def written(scoring: Scoring, form: str, folder: Path) -> Any:
    """The network as it was read again from its file."""
    plan, one = scoring.plan, FORMATS[form]
    names = [entry.name for entry in outputs_of(plan)]
    read = inputs(plan.shaped.fitted)
    with silence():
        traced(plan, scoring.network, read).write(
            one, folder / one.file, [entry.name for entry in read], names)
        return one.open(folder / one.file, names)


def worst(plan: Plan, form: str, folder: Path) -> float:
    """The largest difference, as a share of what is allowed."""
    scoring = scoring_of(plan)
    run, samples = written(scoring, form, folder), torch.arange(len(plan.samples))
    wanted = said_by_specc(scoring, samples)
    assert all(np.isfinite(value).all() for value in wanted.values())
    assert any(np.ptp(value) > 0.01 for value in wanted.values())
    got = said_by_file(run, scoring, inputs(plan.shaped.fitted), samples)
    return max(one.share for one in differences(got, wanted, outputs_of(plan), samples))


@both
@pytest.mark.parametrize("kind", [*TYPES, *ENDS])
def test_every_network_type_is_exported(kind: str, form: str, tmp_path: Path) -> None:
    spec = spec_of(TYPES[kind]) if kind in TYPES else ending(ENDS[kind])
    assert worst(planned(spec, frames_of()), form, tmp_path) <= 1


def test_no_network_type_is_left_out() -> None:
    specs = [*map(spec_of, TYPES.values()), *map(ending, ENDS.values())]
    tried = {node.type for spec in specs for node in nodes(planned(spec, frames_of()).graph)}
    assert tried == {entry.name for entry in NETWORKS}


# Forms of outputs and inputs: the module that is written, without writing it


def untraced(plan: Plan) -> dict[str, np.ndarray]:
    """What the module says of all samples, which must be what specc says."""
    scoring = scoring_of(plan)
    module = Exported(plan, scoring.network, Nodes())
    samples, said = torch.arange(len(plan.samples)), outputs_of(plan)
    got = said_by_file(module, scoring, inputs(plan.shaped.fitted), samples)
    wanted = said_by_specc(scoring, samples)
    assert list(got) == list(wanted) == [one.name for one in said]
    for one in said:
        assert got[one.name].shape[1:] == one.shape and got[one.name].dtype == np.float32
    assert max(one.share for one in differences(got, wanted, said, samples)) <= 1
    return got


ROWS = 48
RNG = np.random.default_rng(0)
A, B = RNG.normal(size=ROWS), RNG.normal(size=ROWS)
INDEX = pd.DataFrame({
    "a": A, "b": B, "number": 2000 * A - B + 50_000, "second": A + B,
    "binary": (A + B > 0).astype(int), "other": (A > 0.3).astype(int),
    "count": np.clip(np.round(np.exp(A / 2) + 1), 1, 8).astype(int),
    "share": 1 / (1 + np.exp(-A)), "rest": 1 - 1 / (1 + np.exp(-A)),
    "color": np.array(["blue", "green", "red"])[np.arange(ROWS) % 3],
    "side": np.array(["left", "right"])[np.arange(ROWS) % 2],
    "split": np.where(np.arange(ROWS) < 36, "train", "test")})
QUANTILES = {"type": "quantile", "quantiles": [0.1, 0.5, 0.9]}
STANDARD, CLASSES = {"type": "standard"}, {"type": "class_index"}

FORMS: dict[str, tuple[list[str], Any, str, Any]] = {
    "logits": (["binary"], None, "identity", "BCEWithLogitsLoss"),
    "chances": (["binary"], None, "sigmoid", "BCELoss"),
    "cut": (["binary"], None, "identity", "MSELoss"),
    "two classes": (["side"], CLASSES, "identity", "CrossEntropyLoss"),
    "classes": (["color"], CLASSES, "identity", "CrossEntropyLoss"),
    "logarithms": (["color"], CLASSES, "log_softmax", "NLLLoss"),
    "several": (["binary", "other"], None, "identity", "BCEWithLogitsLoss"),
    "numbers": (["number", "second"], STANDARD, "identity", "MSELoss"),
    "quantiles": (["number", "second"], STANDARD, "identity", QUANTILES),
    "counts": (["count"], None, "identity",
               {"type": "torch.nn:PoissonNLLLoss", "log_input": True}),
    "shares": (["share", "rest"], None, "log_softmax", "KLDivLoss"),
}
"""Label, its transformer, the last activation, and the loss."""


def form_of(name: str, network: dict[str, Any] | None = None) -> Plan:
    columns, transformer, activation, loss = FORMS[name]
    label: dict[str, Any] = {"type": "plain", "take_columns": columns}
    if transformer is not None:
        label["transformer"] = transformer
    return planned({
        "specc": 1,
        "extractors": {"label": label, "x": {
            "type": "plain", "take_columns": ["a", "b"], "transformer": {"type": "auto"}}},
        "network": network or {"type": "feed_forward", "input_frames": ["x"], "factories": [
            {"type": "torch.nn:Linear", "out_features": 4},
            {"type": "output", "activation": activation}]},
        "loss": loss if isinstance(loss, dict) else {"type": f"torch.nn:{loss}"},
        "training": {"epochs": 1, "batch_size": 10, "device": "cpu"}}, {"index": INDEX})


@pytest.mark.parametrize("name", FORMS)
def test_predictions_are_those_of_specc(name: str) -> None:
    plan = form_of(name)
    said = untraced(plan)
    if name == "quantiles":
        assert (said["quantiles"][..., 1] == said["prediction"]).all()
    elif plan.shaped.task in ("multiclass", "multilabel"):
        assert 0 <= said["prediction"].min() < said["prediction"].max() <= 1


@pytest.mark.parametrize("name", ["logits", "classes", "numbers", "quantiles", "counts"])
def test_predictions_of_members_are_averaged(name: str) -> None:
    said = untraced(form_of(name, {"type": "tabm", "members": 3, "layers": 1, "width": 8,
                                   "input_frames": ["x"]}))
    assert said["output"].ndim == 3
    if name == "logits":
        each = 1 / (1 + np.exp(-said["output"]))
        assert np.allclose(said["prediction"], each.mean(1), atol=1e-6)


def test_classes_and_columns_are_named() -> None:
    (_, named) = outputs_of(form_of("classes"))
    assert named.document()["classes"] == ["blue", "green", "red"]
    (_, named) = outputs_of(form_of("several"))
    assert named.document()["columns"] == ["binary", "other"]
    (_, named, levels) = outputs_of(form_of("quantiles"))
    assert levels.document()["levels"] == [0.1, 0.5, 0.9] and levels.shape == (2, 3)
    assert named.unit > 1000


def with_heads() -> Plan:
    spec = reading({"own": EXTRACTORS["own"]})
    spec["extractors"]["amount"] = {"type": "plain", "take_columns": ["step"], "transformer": {
        "type": "standard"}}
    spec["network"] = behind(OWN, LINEAR)
    del spec["loss"]
    spec["heads"] = {
        "late": {"label": "label", "network": {"type": "output"},
                 "loss": {"type": "torch.nn:BCEWithLogitsLoss"}},
        "much": {"label": "amount", "network": {"type": "output"},
                 "loss": {"type": "torch.nn:MSELoss"}}}
    return planned(spec, frames_of())


@both
def test_heads_have_outputs_of_their_own(form: str, tmp_path: Path) -> None:
    plan = with_heads()
    assert [one.name for one in outputs_of(plan)] == [
        "late.output", "late.prediction", "much.output", "much.prediction"]
    assert worst(plan, form, tmp_path) <= 1


def wide(many: int = 600) -> Plan:
    """A column that stays codes, beside one that does not."""
    rng = np.random.default_rng(0)
    index = pd.DataFrame({
        "kind": [f"k{place}" for place in range(many)], "few": rng.choice(["a", "b"], many),
        "x": rng.normal(size=many), "late": np.arange(many) % 2, "split": "train"})
    spec = reading({
        "wide": {"type": "plain", "take_columns": ["x", "kind", "few"], "transformer": {
            "type": "auto", "categorical": {"type": "categorical", "max_values": many}}}})
    spec["network"] = behind(["wide"], LINEAR, {"type": "output"})
    return planned(spec, {"index": index})


@both
def test_wide_columns_are_read_as_codes(form: str, tmp_path: Path) -> None:
    plan = wide()
    numbers, codes = inputs(plan.shaped.fitted)
    assert codes.name == "wide.codes" and codes.columns == ("kind",) and codes.sizes == (602,)
    assert "x" in numbers.columns and "kind_k1" not in numbers.columns
    assert worst(plan, form, tmp_path) <= 1


CONTEXTS: dict[str, dict[str, Any]] = {
    "pivot": context("events", {"seen": {"type": "pivot", "size": 2}}, ["value", "kind"],
                     on="person", as_of=AS_OF),
    "around": context("events", {"seen": {"type": "pivot", "size": 2}}, ["value"], on="person",
                      at={"sample": "step", "row": "step"}, direction="around",
                      include_self=True, size=3),
    "folded": context("events", {"seen": {"type": "sequence", "folded": True}}, ["value"],
                      on="person", at={"sample": "time", "row": "time"}, direction="around",
                      size=3),
    "group_by": context("events", {"seen": {"type": "group_by", "functions": ["mean", "count"]}},
                        ["value"], on="person", as_of=AS_OF),
}


@pytest.mark.parametrize("name", CONTEXTS)
def test_contexts_are_exported(name: str) -> None:
    plan = planned(reading({"own": EXTRACTORS["own"], "near": CONTEXTS[name]}), frames_of())
    for one in inputs(plan.shaped.fitted):
        if one.holds == "numbers":
            assert len(set(one.columns)) == len(one.columns)
    untraced(plan)


def test_inputs_of_odd_names_stay_apart(tmp_path: Path) -> None:
    ids = EXTRACTORS["ids"]
    plan = planned(reading({"a b/ü": ids, "a b/ü.ids": EXTRACTORS["own"], "a_b__": ids}),
                   frames_of())
    names = [one.name for one in inputs(plan.shaped.fitted)]
    assert names == ["a b/ü.ids_", "a b/ü.ids", "a_b__.ids"]
    assert worst(plan, "torch", tmp_path) <= 1


def test_trained_network_is_left_as_it_is(tmp_path: Path) -> None:
    scoring = scoring_of(planned(ending(RECURRENT), frames_of()))
    before = {name: tensor.clone() for name, tensor in scoring.network.state().items()}
    modules = [type(module) for module in scoring.module.modules()]
    Exported(scoring.plan, scoring.network, Nodes())
    after = scoring.network.state()
    assert modules == [type(module) for module in scoring.module.modules()]
    assert all(torch.equal(tensor, after[name]) for name, tensor in before.items())
    assert all(parameter.requires_grad for parameter in scoring.module.parameters())


def test_node_that_cannot_be_written_is_named(monkeypatch: pytest.MonkeyPatch,
                                              tmp_path: Path) -> None:
    monkeypatch.setattr(equal_modules, "_equal", lambda module: module)
    scoring = scoring_of(planned(ending(RECURRENT), frames_of()))
    with pytest.raises(CannotExpress) as refused:
        written(scoring, "torch", tmp_path)
    assert refused.value.pointer == "/network/factories/0"


@pytest.mark.slow
def test_operation_that_onnx_has_not_is_named(monkeypatch: pytest.MonkeyPatch,
                                              tmp_path: Path) -> None:
    monkeypatch.setattr(equal_modules, "_equal", lambda module: module)
    spec = ending(behind(OWN, LINEAR, {"type": "torch.nn:RReLU"}, {"type": "output"}))
    with pytest.raises(CannotExpress) as refused:
        written(scoring_of(planned(spec, frames_of())), "onnx", tmp_path)
    assert "aten.rrelu" in refused.value.reason


def test_operation_leads_to_its_node() -> None:
    scoring = scoring_of(planned(ending(behind(OWN, LINEAR, {"type": "output"})), frames_of()))
    network = traced(scoring.plan, scoring.network, inputs(scoring.plan.shaped.fitted))
    first = next(one for one in network.program.graph.nodes if one.op == "call_function")

    def fail(*_: Any) -> None:
        raise RuntimeError("it stops") from ValueError(f"Error when translating node %{first.name}")

    form = replace(FORMATS["onnx"], write=fail)
    with pytest.raises(CannotExpress) as refused:
        network.write(form, Path("nowhere"), [], [])
    assert refused.value.pointer == "/network/factories/0"
