"""`embedding`: ids of values, vectors that are learned or given, end to end.

Not checked here: the network types that read ids (schema/test_embeddings.py).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from specc.runtime.evaluate import outputs
from specc.runtime.loop import train
from specc.runtime.progress import Silent
from specc.runtime.session import Session, open_session

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from histories import AS_OF, CPU, Frames, context, gathered, planned, reading, visits_and_events

import specc

PAD, NULL, UNKNOWN = 0, 1, 2


def _words() -> Frames:
    words = ["b", "b", "a", "a", "c", None, "b", "x", None, "a"]
    index = pd.DataFrame({"word": words, "number": np.arange(10.0), "late": [0, 1] * 5,
                          "split": ["train"] * 7 + ["test"] * 3})
    vectors = pd.DataFrame({"x": [1.0, 2.0, 3.0], "y": [0.5, -0.5, 0.25]},
                           index=pd.Index(["a", "b", "d"], name="word"))
    return {"index": index, "words": vectors}


def _ids(**properties: Any) -> dict[str, Any]:
    return {"type": "embedding", "take_columns": ["word"], **properties}


def _ids_of(frames: Frames, **properties: Any) -> list[int]:
    found = gathered(planned(reading({"word": _ids(**properties)}), frames))
    return found["word"]["ids"][:, 0].tolist()


def test_frequent_values_come_first_and_padding_null_and_unknown_have_ids() -> None:
    # Three times b, two times a, once c; x is in no training row.
    b, a, c = 3, 4, 5
    assert _ids_of(_words()) == [b, b, a, a, c, NULL, b, UNKNOWN, NULL, a]


@pytest.mark.parametrize(("properties", "known"), [
    ({"min_count": 2}, {"b": 3, "a": 4}),
    ({"max_values": 1}, {"b": 3}),
    ({"min_count": 3, "max_values": 5}, {"b": 3}),
])
def test_rare_values_share_the_id_of_unknown_ones(properties: dict[str, int],
                                                  known: dict[str, int]) -> None:
    wanted = [NULL if word is None else known.get(word, UNKNOWN)
              for word in [*"bbaac", None, "b", "x", None, "a"]]
    assert _ids_of(_words(), **properties) == wanted


def test_given_vectors_have_ids_in_the_order_of_their_frame() -> None:
    a, b = 3, 4
    assert _ids_of(_words(), vectors={"frame": "words"}) == [
        b, b, a, a, UNKNOWN, NULL, b, UNKNOWN, NULL, a]


def _trained(plan: Any) -> tuple[Session, dict[str, torch.Tensor]]:
    session = open_session(plan, CPU)
    before = {name: tensor.clone() for name, tensor in session.network.state().items()}
    with Silent() as silent:
        train(session, silent, lambda row: None)
    return session, before


@pytest.mark.parametrize("trained", [False, True])
def test_t7_frozen_vectors_stay_as_they_are(trained: bool) -> None:
    spec = reading({"word": _ids(vectors={"frame": "words", "trained": trained})})
    plan = planned(spec, _words())
    (node,) = [node for node in plan.shaped.shapes.nodes if node.type == "embedding"]
    assert bool(node.parameters) is trained
    session, before = _trained(plan)
    tables = {name: tensor for name, tensor in session.network.state().items()
              if "tables" in name and tensor.shape == (6, 2)}
    (name,) = tables
    given = [[1.0, 0.5], [2.0, -0.5], [3.0, 0.25]]
    assert before[name][3:].tolist() == given
    assert torch.equal(tables[name], before[name]) is not trained
    assert (tables[name][3:].tolist() == given) is not trained
    # Padding never learns.
    assert not tables[name][PAD].any()


def test_two_embeddings_of_one_column_keep_their_own_vectors() -> None:
    frames = _words()
    frames["others"] = pd.DataFrame({"z": [7.0, 8.0]}, index=pd.Index(["b", "c"], name="word"))
    plan = planned(reading({
        "learned": _ids(), "one": _ids(vectors={"frame": "words"}),
        "two": _ids(vectors={"frame": "others", "trained": True})}), frames)
    found = {name: [(column.width, column.trained) for column in entry.ids]
             for name, entry in plan.shaped.fitted.extractors.items() if name != "label"}
    assert found == {"learned": [(None, True)], "one": [(2, False)], "two": [(1, True)]}
    assert gathered(plan)["two"]["ids"][:, 0].tolist() == [3, 3, 2, 2, 4, 1, 3, 2, 1, 2]


def test_unseen_values_are_evaluated_alike() -> None:
    session, _ = _trained(planned(reading({"word": _ids(max_values=2)}), _words()))
    output = outputs(session, torch.arange(10))[:, 0]
    assert torch.isfinite(output).all()
    c, x, null, other_null = output[4], output[7], output[5], output[8]
    assert c == x
    assert null == other_null
    assert c != null


def test_numbers_stand_beside_ids_in_a_combined_frame() -> None:
    parts = {"number": {"type": "plain", "take_columns": ["number"]}, "word": _ids()}
    plan = planned(reading({"both": {"type": "combined", "extractors": parts}}), _words())
    found = gathered(plan)["both"]
    assert found["values"].tolist() == [[float(row)] for row in range(10)]
    assert found["ids"][:, 0].tolist() == _ids_of(_words())


def test_names_of_combined_parts_are_prefixed() -> None:
    plain = {"type": "plain", "take_columns": ["number"]}
    plan = planned(reading({"own": plain, "both": {"type": "combined", "extractors": {
        "a": plain, "b": {"type": "combined", "extractors": {"c": plain}}}}}), _words())
    names = [name for key in ("own", "both.a", "both.b.c")
             for name in plan.shaped.fitted.extractors[key].feature_names]
    assert names == ["number", "a.number", "b.c.number"]
    found = gathered(plan)
    assert (found["both"]["values"] == found["own"]["values"][:, [0, 0]]).all()


def test_sequences_of_ids_are_padded_and_learned() -> None:
    frames = visits_and_events(1)
    events = context("events", {"steps": {"type": "sequence", "size": 4}}, [], on="person",
                     as_of=AS_OF)
    events["extractor"] = _ids(take_columns=["kind", "item"])
    plan = planned(reading({"past": events}), frames)
    found = gathered(plan)["past.steps"]
    assert not found["ids"][~found["mask"]].any()
    assert (found["ids"][found["mask"]] > PAD).all()
    session, before = _trained(plan)
    tables = [name for name in before if "tables" in name]
    assert len(tables) == 2
    assert all(not torch.equal(before[name], session.network.state()[name]) for name in tables)
    assert torch.isfinite(outputs(session, torch.arange(len(plan.samples)))).all()


def test_two_runs_of_contexts_and_ids_write_equal_weights(tmp_path: Path) -> None:
    frames = visits_and_events(1)
    events = context("events", {"steps": {"type": "sequence", "size": 4},
                                "recent": {"type": "group_by"}}, ["value", "kind"], on="person",
                     as_of=AS_OF)
    spec = reading({"past": events, "kind": _ids(take_columns=["kind"])})
    files = []
    for name in ("one", "two"):
        ran = specc.run(spec, frames, out=tmp_path / name)
        assert ran.ok, str(ran)
        files.append((ran.folder / "model" / "weights.safetensors").read_bytes())
    assert files[0] == files[1]
