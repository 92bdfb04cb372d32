"""The options, the hypothesis profile and the small bundle that the tests share."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from specc.cli import cli

# The first torch call is slow and would fail the default deadline.
hypothesis.settings.register_profile("quick", deadline=None)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=1_000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

_ORDERS = {
    "order": [*range(101, 116), 120],
    "customer": ["ann", "bob", None, "cid", "ann", "eve", "bob", "cid",
                 "ann", "bob", "cid", "dan", "ann", "bob", None, "cid"],
    "shop": [1, 2, 3, 1, 2, 9, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1],
    "placed": pd.date_range("2024-01-01 08:30", periods=16, freq="31h"),
    "amount": [12.5, 80.0, None, 7.25, 33.0, 61.0, 18.0, None,
               25.0, 44.0, 9.5, 70.0, 15.0, 52.0, 30.0, 21.0],
    "gift": [True, False, False, True, False, None, True, False,
             True, False, True, False, False, True, False, True],
    "size": ["small", "large", "medium", "small", "medium", "large", "small", "large",
             "medium", "medium", "small", "large", "small", "large", "medium", "small"],
    "late": [0, 1, 1, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1],
    "split": ["train"] * 10 + ["test"] * 6,
}
_CUSTOMERS = {
    "customer": ["ann", "bob", "cid", "fay"],
    "age": [34.0, None, 51.0, 28.0],
    "country": ["FR", "DE", None, "FR"],
    "since": pd.to_datetime(["2019-05-01", "2021-11-15", None, "2020-02-29"]),
    "member": [True, False, True, None],
}
_SHOPS = {
    "shop": [1, 2, 3, 7],
    "area": [120, 300, 85, 60],
    "city": ["Lyon", "Bonn", "Lyon", "Nice"],
    "night": [False, True, False, False],
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true",
                     help="write the printed outputs of the golden corpus again")


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """Whether printed outputs are to be written instead of compared."""
    return bool(request.config.getoption("--update"))


@pytest.fixture
def frames() -> dict[str, pd.DataFrame]:
    """A bundle of 16 orders, 10 of them to train on.

    Four orders have no customer row (two nulls, `eve`, and in the test split `dan`), one has
    no shop row. `amount`, `gift` and every column of `customers` hold nulls. No order reaches
    the customer `fay` or the shop 7. No key has equal steps: pandas would
    store it as a range, for which there is a case of its own.
    """
    return {
        "index": pd.DataFrame(_ORDERS).astype({"gift": "boolean"}).set_index("order"),
        "customers": pd.DataFrame(_CUSTOMERS).astype({"member": "boolean"}).set_index("customer"),
        "shops": pd.DataFrame(_SHOPS).set_index("shop"),
    }


@pytest.fixture
def bundle(tmp_path: Path, frames: dict[str, pd.DataFrame]) -> Path:
    """The frames as a folder of Parquet files, called `bundle`."""
    return write_bundle(tmp_path / "bundle", frames)


def write_bundle(folder: Path, frames: dict[str, pd.DataFrame]) -> Path:
    """Frames as Parquet files, as a user of pandas writes them."""
    folder.mkdir()
    for name, frame in frames.items():
        frame.to_parquet(folder / f"{name}.parquet")
    return folder


_SPEC: dict[str, Any] = {
    "specc": 1,
    "name": "orders",
    "extractors": {
        "label": {"type": "plain", "take_columns": ["late"]},
        "order": {"type": "plain", "take_columns": ["placed", "amount", "gift", "size"],
                  "transformer": {"type": "auto"}},
        "customer": {"type": "plain", "joins": [{"frame": "customers", "on": "customer"}],
                     "transformer": {"type": "auto"}},
        "shop": {"type": "plain", "joins": [{"frame": "shops", "on": "shop"}],
                 "transformer": {"type": "auto"}},
    },
    "network": {"type": "fully_connected", "sizes": [4, 1],
                "input_frames": ["order", "customer", "shop"]},
    "loss": {"type": "torch.nn:BCEWithLogitsLoss"},
    "optimizer": {"type": "torch.optim:SGD", "lr": 0.1},
    "metrics": [{"type": "sklearn.metrics:roc_auc_score"}],
    "training": {"epochs": 2, "batch_size": 5, "device": "cpu"},
}


@pytest.fixture
def spec() -> dict[str, Any]:
    """A spec that the bundle satisfies; a copy, for the test to change."""
    return copy.deepcopy(_SPEC)


@pytest.fixture
def spec_file(tmp_path: Path, spec: dict[str, Any]) -> Path:
    """The spec as the file `spec.json`."""
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(spec, indent=2), encoding="utf-8")
    return path


@pytest.fixture
def specc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command line in this process: `specc("run", "spec.json", "bundle")`.

    It stands in the folder of `spec_file` and `bundle`, without a terminal and with neither
    NO_COLOR nor FORCE_COLOR.
    """
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str, **options: Any) -> Result:
        return CliRunner().invoke(cli, list(arguments), **options)

    return run
