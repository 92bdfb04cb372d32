"""The drawn plan: what is connected to what, and that no name breaks out of its label.

Not checked here: that Mermaid and Graphviz draw it; neither is a dependency.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from specc.compiler.planning.diagram import DIAGRAMS, dot, mermaid

import specc

Json = dict[str, Any]

HOSTILE = (
    'x"]; end', "x --> y", "</script><script>alert(1)</script>", "#quot;", "a\nb", "\\N\\l", "end",
    "subgraph", "`x`", "%%{init: {}}%%", "{{x}}", "\u202egnp", "&amp;", "x|y", "[[", "click a b",
)

_BOX = r"(?:(?:frame|extractor|context|node)\d+|aggregation\d+_\d+)"
_MERMAID_LINE = re.compile(
    rf'  *(?:{_BOX}(?:\[\("[^"]*"\)\]|\["[^"]*"\])|loss\(\["[^"]*"\]\)'
    r'|subgraph node\d+\["[^"]*"\]|end'
    rf'|{_BOX} -->(?:\|"[^"]*"\|)? (?:{_BOX}|loss))')
_DOT_STRING = r'"(?:[^"\\]|\\.)*"'
_DOT_LINE = re.compile(
    rf" *(?:\w+ \[label={_DOT_STRING}, shape=\w+\]|\w+ -> \w+(?: \[label={_DOT_STRING}\])?"
    rf"|subgraph cluster_node\d+ \{{|label={_DOT_STRING}|\}}|rankdir=LR)")


def _described(spec: Json, bundle: Any) -> Json:
    compiled = specc.compile(spec, bundle)
    assert compiled.plan is not None, str(compiled)
    return dict(compiled.plan.description)


def _labels(text: str) -> dict[str, str]:
    """Node -> the first line of its label."""
    return dict(re.findall(r'^ *(\w+) \[label="((?:[^"\\]|\\[^n])*)', text, re.MULTILINE))


def test_what_flows_into_what(spec: Json, bundle: Path) -> None:
    text = dot(_described(spec, bundle))
    named = _labels(text)
    edges = {(named[start], named.get(end, end)) for start, end in
             re.findall(r"(\w+) -> (\w+)", text)}
    assert edges == {
        ("index", "label"), ("index", "order"), ("index", "customers"), ("index", "shops"),
        ("customers", "customer"), ("shops", "shop"),
        ("order", "extraction"), ("customer", "extraction"), ("shop", "extraction"),
        ("extraction", "fully_connected"), ("fully_connected", "torch.nn:BCEWithLogitsLoss"),
        ("label", "torch.nn:BCEWithLogitsLoss"),
    }
    assert '[label="on customer: 75.0%"]' in text
    assert "(batch, 1)" in text


def test_composites_are_boxes(spec: Json, bundle: Path) -> None:
    spec["network"] = {"type": "feed_forward", "factories": [
        {"type": "feed_forward", "factories": [
            {"type": "torch.nn:Linear", "out_features": 4, "input_frames": ["order"]},
            {"type": "torch.nn:ReLU"}]},
        {"type": "output"},
    ]}
    del spec["extractors"]["customer"], spec["extractors"]["shop"]
    plan = _described(spec, bundle)
    drawn = mermaid(plan)
    assert drawn.count("subgraph ") == drawn.count("\n" + " " * 2 + "end") + drawn.count(
        "\n" + " " * 4 + "end") == 2
    assert dot(plan).count("subgraph cluster_") == 2
    edges = re.findall(r"(\w+) -->.* (\w+)$", drawn, re.MULTILINE)
    # outer box 0, inner box 1, extraction 2, linear 3, ReLU 4, output 5
    assert [edge for edge in edges if "node" in edge[0]] == [
        ("node2", "node3"), ("node3", "node4"), ("node4", "node5"), ("node5", "loss")]


HISTORY: Json = {
    "type": "context", "frame": "index", "on": "customer",
    "as_of": {"sample": "placed", "row": "placed"}, "size": 3,
    "extractor": {"type": "combined", "extractors": {
        "own": {"type": "plain", "take_columns": ["late"]},
        "shop": {"type": "plain", "joins": [{"frame": "shops", "on": "shop"}],
                 "take_columns": ["area"]},
    }},
    "aggregations": {"mean": {"type": "group_by"}, "steps": {"type": "pivot"}},
}


def test_a_context_stands_between_frames_and_what_is_made_of_it(spec: Json,
                                                                bundle: Path) -> None:
    spec["extractors"] = {"label": spec["extractors"]["label"], "history": HISTORY, "both": {
        "type": "combined", "extractors": {
            "order": {"type": "plain", "take_columns": ["amount"],
                      "transformer": {"type": "continuous"}},
            "last": {"type": "plain", "take_columns": ["age"], "transformer": {
                "type": "continuous"}, "joins": [
                    {"frame": "customers", "on": "customer",
                     "as_of": {"sample": "placed", "row": "since"}}]}}}}
    spec["network"]["input_frames"] = ["both", "history.mean", "history.steps"]
    text = dot(_described(spec, bundle))
    named = _labels(text)
    edges = {(named[start], named.get(end, end)) for start, end in
             re.findall(r"(\w+) -> (\w+)", text)}
    assert edges == {
        ("index", "label"), ("index", "both.order"), ("index", "customers"),
        ("customers", "both.last"), ("index", "shops"), ("index", "history"),
        ("shops", "history"), ("history", "history.mean"), ("history", "history.steps"),
        ("both.order", "extraction"), ("both.last", "extraction"),
        ("history.mean", "extraction"), ("history.steps", "extraction"),
        ("extraction", "fully_connected"), ("fully_connected", "torch.nn:BCEWithLogitsLoss"),
        ("label", "torch.nn:BCEWithLogitsLoss"),
    }
    assert "on customer, since before placed: " in text
    assert "on customer, placed before placed: " in text


def test_given_vectors_flow_from_their_frame(spec: Json, frames: dict[str, pd.DataFrame]) -> None:
    frames["cities"] = pd.DataFrame({"city": ["Lyon", "Nice"], "x": [0.5, 1.0]}).set_index("city")
    spec["extractors"] = {"label": spec["extractors"]["label"], "city": {
        "type": "embedding", "joins": [{"frame": "shops", "on": "shop"}],
        "take_columns": ["city"], "vectors": {"frame": "cities"}}}
    spec["network"] = {"type": "feed_forward", "factories": [
        {"type": "embedding", "input_frames": ["city"]}, {"type": "output"}]}
    bundle = specc.Bundle.from_frames(frames, index_frame="index")
    text = mermaid(_described(spec, bundle))
    assert '|"vectors"| extractor1' in text
    assert "1 column → (batch, 1) of ids" in text
    assert "5 parameters, frozen" in text


def test_an_aligned_frame_is_joined_by_its_key(spec: Json, frames: dict[str, pd.DataFrame]) -> None:
    frames["extra"] = pd.DataFrame({"more": range(16)}, index=frames["index"].index)
    spec["extractors"] = {"label": spec["extractors"]["label"],
                          "extra": {"type": "plain", "frame": "extra"}}
    spec["network"]["input_frames"] = ["extra"]
    bundle = specc.Bundle.from_frames(frames, index_frame="index")
    text = dot(_described(spec, bundle))
    named = _labels(text)
    edges = [(named[start], named.get(end, end)) for start, end in
             re.findall(r"(\w+) -> (\w+)", text)]
    assert ("index", "extra") in edges
    assert all(start.split("0")[0] != end or named[start] != "extra"
               for start, end in re.findall(r"(\w+) -> (\w+)", text))


@pytest.mark.parametrize("form", DIAGRAMS)
def test_every_line_is_of_a_known_form(form: str, spec: Json,
                                       frames: dict[str, pd.DataFrame]) -> None:
    shops = frames.pop("shops")
    for name in HOSTILE:
        frames[name] = shops.rename(columns={"area": name})
        frames["index"][name] = frames["index"]["shop"]
        spec["extractors"][name] = {
            "type": "plain", "joins": [{"frame": name, "on": name}],
            "transformer": {"type": "auto"}}
        spec["network"]["input_frames"].append(name)
        spec["extractors"][f"c {name}"] = {
            "type": "context", "frame": name, "on": name, "size": 2,
            "extractor": {"type": "plain", "take_columns": ["city"],
                          "transformer": {"type": "auto"}},
            "aggregations": {name: {"type": "pivot"}}}
        spec["network"]["input_frames"].append(f"c {name}.{name}")
    del spec["extractors"]["shop"]
    spec["network"]["input_frames"].remove("shop")
    spec["extractors"]["order"]["take_columns"] = ["amount"]
    frames["index"] = frames["index"].copy()
    bundle = specc.Bundle.from_frames(frames, index_frame="index")
    head, *lines = DIAGRAMS[form](_described(spec, bundle)).splitlines()
    assert head in ("flowchart LR", "digraph plan {")
    line_form = _MERMAID_LINE if form == "mermaid" else _DOT_LINE
    assert [line for line in lines if not line_form.fullmatch(line)] == []
    assert all(character.isprintable() for line in lines for character in line)
