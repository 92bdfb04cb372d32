"""The same spec, bundle and seed give the same bytes, in processes of their own.

Not checked here: other devices than the CPU, and other versions of the libraries.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

EQUAL = ("metrics.json", "plan.json", "predictions.parquet", "model/weights.safetensors",
         "model/transformers.json", "model/transformers.arrow", "model/spec.json")
ROWS = 300

SPEC: dict[str, Any] = {
    "specc": 1, "name": "twice", "seed": 5,
    "bundle": {"prepare": [
        {"type": "stratified_split", "column": "y",
         "parts": {"train": 0.6, "display": 0.2, "test": 0.2}},
        {"type": "priority", "column": "word"}]},
    "extractors": {
        "label": {"type": "plain", "take_columns": ["y"]},
        "own": {"type": "plain", "take_columns": ["a", "word", "at"],
                "transformer": {"type": "auto"}},
        "shop": {"type": "plain", "joins": [{"frame": "shops", "on": "shop"}],
                 "transformer": {"type": "auto"}}},
    "network": {"type": "fully_connected", "sizes": [16, 8, 1], "dropout": 0.2,
                "normalization": "layer_norm", "input_frames": ["own", "shop"]},
    "loss": {"type": "torch.nn:BCEWithLogitsLoss"},
    "optimizer": {"type": "torch.optim:Adam", "lr": 0.01},
    "metrics": [{"type": "sklearn.metrics:roc_auc_score"}, {"type": "sklearn.metrics:log_loss"}],
    "training": {"epochs": 3, "batch_size": 32, "device": "cpu"},
}

PROGRAM = """
import json, sys, specc
bundle, out, *specs = sys.argv[1:]
folders = []
for spec in specs:
    result = specc.run(spec, bundle, out=out)
    assert result.run is not None, str(result)
    folders.append(str(result.folder))
print(json.dumps(folders))
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("determinism")
    rng = np.random.default_rng(0)
    a = rng.normal(size=ROWS)
    bundle = place / "bundle"
    bundle.mkdir()
    pd.DataFrame({
        "a": np.where(rng.random(ROWS) < 0.1, np.nan, a),
        "word": rng.choice(["x", "y", "z"], ROWS, p=[0.7, 0.2, 0.1]),
        "at": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 10**6, ROWS), unit="s"),
        "shop": rng.integers(0, 12, ROWS), "y": (a + rng.normal(size=ROWS) > 0).astype(int),
    }).to_parquet(bundle / "index.parquet")
    pd.DataFrame({"shop": range(10), "size": rng.normal(size=10),
                  "city": rng.choice(["p", "q"], 10)}
                 ).set_index("shop").to_parquet(bundle / "shops.parquet")
    return place


def spec_file(place: Path, name: str, **parts: Any) -> Path:
    path = place / f"{name}.json"
    path.write_text(json.dumps({**SPEC, **parts}), encoding="utf-8")
    return path


def run_all(place: Path, name: str, specs: list[Path], variables: dict[str, str]) -> list[Path]:
    """The specs one after the other in a fresh process; their run folders."""
    command = [sys.executable, "-c", PROGRAM, str(place / "bundle"), str(place / "runs" / name),
               *map(str, specs)]
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          env={**os.environ, **variables})
    assert done.returncode == 0, done.stderr
    return [Path(folder) for folder in json.loads(done.stdout)]


@pytest.fixture(scope="module")
def folders(place: Path) -> dict[str, Path]:
    specs = [spec_file(place, "spec"),
             spec_file(place, "two", training={**SPEC["training"], "threads": 2})]
    other = spec_file(place, "other", seed=6)
    first = run_all(place, "first", [*specs, other],
                    {"PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1"})
    second = run_all(place, "second", specs, {"PYTHONHASHSEED": "2", "OMP_NUM_THREADS": "4"})
    return {"first": first[0], "two_one": first[1], "other": first[2],
            "again": second[0], "two_two": second[1]}


def test_equal_runs_have_one_name(folders: dict[str, Path]) -> None:
    assert folders["first"].name == folders["again"].name
    assert folders["first"].name != folders["other"].name


@pytest.mark.parametrize("file", EQUAL)
def test_t3_two_processes_write_the_same_bytes(folders: dict[str, Path], file: str) -> None:
    """Whatever the hash seed of Python and the threads that the environment asks for."""
    first = (folders["first"] / file).read_bytes()
    assert first == (folders["again"] / file).read_bytes()
    assert len(first) > 10


@pytest.mark.parametrize("file", EQUAL)
def test_threads_of_the_spec_win(folders: dict[str, Path], file: str) -> None:
    assert (folders["two_one"] / file).read_bytes() == (folders["two_two"] / file).read_bytes()
    about = json.loads((folders["two_two"] / "environment.json").read_text(encoding="utf-8"))
    assert about["threads"] == 2


def test_history_differs_in_times_alone(folders: dict[str, Path]) -> None:
    first, again = (pd.read_parquet(folders[name] / "history.parquet").drop(columns="seconds")
                    for name in ("first", "again"))
    pd.testing.assert_frame_equal(first, again, check_exact=True)


def test_another_seed_gives_another_run(folders: dict[str, Path]) -> None:
    first, other = (load_file(folders[name] / "model" / "weights.safetensors")
                    for name in ("first", "other"))
    for name, weight in first.items():
        if name.endswith("linear_0.weight"):
            assert not np.allclose(weight, other[name])
    splits = [pd.read_parquet(folders[name] / "predictions.parquet")["split"].tolist()
              for name in ("first", "other")]
    assert splits[0] != splits[1]
