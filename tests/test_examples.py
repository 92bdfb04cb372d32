"""Every example of the reference runs: put into a small whole spec, it takes a training step.

Not checked here: examples of single properties, and of the classes of libraries.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from specc.schema.declaration import Family
from specc.schema.vocabulary import VOCABULARY

import specc

sys.path.insert(0, str(Path(__file__).resolve().parent))

import examples

RUN = ("metric", "sampler", "loss")
"""The families that have their say in a run, not in the step that a compilation rehearses."""


def _examples() -> Iterator[Any]:
    seen: set[int] = set()
    for family in VOCABULARY:
        for declared in _own(family):
            if id(declared) in seen:
                continue
            seen.add(id(declared))
            for index, example in enumerate(declared.examples):
                yield pytest.param(family.name, {"type": declared.name, **example},
                                   id=f"{family.name}.{declared.name}-{index}")


def _own(family: Family) -> Iterator[Any]:
    return (declared for declared in family.types if ":" not in declared.name)


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    return examples.frames()


@pytest.mark.parametrize(("family", "example"), list(_examples()))
def test_example_runs(family: str, example: dict[str, Any], frames: dict[str, pd.DataFrame],
                      tmp_path: Path) -> None:
    spec = examples.around(family, example)
    assert json.dumps(example) in json.dumps(spec) or family == "network"
    splits = example["type"].endswith("_split")
    bundle = {**frames, "index": frames["index"].drop(columns="split")} if splits else frames
    compiled = specc.compile(spec, bundle)
    assert compiled.plan is not None and not compiled.diagnostics, str(compiled)
    if family in RUN:
        result = specc.run(spec, bundle, out=tmp_path)
        assert result.run is not None, str(result)
        assert None not in [one for split in result.metrics.values() for one in split.values()]


def test_every_own_type_has_an_example() -> None:
    assert all(declared.examples for family in VOCABULARY for declared in _own(family))


def test_a_broken_example_is_seen(frames: dict[str, pd.DataFrame]) -> None:
    spec = examples.around("network", {"type": "lstm", "width": 4})
    spec["network"]["factories"].insert(0, {"type": "masked_pool"})
    assert specc.compile(spec, frames).plan is None
