"""Checkpoints: N epochs are k epochs and the rest, for all of the vocabulary; what is in one.

Whole runs that are killed and resumed are in tests/test_resume.py.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from specc.compiler.stages import Plan
from specc.runtime import checkpoint_file, loop, run_folder
from specc.runtime.checkpoint_file import read_checkpoint, write_checkpoint
from specc.runtime.history import History, Row
from specc.runtime.progress import Silent
from specc.runtime.run_folder import FolderError
from specc.runtime.session import open_session
from specc.runtime.training_state import TrainingState
from specc.schema.constructors import load
from specc.schema.declaration import Type
from specc.schema.samplers import SAMPLERS

import specc

CPU = torch.device("cpu")
ROWS = 60
RNG = np.random.default_rng(8)
INDEX = pd.DataFrame({
    "a": RNG.normal(size=ROWS), "b": RNG.normal(size=ROWS), "y": RNG.integers(0, 2, ROWS),
    "word": [f"w{place}" for place in RNG.integers(0, 12, ROWS)],
    "carrier": RNG.choice(["x", "y", "z"], ROWS), "late": RNG.integers(0, 2, ROWS),
    "priority": RNG.random(ROWS), "weight": RNG.random(ROWS),
    "split": ["train"] * 40 + ["valid"] * 10 + ["test"] * 10,
})
SGD = {"type": "torch.optim:SGD", "lr": 0.05, "momentum": 0.5}


def spec_of(training: dict[str, Any] | None = None, **parts: Any) -> dict[str, Any]:
    """Dropout draws from the global stream, batch normalization has state beside the weights."""
    return {
        "specc": 1,
        "extractors": {"label": {"type": "plain", "take_columns": ["y"]},
                       "x": {"type": "plain", "take_columns": ["a", "b", "word"],
                             "transformer": {"type": "auto"}}},
        "network": {"type": "fully_connected", "sizes": [6, 1], "input_frames": ["x"],
                    "dropout": 0.3, "normalization": "batch_norm"},
        "loss": {"type": "torch.nn:BCEWithLogitsLoss"},
        "optimizer": SGD,
        "training": {"epochs": 4, "batch_size": 15, "device": "cpu", **(training or {})}, **parts,
    }


def plan_of(document: dict[str, Any]) -> Plan:
    compiled = specc.compile(document, {"index": INDEX})
    assert compiled.plan is not None, str(compiled)
    return compiled.plan


class Stop(Exception):
    """Ends training where a test wants it."""


class At:
    """Keeps the state, through a file, at the n-th look at the run, and ends it there."""

    def __init__(self, place: Path, count: int, kind: str) -> None:
        self.place, self.left, self.kind = place, count, kind

    def _look(self, kind: str, state: TrainingState) -> None:
        if kind != self.kind:
            return
        self.left -= 1
        if not self.left:
            write_checkpoint(self.place, state.tree())
            raise Stop

    def step(self, state: TrainingState) -> None:
        self._look("step", state)

    def epoch(self, state: TrainingState) -> None:
        self._look("epoch", state)


Outcome = tuple[dict[str, bytes], dict[str, list[Any]], dict[str, Any], list[Row]]


def trained(plan: Plan, place: Path, stop: tuple[int, str] | None = None) -> Outcome:
    """Weights, history, evaluations and reports of a run, stopped and gone on with where a place
    is given."""
    told: list[Row] = []
    state = TrainingState(open_session(plan, CPU), told.append)
    if stop is not None:
        with pytest.raises(Stop):
            loop.train(state.session, Silent(), ignored, state=state,
                       keeper=At(place, *stop))
        torch.manual_seed(99)  # whatever another process has drawn
        state = TrainingState(open_session(plan, CPU))
        state.load(read_checkpoint(place))
    history, evaluations = loop.train(state.session, Silent(), ignored, state=state)
    weights = {name: tensor.numpy().tobytes()
               for name, tensor in state.session.module.state_dict().items()}
    columns = {name: values for name, values in history.columns.items() if name != "seconds"}
    return (weights, columns, {split: one.measures for split, one in evaluations.items()},
            list(zip(*state.reports.columns.values(), strict=True)))  # type: ignore[arg-type]


def ignored(row: Row) -> None:
    return None


def check(document: dict[str, Any], place: Path, *stops: tuple[int, str]) -> None:
    """The run in one piece gives what it gives in two, bit for bit."""
    plan = plan_of(document)
    whole = trained(plan, place)
    for stop in stops:
        assert trained(plan, place / "checkpoint", stop) == whole, stop


# The vocabulary


@pytest.mark.parametrize("entry", load().optimizers, ids=lambda entry: entry.name)
def test_every_optimizer_goes_on(entry: Type, tmp_path: Path) -> None:
    if entry.name == "torch.optim:SparseAdam":
        return  # takes sparse gradients alone, and is refused: SC308
    for example in entry.examples:
        # Muon trains matrices alone.
        network = {"type": "feed_forward", "input_frames": ["x"], "factories": [
            {"type": "torch.nn:Linear", "out_features": 4, "bias": False},
            {"type": "torch.nn:Dropout", "p": 0.2}, {"type": "output", "bias": False}]}
        check(spec_of(optimizer={"type": entry.name, **example}, network=network), tmp_path,
              (2, "epoch"), (5, "step"))


@pytest.mark.parametrize("interval", ["epoch", "step"])
@pytest.mark.parametrize("entry", load().schedulers, ids=lambda entry: entry.name)
def test_every_scheduler_goes_on(entry: Type, interval: str, tmp_path: Path) -> None:
    if entry.name.endswith(":ReduceLROnPlateau") and interval == "step":
        return  # it looks at the loss of whole epochs, and is refused: SC204
    for example in entry.examples:
        check(spec_of({"scheduler_interval": interval},
                      scheduler={"type": entry.name, **example}), tmp_path,
              (1, "epoch"), (2, "epoch"), (7, "step"))


def test_turns_of_schedulers_and_a_warmup_go_on(tmp_path: Path) -> None:
    """The end of a turn, the start of the next one, and the end of the warm-up among the stops."""
    kinds = "torch.optim.lr_scheduler:"
    document = spec_of(
        {"scheduler_interval": "step", "warmup": {"steps": 5}},
        optimizer={"type": "torch.optim:Adam", "lr": 0.01},
        scheduler={"type": f"{kinds}SequentialLR", "milestones": [3, 8], "schedulers": [
            {"type": f"{kinds}OneCycleLR", "max_lr": 0.3},
            {"type": f"{kinds}SequentialLR", "milestones": [2], "schedulers": [
                {"type": f"{kinds}ExponentialLR", "gamma": 0.9},
                {"type": f"{kinds}CyclicLR", "base_lr": 0.1, "max_lr": 0.2, "step_size_up": 2}]},
            {"type": f"{kinds}LinearLR", "total_iters": None}]})
    check(document, tmp_path, *((count, "step") for count in range(1, 12)))


@pytest.mark.parametrize("entry", SAMPLERS, ids=lambda entry: entry.name)
def test_every_sampler_goes_on(entry: Type, tmp_path: Path) -> None:
    for example in entry.examples or ({},):
        network = {"type": "fully_connected", "sizes": [6, 1], "input_frames": ["x"],
                   "dropout": 0.3}
        check(spec_of({"sampler": {"type": entry.name, **example}}, network=network), tmp_path,
              (2, "epoch"), (2, "step"))


@pytest.mark.parametrize("training", [
    {"mini_batch_size": 4, "mini_epochs": 2, "report": "mini_epoch"},
    {"mini_batch_size": 4, "mini_epochs": 2, "report": "batch"},
    {"accumulate": 2}, {"accumulate": 3, "mini_batch_size": 4, "report": "batch"},
    {"max_epoch_steps": 2}, {"max_epoch_steps": 1, "accumulate": 2},
    {"max_epoch_steps": 4, "mini_batch_size": 4, "mini_epochs": 2, "report": "batch"},
    {"evaluation_limits": {"max_batches": 1, "max_run_batches": 7}},
    {"gradient_clipping": 0.01}, {"max_steps": 8}, {"sample_weight": "weight"},
    {"warmup": {"steps": 4}}, {"warmup": {"share": 0.9}, "accumulate": 2},
    {"class_weight": "balanced"}, {"evaluate_every": 3}, {"evaluate_before_training": True},
    {"early_stopping": {"split": "valid", "patience": 1, "min_change": 0.5}},
    {"early_stopping": {"split": "valid", "patience": 9}},
    {"early_stopping": {"split": "valid", "patience": 2, "restore_best": False}},
    {"precision": "bfloat16", "accumulate": 2}, {"precision": "float16"},
    {"precision": "float16", "accumulate": 2, "gradient_clipping": 0.01},
    {"weight_average": {"decay": 0.9}},
    {"weight_average": {"decay": 0.5, "start_epoch": 2, "every_steps": 2}, "accumulate": 2},
    {"weight_average": {}, "precision": "float16",
     "early_stopping": {"split": "valid", "patience": 2}},
], ids=lambda training: "-".join(training))
def test_every_way_to_train_goes_on(training: dict[str, Any], tmp_path: Path) -> None:
    check(spec_of(training), tmp_path, (1, "epoch"), (1, "step"), (3, "step"))


def test_any_place_of_a_run_will_do(tmp_path: Path) -> None:
    document = spec_of({"epochs": 3, "mini_batch_size": 6, "report": "batch"},
                       optimizer={"type": "torch.optim:Adam", "lr": 0.01})
    plan = plan_of(document)
    # After the last step of a run comes nothing but the end of its epoch.
    check(document, tmp_path, *((count, "step") for count in range(1, plan.steps)),
          *((count, "epoch") for count in range(1, 4)))


def test_weights_that_stand_twice_and_ensembles_go_on(tmp_path: Path) -> None:
    shared = {"type": "shared", "name": "twice", "network": {"type": "torch.nn:Linear",
                                                             "out_features": 4}}
    networks: list[dict[str, Any]] = [
        {"type": "tabm", "members": 2, "layers": 1, "width": 4, "input_frames": ["x"]},
        {"type": "feed_forward", "input_frames": ["x"], "factories": [
            {"type": "torch.nn:Linear", "out_features": 4}, shared,
            {"type": "torch.nn:Dropout", "p": 0.2},
            {"type": "shared", "name": "twice"}, {"type": "output"}]},
        {"type": "ensemble", "members": 3, "network": {
            "type": "fully_connected", "sizes": [6, 1], "input_frames": ["x"], "dropout": 0.3,
            "normalization": "batch_norm"}},
    ]
    for network in networks:
        check(spec_of(network=network), tmp_path, (5, "step"))


# The file


TREE: dict[str, Any] = {
    "none": None, "true": True, "whole": 2**60, "real": 0.1 + 0.2, "text": "ü\n",
    "zero": -0.0, "infinite": float("-inf"), "list": [1, [2.5, "a"]], "pair": (1, (2, 3)),
    "by number": {3: 4.5, 1: {"a": None}}, "tensor": torch.tensor([[1.5, -0.0], [3.0, 4.0]]),
    "number": torch.tensor(7.0), "empty": torch.empty(0, 3),
    "bytes": torch.tensor([1], dtype=torch.uint8),
    "whole numbers": torch.arange(4), "flags": torch.tensor([True, False]),
}


def test_a_tree_comes_back_as_it_was(tmp_path: Path) -> None:
    shared = torch.arange(6.0)
    tree = {**TREE, "first": shared, "again": shared, "part": shared[2:4]}
    write_checkpoint(tmp_path / "c", tree)
    back = read_checkpoint(tmp_path / "c")
    assert list(back) == list(tree)
    for name, value in tree.items():
        if isinstance(value, torch.Tensor):
            assert back[name].dtype == value.dtype and back[name].shape == value.shape
            assert back[name].numpy().tobytes() == value.numpy().tobytes()
        else:
            assert back[name] == value and type(back[name]) is type(value)
    assert str(back["zero"]) == "-0.0"
    assert list(back["by number"]) == [3, 1]


def test_nothing_else_is_written(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="a/1 is function"):
        write_checkpoint(tmp_path / "c", {"a": [1, ignored]})
    assert not list(tmp_path.iterdir())


def test_a_history_comes_back_with_its_types() -> None:
    history = History()
    for row in ({"epoch": 1, "loss": 0.1}, {"epoch": 2, "loss": None, "late": 2**40},
                {"epoch": 3, "loss": 1.0}):
        history.add(row)
    history.kept = 2
    back = History.of_state(history.state())
    assert back == history
    assert [type(value) for value in back.columns["loss"]] == [float, type(None), float]
    assert isinstance(back.columns["late"][1], int)


def test_equal_states_are_equal_bytes(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "a", TREE)
    write_checkpoint(tmp_path / "b", TREE)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


# Damage


def corruptions() -> dict[str, Callable[[bytes], bytes]]:
    """About sixty ways to spoil a file."""
    found: dict[str, Callable[[bytes], bytes]] = {}
    for part in range(20):
        found[f"cut at {part}/20"] = lambda data, part=part: data[:len(data) * part // 20]
    for part in range(20):
        found[f"a bit at {part}/20"] = lambda data, part=part: flipped(
            data, len(data) * part // 20)
    for back in (1, 2, 5, 50):
        found[f"a bit {back} before the end"] = lambda data, back=back: flipped(
            data, len(data) - back)
    found |= {
        "a byte more": lambda data: data + b"\0",
        "twice": lambda data: data * 2,
        "without its start": lambda data: data[8:],
        "zeros": lambda data: bytes(len(data)),
        "text": lambda data: b"weights",
        "a huge header": lambda data: b"\xff" * 8 + data[8:],
        "an empty header": lambda data: bytes(8) + data[8:],
        "a pickle": lambda data: b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94",
        "a zip": lambda data: b"PK\x03\x04" + data,
        "an older format": lambda data: data.replace(b'checkpoint":"1 ', b'checkpoint":"0 '),
        "another hash": lambda data: data.replace(b'checkpoint":"1 ', b'checkpoint":"1 0', 1),
        "another epoch": lambda data: data.replace(
            rb'[\"next_epoch\",', rb'[\"next_epoch\" ,'),
        "a renamed tensor": lambda data: data.replace(b"linear_0", b"linear_9"),
        "another dtype": lambda data: data.replace(b'"F32"', b'"I32"'),
        "another shape": lambda data: data.replace(b'"shape":[6]', b'"shape":[3]'),
        "the start of another": lambda data: data[:len(data) // 2] + data[:len(data) // 2],
    }
    return found


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 16]) + data[place + 1:]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, bytes]:
    """A plan, and a checkpoint in the middle of its second epoch."""
    plan = plan_of(spec_of(scheduler={"type": "torch.optim.lr_scheduler:MultiStepLR",
                                      "milestones": [2, 3]}))
    path = tmp_path_factory.mktemp("written") / "last"
    trained(plan, path, (4, "step"))
    return plan, path.read_bytes()


@pytest.mark.parametrize("kind", corruptions())
def test_a_damaged_file_is_a_diagnostic(kind: str, written: tuple[Plan, bytes],
                                        tmp_path: Path) -> None:
    path = tmp_path / "last"
    spoilt = corruptions()[kind](written[1])
    assert spoilt != written[1]
    path.write_bytes(spoilt)
    with pytest.raises(FolderError) as failed:
        read_checkpoint(path)
    found = failed.value.diagnostic
    assert (found.code, found.file) == ("SC515", str(path)) and found.help


MISFITS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no network": lambda tree: tree.pop("network"),
    "a weight less": lambda tree: tree["network"].popitem(),
    "a weight of another shape": lambda tree: tree["network"].update(
        {next(iter(tree["network"])): torch.zeros(1)}),
    "no optimizer": lambda tree: tree.update(optimizer=None),
    "a moment of another shape": lambda tree: tree["optimizer"]["state"][0].update(
        momentum_buffer=torch.zeros(3, 3, 3)),
    "a moment of no weight": lambda tree: tree["optimizer"]["state"].update({99: {}}),
    "a rate that is text": lambda tree: tree["optimizer"]["param_groups"][0].update(lr="fast"),
    "a group less": lambda tree: tree["optimizer"]["param_groups"].pop(),
    "an attribute more": lambda tree: tree["scheduler"].update(step="now"),
    "no milestones": lambda tree: tree["scheduler"].pop("milestones"),
    "milestones of another kind": lambda tree: tree["scheduler"].update(milestones=[2, 3]),
    "columns of two lengths": lambda tree: tree["history"]["columns"]["epoch"].update(
        values=torch.zeros(9), kinds=torch.ones(9, dtype=torch.uint8)),
    "a broken stream": lambda tree: tree["under_way"].update(random={}),
    "no sums": lambda tree: tree["under_way"].pop("running"),
    "no limits": lambda tree: tree.pop("limits"),
    "no budget of evaluations": lambda tree: tree.pop("evaluations"),
    "an epoch that is text": lambda tree: tree.update(next_epoch="second"),
}


@pytest.mark.parametrize("kind", MISFITS)
def test_a_whole_file_of_something_else_is_told(kind: str, written: tuple[Plan, bytes],
                                                tmp_path: Path) -> None:
    plan, content = written
    path = tmp_path / "last"
    path.write_bytes(content)
    tree = read_checkpoint(path)
    MISFITS[kind](tree)
    state = TrainingState(open_session(plan, CPU))
    with pytest.raises(checkpoint_file.BROKEN):
        state.load(tree)
        list(itertools.islice(state.begin().parts(), 1))


# A full disk


def test_a_write_error_leaves_the_last_checkpoint(tmp_path: Path,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "checkpoints" / "last.safetensors"
    write_checkpoint(path, {"epoch": 1})

    def half(file: Path, content: bytes) -> None:
        file.write_bytes(content[:len(content) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(run_folder, "_put", half)
    with pytest.raises(FolderError) as failed:
        write_checkpoint(path, {"epoch": 2})
    found = failed.value.diagnostic
    assert found.code == "SC513" and "No space left on device" in found.message
    assert [file.name for file in path.parent.iterdir()] == ["last.safetensors"]
    assert read_checkpoint(path) == {"epoch": 1}
