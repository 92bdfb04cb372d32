"""Did you mean. Families here are made up; the real ones are larger and of the same form."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from specc.compiler.diagnostics.suggest import certain, edit_distance, nearest

TYPES = (
    "extraction", "feed_forward", "parallel", "fully_connected", "output", "linear", "relu",
    "concat", "lstm", "torch.nn:ReLU", "torch.nn:GELU", "torch.nn:ReLU6", "torch.nn:Dropout",
    "torch.nn:MSELoss", "torch.nn:BCELoss", "torch.optim:SGD", "torch.optim:Adam",
    "torch.optim:AdamW", "torch.optim:Adamax", "sklearn.metrics:roc_auc_score",
)
CONSTRUCTORS = tuple(name for name in TYPES if ":" in name)
KEYS = ("epochs", "batch_size", "train_on", "evaluate_on", "evaluate_every", "sampler",
        "device", "threads", "lr", "p", "sizes", "take_columns", "drop_columns", "transformer")


@pytest.mark.parametrize(("name", "expected"), [
    ("liner", "linear"),
    ("Linear", "linear"),
    ("feedforward", "feed_forward"),
    ("feed-forward", "feed_forward"),
    ("FeedForward", "feed_forward"),
    ("fully_conected", "fully_connected"),
    ("ouptut", "output"),
    ("lsmt", "lstm"),
    ("SGD", "torch.optim:SGD"),
    ("sgd", "torch.optim:SGD"),
    ("optim.SGD", "torch.optim:SGD"),
    ("torch.optim.SGD", "torch.optim:SGD"),
    ("torch.nn:SGD", "torch.optim:SGD"),
    ("torch.optm:SGD", "torch.optim:SGD"),
    ("torch.optim:AdmaW", "torch.optim:AdamW"),
    ("torch.nn:MSEloss", "torch.nn:MSELoss"),
    ("torch.nn.Droput", "torch.nn:Dropout"),
    ("roc_auc", "sklearn.metrics:roc_auc_score"),
])
def test_types(name: str, expected: str) -> None:
    assert nearest(name, TYPES) == expected
    assert nearest(name, reversed(TYPES)) == expected


@pytest.mark.parametrize("name", ["ReLU", "relu", "nn.relu", "torch.nn.ReLU", "Relu"])
def test_a_forgotten_module(name: str) -> None:
    assert nearest(name, CONSTRUCTORS) == "torch.nn:ReLU"


@pytest.mark.parametrize(("name", "expected"), [
    ("epoch", "epochs"), ("epcohs", "epochs"), ("batchSize", "batch_size"),
    ("batch", "batch_size"), ("szies", "sizes"), ("size", "sizes"), ("trian_on", "train_on"),
    ("take_colums", "take_columns"), ("tranformer", "transformer"), ("LR", "lr"),
    ("devcie", "device"), ("eval_on", None), ("learning_rate", "lr"), ("q", None), ("", None),
    ("le", "lr"), ("rl", "lr"), ("num_epochs", "epochs"), ("lr.csv", "lr"),
    ("xyz", None), ("x" * 100_000, None),
])
def test_keys(name: str, expected: str | None) -> None:
    assert nearest(name, KEYS) == expected


def test_only_a_single_nearest_name_is_certain() -> None:
    assert certain("liner", TYPES) == "linear"
    assert certain("torch.nn:ReLU7", CONSTRUCTORS) is None
    assert nearest("torch.nn:ReLU7", CONSTRUCTORS) in ("torch.nn:ReLU", "torch.nn:ReLU6")
    assert certain("roc_auc", TYPES) is None
    assert certain("nothing_near_at_all", TYPES) is None


@pytest.mark.parametrize(("name", "candidates", "sure"), [
    ("rl", ["lr", "p"], "lr"), ("le", ["lr", "p"], None), ("Lr", ["lr"], "lr"),
    ("gelu", ["relu", "selu"], None), ("erlu", ["elu", "relu"], "relu"),
    ("reul", ["relu", "elu", "real"], "relu"),
    ("typ", ["type"], "type"), ("tyw", ["type"], None), ("eund", ["wind"], None),
    ("sizse", ["sizes"], "sizes"), ("swish", ["silu", "mish"], "silu"),
    ("learning_rate", ["lr", "betas"], "lr"), ("planes.parquet", ["planes", "plane"], "planes"),
])
def test_short_names_are_certain_only_after_a_swap(name: str, candidates: list[str],
                                                   sure: str | None) -> None:
    assert certain(name, candidates) == sure


@given(st.sampled_from([key for key in KEYS if len(key) >= 6]), st.data())
@settings(max_examples=200)
def test_two_typing_mistakes_are_found(key: str, data: st.DataObject) -> None:
    typed = key
    for _ in range(2):
        at = data.draw(st.integers(0, len(typed) - 2))
        kind = data.draw(st.sampled_from(["drop", "add", "replace", "swap"]))
        letter = data.draw(st.sampled_from("qxz"))
        typed = {"drop": typed[:at] + typed[at + 1:], "add": typed[:at] + letter + typed[at:],
                 "replace": typed[:at] + letter + typed[at + 1:],
                 "swap": typed[:at] + typed[at + 1] + typed[at] + typed[at + 2:]}[kind]
    # A swap that is torn apart by the second mistake counts as more than one.
    assume(edit_distance(typed, key, 9) <= 2)
    assert nearest(typed, [key, "a_quite_different_name"]) == key


@pytest.mark.parametrize(("left", "right", "distance"), [
    ("", "", 0), ("a", "", 1), ("ab", "ba", 1), ("liner", "linear", 1), ("kitten", "sitting", 3),
    ("ca", "abc", 3), ("abcdef", "badcfe", 3),
])
def test_edit_distance(left: str, right: str, distance: int) -> None:
    assert edit_distance(left, right, 9) == distance
    assert edit_distance(right, left, 9) == distance


@given(st.text("ab", max_size=6), st.text("ab", max_size=6), st.integers(0, 4))
def test_edit_distance_above_its_limit(left: str, right: str, limit: int) -> None:
    assert edit_distance(left, right, limit) == min(edit_distance(left, right, 99), limit + 1)
