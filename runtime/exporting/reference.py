"""Rows that an exported network, and a preprocessing of one's own, can be checked with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import safetensors.torch
import torch
from numpy.typing import NDArray

from ...compiler.exporting.inputs import Input
from ...compiler.exporting.reached import raw_tables, reached_rows
from ...compiler.prediction.saved import SavedModel
from .. import run_folder
from ..artifacts import key_columns
from ..environment import now_versions, version_of
from ..scoring import Scoring
from .agreement import TOLERANCE, Difference, said_by_specc
from .formats import Format
from .gathering import gather

FOLDER, TENSORS, DOCUMENT = "reference", "reference.safetensors", "reference.json"

BUNDLE_SETTINGS = "bundle.json"

FORMAT = 1


def write_tensors(folder: Path, scoring: Scoring, inputs: Sequence[Input],
                  samples: NDArray[np.int64]) -> None:
    """The inputs of samples as `inputs/<name>`, and what specc says of them as
    `outputs/<name>`. Raises FolderError (SC502)."""
    chosen = torch.from_numpy(samples)
    given = gather(inputs, scoring.plan.graph, scoring.frames, chosen)
    said = said_by_specc(scoring, chosen)
    tensors = {
        **{f"inputs/{name}": tensor.contiguous() for name, tensor in given.items()},
        **{f"outputs/{name}": torch.from_numpy(np.ascontiguousarray(value, dtype=np.float32))
           for name, value in said.items()},
    }
    run_folder.write_bytes(folder / TENSORS, safetensors.torch.save(tensors))


def write_raw(folder: Path, scoring: Scoring, model: SavedModel,
              samples: NDArray[np.int64]) -> list[int] | None:
    """The raw rows that samples reach, as a small bundle; their rows in its index frame, or None
    where they make no bundle.

    Raises FolderError (SC502), and BundleError when a frame cannot be read.
    """
    fitted = scoring.plan.shaped.fitted
    reached = reached_rows(fitted, samples)
    if reached is None:
        return None
    bound = fitted.bound
    for frame, table in raw_tables(fitted, model, reached):
        run_folder.write(folder / FOLDER / f"{frame}.parquet",
                         partial(pyarrow.parquet.write_table, table))
    keys = {frame: list(key) for frame, key in model.document["keys"].items() if key}
    run_folder.write_json(folder / FOLDER / BUNDLE_SETTINGS, {
        "specc_bundle": 1, "index_frame": bound.index_frame,
        "frames": {frame: {"key": key} for frame, key in keys.items()}})
    places = np.searchsorted(reached[bound.index_frame], bound.samples.rows[samples])
    return [int(place) for place in places]


def write_document(folder: Path, scoring: Scoring, form: Format, samples: NDArray[np.int64],
                   raw: list[int] | None, compared: int, found: Sequence[Difference]) -> None:
    """`reference.json`. Raises FolderError (SC502)."""
    run_folder.write_json(folder / DOCUMENT, {
        "format": FORMAT,
        "rows": len(samples),
        "keys": keys_of(scoring, samples),
        "raw": None if raw is None else {"folder": FOLDER, "index_rows": raw},
        "agreement": {
            "tolerance": TOLERANCE,
            "rows": compared,
            "outputs": {one.output: {"largest_difference": one.size, "got": one.got,
                                     "specc": one.wanted, "share_of_allowed": one.share}
                        for one in found},
        },
        "versions": {**now_versions(), **{name: version_of(name) for name in form.packages}},
    })


def keys_of(scoring: Scoring, samples: NDArray[np.int64]) -> Mapping[str, list[Any]]:
    """The key of each sample, column by column; what JSON has not is text."""
    columns = key_columns(scoring.plan, scoring.plan.samples.rows[samples])
    texts = json.loads(json.dumps({name: values.to_pylist() for name, values in columns.items()},
                                  default=str))
    found: Mapping[str, list[Any]] = texts
    return found
