"""`specc report` and `specc compare`: finished runs read back, and held against each other.

Not checked here: how the pages look, and what goes into a report (runtime/test_report.py).
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from click.testing import Result
from hypothesis import given, settings
from hypothesis import strategies as st
from specc.compiler.stages import Node
from specc.runtime.assessment.resampling import Measured, percentile_interval
from specc.runtime.comparing.pairing import paired_figure, same_rows
from specc.runtime.metrics import value_of
from specc.runtime.predictions import Predictions

import specc

Specc = Callable[..., Result]
ROWS = 400
FEW = settings(deadline=None, max_examples=15)


def frame(seed: int = 0, rows: int = ROWS) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    a, b, noise = rng.normal(size=(3, rows))
    return pd.DataFrame({
        "id": np.arange(rows), "a": a, "b": b, "y": (a + 0.7 * b + noise > 0).astype(int),
        "number": a - b + noise, "kind": np.where(a > 0.4, "x", np.where(b > 0, "y", "z")),
        "split": np.where(np.arange(rows) % 2, "train", "test")}).set_index("id")


def spec(label: str = "y", columns: tuple[str, ...] = ("a", "b"), **parts: Any) -> dict[str, Any]:
    metrics = {"y": ["roc_auc_score", "accuracy_score"], "number": ["mean_absolute_error"],
               "kind": ["f1_score", "log_loss"]}[label]
    loss = {"y": "BCEWithLogitsLoss", "number": "MSELoss", "kind": "CrossEntropyLoss"}[label]
    classes = {"transformer": {"type": "class_index"}} if label == "kind" else {}
    more = {"f1_score": {"average": "macro"}}
    return {
        "specc": 1, "name": "made",
        "extractors": {"label": {"type": "plain", "take_columns": [label], **classes},
                       "x": {"type": "plain", "take_columns": list(columns)}},
        "network": {"type": "fully_connected", "sizes": [4, 3 if label == "kind" else 1],
                    "input_frames": ["x"]},
        "loss": {"type": f"torch.nn:{loss}"},
        "optimizer": {"type": "torch.optim:Adam", "lr": 0.05},
        "metrics": [{"type": f"sklearn.metrics:{name}", **more.get(name, {})}
                    for name in metrics],
        "training": {"epochs": 6, "batch_size": 40, "device": "cpu", "evaluate_on": ["test"]},
        **parts,
    }


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Finished runs by what is particular about them."""
    out = tmp_path_factory.mktemp("runs")
    kinds: dict[str, tuple[dict[str, Any], pd.DataFrame]] = {
        "both": (spec(), frame()),
        "one": (spec(columns=("b",)), frame()),
        "seed": (spec(seed=7), frame()),
        "other data": (spec(), frame(seed=1)),
        "kind": (spec("kind"), frame()),
        "number": (spec("number"), frame()),
        "weaker number": (spec("number", columns=("b",)), frame()),
    }
    found = {}
    for name, (document, index) in kinds.items():
        result = specc.run(document, {"index": index}, out=out / name.replace(" ", "_"))
        assert result.run is not None, str(result)
        found[name] = result.folder
    return found


@pytest.fixture
def copied(runs: dict[str, Path], tmp_path: Path) -> Path:
    """A run folder to spoil."""
    return Path(shutil.copytree(runs["both"], tmp_path / "run"))


def differences(*folders: Path) -> dict[tuple[str, str], Any]:
    found = specc.compare(*folders)
    assert found.ok, str(found)
    return {(each.split, each.measure): each for each in found.metrics}


# Reports from the folder


def test_a_report_is_made_anew_to_the_byte(runs: dict[str, Path], tmp_path: Path) -> None:
    for name in ("both", "kind", "number"):
        written = (runs[name] / "report.html").read_bytes()
        out = tmp_path / f"{name}.html"
        made = specc.report(runs[name], out=out)
        assert made.ok and made.path == out and out.read_bytes() == written


def test_the_report_needs_nothing_but_its_folder(copied: Path) -> None:
    (copied / "report.html").unlink()
    shutil.rmtree(copied / "checkpoints", ignore_errors=True)
    made = specc.report(copied)
    assert made.path == copied / "report.html"
    text = made.path.read_text(encoding="utf-8")
    for shown in ("Confusion", "Calibration", "Importance of the inputs", "Slowest parts",
                  "constant", "linear"):
        assert shown in text
    assert "<script" not in text and "://" not in text


def test_the_report_of_a_hundred_epochs_is_small_and_asks_no_network(tmp_path: Path) -> None:
    """Below 2 MB; what it names lies in the page itself."""
    long = {"epochs": 100, "batch_size": 200, "device": "cpu"}
    ran = specc.run(spec(training=long), {"index": frame()}, out=tmp_path)
    assert ran.run is not None and len(ran.history) == 100, str(ran)
    page = (ran.folder / "report.html").read_bytes()
    assert len(page) < 2_000_000
    text = page.decode().replace("http://www.w3.org/2000/svg", "").replace(
        "http://www.w3.org/1999/xlink", "")
    assert "default-src 'none'" in text
    assert not re.search(r"https?:|//[a-z]|@import|<link|<script|<iframe|<object|<img", text)
    targets = re.findall(r"(?:href|src)\s*=\s*\"([^\"]*)", text) + re.findall(r"url\(([^)]*)", text)
    assert targets and all(target.startswith("#") for target in targets)


def test_warnings_of_the_plan_are_in_the_report(tmp_path: Path) -> None:
    document = spec(loss={"type": "torch.nn:MSELoss"})
    result = specc.run(document, {"index": frame()}, out=tmp_path)
    assert [found.code for found in result.diagnostics] == ["SC312"]
    text = (result.folder / "report.html").read_text(encoding="utf-8")
    assert "SC312" in text and "1 warning" in text


def test_a_run_without_the_newer_files_has_a_report(copied: Path) -> None:
    for name in ("importance.json", "timing.json", "findings.json", "predictions.parquet"):
        (copied / name).unlink()
    old = json.loads((copied / "metrics.json").read_text())
    (copied / "metrics.json").write_text(json.dumps(
        {"format": 1, "epoch": old["epoch"], "splits": old["splits"]}))
    made = specc.report(copied)
    assert made.path is not None, str(made)
    assert "Importance" not in made.path.read_text(encoding="utf-8")
    assert specc.compare(copied, copied).ok


# Comparisons


def test_runs_on_the_same_rows_are_paired(runs: dict[str, Path]) -> None:
    found = differences(runs["one"], runs["both"])
    auc = found["test", "roc_auc_score"]
    assert (auc.how, auc.noise, auc.better) == ("paired", False, True)
    assert auc.low is not None and auc.high is not None and auc.difference is not None
    assert 0 < auc.low < auc.difference < auc.high
    loss = found["test", "loss"]
    assert (loss.how, loss.better) == ("unpaired", True) and "loss" in str(loss.why)


def test_a_run_and_itself_are_equal(runs: dict[str, Path]) -> None:
    for each in differences(runs["both"], runs["both"]).values():
        assert each.difference == 0 and each.noise and each.better is None
        if each.how == "paired":
            assert (each.low, each.high) == (0, 0)


def test_another_seed_is_noise(runs: dict[str, Path]) -> None:
    found = differences(runs["both"], runs["seed"])
    assert found["test", "roc_auc_score"].noise and found["test", "accuracy_score"].noise


def test_a_difference_and_its_reverse_mirror_each_other(runs: dict[str, Path]) -> None:
    there, back = (differences(*pair)["test", "roc_auc_score"] for pair in (
        (runs["one"], runs["both"]), (runs["both"], runs["one"])))
    assert there.low is not None and there.high is not None
    assert (back.low, back.high) == pytest.approx((-there.high, -there.low))
    assert (there.better, back.better) == (True, False)


def test_pairs_are_narrower_than_two_intervals(runs: dict[str, Path]) -> None:
    auc = differences(runs["one"], runs["both"])["test", "roc_auc_score"]
    ends = [json.loads((runs[name] / "metrics.json").read_text())["intervals"]["test"][
        "roc_auc_score"] for name in ("one", "both")]
    assert auc.low is not None and auc.high is not None
    alone = np.hypot(*(end["high"] - end["low"] for end in ends))
    assert auc.high - auc.low < alone


def test_other_rows_are_not_paired_and_other_data_are_told(runs: dict[str, Path]) -> None:
    comparison = specc.compare(runs["both"], runs["other data"])
    auc = next(each for each in comparison.metrics if each.measure == "roc_auc_score")
    assert auc.how == "unpaired" and auc.why == "the true values of the rows differ"
    assert "the frame index holds other data" in str(comparison)


@pytest.mark.parametrize("other", ["kind", "number"])
def test_measures_of_other_labels_are_not_held_against_each_other(
        runs: dict[str, Path], other: str) -> None:
    loss = differences(runs["both"], runs[other])["test", "loss"]
    assert (loss.low, loss.noise, loss.better) == (None, None, None)
    assert loss.why == "the labels are not the same"


def test_numbers_and_classes_are_paired_too(runs: dict[str, Path], tmp_path: Path) -> None:
    error = differences(runs["weaker number"], runs["number"])["test", "mean_absolute_error"]
    assert (error.how, error.noise, error.better) == ("paired", False, True)
    result = specc.run(spec("kind", columns=("b",)), {"index": frame()}, out=tmp_path)
    found = differences(result.folder, runs["kind"])
    assert found["test", "log_loss"].how == found["test", "f1_score"].how == "paired"
    assert found["test", "log_loss"].better and not found["test", "log_loss"].noise


def test_specs_are_compared_by_pointer(runs: dict[str, Path]) -> None:
    found = specc.compare(runs["both"], runs["seed"], runs["one"]).to_json()
    places = [[change["after"] or change["before"] for change in spec["changes"]]
              for spec in found["specs"]]
    assert places == [["/seed"], ["/extractors/x/take_columns/0"]]
    assert [run["name"] for run in found["runs"]] == [
        runs[name].name for name in ("both", "seed", "one")]
    assert {each["run"] for each in found["metrics"]} == {1, 2}


def test_the_order_of_the_rows_means_nothing(runs: dict[str, Path], copied: Path) -> None:
    table = pyarrow.parquet.read_table(copied / "predictions.parquet")
    order = np.random.default_rng(0).permutation(table.num_rows)
    pyarrow.parquet.write_table(table.take(pa.array(order)), copied / "predictions.parquet")
    there = differences(runs["one"], runs["both"])["test", "roc_auc_score"]
    mixed = differences(runs["one"], copied)["test", "roc_auc_score"]
    assert mixed.how == "paired" and (mixed.low, mixed.high) == pytest.approx(
        (there.low, there.high))


def test_predictions_that_do_not_give_the_metric_are_not_paired(
        runs: dict[str, Path], copied: Path) -> None:
    metrics = json.loads((copied / "metrics.json").read_text())
    metrics["splits"]["test"]["roc_auc_score"] = 0.999
    (copied / "metrics.json").write_text(json.dumps(metrics))
    auc = differences(runs["one"], copied)["test", "roc_auc_score"]
    assert auc.how == "unpaired" and auc.why == "the predictions do not give the metric again"


@FEW
@given(seed=st.integers(0, 9_999), noise=st.sampled_from([0.1, 0.9]))
def test_a_paired_interval_is_that_of_the_row_by_row_difference(seed: int, noise: float) -> None:
    rng = np.random.default_rng(seed)
    true = rng.normal(size=300)
    first = true + rng.normal(size=300)
    second = first + noise * rng.normal(size=300)
    ours, theirs = (Predictions(true, *[values] * 4) for values in (first, second))
    node = Node("/metrics/0", "sklearn.metrics:mean_absolute_error", {})
    values = [value_of(node, said)[0] for said in (ours, theirs)]
    assert values[0] is not None and values[1] is not None
    figure = paired_figure(node, ours, theirs, values[0], values[1], seed)
    assert figure is not None
    found = percentile_interval(Measured(figure, values[1] - values[0], 300), seed)
    assert found is not None
    gaps = np.abs(second - true) - np.abs(first - true)
    reach = 1.96 * gaps.std() / np.sqrt(300)
    assert found.low == pytest.approx(gaps.mean() - reach, abs=0.35 * reach + 1e-9)
    assert found.high == pytest.approx(gaps.mean() + reach, abs=0.35 * reach + 1e-9)


@FEW
@given(st.permutations(range(8)))
def test_rows_find_each_other_by_their_keys(order: list[int]) -> None:
    table = pa.table({"id": list("abcdefgh"), "split": ["test"] * 8, "true": list(range(8))})
    places, reason = same_rows(table, table.take(pa.array(order)))
    assert reason is None and places is not None
    assert [order[place] for place in places] == list(range(8))
    other = table.set_column(2, "true", pa.array([*range(7), 0]))
    assert same_rows(table, other)[1] == "the true values of the rows differ"
    assert same_rows(table, table.slice(1))[1] == "the split has other rows"
    assert same_rows(table, table.rename_columns(["key", "split", "true"]))[1] == \
        "the rows have other keys"


# The command line


def test_the_table_and_the_page(specc: Specc, runs: dict[str, Path], tmp_path: Path) -> None:
    page = tmp_path / "compare.html"
    result = specc("compare", str(runs["one"]), str(runs["both"]), "--out", str(page))
    assert result.exit_code == 0, result.output
    assert re.search(r"test +roc_auc_score .* paired +better", result.output)
    assert '/extractors/x/take_columns/0 "a"' in result.output
    text = page.read_text(encoding="utf-8")
    assert "<script" not in text and "://" not in text and text.endswith("</html>\n")
    for shown in ("paired", "better", "/extractors/x/take_columns/0", runs["one"].name):
        assert shown in text
    assert specc("compare", str(runs["one"]), str(runs["both"]), "--out",
                 str(page)).exit_code == 0 and page.read_text(encoding="utf-8") == text


def test_json_is_one_document(specc: Specc, runs: dict[str, Path], tmp_path: Path) -> None:
    result = specc("compare", str(runs["one"]), str(runs["both"]), "--format", "json")
    found = json.loads(result.stdout)
    assert found["format"] == 1 and found["metrics"][0]["verdict"] == "better"
    made = specc("report", str(runs["one"]), "--format", "json", "--out", str(tmp_path / "r.html"))
    assert json.loads(made.stdout) == {"format": 1, "page": str(tmp_path / "r.html")}


def test_one_run_alone_is_a_usage_error(specc: Specc, runs: dict[str, Path]) -> None:
    assert specc("compare", str(runs["one"])).exit_code == 2
    assert specc("compare").exit_code == 2 and specc("report").exit_code == 2


def test_a_page_that_cannot_be_written(specc: Specc, runs: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for verb in (("report", str(runs["one"])), ("compare", str(runs["one"]), str(runs["both"]))):
        result = specc(*verb, "--out", str(tmp_path / "file" / "page.html"), "--format", "json")
        assert result.exit_code == 1
        assert [each["code"] for each in json.loads(result.stdout)["diagnostics"]] == ["SC502"]


# Folders that are not as a run wrote them


@pytest.mark.parametrize("folder", ["nowhere", "file", "empty"])
def test_what_is_no_run(specc: Specc, runs: dict[str, Path], tmp_path: Path,
                        monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("")
    Path("empty").mkdir()
    for verb in (("report", folder), ("compare", str(runs["one"]), folder)):
        result = specc(*verb, "--format", "json")
        assert result.exit_code == 1, result.output
        assert [each["code"] for each in json.loads(result.stdout)["diagnostics"]] == ["SC514"]


def test_a_path_that_no_system_has() -> None:
    for found in (specc.report("nul\0"), specc.compare("nul\0", "nul\0")):
        assert [each.code for each in found.diagnostics] == ["SC514"]


@pytest.mark.parametrize("name", ["metrics.json", "plan.json", "history.parquet",
                                  "model/spec.json"])
def test_a_run_that_has_not_finished(copied: Path, name: str) -> None:
    (copied / name).unlink()
    assert [each.code for each in specc.report(copied).diagnostics] == ["SC519"]
    assert [each.code for each in specc.compare(copied, copied).diagnostics] == ["SC519"]


READ = ("metrics.json", "plan.json", "environment.json", "importance.json", "timing.json",
        "findings.json", "history.parquet", "predictions.parquet")


@pytest.mark.parametrize("name", READ)
def test_a_file_that_was_cut_or_is_another(copied: Path, name: str) -> None:
    whole = (copied / name).read_bytes()
    for content in (b"", whole[:len(whole) // 2], b"[1, 2]", b"\xff" * 40, b"PAR1" * 8,
                    b"[" * 200_000, b'{"format": NaN}'):
        (copied / name).write_bytes(content)
        (found,) = specc.report(copied).diagnostics
        assert (found.code, found.is_error) == ("SC526", True), (name, content[:20])
        assert found.file == str(copied / name) and found.help
        assert [each.code for each in specc.compare(copied, copied).diagnostics] == ["SC526"]


WRONG: list[tuple[str, Any]] = [
    ("metrics.json", {"format": 3, "splits": {}}),
    ("metrics.json", {"format": 2, "splits": {"test": {"loss": "low"}}}),
    ("metrics.json", {"format": 2, "splits": {"test": 3}}),
    ("metrics.json", {"format": 2, "splits": {}, "intervals": {"test": {"loss": {"low": 1}}}}),
    ("metrics.json", {"format": 2, "splits": {}, "baselines": {"linear": {"splits": 1}}}),
    ("importance.json", {"format": 1, "shares": [1]}),
    ("timing.json", {"format": 1, "rows": 1, "gather": 1, "forward": 1, "nodes": {"/": "x"}}),
    ("findings.json", {"format": 1, "findings": [{"code": 1}]}),
]


@pytest.mark.parametrize(("name", "content"), WRONG, ids=str)
def test_a_file_of_another_form(copied: Path, name: str, content: Any) -> None:
    (copied / name).write_text(json.dumps(content))
    (found,) = specc.report(copied).diagnostics
    assert found.code == "SC526" and name in found.message


TABLES: list[dict[str, list[Any]]] = [
    {"id": [1]}, {"id": [1], "split": [3]}, {"id": [1], "split": ["test"], "true": ["a"],
                                            "predicted": ["b"]},
    {"id": [1], "split": ["test"], "true": [None], "predicted": [0.5]},
    {"id": [1], "split": ["test"], "true": [[1]], "predicted": [0.5]},
    {"id": [1], "split": ["test"], "true": ["q"], "predicted": ["x"], "probability_x": [0.5]},
]


@pytest.mark.parametrize("columns", TABLES, ids=str)
def test_predictions_of_another_form(copied: Path, columns: dict[str, list[Any]]) -> None:
    pyarrow.parquet.write_table(pa.table(columns), copied / "predictions.parquet")
    assert [each.code for each in specc.report(copied).diagnostics] == ["SC526"]
    assert [each.code for each in specc.compare(copied, copied).diagnostics] == ["SC526"]


def test_a_history_without_numbers(copied: Path) -> None:
    pyarrow.parquet.write_table(pa.table({"epoch": ["one"]}), copied / "history.parquet")
    assert [each.code for each in specc.report(copied).diagnostics] == ["SC526"]


@pytest.mark.parametrize("plan", [{}, {"task": 3, "heads": {"a": 1}}, {"task": "regression"},
                                  {"task": "multiclass"}, {"data": [], "network": "x"},
                                  {"heads": {"<b>": {"task": "binary"}}}], ids=str)
def test_a_plan_that_says_something_else_is_shown_or_refused(copied: Path, plan: Any) -> None:
    (copied / "plan.json").write_text(json.dumps(plan))
    made = specc.report(copied)
    assert made.path is not None or {each.code for each in made.diagnostics} == {"SC526"}


def test_a_spec_that_this_version_does_not_read(copied: Path) -> None:
    (copied / "model" / "spec.json").write_text('{"specc": 1, "loss": {"type": "os:system"}}')
    assert specc.report(copied).ok, "the page does without the directions"
    found = specc.compare(copied, copied)
    assert not found.ok and found.found is None
    with pytest.raises(RuntimeError, match="not compared"):
        found.to_json()


@FEW
@given(st.data())
def test_any_bytes_give_a_page_or_a_diagnostic(runs: dict[str, Path],
                                               tmp_path_factory: pytest.TempPathFactory,
                                               data: st.DataObject) -> None:
    folder = Path(shutil.copytree(runs["kind"], tmp_path_factory.mktemp("fuzz") / "run"))
    path = folder / data.draw(st.sampled_from([*READ, "spec.json", "model/spec.json"]))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(content))
    made = specc.report(folder)
    assert (made.path is None) == any(each.is_error for each in made.diagnostics)
    compared = specc.compare(runs["kind"], folder)
    assert (compared.found is None) == (not compared.ok)
