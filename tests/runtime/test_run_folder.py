"""The run folder: which files, what is in them, and that each is whole or absent."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
import torch
from safetensors.torch import load_file
from specc.compiler.transformers import restore
from specc.runtime import run_folder
from specc.runtime.run_folder import FolderError

import specc

FILES = {
    "spec.json", "plan.json", "environment.json", "inputs.json", "log.jsonl",
    "checkpoints/last.safetensors", "history.parquet", "history.csv",
    "metrics.json", "importance.json", "timing.json", "findings.json",
    "predictions.parquet", "report.html", "model/weights.safetensors",
    "model/transformers.json", "model/transformers.arrow", "model/spec.json",
    "model/model.json", "model/columns.arrow",
}
ROWS = 40


def frames() -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(0)
    index = pd.DataFrame({
        "a": rng.normal(size=ROWS), "word": rng.choice(["x", "y", "ö"], ROWS),
        "binary": np.arange(ROWS) % 2, "color": rng.choice(["blue", "green", "red"], ROWS),
        "number": rng.normal(size=ROWS),
        "split": np.array(["train", "display", "test", "spare"])[np.arange(ROWS) % 4],
    }, index=pd.Index([f"s{row}" for row in range(ROWS)], name="sample"))
    return {"index": index}


def spec(label: str = "binary", **parts: Any) -> dict[str, Any]:
    classes = {"transformer": {"type": "class_index"}} if label == "color" else {}
    loss = {"binary": "BCEWithLogitsLoss", "color": "CrossEntropyLoss", "number": "MSELoss"}
    return {
        "specc": 1, "name": "unal", "seed": 1,
        "extractors": {
            "label": {"type": "plain", "take_columns": [label], **classes},
            "x": {"type": "plain", "take_columns": ["a", "word"],
                  "transformer": {"type": "auto"}}},
        "network": {"type": "fully_connected", "sizes": [3, 3 if label == "color" else 1],
                    "input_frames": ["x"]},
        "loss": {"type": f"torch.nn:{loss[label]}"},
        "optimizer": {"type": "torch.optim:SGD", "lr": 0.1},
        "training": {"epochs": 3, "batch_size": 7, "device": "cpu",
                     "evaluate_on": ["display", "test"]}, **parts,
    }


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> specc.RunResult:
    metrics = [{"type": "sklearn.metrics:roc_auc_score"}]
    return specc.run(spec(metrics=metrics), frames(), out=tmp_path_factory.mktemp("runs"))


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_folder_holds_the_documented_files_alone(result: specc.RunResult) -> None:
    assert files(result.folder) == FILES
    assert {path.name for path in result.folder.iterdir() if path.is_dir()} == {
        "model", "checkpoints"}


def test_folder_is_called_by_name_hash_and_number(result: specc.RunResult) -> None:
    assert result.run is not None
    assert result.folder.name == f"unal-{result.run.plan.hash}-1"
    again = specc.run(spec(metrics=[{"type": "sklearn.metrics:roc_auc_score"}]), frames(),
                      out=result.folder.parent)
    assert again.folder.name == f"unal-{result.run.plan.hash}-2"


def test_spec_is_as_given_and_plan_is_resolved(result: specc.RunResult) -> None:
    assert result.run is not None and result.source is not None
    assert (result.folder / "spec.json").read_text(encoding="utf-8") == result.source.text
    assert read_json(result.folder / "plan.json") == result.run.plan.description
    assert read_json(result.folder / "model" / "spec.json") == dict(result.run.plan.graph.resolved)


def test_history_in_two_forms(result: specc.RunResult) -> None:
    table = pa.parquet.read_table(result.folder / "history.parquet").to_pandas()
    text = pd.read_csv(result.folder / "history.csv")
    for stored in (table, text):
        assert list(stored.columns) == list(result.history.columns)
        for name in stored:
            np.testing.assert_array_equal(stored[name].astype(float),
                                          result.history[name].astype(float))
    assert table["epoch"].tolist() == [1, 2, 3]


def test_metrics_hold_the_last_epoch_and_no_time(result: specc.RunResult) -> None:
    said = read_json(result.folder / "metrics.json")
    assert list(said) == ["format", "epoch", "splits", "level", "intervals", "baselines"]
    assert (said["format"], said["epoch"], said["level"]) == (2, 3, 0.95)
    assert said["intervals"].keys() == said["splits"].keys()
    assert set(said["baselines"]) == {"constant", "linear"}
    assert said["splits"] == result.metrics
    assert set(said["splits"]) == {"display", "test"}
    for split, measures in said["splits"].items():
        assert measures["loss"] == result.history[f"loss_{split}"].iloc[-1]
        assert measures["roc_auc_score"] == result.history[f"roc_auc_score_{split}"].iloc[-1]


def test_predictions_have_a_row_for_every_sample(result: specc.RunResult) -> None:
    table = result.predictions
    index = frames()["index"]
    assert list(table.columns) == ["sample", "split", "true", "predicted"]
    # Rows of `spare` are neither trained on nor evaluated, so they are no samples.
    wanted = index[index["split"] != "spare"]
    assert table["sample"].tolist() == wanted.index.tolist()
    assert table["split"].tolist() == wanted["split"].tolist()
    assert table["true"].tolist() == wanted["binary"].tolist()
    assert table["predicted"].between(0, 1).all()


def test_weights_are_named_by_pointer(result: specc.RunResult) -> None:
    weights = load_file(result.folder / "model" / "weights.safetensors")
    assert {name: tuple(tensor.shape) for name, tensor in weights.items()} == {
        "/network:linear_0.weight": (3, 6), "/network:linear_0.bias": (3,),
        "/network:linear_1.weight": (1, 3), "/network:linear_1.bias": (1,)}
    said = {f"{node['pointer']}:{name}": tuple(shape)
            for node in read_json(result.folder / "plan.json")["network"]["nodes"]
            for name, shape in node["parameter_shapes"].items()}
    assert said == {name: tuple(tensor.shape) for name, tensor in weights.items()}


def test_model_predicts_what_the_run_predicted(result: specc.RunResult) -> None:
    """Transformers and weights from the folder alone, with ordinary layers."""
    model = result.folder / "model"
    states = read_json(model / "transformers.json")
    with pa.OSFile(str(model / "transformers.arrow"), "rb") as source:
        stored = pa.ipc.open_file(source).read_all()
    index = frames()["index"].loc[result.predictions["sample"]]
    encoded = []
    for place, entry in enumerate(states["x"]):
        arrays = {name: stored.column(f"x/{place}/{name}").combine_chunks()[0].values
                  for name in entry["arrays"]}
        column = restore(entry["column"], entry["state"], arrays)
        encoded.append(column.encode(pa.array(index[entry["column"]])))
    values = torch.from_numpy(np.concatenate(encoded, axis=1))
    weights = load_file(model / "weights.safetensors")
    hidden = torch.relu(values @ weights["/network:linear_0.weight"].T
                        + weights["/network:linear_0.bias"])
    logits = hidden @ weights["/network:linear_1.weight"].T + weights["/network:linear_1.bias"]
    np.testing.assert_allclose(torch.sigmoid(logits)[:, 0].numpy(),
                               result.predictions["predicted"], atol=1e-6)


def test_environment_and_log(result: specc.RunResult) -> None:
    about = read_json(result.folder / "environment.json")
    assert about["device"] == "cpu" and about["seed"] == 1 and about["threads"] == 1
    assert about["versions"]["torch"] == torch.__version__
    assert set(about["bundle"]["frames"]) == {"index"}
    lines = (result.folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    assert [event["event"] for event in events] == ["start", "epoch", "epoch", "epoch", "end"]
    assert all("time" in event for event in events)


def test_report_opens_without_a_network(result: specc.RunResult) -> None:
    page = (result.folder / "report.html").read_text(encoding="utf-8")
    assert page.lower().startswith("<!doctype html>")
    assert not re.search(r"(?:src|href)=[\"']?https?:", page)


def test_classes_have_their_probabilities(tmp_path: Path) -> None:
    table = specc.run(spec("color"), frames(), out=tmp_path).predictions
    chances = table[[f"probability_{name}" for name in ("blue", "green", "red")]]
    assert list(table.columns[:4]) == ["sample", "split", "true", "predicted"]
    np.testing.assert_allclose(chances.sum(axis=1), 1, atol=1e-6)
    best = chances.idxmax(axis=1).str.removeprefix("probability_")
    assert table["predicted"].tolist() == best.tolist()
    assert table["true"].tolist() == frames()["index"].loc[table["sample"], "color"].tolist()


def test_numbers_without_a_key(tmp_path: Path) -> None:
    table = specc.run(spec("number"), {"index": frames()["index"].reset_index(drop=True)},
                      out=tmp_path).predictions
    assert list(table.columns) == ["row", "split", "true", "predicted"]
    np.testing.assert_allclose(table["true"], frames()["index"]["number"].to_numpy()[table["row"]],
                               rtol=1e-6)


def test_nothing_is_written_for_a_spec_that_is_refused(tmp_path: Path) -> None:
    result = specc.run(spec(network={"type": "output"}), frames(),
                       out=tmp_path / "runs")
    assert result.run is None and not (tmp_path / "runs").exists()
    with pytest.raises(RuntimeError, match="SC207"):
        _ = result.folder


def test_folder_that_cannot_be_made_is_a_diagnostic(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    result = specc.run(spec(), frames(), out=tmp_path / "file" / "runs")
    assert [one.code for one in result.diagnostics] == ["SC502"]
    assert (tmp_path / "file").read_text() == "mine"


# Whole or absent


def test_failing_producer_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    run_folder.write_json(path, {"old": 1})

    def half(temporary: Path) -> None:
        temporary.write_text("{")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_folder.write(path, half)
    assert read_json(path) == {"old": 1}
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.json"]


def test_failing_producer_leaves_no_file(tmp_path: Path) -> None:
    def broken(temporary: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(FolderError) as failed:
        run_folder.write(tmp_path / "deep" / "a", broken)
    assert failed.value.diagnostic.code == "SC502"
    assert "No space left" in failed.value.diagnostic.message
    assert list((tmp_path / "deep").iterdir()) == []


def test_a_reader_never_sees_a_half(tmp_path: Path) -> None:
    path = tmp_path / "a"
    seen: list[bytes] = []
    run_folder.write_bytes(path, b"old")

    def produce(temporary: Path) -> None:
        temporary.write_bytes(b"new, half")
        seen.append(path.read_bytes())
        temporary.write_bytes(b"new")

    run_folder.write(path, produce)
    assert seen == [b"old"] and path.read_bytes() == b"new"


def test_json_refuses_what_is_no_number(tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        run_folder.write_json(tmp_path / "a.json", {"a": float("nan")})
    assert not list(tmp_path.iterdir())


def test_numbers_of_folders_are_not_taken_twice(tmp_path: Path) -> None:
    made = [run_folder.create(tmp_path / "runs", "a", "0123abcd").name for _ in range(3)]
    assert made == ["a-0123abcd-1", "a-0123abcd-2", "a-0123abcd-3"]
