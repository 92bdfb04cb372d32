"""The report: what it shows, that it loads nothing, and that no name can break out of it.

Not checked here: how the page looks. Open one after a change of style or layout.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import subprocess
import sys
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from typing import Any

import matplotlib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from specc.runtime.finished.told import Told
from specc.runtime.predictions import Predictions
from specc.runtime.report import ReportInput, write_report
from specc.runtime.report.input import Bin, Confusion, Judged, Residuals
from specc.runtime.report.judged import OTHER, judged
from specc.runtime.report.layout import fit, measure
from specc.runtime.report.series import curves, splits
from specc.runtime.report.text import (
    duration,
    number,
    percent,
    share,
    shorten,
    size_in_bytes,
)

VOID = {"meta", "br", "path"}
FEW = settings(deadline=None, max_examples=25)


class Page(HTMLParser):
    """What a browser would see: tags, attributes, ids, text; fails on tags that do not close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.shown: list[str] = []
        self.hidden = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, key, value) for key, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, key, value) for key, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self._open and self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] != ["style"]:
            self.shown.append(data)

    def values(self, key: str) -> list[str | None]:
        return [value for _, found, value in self.attributes if found == key]

    @property
    def text(self) -> str:
        return "".join(self.shown)


def node(pointer: str, type: str, depth: int, output: str, **more: Any) -> dict[str, Any]:
    return {"pointer": pointer, "type": type, "depth": depth, "input": "(batch, 116)",
            "output": output, "parameters": 0, "args": {}, **more}


PLAN: dict[str, Any] = {
    "task": "binary", "parameters": 9601, "loss": {"type": "torch.nn:BCELoss", "weight": None},
    "optimizer": {"type": "torch.optim:AdamW", "lr": 0.003},
    "memory": {"data": 1536, "weights": 512},
    "network": {"nodes": [
        node("/network", "feed_forward", 0, "(batch, 1)"),
        node("/network/factories/0", "parallel", 1, "(batch, 48)"),
        node("/network/factories/0/factories/0", "fully_connected", 2, "(batch, 32)",
             parameters=9600, args={"sizes": [64, 32], "activation": "relu", "dropout": None}),
        node("/network/factories/0/factories/1", "cross", 2, "(batch, 16)"),
        node("/network/factories/1", "output", 1, "(batch, 1)", parameters=1),
    ]},
    "data": {
        "index_frame": "flights", "splits": {"train": 196407, "test": 65453},
        "extractors": [
            {"name": "label", "frame": "flights", "width": 1, "rows": 327346,
             "chain": ["flights"], "columns": [{"name": "late", "transformer": "identity"}]},
            {"name": "planes", "frame": "planes", "width": 25, "rows": 3322, "encoding": "dense",
             "chain": ["flights", "planes"], "bytes": 12345,
             "coverage": [{"frame": "planes", "columns": ["tailnum"], "samples": 327346,
                           "matched": 279017}],
             "columns": [{"name": "year", "transformer": "continuous", "width": 2}]},
        ],
    },
}


JUDGED = (
    Judged("test", "", confusion=Confusion(("red", "blue"), ((1234, 2), (3, 40))),
           calibration=(Bin(0.1, 0.15, 900), Bin(0.8, 0.75, 379))),
    Judged("display", "size", residuals=Residuals(
        (1.0, 2.0, 3.0), (1.5, 1.5, 3.5), (-1.0, 0.0, 1.0), (5, 7)), coverage={0.9: 0.8725},
        column="0"),
)
IMPORTANCE: dict[str, Any] = {
    "format": 1, "split": "test", "measure": "roc_auc_score", "value": 0.8123, "rows": 2000,
    "repeats": 3, "reason": None, "shares": [
        {"frame": "planes", "column": None, "worse": 0.1234, "spread": 0.0101},
        {"frame": "planes", "column": "year", "worse": 0.0567, "spread": 0.0042},
        {"frame": "planes", "column": "seats", "worse": -0.0033, "spread": 0.0012}]}
TIMING: dict[str, Any] = {
    "format": 1, "rows": 8192, "gather": 0.0021, "forward": 0.0177,
    "nodes": {"/network/factories/0/factories/0": 0.0165, "/network/factories/1": 0.0003}}


def assessed(**changes: Any) -> ReportInput:
    """A report with all that stands beside the metrics."""
    scores = {"roc_auc_score": {"low": 0.8011, "high": 0.8234, "resamples": 500, "drawn": 10,
                                "unit": "rows"}}
    return made(**{
        "intervals": {"test": scores, "display": {"roc_auc_score": None}}, "judged": JUDGED,
        "importance": IMPORTANCE, "timing": TIMING,
        "baselines": {
            "constant": {"splits": {"test": {"roc_auc_score": 0.5}}, "reason": None},
            "linear": {"splits": {"test": {"roc_auc_score": 0.8456}},
                       "reason": "without the ids of 'planes'"}}, **changes})


def made(epochs: int = 3, scores: int = 1, **changes: Any) -> ReportInput:
    names = ["roc_auc_score", *(f"metric_{index}" for index in range(1, scores))]
    history: dict[str, list[float | None]] = {
        "epoch": [float(epoch + 1) for epoch in range(epochs)],
        "rows": [196407.0] * epochs, "seconds": [2.0] * epochs,
    }
    for place, split in enumerate(("train", "display", "test")):
        for metric in ("loss", *names):
            history[f"{metric}_{split}"] = [
                0.7 - 0.1 * math.tanh(epoch / 9 + place) + 0.001 * (epoch * 7 % 5)
                for epoch in range(epochs)
            ]
    report = ReportInput(
        title="flights-b3f19c2a-1", spec_text='{"specc": 1, "name": "flights"}', plan=PLAN,
        history=history,
        metrics={split: dict.fromkeys(names, 0.8123) for split in ("display", "test")},
        directions=dict.fromkeys(names, "higher"),
        environment={"torch": "2.13.0"}, warnings=["the column pressure is constant"],
    )
    return replace(report, **changes)


def test_the_page_has_its_parts_in_order() -> None:
    page = Page(write_report(made()))
    headings = ["flights-b3f19c2a-1", "0.8123", "Training, by epoch", "Plan", "feed_forward",
                "Data", "Spec", "Environment", "Warnings", "the column pressure is constant"]
    found = [page.text.index(heading, page.text.index("samples of")) for heading in headings[1:]]
    assert found == sorted(found)
    assert page.text.index("65,453 samples") < page.text.index("Training, by epoch")


def test_what_was_assessed_stands_in_its_place() -> None:
    page = Page(write_report(assessed()))
    order = ["0.8123", "0.8011 to 0.8234", "0.5000", "0.8456", "without the ids",
             "Training, by epoch", "Predictions", "Confusion", "1,234", "Calibration", "379",
             "Residuals", "Quantiles", "87.2 %", "Importance of the inputs", "2,000 samples",
             "planes", "0.1234", "year", "Plan", "Data", "Slowest parts", "19.80 ms",
             "fully_connected", "16.50 ms", "Spec"]
    place = 0
    for shown in order:
        assert shown in page.text[place:], shown
        place = page.text.index(shown, place)


def test_a_baseline_that_is_as_good_is_marked() -> None:
    text = write_report(assessed())
    marked = re.findall(r'<span class="flag" title="the network is no better">([^<]*)<', text)
    assert marked == ["0.8456 !"]
    lower = write_report(assessed(directions={"roc_auc_score": "lower"}))
    assert 'the network is no better">0.5000 !' in lower
    assert 'the network is no better">0.8456 !' not in lower


def test_drawings_of_predictions_follow_the_theme() -> None:
    text = write_report(assessed())
    drawings = re.findall(r'<svg viewBox="0 0 330.*?</svg>', text, re.DOTALL)
    assert len(drawings) == 2 + 3, "two curves; calibration, scatter and residuals"
    assert not any(re.search(r"#[0-9a-f]{6}\b", drawing) for drawing in drawings)


def test_predictions_become_what_is_drawn() -> None:
    true = np.array([0, 1, 2, 2, 2])
    chances = np.array([[0.8, 0.1, 0.1], [0.1, 0.7, 0.2], [0.1, 0.2, 0.7], [0.6, 0.2, 0.2],
                        [0.2, 0.1, 0.7]])
    said = Predictions(true, chances, chances, chances, chances.argmax(axis=1))
    found = judged("test", "", Told("multiclass", said, ("a", "b", "c")))
    assert found.confusion == Confusion(["a", "b", "c"], [[1, 0, 0], [0, 1, 0], [1, 0, 2]])
    assert [(each.count, round(each.came, 3)) for each in found.calibration] == [
        (1, 0.0), (3, 1.0), (1, 1.0)]
    assert judged("test", "", Told("multiclass", said, ("a", "b", "c"),
                                   scored=False)).calibration == ()


@FEW
@given(st.integers(2, 400), st.integers(0, 99))
def test_every_sample_is_counted_once(rows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    true, values = rng.standard_cauchy((2, rows))
    number_like = Predictions(true, values, values, values, values, {0.9: values})
    found = judged("test", "", Told("regression", number_like))
    assert found.residuals is not None and sum(found.residuals.counts) == rows
    assert len(found.residuals.true) <= 300
    assert found.coverage == {0.9: pytest.approx((true <= values).mean())}
    classes = rng.integers(0, 40, (2, rows))
    many = Predictions(classes[0], *[np.full((rows, 40), np.nan)] * 3, classes[1])
    matrix = judged("test", "", Told("multiclass", many, tuple(map(str, range(40))),
                                     scored=False)).confusion
    assert matrix is not None and sum(map(sum, matrix.counts)) == rows
    assert len(matrix.classes) == 15 and matrix.classes[-1] == OTHER


def test_the_test_split_comes_first_and_carries_its_direction() -> None:
    text = write_report(made())
    assert splits(made()) == ("test", "display", "train")
    cards = text[text.index('class="splits"'):text.index("</header>")]
    assert cards.index("<bdi>test</bdi>") < cards.index("<bdi>display</bdi>")
    assert '<abbr title="higher is better">↑</abbr>' in cards
    lower = write_report(made(directions={"roc_auc_score": "lower"}))
    assert "↑" not in lower and '<abbr title="lower is better">↓</abbr>' in lower


def test_the_plan_shows_shapes_parameters_and_coverage() -> None:
    text = Page(write_report(made())).text
    for shown in ("(batch, 116) → (batch, 32)", "9,600 parameters", "sizes [64, 32]",
                  "flights → planes", "279,017 of 327,346", "85.2 %", "12.1 KiB", "2.0 KiB",
                  "torch.nn:BCELoss", "late", "lr 0.003"):
        assert shown in text
    assert "dropout" not in text, "an argument that is unset says nothing"


CONTEXTS = [{
    "name": "history", "frame": "landings", "rows": 900, "rows_seen": 800, "chain": ["planes"],
    "on": {"columns": ["tailnum"]}, "samples": 1000, "empty": 250,
    "rows_a_sample": {"mean": 3.25, "median": 3.0, "max": 9},
    "extractors": [{"name": "history.word", "columns": [
        {"name": "word", "transformer": "ids", "width": 1, "ids": 1207}]}],
    "aggregations": [
        {"frame": "history.mean", "type": "group_by", "shape": "(batch, 12)", "width": 12,
         "kept": True, "bytes": 2048},
        {"frame": "history.steps", "type": "sequence", "shape": "(batch, up to 5, 2)", "width": 2,
         "ids": 1, "steps": 5, "kept": False, "bytes": 0},
    ],
}]


def with_contexts() -> ReportInput:
    return made(plan={**PLAN, "data": {**PLAN["data"], "contexts": CONTEXTS}})


def test_a_context_is_drawn_with_the_frames_made_of_it() -> None:
    drawing = drawn_plan(write_report(with_contexts()))
    assert "3 frames flow into a network of 5 nodes" in drawing
    texts = [re.sub("<[^>]*>", "", text) for text in re.findall(r"<text .*?</text>", drawing)]
    assert {"history", "3.2 rows a sample", "planes → landings · 75.0 % of samples",
            "history.mean", "12", "history.steps", "2 + 1 id", "up to 5 steps"} <= set(texts)
    # Two more than without: from the context to each of its aggregations.
    assert drawing.count("marker-end") == drawn_plan(write_report(made())).count("marker-end") + 2


def test_contexts_have_tables() -> None:
    text = Page(write_report(with_contexts())).text
    for shown in ("Contexts", "800 of 900", "planes → landings", "25.0 %", "(batch, up to 5, 2)",
                  "2.0 KiB", "made for each batch", "ids 1,207"):
        assert shown in text, shown


def test_frames_flow_into_every_extraction_and_frozen_weights_are_told() -> None:
    nodes = [
        node("/network", "parallel", 0, "(batch, 2)"),
        *(each for branch in range(2) for each in (
            node(f"/network/branches/{branch}/input_frames", "extraction", 1, "(batch, 1)"),
            node(f"/network/branches/{branch}", "embedding", 1, "(batch, 1)", parameters=30,
                 trainable=10 * branch))),
    ]
    drawing = drawn_plan(write_report(made(plan={**PLAN, "network": {"nodes": nodes}})))
    assert "30 parameters, frozen" in drawing and "30 parameters, 10 of them train" in drawing
    arrows = re.findall(r'd="([^"]*)" class="flow" marker-end', drawing)
    # From the frames, from parallel, and from the extraction to its reader, twice; then the ends.
    assert len(arrows) == 2 * 3 + 3


def drawn_plan(text: str) -> str:
    start = text.index('<svg class="plan"')
    return text[start:text.index("</svg>", start) + len("</svg>")]


def test_the_plan_is_a_drawing_that_holds_every_node_and_frame() -> None:
    drawing = drawn_plan(write_report(made()))
    assert 'role="img" aria-label="1 frame flows into a network of 5 nodes"' in drawing
    texts = [re.sub("<[^>]*>", "", text) for text in re.findall(r"<text .*?</text>", drawing)]
    for entry in PLAN["network"]["nodes"]:
        place = texts.index(entry["type"])
        assert texts[place + 1] == f"{entry['input']} → {entry['output']}"
    assert {"planes", "25", "flights → planes · 85.2 % of samples", "optimizer"} <= set(texts)


def test_nodes_are_indented_by_depth_and_branches_do_not_feed_each_other() -> None:
    drawing = drawn_plan(write_report(made()))
    left = {found["type"]: int(found["x"]) for found in re.finditer(
        r'<text x="(?P<x>\d+)" y="\d+" class="head"><tspan>(?P<type>[^<]*)<', drawing)}
    assert left["feed_forward"] < left["parallel"] == left["output"] < left["fully_connected"]
    assert left["fully_connected"] == left["cross"]
    arrows = re.findall(r'd="([^"]*)" class="flow" marker-end', drawing)
    # One from the frames; to parallel, both branches and the output; to loss (2) and optimizer.
    assert len(arrows) == 8
    branches = [arrow for arrow in arrows if arrow.count("L") == 2]
    assert len(branches) == 3, "parallel and both its branches hang from their parents"


def test_a_text_is_cut_to_its_box() -> None:
    for value in ("w" * 300, "漢" * 300, "i" * 300, "name"):
        cut = fit(value, 200, 13)
        assert measure(cut, 13) <= 200
        assert cut == value if value == "name" else cut.endswith("…") and len(cut) > 10


def test_a_long_plan_is_drawn_up_to_its_limits() -> None:
    nodes = [node("/network", "cross", 0, "(batch, 1)")] * 450
    frames = [{"name": f"frame_{index}", "width": 1} for index in range(45)]
    drawing = drawn_plan(write_report(made(
        plan={"network": {"nodes": nodes}, "data": {"extractors": frames}})))
    assert drawing.count(">cross<") == 400
    assert "and 50 more nodes" in drawing and "and 5 more frames" in drawing


@pytest.mark.parametrize("depths", [
    [0, 3, 1, 0], [2, 2, 9], [0] * 500, list(range(60)), [-4, True],
])
def test_any_order_of_depths_gives_boxes_that_close(depths: list[int]) -> None:
    nodes = [node("/network", "cross", depth, "(batch, 1)") for depth in depths]
    Page(write_report(made(plan={"network": {"nodes": nodes}})))


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    text = write_report(assessed(epochs=30, scores=4))
    page = Page(text)
    assert not {"script", "link", "iframe", "object", "img", "base", "form"} & set(page.tags)
    assert "://" not in text and "@import" not in text and not re.search(r"url\((?!#)", text)
    assert [value for value in page.values("href") if not str(value).startswith("#")] == []
    assert not [key for _, key, _ in page.attributes if key.startswith("on") or key == "src"]
    assert any("default-src 'none'" in str(value) for value in page.values("content"))


def test_ids_are_unique_and_every_reference_has_its_target() -> None:
    text = write_report(assessed(epochs=30, scores=5))
    page = Page(text)
    ids = page.values("id")
    assert len(ids) == len(set(ids)) > 5
    clips = set(re.findall(r"url\(#([^)]*)\)", text))
    assert clips and clips | {str(value)[1:] for value in page.values("href")} <= set(ids)


def test_drawings_keep_text_as_text_and_follow_the_theme() -> None:
    text = write_report(made(epochs=5))
    drawing = text[text.index("<svg"):text.index("</svg>")]
    assert re.search(r"<text [^>]*>\d", drawing)
    assert "var(--split-0)" in drawing and "var(--muted)" in drawing
    assert not re.search(r"#[0-9a-f]{6}\b", drawing), "a colour that no theme can change"
    assert "<?xml" not in text and "<metadata" not in text and "<style" not in drawing


def test_equal_input_gives_equal_bytes_in_another_process() -> None:
    code = ("import sys, hashlib; sys.path.insert(0, sys.argv[1]); import test_report as t;"
            "print(hashlib.sha256(t.write_report(t.made(9, 3)).encode()).hexdigest())")
    folder = __file__.rpartition("/")[0]
    other = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True,
                           check=True, env={"PYTHONHASHSEED": "77", "HOME": folder,
                                            "MPLCONFIGDIR": matplotlib.get_configdir()})
    first = write_report(made(9, 3))
    assert first == write_report(made(9, 3))
    assert other.stdout.strip() == hashlib.sha256(first.encode()).hexdigest()


def test_the_settings_of_the_caller_neither_count_nor_change() -> None:
    plain = write_report(made())
    with matplotlib.rc_context({"lines.linewidth": 9, "svg.fonttype": "path", "axes.grid": True,
                                "figure.dpi": 300}):
        assert write_report(made()) == plain
        assert matplotlib.rcParams["lines.linewidth"] == 9
        assert matplotlib.rcParams["svg.fonttype"] == "path"
    assert "matplotlib.pyplot" not in sys.modules


def test_a_long_run_stays_small() -> None:
    rng = np.random.default_rng(0)
    many = rng.normal(size=(2, 100_000))
    values = judged("test", "", Told("regression", Predictions(many[0], *[many[1]] * 4)))
    classes = rng.integers(0, 100, (2, 100_000))
    matrix = judged("test", "", Told("multiclass", Predictions(
        classes[0], *[rng.random((100_000, 100))] * 3, classes[1]), tuple(map(str, range(100)))))
    shares = [{"frame": "planes", "column": f"column_{row}", "worse": 0.1, "spread": 0.01}
              for row in range(300)]
    nodes = {f"/network/factories/{row}": 0.001 for row in range(200)}
    text = write_report(assessed(
        epochs=100, scores=10, judged=[replace(each, split=f"split {row}")
                                       for row in range(4) for each in (values, matrix)],
        importance={**IMPORTANCE, "shares": shares}, timing={**TIMING, "nodes": nodes}))
    assert len(text.encode()) < 2_000_000


@pytest.mark.parametrize("changes", [
    {"history": {}},
    {"history": {"epoch": [1.0], "loss_train": [0.5]}},
    {"history": {"epoch": [1.0, 2.0], "loss_train": [None, None]}},
    {"history": {"loss_train": [0.5, None, math.nan, 0.4, math.inf, 1e308, -1e308]}},
    {"history": {"epoch": [1.0, 2.0, 3.0], "loss_train": [0.5]}},
    {"history": {"epoch": [1, 2], "loss_train": [1, 1], "rate": [0.1, 0.2]}},
    {"metrics": {}}, {"metrics": {"test": {}}}, {"metrics": {"test": {"roc_auc_score": None}}},
    {"metrics": {"test": {"roc_auc_score": math.nan}}}, {"warnings": []}, {"environment": {}},
    {"plan": {}}, {"plan": {"data": None, "network": [], "loss": 3, "memory": {"data": "big"}}},
    {"plan": {"data": {"extractors": [{}, None, {"name": 3, "width": None, "columns": [{}],
                                                 "coverage": [{"samples": 0, "matched": 0}]}]},
              "network": {"nodes": [{}, "node", {"depth": "deep", "args": None}]}}},
    {"plan": {"data": {"contexts": [{}, None, {"aggregations": [{}, 3], "rows_a_sample": 1,
                                               "empty": "some", "extractors": [{}]}]}}},
    {"judged": [Judged("test", "")]}, {"importance": {"shares": [{}, None, {"worse": "big"}]}},
    {"judged": [Judged("test", "", residuals=Residuals((1.0, 1e300), (0.0, 0.0), (0.0, 1.0),
                                                       (2,)))]},
    {"timing": {"nodes": {"/network": "slow"}, "gather": 1, "forward": 1}},
    {"timing": {"nodes": {"/network": 0.0}, "gather": 0.0, "forward": 0.0, "rows": None}},
    {"intervals": {"test": {"roc_auc_score": {"low": "a"}}, "display": None}},
    {"baselines": {"constant": None, "linear": {"splits": {"test": None}, "reason": 3}}},
    {"spec_text": ""}, {"spec_text": "{"}, {"spec_text": "[" * 100_000}, {"title": ""},
], ids=lambda changes: str(changes)[:60])
def test_what_is_missing_or_odd_is_left_out(changes: dict[str, Any]) -> None:
    Page(write_report(made(**changes)))


def test_one_epoch_is_a_dot_for_each_split() -> None:
    text = write_report(made(epochs=1))
    drawing = text[text.index("<svg"):text.index("</svg>")]
    assert drawing.count("<use ") == 3


def test_a_value_between_gaps_is_a_dot_and_gaps_are_not_bridged() -> None:
    values = [0.5, None, 0.4, None, 0.3, 0.2]
    text = write_report(made(history={"loss_train": values}))
    drawing = text[text.index("<svg"):text.index("</svg>")]
    assert drawing.count("<use ") == 3, "epochs 1 and 3 alone, and the end of the line"


HOSTILE = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' onmouseover='x", "&lt;b&gt;",
    "</style><script>", "\u202egnp.exe", "a\u200fb", "\ud800", "\x00\x1b[31m", "$\\frac{",
    "--><!--", 'id="curve-0-axes_1"', "url(#x)", "#fe0100", "line\nbreak", "x" * 10_000,
]


def renamed(value: str) -> ReportInput:
    """A report in which everything that can hold a name holds `value`."""
    def rename(part: Any) -> Any:
        if isinstance(part, str):
            return value
        if isinstance(part, list):
            return [rename(item) for item in part]
        if isinstance(part, dict):
            return {key: rename(item) for key, item in part.items()}
        return part

    plan = rename(PLAN)
    plan["data"]["splits"] = {value: 10}
    plan["data"]["contexts"] = rename(CONTEXTS)
    plan["network"]["nodes"][2]["args"] = {value: value, "list": [value]}
    plan["memory"] = {value: 12}
    return ReportInput(
        title=value, spec_text=json.dumps({value: value}), plan=plan,
        history={"epoch": [1.0, 2.0], f"loss_{value}": [1.0, 2.0], f"{value}_test": [0.1, 0.2],
                 value: [0.0, 1.0]},
        metrics={value: {value: 0.5}}, directions={value: "lower"}, environment={value: value},
        warnings=[value], intervals={value: {value: {"low": 0.1, "high": 0.2}}},
        baselines={name: {"splits": {value: {value: 0.1}}, "reason": value}
                   for name in ("constant", "linear")},
        judged=[replace(each, split=value, head=value, column=value) for each in (
            replace(JUDGED[0], confusion=Confusion((value, value), ((1, 2), (3, 4)))),
            JUDGED[1])],
        importance=rename(IMPORTANCE), timing={**TIMING, "nodes": {value: 0.5}},
    )


@cache
def plain() -> Page:
    return Page(write_report(renamed("plain")))


def check_harmless(value: str) -> None:
    text = write_report(renamed(value))
    text.encode()
    page = Page(text)
    assert set(page.tags) == set(plain().tags)
    assert {(tag, key) for tag, key, _ in page.attributes} == {
        (tag, key) for tag, key, _ in plain().attributes
    }
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert all(character.isprintable() or character == "\n" for character in text)


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: ascii(value)[:24])
def test_a_hostile_name_stays_text(value: str) -> None:
    check_harmless(value)


@settings(FEW, max_examples=12)
@given(st.text(max_size=40))
def test_any_name_stays_text(value: str) -> None:
    check_harmless(value)


def test_a_long_name_is_cut() -> None:
    text = write_report(made(title="x" * 10_000, warnings=["y" * 10_000]))
    assert "x" * 119 + "…" in text and "x" * 120 not in text
    assert "y" * 499 + "…" in text and "y" * 500 not in text


@FEW
@given(st.text(max_size=300), st.integers(1, 50))
def test_shorten_keeps_to_its_limit_and_to_one_line(value: str, limit: int) -> None:
    short = shorten(value, limit)
    assert len(short) <= limit
    assert short.isprintable()
    if value.isprintable() and len(value) <= limit:
        assert short == value


def test_a_spec_of_one_line_is_set_out_and_a_written_one_stays_as_it_is() -> None:
    assert '{\n  "specc": 1,\n  "name": "flights"\n}' in Page(write_report(made())).text
    written = '{"specc": 1,\n   "name":   "flights"}'
    assert written in Page(write_report(made(spec_text=written))).text


def test_columns_of_the_history_find_their_metric_and_split() -> None:
    report = made(
        history={"epoch": [1.0], "seconds": [1.0], "f_test": [1.0], "f_hard_test": [2.0],
                 "mean_error_test": [3.0], "rate": [4.0], "loss_hard_test": [5.0]},
        metrics={"test": {"mean_error": 1.0, "f": 1.0}, "hard_test": {"f": 1.0}},
    )
    found = {group.metric: group.series for group in curves(report)}
    assert found == {
        "loss": {"hard_test": [5.0]}, "f": {"test": [1.0], "hard_test": [2.0]},
        "mean_error": {"test": [3.0]}, "rate": {"": [4.0]},
    }
    assert next(iter(found)) == "loss"


@pytest.mark.parametrize(("value", "shown"), [
    (0.81234, "0.8123"), (-0.5, "\u22120.5000"), (42.195, "42.20"), (12345.67, "12,345.7"),
    (0.0, "0.0000"), (1.23e-7, "1.230e\u221207"), (3, "3"), (None, "\u2013"), (math.nan, "NaN"),
    (math.inf, "∞"), (10**400, "\u2013"), ("text", "\u2013"), (True, "\u2013"),
])
def test_numbers_read_well(value: Any, shown: str) -> None:
    assert number(value) == shown


def test_units_read_well() -> None:
    assert [size_in_bytes(value) for value in (0, 1023, 1536, 5 * 1024**3)] == [
        "0 B", "1023 B", "1.5 KiB", "5.0 GiB"]
    assert [duration(value) for value in (0.4, 12.34, 59.99, 245, 7620)] == [
        "0.40 s", "12.3 s", "60.0 s", "4 min 05 s", "2 h 07 min"]
    assert percent(share(99_999, 100_000)) == "99.9 %" and percent(share(2, 2)) == "100 %"
    assert share(1, 0) is None and percent(None) == "\u2013"
