"""Bad specs, bad bundles and bad luck, through the command line: a finding, never a traceback.

Whatever the mistake is, nothing is written. Not checked here: the wording, which is in the
golden corpus, and mistakes that no file can hold, which are in the tests of the passes.
"""

from __future__ import annotations

import io
import json
import signal
import struct
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import safetensors.numpy
from click.testing import Result
from specc.compiler.bundle import archive
from specc.compiler.prediction.document import sealed
from specc.compiler.prediction.saved import FILES, file_digest

Specc = Callable[..., Result]
Frames = dict[str, pd.DataFrame]
Json = dict[str, Any]


def everything(folder: Path) -> dict[Path, bytes | None]:
    """Every file below a folder with its bytes, and every folder."""
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def reported(result: Result, status: int) -> list[Json]:
    """The findings of `--format json`, from a command that ended with this status."""
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    assert result.exit_code == status, result.output
    found: list[Json] = json.loads(result.stdout)["diagnostics"]
    return found


def rejected(specc: Specc, *options: str, bundle: str = "bundle") -> list[Json]:
    """The findings of a run that is refused and writes nothing."""
    before = everything(Path.cwd())
    result = specc("run", "spec.json", bundle, "--out", "runs", "--format", "json", *options)
    found = reported(result, 1)
    assert everything(Path.cwd()) == before
    text = specc("run", "spec.json", bundle, "--out", "runs", *options)
    assert text.exit_code == 1
    assert "Traceback" not in text.output
    for finding in found:
        assert f"[{finding['code']}]: {finding['message']}" in text.stdout
        assert finding["help"], f"no help: {finding['code']}: {finding['message']}"
    return found


def only(found: list[Json]) -> Json:
    (finding,) = found
    return finding


def write_spec(spec: Json) -> None:
    Path("spec.json").write_text(json.dumps(spec, indent=2), encoding="utf-8")


# The text of the spec


def test_missing_spec(specc: Specc, bundle: Path) -> None:
    finding = only(rejected(specc))
    assert (finding["code"], finding["file"]) == ("SC001", "spec.json")


def test_folder_as_spec(specc: Specc, bundle: Path) -> None:
    Path("spec.json").mkdir()
    finding = only(rejected(specc))
    assert (finding["code"], finding["file"]) == ("SC001", "spec.json")


def test_spec_that_is_not_utf8(specc: Specc, bundle: Path) -> None:
    Path("spec.json").write_bytes(b'{"specc": 1, "name": "\xe4"}')
    finding = only(rejected(specc))
    assert (finding["code"], finding["file"]) == ("SC002", "spec.json")


def test_spec_that_is_too_large(specc: Specc, bundle: Path) -> None:
    Path("spec.json").write_text(" " * 10_000_001, encoding="utf-8")
    assert only(rejected(specc))["code"] == "SC008"


@pytest.mark.parametrize(("old", "new", "code"), [
    ('"epochs": 2', '"epochs": 3, @"epochs": 2', "SC004"),
    ("0.1", "@NaN", "SC005"),
    ("0.1", "@-Infinity", "SC005"),
    ("0.1", "@1e999", "SC005"),
    ('"specc": 1', '"specc": 1, "description": @"\\ud800"', "SC006"),
])
def test_spec_that_is_no_strict_json(specc: Specc, bundle: Path, spec: Json, old: str, new: str,
                                     code: str) -> None:
    """`@` stands before the token at fault, which is the only mistake."""
    marked = json.dumps(spec).replace(old, new)
    Path("spec.json").write_text(marked.replace("@", ""), encoding="utf-8")
    finding = only(rejected(specc))
    assert finding["code"] == code
    assert finding["range"]["start"] == {"line": 1, "column": marked.index("@") + 1}


@pytest.mark.parametrize(("text", "code", "line", "column"), [
    ("{'specc': 1}", "SC003", 1, 2),
    ('{"specc": 1,\n "seed": 1,}', "SC003", 2, 11),
    ('{"specc": ' + "[" * 100_000, "SC007", 1, 74),
    ("[" * 100_000 + "]" * 100_000, "SC007", 1, 65),
    ("\x00\x01\x02", "SC003", 1, 1),
])
def test_text_that_is_no_json(specc: Specc, bundle: Path, text: str, code: str, line: int,
                                     column: int) -> None:
    Path("spec.json").write_text(text, encoding="utf-8")
    finding = only(rejected(specc))
    assert finding["code"] == code
    assert finding["range"]["start"] == {"line": line, "column": column}


def test_unknown_type_and_unknown_key(specc: Specc, bundle: Path, spec: Json) -> None:
    spec["loss"]["type"] = "builtins:exec"
    spec["training"]["epoch"] = 3
    write_spec(spec)
    assert [(finding["code"], finding["pointer"]) for finding in rejected(specc)] == [
        ("SC101", "/loss/type"), ("SC102", "/training/epoch")]


def test_override_without_a_place(specc: Specc, bundle: Path, spec_file: Path) -> None:
    finding = only(rejected(specc, "--set", "/metrics/7/type=x"))
    assert (finding["code"], finding["pointer"]) == ("SC009", None)


def test_spec_and_bundle_are_both_wrong(specc: Specc, spec: Json) -> None:
    spec["network"]["activation"] = "relo"
    write_spec(spec)
    found = rejected(specc)
    assert {finding["code"] for finding in found} == {"SC105", "SC601"}


# The bundle as a whole


def test_missing_bundle(specc: Specc, spec_file: Path) -> None:
    finding = only(rejected(specc, bundle="nowhere"))
    assert (finding["code"], finding["file"]) == ("SC601", "nowhere")


def test_empty_folder_as_bundle(specc: Specc, spec_file: Path) -> None:
    Path("bundle").mkdir()
    finding = only(rejected(specc))
    assert (finding["code"], finding["file"]) == ("SC602", "bundle")


def test_other_file_as_bundle(specc: Specc, spec_file: Path) -> None:
    finding = only(rejected(specc, bundle="spec.json"))
    assert (finding["code"], finding["file"]) == ("SC602", "spec.json")


@pytest.mark.parametrize("settings", [
    "{", "[]", '{"specc_bundle": 1, "index_frame": NaN}', "[" * 100_000,
    '{"specc_bundle": 2}', '{"index_frame": "index"}',
    '{"specc_bundle": 1, "index_frame": "orders"}',
    '{"specc_bundle": 1, "index_frame": 3}',
    '{"specc_bundle": 1, "frames": {"shop": {"key": ["shop"]}}}',
    '{"specc_bundle": 1, "frames": {"shops": {"key": ["number"]}}}',
    '{"specc_bundle": 1, "frames": {"shops": {"key": "shop"}}}',
    '{"specc_bundle": 1, "frames": {"shops": {"keys": ["shop"]}}}',
    '{"specc_bundle": 1, "index": "index"}',
])
def test_wrong_bundle_json(specc: Specc, spec_file: Path, bundle: Path, settings: str) -> None:
    (bundle / "bundle.json").write_text(settings, encoding="utf-8")
    finding = only(rejected(specc))
    assert (finding["code"], finding["file"]) == ("SC605", "bundle/bundle.json")


def test_link_out_of_the_bundle(specc: Specc, spec_file: Path, bundle: Path) -> None:
    Path("elsewhere.parquet").write_bytes((bundle / "shops.parquet").read_bytes())
    (bundle / "shops.parquet").unlink()
    (bundle / "shops.parquet").symlink_to(Path("elsewhere.parquet").resolve())
    finding = only(rejected(specc))
    assert (finding["code"], finding["file"]) == ("SC602", "bundle/shops.parquet")


# Frames, keys and columns


def test_frame_that_is_not_there(specc: Specc, spec_file: Path, bundle: Path) -> None:
    (bundle / "shops.parquet").unlink()
    finding = only(rejected(specc))
    assert (finding["code"], finding["pointer"]) == ("SC606", "/extractors/shop/joins/0/frame")


def test_column_that_is_not_there(specc: Specc, spec: Json, bundle: Path) -> None:
    spec["extractors"]["shop"]["take_columns"] = ["area", "owner"]
    write_spec(spec)
    finding = only(rejected(specc))
    assert (finding["code"], finding["pointer"]) == ("SC607", "/extractors/shop/take_columns/1")


def test_key_that_stands_twice(specc: Specc, spec_file: Path, bundle: Path,
                               frames: Frames) -> None:
    pd.concat([frames["shops"]] * 2).to_parquet(bundle / "shops.parquet")
    finding = only(rejected(specc))
    assert (finding["code"], finding["pointer"]) == ("SC612", "/extractors/shop/joins/0")
    for part in ("'shops'", "'shop'", "4 rows", "1, 2, 3, 7"):
        assert part in finding["message"]


def test_samples_without_a_row(specc: Specc, spec: Json, bundle: Path, frames: Frames) -> None:
    strangers = [f"x{number}" for number in range(16)]
    frames["index"].assign(customer=strangers).to_parquet(bundle / "index.parquet")
    spec["extractors"]["customer"]["missing_rows"] = "error"
    write_spec(spec)
    finding = only(rejected(specc))
    assert (finding["code"], finding["pointer"]) == ("SC613", "/extractors/customer/joins/0")
    for part in ("'customers'", "customer", "16 of 16", "'x0', 'x1', 'x2', 'x3', 'x4'"):
        assert part in finding["message"]
    assert "x5" not in finding["message"]


@pytest.mark.parametrize(("splits", "evaluate_on", "code", "pointer"), [
    (["test"] * 16, None, "SC401", "/training/train_on"),
    ([None] * 16, None, "SC401", "/training/train_on"),
    (["train"] * 16, ["test"], "SC618", "/training/evaluate_on/0"),
])
def test_split_without_rows(specc: Specc, spec: Json, bundle: Path, frames: Frames,
                            splits: list[str | None], evaluate_on: list[str] | None, code: str,
                            pointer: str) -> None:
    column = pd.Series(splits, index=frames["index"].index, dtype="str")
    frames["index"].assign(split=column).to_parquet(bundle / "index.parquet")
    spec["training"]["evaluate_on"] = evaluate_on
    write_spec(spec)
    finding = only(rejected(specc))
    assert (finding["code"], finding["pointer"]) == (code, pointer)


@pytest.mark.parametrize(("column", "loss", "code", "pointer"), [
    ("size", "torch.nn:MSELoss", "SC614", "/extractors/label/transformer"),
    ("placed", "torch.nn:MSELoss", "SC614", "/extractors/label/transformer"),
    ("shop", "torch.nn:BCEWithLogitsLoss", "SC306", "/loss/type"),
    ("amount", "torch.nn:MSELoss", "SC615", "/extractors/label"),
])
def test_label_of_the_wrong_kind(specc: Specc, spec: Json, bundle: Path, column: str, loss: str,
                                 code: str, pointer: str) -> None:
    spec["extractors"]["label"]["take_columns"] = [column]
    spec["extractors"]["order"]["take_columns"] = ["gift"]
    spec["loss"]["type"] = loss
    spec["metrics"] = []
    write_spec(spec)
    finding = only(rejected(specc))
    assert (finding["code"], finding["pointer"]) == (code, pointer)


# Damaged and hostile files


@pytest.mark.parametrize("kept", [0, 1, 4, 11, 0.3, 0.7, 0.95, -8, -1])
def test_truncated_frame(specc: Specc, spec_file: Path, bundle: Path, kept: float) -> None:
    path = bundle / "shops.parquet"
    data = path.read_bytes()
    path.write_bytes(data[:int(kept * len(data)) if 0 < kept < 1 else int(kept)])
    finding = only(rejected(specc))
    assert (finding["code"], finding["file"]) == ("SC604", "bundle/shops.parquet")


@pytest.mark.parametrize("data", [
    b"garbage " * 100,
    b"PAR1" + bytes(range(256)) * 4 + struct.pack("<I", 512) + b"PAR1",
    b"PAR1" + struct.pack("<I", 2**31) + b"PAR1",
])
def test_garbage_frame(specc: Specc, spec_file: Path, bundle: Path, data: bytes) -> None:
    (bundle / "shops.parquet").write_bytes(data)
    finding = only(rejected(specc))
    assert (finding["code"], finding["file"]) == ("SC604", "bundle/shops.parquet")


def test_frame_with_damaged_pages(specc: Specc, spec_file: Path, bundle: Path) -> None:
    path = bundle / "customers.parquet"
    data = bytearray(path.read_bytes())
    footer = struct.unpack("<I", data[-8:-4])[0]
    data[4:-footer - 8] = b"\xff" * (len(data) - footer - 12)
    path.write_bytes(data)
    found = rejected(specc)
    assert {(finding["code"], finding["file"]) for finding in found} == {
        ("SC604", "bundle/customers.parquet")}


def test_two_damaged_frames_are_both_told(specc: Specc, spec_file: Path, bundle: Path) -> None:
    for name in ("customers", "shops"):
        (bundle / f"{name}.parquet").write_bytes(b"")
    assert [finding["file"] for finding in rejected(specc)] == [
        "bundle/customers.parquet", "bundle/shops.parquet"]


def pack(bundle: Path, **extra: bytes) -> bytes:
    """The frames of a folder, and further members, as a zip."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(bundle.iterdir()):
            packed.write(path, path.name)
        for name, data in extra.items():
            packed.writestr(name, data)
    return file.getvalue()


@pytest.mark.parametrize("name", ["../evil.parquet", "a/../../evil.parquet", "/evil.parquet",
                                  "C:/evil.parquet"])
def test_zip_that_names_files_outside(specc: Specc, spec_file: Path, bundle: Path,
                                      name: str) -> None:
    frame = (bundle / "shops.parquet").read_bytes()
    outside = everything(Path.cwd().parent).keys()
    Path("bundle.zip").write_bytes(pack(bundle, **{name: frame}))
    finding = only(rejected(specc, bundle="bundle.zip"))
    assert (finding["code"], finding["file"]) == ("SC603", "bundle.zip")
    assert everything(Path.cwd().parent).keys() - outside == {Path.cwd() / "bundle.zip"}
    assert not Path("/evil.parquet").exists()


def with_sizes(data: bytes, size: int) -> bytes:
    """A zip whose directory says that every member has `size` bytes when unpacked."""
    changed, place = bytearray(data), data.find(b"PK\x01\x02")
    while place >= 0:
        struct.pack_into("<I", changed, place + 24, size)
        place = data.find(b"PK\x01\x02", place + 1)
    return bytes(changed)


@pytest.mark.parametrize(("size", "code"), [(10, "SC602"), (2**32 - 2, "SC625")])
def test_zip_that_lies_about_its_sizes(specc: Specc, spec_file: Path, bundle: Path, size: int,
                                       code: str) -> None:
    Path("bundle.zip").write_bytes(with_sizes(pack(bundle), size))
    finding = only(rejected(specc, bundle="bundle.zip"))
    assert (finding["code"], finding["file"]) == (code, "bundle.zip")


def test_zip_that_unpacks_to_more_than_the_limit(specc: Specc, spec_file: Path, bundle: Path,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LARGEST_TOTAL", 100_000)
    Path("bundle.zip").write_bytes(pack(bundle, **{"zeros.parquet": bytes(1_000_000)}))
    assert Path("bundle.zip").stat().st_size < 100_000
    finding = only(rejected(specc, bundle="bundle.zip"))
    assert (finding["code"], finding["file"]) == ("SC625", "bundle.zip")


def test_zip_of_too_many_files(specc: Specc, spec_file: Path, bundle: Path,
                               monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LARGEST_COUNT", 50)
    extra = {f"{number}.txt": b"" for number in range(50)}
    Path("bundle.zip").write_bytes(pack(bundle, **extra))
    finding = only(rejected(specc, bundle="bundle.zip"))
    assert (finding["code"], finding["file"]) == ("SC625", "bundle.zip")


def test_truncated_zip(specc: Specc, spec_file: Path, bundle: Path) -> None:
    data = pack(bundle)
    Path("bundle.zip").write_bytes(data[: len(data) // 2])
    finding = only(rejected(specc, bundle="bundle.zip"))
    assert (finding["code"], finding["file"]) == ("SC602", "bundle.zip")


# The run


def test_more_memory_than_there_is(specc: Specc, spec: Json, bundle: Path) -> None:
    spec["network"]["sizes"] = [1_000_000, 1_000_000, 1]
    write_spec(spec)
    finding = only(rejected(specc))
    assert (finding["code"], finding["pointer"]) == ("SC405", "/network")


def test_diverging_run(specc: Specc, spec: Json, bundle: Path) -> None:
    spec["extractors"]["label"]["take_columns"] = ["shop"]
    spec["loss"]["type"] = "torch.nn:MSELoss"
    spec["optimizer"]["lr"] = 1e6
    spec["training"]["epochs"] = 5
    spec["metrics"] = []
    write_spec(spec)
    finding = only(reported(specc("run", "spec.json", "bundle", "--format", "json"), 1))
    assert (finding["code"], finding["pointer"]) == ("SC501", "/optimizer")
    assert finding["help"]


@pytest.mark.parametrize("out", ["taken", "taken/runs"])
def test_unwritable_out(specc: Specc, spec_file: Path, bundle: Path, out: str) -> None:
    Path("taken").write_text("a file", encoding="utf-8")
    before = everything(Path.cwd())
    result = specc("run", "spec.json", "bundle", "--out", out, "--format", "json")
    finding = only(reported(result, 1))
    assert finding["code"] == "SC502"
    assert finding["help"] and "taken" in finding["message"]
    assert everything(Path.cwd()) == before


def test_metric_that_is_not_defined(specc: Specc, spec: Json, bundle: Path,
                                    frames: Frames) -> None:
    late = [0, 1] * 5 + [1] * 6
    frames["index"].assign(late=late).to_parquet(bundle / "index.parquet")
    write_spec(spec)
    found = reported(specc("run", "spec.json", "bundle", "--format", "json"), 0)
    assert [(finding["code"], finding["severity"], finding["pointer"]) for finding in found] == [
        ("SC503", "warning", "/metrics/0")]
    assert "'test'" in found[0]["message"]


def test_interrupted_run(specc: Specc, spec_file: Path, bundle: Path,
                         monkeypatch: pytest.MonkeyPatch) -> None:
    from specc.runtime import loop

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(loop, "run_step", interrupt)
    finding = only(reported(specc("run", "spec.json", "bundle", "--format", "json"), 130))
    assert (finding["code"], "specc resume" in finding["help"]) == ("SC504", True)
    assert "epoch 1" in finding["message"]


def test_run_folder_that_was_cut(specc: Specc, spec_file: Path, bundle: Path) -> None:
    assert specc("run", "spec.json", "bundle").exit_code == 0
    (folder,) = Path("runs").iterdir()
    metrics = folder / "metrics.json"
    metrics.write_bytes(metrics.read_bytes()[:-20])
    finding = only(reported(specc("report", str(folder), "--format", "json"), 1))
    assert (finding["code"], finding["file"]) == ("SC526", str(metrics))


def test_tracker_that_is_not_installed(specc: Specc, spec_file: Path, bundle: Path,
                                       monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    result = specc("run", "spec.json", "bundle", "--track", "mlflow", "--format", "json")
    assert only(reported(result, 1))["code"] == "SC532"
    assert not Path("runs").exists()


def test_tracker_that_does_not_answer(specc: Specc, spec_file: Path, bundle: Path,
                                      monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "nonsense://there")
    result = specc("run", "spec.json", "bundle", "--track", "mlflow", "--format", "json")
    assert only(reported(result, 1))["code"] == "SC533"
    assert not Path("runs").exists()


def test_tracker_that_fails(specc: Specc, spec_file: Path, bundle: Path,
                            monkeypatch: pytest.MonkeyPatch) -> None:
    from specc.runtime.tracking.tensorboard_tracker import TensorBoard

    def full(_: TensorBoard) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(TensorBoard, "flush", full)
    result = specc("run", "spec.json", "bundle", "--track", "tensorboard", "--format", "json")
    finding = only(reported(result, 0))
    assert (finding["code"], finding["severity"]) == ("SC534", "warning")


def test_device_that_is_not_there(specc: Specc, spec: Json, bundle: Path,
                                  monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    spec["training"]["device"] = "cuda"
    write_spec(spec)
    finding = only(rejected(specc))
    assert (finding["code"], finding["pointer"]) == ("SC404", "/training/device")


def test_precision_that_the_device_has_not(specc: Specc, spec: Json, bundle: Path,
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch, "is_autocast_enabled", lambda device: False)
    spec["training"]["precision"] = "float16"
    write_spec(spec)
    finding = only(rejected(specc))
    assert (finding["code"], finding["pointer"]) == ("SC412", "/training/precision")


def test_network_that_cannot_be_compiled(specc: Specc, spec: Json, bundle: Path,
                                         monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    def refuse(*_: Any, **__: Any) -> Any:
        raise RuntimeError("torch.compile is not supported on this system")

    monkeypatch.setattr(torch, "compile", refuse)
    spec["training"]["compile"] = True
    write_spec(spec)
    finding = only(rejected(specc))
    assert (finding["code"], finding["pointer"]) == ("SC523", "/training/compile")


def test_step_that_breaks_the_weights(specc: Specc, spec: Json, frames: Frames,
                                      monkeypatch: pytest.MonkeyPatch) -> None:
    """SC311: numbers this large are refused by the fit, whose limit is taken away here."""
    monkeypatch.setattr("specc.compiler.transformers.base.LARGEST_TO_TRAIN", 1e38)
    spec["extractors"]["order"] = {"type": "plain", "take_columns": ["atoms"]}
    spec["network"] = {"type": "output", "input_frames": ["order"]}
    spec["optimizer"] = {"type": "torch.optim:SGD", "lr": 1e6}
    write_spec(spec)
    bundle = Path("bundle")
    bundle.mkdir()
    for name, frame in {**frames, "index": frames["index"].assign(atoms=1e33)}.items():
        frame.to_parquet(bundle / f"{name}.parquet")
    result = specc("plan", "spec.json", "bundle")
    assert result.exit_code == 1
    assert "SC311" in result.stdout



# Runs that go on


@pytest.fixture
def halfway(specc: Specc, spec_file: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The folder of a run that was stopped after its first epoch."""
    from specc.runtime import loop

    with monkeypatch.context() as patched:
        patched.setattr(loop.TrainingState, "finish", stopping(loop.TrainingState.finish))
        specc("run", "spec.json", "bundle", "--set", "/training/epochs=3")
    (folder,) = Path("runs").iterdir()
    return str(folder)


def stopping(finish: Callable[..., None]) -> Callable[..., None]:
    """What closes an epoch, and presses Ctrl-C."""

    def run(*args: Any) -> None:
        finish(*args)
        signal.raise_signal(signal.SIGINT)

    return run


def told(specc: Specc, *words: str) -> Json:
    """The one finding of a command that is refused; as text too."""
    finding = only(reported(specc(*words, "--format", "json"), 1))
    text = specc(*words)
    # Another run has another folder, so the rest of the message may differ.
    assert text.exit_code == 1 and f"error[{finding['code']}]: " in text.stdout
    assert finding["help"]
    return finding


def test_full_disk(specc: Specc, spec_file: Path, bundle: Path,
                   monkeypatch: pytest.MonkeyPatch) -> None:
    from specc.runtime import run_folder

    def full(path: Path, content: bytes) -> None:
        if path.parent.name == "checkpoints":
            raise OSError(28, "No space left on device")
        path.write_bytes(content)

    monkeypatch.setattr(run_folder, "_put", full)
    finding = told(specc, "run", "spec.json", "bundle")
    assert finding["code"] == "SC513" and "No space left" in finding["message"]


def test_resume_of_a_folder_that_is_no_run(specc: Specc, bundle: Path) -> None:
    for words in (["resume", "nowhere"], ["resume", "bundle"], ["run", "--again", "bundle"],
                  ["run", "--continue", "bundle", "bundle"]):
        assert told(specc, *words)["code"] == "SC514"


def test_damaged_checkpoint(specc: Specc, halfway: str) -> None:
    path = Path(halfway, "checkpoints", "last.safetensors")
    content = path.read_bytes()
    for spoilt in (b"", content[:-1], content[:100], b"\x80\x04" + content):
        path.write_bytes(spoilt)
        finding = told(specc, "resume", halfway)
        assert (finding["code"], finding["file"]) == ("SC515", str(path))
    path.unlink()
    assert specc("resume", halfway).exit_code == 0


def test_resume_with_another_spec(specc: Specc, halfway: str, spec: Json) -> None:
    spec["training"]["batch_size"] = 6
    Path(halfway, "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    finding = told(specc, "resume", halfway)
    assert (finding["code"], finding["pointer"]) == ("SC516", "/training/batch_size")


def test_resume_without_a_bundle(specc: Specc, halfway: str) -> None:
    path = Path(halfway, "inputs.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "bundle": None}))
    assert told(specc, "resume", halfway)["code"] == "SC517"
    assert specc("resume", halfway, "bundle").exit_code == 0


def test_resume_of_a_run_that_is_under_way(specc: Specc, halfway: str) -> None:
    from specc.runtime.run_folder import locked

    with locked(Path(halfway)):
        assert told(specc, "resume", halfway)["code"] == "SC518"


def test_run_that_has_not_finished(specc: Specc, halfway: str) -> None:
    assert told(specc, "run", "--again", halfway)["code"] == "SC519"
    assert told(specc, "run", "--continue", halfway, "bundle")["code"] == "SC519"


def test_continuing_without_a_checkpoint(specc: Specc, spec_file: Path, bundle: Path) -> None:
    specc("run", "spec.json", "bundle", "--set", "/training/checkpoint=null")
    (folder,) = Path("runs").iterdir()
    assert told(specc, "run", "--continue", str(folder), "bundle")["code"] == "SC520"


def test_continuing_with_another_network(specc: Specc, spec_file: Path, bundle: Path) -> None:
    specc("run", "spec.json", "bundle")
    (folder,) = Path("runs").iterdir()
    finding = told(specc, "run", "--continue", str(folder), "spec.json", "bundle", "--set",
                   "/network/sizes=[3, 1]")
    assert (finding["code"], finding["pointer"]) == ("SC521", "/network")


# Fits of an earlier run


def _freeze(spec_file: Path, spec: Json, name: str) -> None:
    spec["extractors"][name]["fit"] = "frozen"
    spec_file.write_text(json.dumps(spec))


def test_fits_of_a_folder_that_is_no_run(specc: Specc, spec_file: Path, spec: Json,
                                         bundle: Path) -> None:
    _freeze(spec_file, spec, "order")
    found = only(rejected(specc, "--fits", str(bundle)))
    assert found["code"] == "SC634"
    assert "transformers.json" in found["message"]


def test_fits_of_another_extractor(specc: Specc, spec_file: Path, spec: Json, bundle: Path) -> None:
    assert specc("run", "spec.json", "bundle", "--out", "earlier").exit_code == 0
    (run,) = Path("earlier").iterdir()
    spec["extractors"]["order"]["take_columns"] = ["amount"]
    _freeze(spec_file, spec, "order")
    found = only(rejected(specc, "--fits", str(run)))
    assert (found["code"], found["pointer"]) == ("SC636", "/extractors/order/fit")
    assert "took placed, amount, gift, size, this takes amount" in found["message"]


# Making bundles, and drafting specs


def made(specc: Specc, *options: str) -> Json:
    """The one finding of a bundle that is refused; nothing is written."""
    before = everything(Path.cwd())
    result = specc("bundle", "make", "out", *options, "--format", "json")
    found = only(reported(result, 1))
    assert everything(Path.cwd()) == before
    return found


def test_table_that_cannot_be_read(specc: Specc) -> None:
    Path("broken.csv").write_text("a,b\n1\n")
    for name in ("nowhere.csv", "book.xlsx", "broken.csv", "."):
        found = made(specc, "--frame", f"index={name}")
        assert (found["code"], found["file"]) == ("SC642", name)


def test_query_that_fails(specc: Specc) -> None:
    for url in ("sqlite://", "sqlite:///nowhere.db", "nonsense"):
        found = made(specc, "--sql", url, "--query", "index=select * from nowhere")
        assert found["code"] == "SC643"


def test_frame_whose_name_is_a_path(specc: Specc) -> None:
    Path("a.csv").write_text("a\n1\n")
    for name in ("../a", ".hidden", "a\\b", "a\x00b"):
        found = made(specc, "--frame", f"{name}=a.csv", "--index-frame", name)
        assert found["code"] == "SC644"


def test_key_with_nulls(specc: Specc) -> None:
    Path("a.csv").write_text("a,b\n1,2\n,3\n")
    found = made(specc, "--frame", "index=a.csv", "--key", "index=a")
    assert (found["code"], found["file"]) == ("SC645", "a.csv")


def test_place_that_is_taken(specc: Specc, bundle: Path) -> None:
    Path("out").mkdir()
    Path("out/thesis.txt").write_text("mine")
    Path("a.csv").write_text("a\n1\n")
    for options in ([], ["--force"]):
        assert made(specc, "--frame", "index=a.csv", *options)["code"] == "SC646"


def test_column_that_is_no_number(specc: Specc) -> None:
    Path("a.csv").write_text("a\nx\n")
    found = made(specc, "--frame", "index=a.csv", "--column", "index.a=integer")
    assert (found["code"], found["file"]) == ("SC647", "a.csv")


def drafted(specc: Specc, label: str) -> Json:
    """The one finding of a draft that is refused."""
    return only(reported(specc("init", "bundle", "--label", label, "--format", "json"), 1))


def test_label_in_two_frames(specc: Specc, frames: Frames) -> None:
    Path("bundle").mkdir()
    for name in ("left", "right"):
        frames["shops"].to_parquet(f"bundle/{name}.parquet")
    assert drafted(specc, "area")["code"] == "SC648"


def test_label_that_is_a_time(specc: Specc, bundle: Path) -> None:
    assert drafted(specc, "placed")["code"] == "SC649"


def test_bundle_of_a_label_alone(specc: Specc, frames: Frames) -> None:
    Path("bundle").mkdir()
    frames["index"][["late"]].to_parquet("bundle/index.parquet")
    assert drafted(specc, "late")["code"] == "SC650"


@pytest.fixture
def model(specc: Specc, spec_file: Path, bundle: Path) -> Path:
    """The model folder of a run."""
    done = specc("run", "spec.json", "bundle")
    assert done.exit_code == 0, done.output
    (run,) = Path("runs").iterdir()
    return run / "model"


def unpredicted(specc: Specc, model: str | Path, bundle: str = "bundle") -> Json:
    """The one finding of a prediction that is refused and writes nothing."""
    before = everything(Path.cwd())
    result = specc("predict", str(model), bundle, "--out", "out.csv", "--format", "json")
    finding = only(reported(result, 1))
    assert everything(Path.cwd()) == before
    assert finding["help"]
    return finding


def test_model_that_is_not_there(specc: Specc, bundle: Path) -> None:
    for place in ("nowhere", "bundle", "bundle/index.parquet"):
        finding = unpredicted(specc, place)
        assert (finding["code"], finding["file"]) == ("SC508", place)


def test_model_of_an_earlier_version(specc: Specc, model: Path) -> None:
    (model / "model.json").unlink()
    finding = unpredicted(specc, model)
    assert (finding["code"], finding["file"]) == ("SC509", str(model))


def test_model_that_was_changed(specc: Specc, model: Path) -> None:
    text = (model / "transformers.json").read_text("utf-8")
    (model / "transformers.json").write_text(text.replace("imputed", "inputed"), "utf-8")
    finding = unpredicted(specc, model)
    assert (finding["code"], finding["file"]) == ("SC510", str(model))
    assert "transformers.json" in finding["message"]


def test_weights_of_another_network(specc: Specc, model: Path) -> None:
    weights = safetensors.numpy.load_file(str(model / "weights.safetensors"))
    name, *_ = weights
    weights["strange"] = weights.pop(name)
    safetensors.numpy.save_file(weights, str(model / "weights.safetensors"))
    document = json.loads((model / "model.json").read_text("utf-8"))
    hashes = {name: file_digest(model / name) for name in FILES}
    (model / "model.json").write_text(json.dumps(sealed(document, hashes)), "utf-8")
    assert unpredicted(specc, model)["code"] == "SC511"


def unexported(specc: Specc, model: Path, form: str = "torch") -> str:
    """The finding of an export that is refused, as text; nothing of it is left."""
    before = set(Path().iterdir())
    result = specc("export", str(model.parent), "--format", form, "--out", "served")
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output and result.stdout.endswith("1 error\n")
    assert set(Path().iterdir()) == before
    return str(result.stdout)


def test_export_that_differs(specc: Specc, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from specc.runtime.exporting import export

    said = export.said_by_file
    monkeypatch.setattr(export, "said_by_file", lambda *given: {
        name: value + 1e-4 for name, value in said(*given).items()})
    found = unexported(specc, model)
    assert "error[SC527]" in found and "for order 1" in found and "0.0001 apart" in found


def test_network_that_cannot_be_exported(specc: Specc, model: Path,
                                         monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    def fail(*_: object) -> None:
        raise NotImplementedError("it has no form")

    monkeypatch.setattr(torch.nn.Linear, "forward", fail)
    found = unexported(specc, model)
    assert "error[SC528]" in found and "the node /network " in found and "it has no form" in found


def test_export_without_its_packages(specc: Specc, model: Path,
                                     monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert "error[SC529]" in unexported(specc, model, form="onnx")


def test_export_into_a_folder_that_is_taken(specc: Specc, model: Path) -> None:
    Path("served").mkdir()
    Path("served/mine").write_text("mine", "utf-8")
    assert "error[SC530]" in unexported(specc, model)
    assert everything(Path("served")) == {Path("served/mine"): b"mine"}


def test_export_of_no_row(specc: Specc, model: Path, bundle: Path, frames: Frames) -> None:
    frames["index"].iloc[:0].to_parquet(bundle / "index.parquet")
    assert "error[SC531]" in unexported(specc, model)


def test_export_that_does_not_run(specc: Specc, model: Path,
                                  monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.export, "save", lambda program, path: path.write_bytes(b""))
    assert "error[SC537]" in unexported(specc, model)


def test_bundle_that_lacks_what_the_model_reads(specc: Specc, model: Path, bundle: Path,
                                                frames: Frames) -> None:
    frames["shops"].drop(columns="city").to_parquet(bundle / "shops.parquet")
    finding = unpredicted(specc, model)
    assert (finding["code"], finding["file"]) == ("SC657", "bundle/shops.parquet")
    (bundle / "shops.parquet").unlink()
    finding = unpredicted(specc, model)
    assert (finding["code"], finding["file"]) == ("SC656", "bundle")


def test_columns_of_other_dtypes_than_in_training(specc: Specc, model: Path, bundle: Path,
                                                  frames: Frames) -> None:
    for values, code in ((["a", "b", "c", "d"], "SC658"), ([120.5, 1.0, 2.0, 3.0], "SC659")):
        frames["shops"].assign(area=values).to_parquet(bundle / "shops.parquet")
        finding = unpredicted(specc, model)
        assert (finding["code"], finding["file"]) == (code, "bundle/shops.parquet")


def test_evaluation_of_a_split_that_is_not_there(specc: Specc, model: Path) -> None:
    result = specc("evaluate", str(model), "bundle", "--split", "tets", "--format", "json")
    finding = only(reported(result, 1))
    assert (finding["code"], finding["help"]) == (
        "SC660", "did you mean 'test'? known splits: test, train")
