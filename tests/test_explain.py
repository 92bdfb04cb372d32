"""`specc explain`, and its examples, which come from the golden corpus.

An example of a code is a case of `golden/` with this one finding. What mends it is
`<case>.fixed.json` beside it, or the finding's own fix. `pytest --update` writes
`compiler/diagnostics/examples.json` again; `make generate` does so.
"""

from __future__ import annotations

import json
import re
import runpy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import Result
from specc.compiler.diagnostics.diagnostic import Diagnostic
from specc.compiler.diagnostics.explain import EXAMPLES_FILE, Example, examples
from specc.compiler.diagnostics.rules import RULES
from specc.compiler.reporters import render_text
from specc.compiler.stages import Source
from specc.compiler.text.text_patch import apply_to_text

Specc = Callable[..., Result]
Frames = dict[str, pd.DataFrame]

GOLDEN = runpy.run_path(str(Path(__file__).with_name("test_golden.py")))
_MOST_LISTED = 6
_FOUND = re.compile(r"(?:error|warning)\[(SC\d+)\]")

IN_WORDS = {
    "SC001": ("`specc validate nowhere.json`, and there is no such file.",
              "give the path of a file that can be read."),
    "SC002": ("a spec saved as Latin-1, with an e acute in its description.",
              "save it as UTF-8."),
    "SC008": ("a data file of 11 million characters, given in place of the spec.",
              "give the spec; it has a few thousand characters."),
    "SC009": ("`--set training/epochs=3`: the pointer does not start with a slash.",
              "`--set /training/epochs=3`."),
    "SC311": ('an optimizer whose first step on the sample batch leaves infinite weights.',
              'a lower learning rate, or scaled inputs.'),
    "SC404": ('"device": "cuda" in `training`, on a machine without such a device.',
              'write "device": "auto", or leave it out.'),
    "SC405": ("a bundle with more rows than the memory holds once they are encoded.",
              "take fewer columns or a smaller batch, or use a machine with more memory."),
    "SC412": ('"precision": "float16" in `training`, on a device that computes in float32 alone.',
              'leave it out, or name another device.'),
    "SC501": ("a learning rate of 1000 with stochastic gradient descent.",
              "write a learning rate such as 0.01."),
    "SC502": ("`specc run spec.json bundle --out sealed`, a folder without write permission.",
              "choose a folder that can be written."),
    "SC503": ("`roc_auc_score` on a test split whose rows all have one class.",
              "put rows of both classes into the split, or leave the metric out."),
    "SC504": ("the keys Ctrl and C pressed during a run.", "`specc resume` and the run folder."),
    "SC513": ("a disk that fills while a run keeps its state.",
              "make room, then `specc resume` and the run folder."),
    "SC514": ("`specc resume bundle/`, a folder that no run has written.",
              "name the run folder, such as runs/flights-8221bcfd-1."),
    "SC515": ("a `checkpoints/last.safetensors` that was cut off while it was copied.",
              "copy it again, or remove it: the run then starts again."),
    "SC516": ("`specc resume` after a row was appended to `index.parquet`.",
              "put the frame back, or start a new run."),
    "SC517": ("`specc resume` of a run that a program has made on DataFrames.",
              "name a bundle with the same frames."),
    "SC518": ("`specc resume` of a run that is still training in another terminal.",
              "wait until it is done, or stop it."),
    "SC519": ("`specc run --again` with a run that was interrupted.",
              "finish it with `specc resume`."),
    "SC520": ('`specc run --continue` with a run of `"checkpoint": null`.',
              "train it with checkpoints, which are the default."),
    "SC521": ("`specc run --continue RUN spec.json bundle/`, where the spec has a wider layer.",
              "leave the network as it was, or start a new run without --continue."),
    "SC523": ('"compile": true in `training`, on a machine without a C++ compiler.',
              "install one, or leave it out."),
    "SC508": ("`specc predict nowhere bundle --out new.csv`, and there is no such folder.",
              "name the folder of a run, or its folder `model`."),
    "SC509": ("the folder of a run that specc wrote before it could predict.",
              "train it again: `specc run spec.json bundle`, with the `spec.json` of that folder."),
    "SC510": ("a `model` whose `transformers.json` was edited, or was copied from another run.",
              "copy the whole folder `model` again."),
    "SC511": ("weights from which somebody has removed a layer.",
              "copy the whole folder `model` again."),
    "SC526": ("a `metrics.json` that was cut off while the run folder was copied.",
              "copy the folder again."),
    "SC527": ("a network that divides by numbers near 0, so that their last digits decide.",
              "leave out that part, or export with `--format torch`."),
    "SC528": ("a network of more than 2 GiB, and `--format onnx`.", "`--format torch`."),
    "SC529": ("`specc export RUN --format onnx`, and onnxruntime is not installed.",
              "`pip install 'specc[onnx]'`."),
    "SC530": ("`specc export RUN --format onnx --out served`, and `served` holds files.",
              "`--out served-2`, or move what is there."),
    "SC531": ("`specc export RUN empty --format torch --out served`, a bundle without samples.",
              "name a bundle with rows."),
    "SC537": ("an onnxruntime that is older than the operators of the file.",
              "`pip install --upgrade onnxruntime`."),
    "SC532": ("`specc run spec.json bundle --track mlflow` where MLflow is not installed.",
              "`pip install 'specc[mlflow]'`."),
    "SC533": ("`--track mlflow`, and MLFLOW_TRACKING_URI is the address of no server.",
              "set MLFLOW_TRACKING_URI to the address that the browser shows."),
    "SC534": ("an MLflow server that is shut down while a run goes on.",
              "leave the run alone: it ends well, and tries the server once more at its end."),
    "SC601": ("`specc validate spec.json nowhere`, and there is no such folder.",
              "give the folder or the zip with the Parquet files."),
    "SC602": ("a folder without one Parquet file.", "write each frame into it as Parquet."),
    "SC603": ("a zip with a member called `../index.parquet`.",
              "pack the files themselves, without folders."),
    "SC604": ("an `index.parquet` that was cut off while it was copied.", "copy it again."),
    "SC605": ('a bundle.json with `{"index_frame": 3}`.',
              'name a frame: `{"index_frame": "index"}`.'),
    "SC625": ("a zip of 100,000 files.", "put each frame into one file."),
    "SC634": ("`--fits old`, a folder that no run has written.",
              "name the folder of a run, or its folder `model`."),
    "SC636": ("`--fits` with a run whose extractor of this name took other columns.",
              'name a run of the same extractor, or fit it anew: remove "fit".'),
    "SC642": ("`specc bundle make out --frame index=orders.xlsx`.",
              "save the sheet as orders.csv and give that."),
    "SC643": ("`--sql sqlite:///shop.db`, and there is no such file.",
              "give the path of the database."),
    "SC644": ("`--frame ../orders=orders.csv`.", "`--frame orders=orders.csv`."),
    "SC645": ("`--key planes=tailnum`, and two planes have no tailnum.",
              "leave these rows out of the file."),
    "SC646": ("`specc bundle make out ...`, and `out` holds a bundle already.",
              "name another folder, or add `--force`."),
    "SC647": ("`--column flights.date=datetime` for dates such as 1.2.2013.",
              "write them as 2013-02-01."),
    "SC648": ("`specc init bundle --label late`, and two frames have a column `late`.",
              "name the index frame in bundle.json."),
    "SC649": ("`specc init bundle --label name`, a text that never repeats.",
              "name a column of numbers or of classes."),
    "SC650": ("a bundle whose index frame holds the label and nothing else.",
              "add columns, or frames to join."),
    "SC656": ("`specc predict` on a bundle of `index` alone, and the model joins `shops`.",
              "put `shops.parquet` beside it."),
    "SC657": ("a new `shops.parquet` without the column `city`.",
              "add it, with nulls where the city is not known."),
    "SC658": ("a new `shops.parquet` in which `area` is text.", "store the area as a number."),
    "SC659": ("a new `shops.parquet` with an `area` of 120.5, a whole number in training.",
              "round the area to 120, or train on such numbers."),
    "SC660": ("`specc evaluate run bundle --split tets`.", "`--split test`."),
}
"""Codes that no case of the corpus shows: the situation, and the repair."""

IN_BUNDLE = {
    "SC401": "put rows into the split `train`.",
    "SC612": "keep one row for each shop in `shops`.",
    "SC616": "call the frame `index`, or name it in bundle.json.",
    "SC620": "write the rows of `index`.",
    "SC621": "give `features` one row for each row of `index`, in the same order.",
    "SC628": "make the split by `order`, as a step of type `grouped_split` does.",
    "SC703": "store the numbers beyond 3.4e38 as null.",
    "SC705": "let `late` have both values in training rows.",
    "SC709": "give each list of `at` two numbers.",
}
"""Codes whose example is mended in the bundle, not in the spec."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_examples_are_fresh(update: bool, frames: Frames, folder: Path) -> None:
    made = {name: asdict(example) for name, example in _examples(frames, folder)}
    text = json.dumps(made, indent=1, ensure_ascii=False) + "\n"
    if update:
        EXAMPLES_FILE.write_text(text, encoding="utf-8")
        examples.cache_clear()
    assert EXAMPLES_FILE.read_text(encoding="utf-8") == text, "run `make generate`"


def _examples(frames: Frames, folder: Path) -> Iterator[tuple[str, Example]]:
    cases = _cases()
    for name in RULES:
        if name in IN_WORDS:
            assert name not in cases, "the corpus shows it: take it out of the table"
            situation, repair = IN_WORDS[name]
            yield name, Example(situation, None, None, repair, None)
        else:
            assert name in cases, f"no case of tests/golden shows {name} alone"
            yield name, _example(name, cases[name], dict(frames), folder)


def _cases() -> Mapping[str, Path]:
    """Code -> the case that shows it alone: one with a repaired spec before one without, and
    one on the common bundle before one on another."""
    found: dict[str, list[tuple[bool, bool, bool, Path]]] = {}
    for output in (Path(__file__).with_name("golden")).glob("*/*/*.out"):
        codes = _FOUND.findall(output.read_text(encoding="utf-8"))
        case = output.with_suffix(".json")
        if len(codes) == 1:
            found.setdefault(codes[0], []).append((
                not case.with_suffix(".fixed.json").exists(),
                case.with_suffix(".bundle.json").exists(), "misspelt" not in case.stem, case))
    return {code: min(entries)[-1] for code, entries in found.items()}


def _example(name: str, case: Path, frames: Frames, folder: Path) -> Example:
    stage = case.parts[-3]
    text, fixed = case.read_text(encoding="utf-8"), case.with_suffix(".fixed.json")
    with_bundle = stage not in GOLDEN["WITHOUT_BUNDLE"]
    bundle = GOLDEN["_bundle"](case, frames) if with_bundle else None

    def judge(spec: str, last: str) -> tuple[Diagnostic, ...]:
        found: tuple[Diagnostic, ...] = GOLDEN["_compile_until"](
            last, Source("spec.json", spec), lambda: bundle)[2]
        return found

    found = judge(text, stage)
    assert [one.code for one in found] == [name]
    if fixed.exists():
        repaired = fixed.read_text(encoding="utf-8")
    elif found[0].fix is not None:
        repaired = apply_to_text(text, found[0].fix)
    else:
        repaired = None
    # A part of a spec is accepted as text; a spec as far as it can be judged.
    last = "parse" if stage == "parse" else "rehearse" if with_bundle else "shapes"
    assert repaired is None or judge(repaired, last) == (), case
    assert (repaired is None) == (name in IN_BUNDLE), f"{case} needs a .fixed.json"
    if with_bundle:
        for path in (folder / "bundle").iterdir():
            path.unlink()
        (folder / "bundle").rmdir()
    output = render_text(found, Source("spec.json", text), color=False)
    words, accepted = "a spec.", "this spec is accepted."
    if stage == "parse":
        words, accepted = "a part of a spec.", "this text is accepted."
    elif with_bundle:
        words = f"a spec on this bundle:\n\n{_bundle_words(case, frames)}"
    return Example(words, text, output, IN_BUNDLE.get(name, accepted), repaired)


def _bundle_words(case: Path, frames: Frames) -> str:
    """The frames of a bundle with rows, key and columns, and the values that a case sets."""
    frame_words = []
    for name, frame in sorted(frames.items(), key=lambda entry: (entry[0] != "index", entry[0])):
        key = [str(level) for level in frame.index.names if level is not None]
        keyed = f"key {', '.join(key)}" if key else "no key"
        frame_words.append(f"- `{name}`: {len(frame)} rows, {keyed}, "
                           f"columns {', '.join(map(str, frame.columns))}")
    return "\n".join([*frame_words, *_values(case)])


def _values(case: Path) -> Iterator[str]:
    changes = case.with_suffix(".bundle.json")
    loaded: dict[str, Any] = json.loads(changes.read_bytes()) if changes.exists() else {}
    for frame, change in loaded.items():
        for column, values in ((change or {}).get("columns") or {}).items():
            if values is not None:
                seen = list(dict.fromkeys(map(json.dumps, values)))
                more = ["..."] if len(seen) > _MOST_LISTED else []
                yield f"- {column} of `{frame}` holds {', '.join(seen[:_MOST_LISTED] + more)}"


@pytest.mark.parametrize("code", RULES)
def test_every_code_is_explained(specc: Specc, code: str) -> None:
    result = specc("explain", code)
    assert result.exit_code == 0
    first, *_ = result.stdout.splitlines()
    assert first.startswith(f"{RULES[code].severity.value}[{code}]: ")
    assert f"why: {RULES[code].doc}" in result.stdout
    for part in ("Example: ", "Repair: "):
        assert part in result.stdout
    output = examples()[code].output
    assert output is None or output.splitlines()[0] in result.stdout


def test_a_code_is_found_in_any_case(specc: Specc) -> None:
    assert specc("explain", "sc101").stdout == specc("explain", "SC101").stdout


@pytest.mark.parametrize(("name", "help"), [("SC1O1", "SC101"), ("sc 102", "SC102"), ("x", None)])
def test_an_unknown_code(specc: Specc, name: str, help: str | None) -> None:
    for options in ([], ["--format", "json"]):
        result = specc("explain", name, *options)
        assert (result.exit_code, result.stdout) == (2, "")
        assert name in result.stderr
        assert ("did you mean" in result.stderr) is (help is not None)
        assert help is None or f"did you mean {help}?" in result.stderr


def test_all_codes_are_listed(specc: Specc) -> None:
    lines = specc("explain").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(RULES)


def test_json(specc: Specc) -> None:
    everything = json.loads(specc("explain", "--format", "json").stdout)
    (one,) = json.loads(specc("explain", "SC101", "--format", "json").stdout)["codes"]
    assert everything["format_version"] == "1.0"
    assert [entry["code"] for entry in everything["codes"]] == list(RULES)
    assert one in everything["codes"]
    assert one["example"] == asdict(examples()["SC101"])


def test_color(specc: Specc) -> None:
    plain, painted = (specc("explain", "SC101", "--color", when, color=True).stdout
                      for when in ("never", "always"))
    assert "\x1b[" not in plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == plain != painted
