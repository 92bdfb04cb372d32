"""Run folders that were cut, edited, exchanged or made up, against every verb that reads one: a
diagnostic or a sound result, nothing carried out, nothing changed elsewhere, no end of waiting.

The folders are those of hostile/run_folders.py and its two neighbours. Every other corruption
meets one of the verbs that read its file, in turn, and under `slow` all meet all of them.

Not checked here: which reason is given (test_damaged_models.py, test_compare.py, test_resume.py,
runtime/test_checkpoints.py), and files that nobody may read, which root, who runs tests in
containers, may.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from click.testing import CliRunner, Result
from specc.runtime.finished import tables as tables_of_runs
from specc.runtime.git_state import git_state

import specc
from specc.cli import cli

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent / "hostile"))

from run_binaries import arrow, logs, states, tables, weights
from run_documents import documents
from run_folders import (
    CANARY,
    EVERY,
    FROZEN,
    MARKER,
    NAME,
    SPEC,
    Corruption,
    Stopping,
    everywhere,
    exchanged,
    frames,
)

TESTS = Path(__file__).resolve().parent

SECRET = "a secret of the machine"

SECONDS = 120
"""No verb waits for longer on a busy machine: what hangs, hangs for ever."""

MEMORY = 64 * 2**20
"""Bytes that are free, as the tables of a run are told."""

MODEL = {name for name in EVERY if name.startswith("model/")}
STARTED = {"spec.json", "environment.json", "inputs.json", "log.jsonl"}
PAGE = {"spec.json", "plan.json", "environment.json", "metrics.json", "importance.json",
        "timing.json", "findings.json", "history.parquet", "predictions.parquet",
        "model/spec.json"}
FITS = {"model/transformers.json", "model/transformers.arrow"}
LAST, BEST = "checkpoints/last.safetensors", "checkpoints/best.safetensors"


@dataclass(frozen=True)
class Verb:
    """Something that reads a run folder.

    Args:
        reads: the files of the folder that decide what it gives.
        words: the command line; `{run}`, `{bundle}`, `{other}`, `{out}` and `{frozen}` are places.
        stopped: whether it is given the run that was stopped.
        writes: whether it writes into the run folder.
    """

    reads: set[str]
    words: str
    stopped: bool = False
    writes: bool = False


THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
"""Whether every corruption meets every verb that reads its file; else half of them one each."""

# A verb that is new goes here, with the files that it reads.
VERBS: dict[str, Verb] = {
    "report": Verb(PAGE, "report {run} --out {out}/page.html"),
    "compare": Verb(PAGE, "compare {other} {run} --out {out}/page.html"),
    "compare with": Verb(PAGE, "compare {run} {other} --format json"),
    "diff": Verb({"model/spec.json"}, "diff {other} {run}"),
    "predict": Verb(MODEL, "predict {run} {bundle} --out {out}/predictions.csv"),
    "evaluate": Verb(MODEL, "evaluate {run} {bundle}"),
    "export": Verb(MODEL, "export {run} {bundle} --format torch --out {out}/exported"),
    "resume": Verb(STARTED | {LAST}, "resume {run} {bundle}", stopped=True, writes=True),
    "resume finished": Verb(STARTED, "resume {run}", writes=True),
    "continue": Verb(STARTED | FITS | {LAST, BEST},
                     "run --continue {run} {bundle} --out {out} --set /training/epochs=1"),
    "again": Verb(STARTED | {"metrics.json", "predictions.parquet", "model/weights.safetensors"},
                  "run --again {run} --out {out}"),
    "fits": Verb(FITS, "run {frozen} {bundle} --fits {run} --out {out}"),
}

CORRUPTIONS = {str(one): one for one in (
    *everywhere(), *exchanged(), *documents(), *tables(), *weights(), *arrow(), *states(),
    *logs())}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle, two finished runs and one that was stopped."""
    root = tmp_path_factory.mktemp("place")
    (root / "bundle").mkdir()
    for name, frame in frames().items():
        frame.to_parquet(root / "bundle" / f"{name}.parquet")
    for name, spec in (("run", SPEC), ("other", {**SPEC, "seed": 6})):
        ran = specc.run(spec, root / "bundle", out=root)
        assert ran.run is not None, str(ran)
        ran.folder.rename(root / name)
    halted = specc.run(SPEC, root / "bundle", out=root / "halted", progress=lambda _: Stopping())
    assert halted.interrupted, str(halted)
    (folder,) = (root / "halted").iterdir()
    folder.rename(root / "stopped")
    return root


@dataclass(frozen=True)
class Ground:
    """Where corruptions are tried: a folder with copies, its canary, and what is laid out."""

    place: Path
    root: Path

    def lay(self, verb: str) -> Path:
        """A fresh copy of the run that the verb reads."""
        run = self.root / "run"
        shutil.rmtree(run, ignore_errors=True)
        shutil.rmtree(self.root / "out", ignore_errors=True)
        (self.root / "out").mkdir()
        shutil.copytree(self.place / ("stopped" if VERBS[verb].stopped else "run"), run)
        return run

    def words(self, verb: str) -> list[str]:
        places = {"run": self.root / "run", "bundle": self.place / "bundle",
                  "other": self.root / "other", "out": self.root / "out",
                  "frozen": self.root / "frozen.json"}
        return [word.format(**places) for word in VERBS[verb].words.split()]


@pytest.fixture
def ground(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ground:
    (tmp_path / CANARY).mkdir()
    (tmp_path / CANARY / "secret.txt").write_text(SECRET)
    (tmp_path / "frozen.json").write_text(json.dumps(FROZEN))
    (tmp_path / "other").symlink_to(place / "other")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tables_of_runs, "available_memory", lambda: MEMORY)
    return Ground(place, tmp_path)


class Hangs(BaseException):
    """No diagnostic came."""


def tried(words: list[str]) -> Result:
    """A command line in this process, with an end."""

    def end(number: int, frame: FrameType | None) -> None:
        raise Hangs

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(SECONDS)
    try:
        return CliRunner().invoke(cli, words)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def digests(root: Path, without: tuple[str, ...]) -> dict[str, str]:
    """What stands below a folder; a link is where it points to."""
    found = {}
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders
                      if (Path(folder) / name).relative_to(root).as_posix() not in without]
        for name in (*folders, *files):
            path = Path(folder) / name
            found[path.relative_to(root).as_posix()] = (
                f"link {path.readlink()}" if path.is_symlink()
                else hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "other")
    return found


def stamps(root: Path) -> set[tuple[str, int, int]]:
    """What stands below a folder, by size and time: enough for what nobody spoils."""
    return {(str(path), path.stat().st_size, path.stat().st_mtime_ns)
            for path in root.rglob("*")}


KEPT = ("spec.json", "plan.json", "environment.json", "inputs.json")
"""Files that no verb changes, not even one that writes into the folder."""


def attempt(verb: str, ground: Ground, spoil: Callable[[Path], Any]) -> Result:
    """The verb on a copy that was spoilt; what must hold whatever was done to it."""
    run = ground.lay(verb)
    spoil(run)
    without = ("out", "run") if VERBS[verb].writes else ("out",)
    before = digests(ground.root, without), stamps(ground.place)
    kept = {name: digest for name, digest in digests(run, ()).items() if name in KEPT}
    result = tried(ground.words(verb))
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(
        result.exception)
    assert result.exit_code in (0, 1), result.output
    assert (digests(ground.root, without), stamps(ground.place)) == before
    assert kept.items() <= digests(run, ()).items()
    # JSON is for programs: text in it is as it was, without what would steer a terminal.
    steers = re.compile("[\x00-\x09\x0b-\x1f]" if "json" in VERBS[verb].words
                        else "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
    assert not steers.search(result.output)
    if result.exit_code:
        told(verb, result)
    else:
        sound(verb, ground, result)
    return result


def told(verb: str, result: Result) -> None:
    """A finding with its code and what to do, or the answer of `--again` that runs differ."""
    if "compare with" in verb:
        found = json.loads(result.stdout)["diagnostics"]
        assert found and all(each["code"] and each["help"] for each in found), found
        return
    codes = re.findall(r"error\[(SC\d+)\]", result.output)
    if verb.startswith("again") and not codes:
        assert "different: " in result.output or "changed: " in result.output
        return
    assert codes, result.output
    # A spec is judged by the vocabulary, which does not always know what was meant.
    assert "help: " in result.output or all(code < "SC400" for code in codes), result.output


def sound(verb: str, ground: Ground, result: Result) -> None:
    """What was made holds nothing that runs, nothing secret, and no number that is none."""
    out = ground.root / "out"
    for page in out.glob("*.html"):
        text = page.read_text("utf-8")
        assert SECRET not in text and "<script" not in text.lower()
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", text)
        assert text.startswith("<!DOCTYPE html>") and text.endswith("</html>\n")
    if verb == "compare with":
        json.loads(result.stdout, parse_constant=lambda constant: pytest.fail(constant))
    if verb == "predict":
        with (out / "predictions.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == 40
        assert all(0 <= float(row["late.predicted"]) <= 1 for row in rows)


def readers(file: str) -> list[str]:
    return [name for name, verb in VERBS.items() if file in verb.reads]


def spoilt(corruption: Corruption) -> Callable[[Path], Any]:
    """Spoils a run that has the file: one that was stopped lacks some."""

    def spoil(run: Path) -> None:
        if (run / corruption.file).exists():
            corruption.apply(run)

    return spoil


@pytest.fixture(autouse=True)
def nothing_is_carried_out(tmp_path: Path) -> Iterator[None]:
    yield
    assert not list(tmp_path.rglob(MARKER))


def test_there_are_two_hundred_and_more() -> None:
    assert len(CORRUPTIONS) > 500 and len(NAMES) > 290
    assert {CORRUPTIONS[name].file for name in NAMES} == set(EVERY)
    assert all(readers(file) for file in EVERY)


@pytest.mark.parametrize("verb", VERBS)
def test_whole_folders_are_read(verb: str, ground: Ground) -> None:
    result = attempt(verb, ground, lambda run: None)
    # With another seed, `--again` of the other run would differ.
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("verb", VERBS)
def test_no_other_file_is_opened(verb: str, ground: Ground) -> None:
    """What is not in `reads` is not looked into: nothing that stands there can matter."""
    opened: set[str] = set()
    run = ground.lay(verb)

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        if watching and event == "open" and isinstance(arguments[0], str | Path):
            place = Path(arguments[0])
            if place.is_relative_to(run) and isinstance(arguments[1], str) \
                    and arguments[1].startswith("r"):
                opened.add(place.relative_to(run).as_posix())

    watching = True
    sys.addaudithook(hear)
    result = tried(ground.words(verb))
    watching = False
    assert result.exit_code == 0, result.output
    if not VERBS[verb].stopped:  # what it has written itself it reads again
        assert opened & set(EVERY) <= VERBS[verb].reads | {"model/spec.json"}


# What goes elsewhere


@pytest.mark.parametrize("name", ["checkpoints", "model", "log.jsonl"])
def test_a_run_goes_on_in_its_own_folder(name: str, ground: Ground) -> None:
    """What a run writes as it goes on would else be written where a link leads to."""

    def link(run: Path) -> None:
        place = run / name
        shutil.rmtree(place, ignore_errors=True)
        place.unlink(missing_ok=True)
        place.symlink_to(ground.root / CANARY / ("secret.txt" if "." in name else ""))

    result = attempt("resume", ground, link)
    assert result.exit_code == 1 and "SC514" in result.output and "is a link" in result.output


def test_a_file_that_waits_under_the_name_of_a_new_one_is_not_followed(ground: Ground) -> None:
    def link(run: Path) -> None:
        for name in ("metrics.json", "history.parquet", "report.html"):
            (run / f".{name}.{os.getpid()}").symlink_to(ground.root / CANARY / "secret.txt")
            (run / name).symlink_to(ground.root / CANARY / "secret.txt")

    assert attempt("resume", ground, link).exit_code == 0


def test_git_starts_nothing_that_a_repository_names(tmp_path: Path) -> None:
    """A run folder may bring a repository along, and `inputs.json` may name a spec in it."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")

    def git(*words: str) -> None:
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True, capture_output=True)

    (tmp_path / "spec.json").write_text("{}")
    (tmp_path / ".gitattributes").write_text("*.json filter=a=b\n")
    git("init", "-q")
    git("add", ".")
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "one")
    command = f"touch '{tmp_path / MARKER}'; cat"
    for setting in ("filter.a=b.clean", "filter.a=b.process", "core.fsmonitor"):
        git("config", setting, command)
    git("config", "filter.a=b.required", "true")
    # git looks into a file again that is not as old as it was.
    os.utime(tmp_path / "spec.json", (1, 1))
    state = git_state(str(tmp_path / "spec.json"))
    assert state is not None and len(state["commit"]) == 40
    assert not (tmp_path / MARKER).exists()
    (tmp_path / "spec.json").write_text("{ }")
    changed = git_state(str(tmp_path / "spec.json"))
    assert changed is not None and changed["dirty"]
    assert not (tmp_path / MARKER).exists()


# What was a traceback or a wait without end, or came through as it stood


FOUND = [
    ("metrics.json, /splits/test/loss is 1000000000000000000000000000000", "compare", "SC526"),
    ("metrics.json, /splits/test/loss is inf", "compare with", "SC526"),
    ("plan.json, /data/extractors/0/width is []", "report", None),
    ("plan.json, a number of a thousand digits", "report", "SC526"),
    ("spec.json, a link out", "report", "SC526"),
    ("model/spec.json, /seed is -1, hashes made new", "compare", "SC526"),
    ("history.parquet, two columns of one name", "report", "SC526"),
    ("predictions.parquet, two columns of one name", "compare", "SC526"),
    ("predictions.parquet, rows without end", "report", "SC526"),
    ("predictions.parquet, a long text many times", "report", "SC526"),
    ("importance.json, a pipe", "report", "SC526"),
    ("inputs.json, a pipe", "resume", "SC514"),
    ("inputs.json, half a surrogate", "again", "SC514"),
    ("inputs.json, /spec is " + f"{chr(47) + NAME + chr(0)!r:.40}", "resume", None),
    ("metrics.json, /splits is " + f"{ {NAME: {NAME: 1.0}}!r:.40}", "compare", None),
    ("environment.json, a link to a device", "continue", "SC514"),
    ("environment.json, /versions/torch is " + f"{NAME!r:.40}", "again", None),
    ("log.jsonl, a pipe", "resume finished", None),
    ("checkpoints/last.safetensors, a pipe", "resume", "SC515"),
    ("checkpoints/last.safetensors, next_epoch None, hashes made new", "continue", "SC515"),
    ("checkpoints/last.safetensors, moments 'second', hashes made new", "resume", "SC515"),
    ("checkpoints/last.safetensors, no moments at all, hashes made new", "resume", "SC515"),
    ("checkpoints/last.safetensors, fused and differentiable, hashes made new", "resume", "SC515"),
    ("model/weights.safetensors, a pipe", "again", None),
    ("model/transformers.json, a pipe", "fits", "SC634"),
    ("model/transformers.json, /own/0/state/scaler is {'center': inf}, hashes made new",
     "continue", "SC634"),
    ("model/transformers.json, /hashed/0/state/buckets is 1000000000000000, hashes made new",
     "fits", "SC634"),
    ("model/transformers.json, /person/0/state/vectors is 'person', hashes made new", "predict",
     "SC510"),
    ("model/transformers.arrow, no lists, hashes made new", "fits", "SC634"),
    ("model/transformers.arrow, two arrays of one name, hashes made new", "continue", "SC634"),
    ("model/model.json, /training/0/maximum is 1000000000000000000000000000000, hashes made new",
     "predict", "SC510"),
]


@pytest.mark.parametrize(("name", "verb", "code"), FOUND)
def test_a_fault_that_was_mended(name: str, verb: str, code: str | None, ground: Ground) -> None:
    result = attempt(verb, ground, spoilt(CORRUPTIONS[name]))
    assert code is None or code in result.output


# All of them


NAMES = list(CORRUPTIONS) if THOROUGH else list(CORRUPTIONS)[::2]

QUICK = NAMES[::2]
"""Those of the quick round of tests."""


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow]) for name in NAMES])
def test_each_is_told_or_does_no_harm(name: str, ground: Ground) -> None:
    for verb in verbs_of(name):
        attempt(verb, ground, spoilt(CORRUPTIONS[name]))


def verbs_of(name: str) -> list[str]:
    """One of the verbs that read the file, in turn; all of them in a thorough round."""
    verbs = readers(CORRUPTIONS[name].file)
    return verbs if THOROUGH else [verbs[NAMES.index(name) % len(verbs)]]


# Memory


LARGE = [name for name in NAMES if re.search(
    "terabyte|exabyte|overflow|without end|many times|deep|10000000|wild|device|sizes", name)]
"""Corruptions that ask for more memory, or a deeper stack, than there is."""

_CHILD = """
import json, resource, sys
from pathlib import Path
sys.path[:0] = sys.argv[1:3]
import test_corrupted_runs as here
import torch
from specc.runtime import execute
root, place = Path(sys.argv[3]), Path(sys.argv[4])
ground = here.Ground(place, root)
for verb in here.VERBS:  # imports and buffers are there before there is a limit
    ground.lay(verb)
    here.tried(ground.words(verb))
status = Path("/proc/self/status").read_text().splitlines()
(size,) = (int(line.split()[1]) for line in status if line.startswith("VmSize"))
here.tables_of_runs.available_memory = lambda: here.MEMORY
resource.setrlimit(resource.RLIMIT_AS, (size * 1024 + here.ROOM, resource.RLIM_INFINITY))
for name in here.LARGE:
    for verb in here.verbs_of(name):
        here.attempt(verb, ground, here.spoilt(here.CORRUPTIONS[name]))
print("done")
"""

ROOM = 2**29
"""Bytes that a verb may take beside what it has."""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="/proc tells what is taken")
def test_nothing_takes_memory_that_is_only_claimed(ground: Ground) -> None:
    assert len(LARGE) > 20
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, str(TESTS), str(TESTS / "hostile"), str(ground.root),
         str(ground.place)], capture_output=True, text=True, cwd=ground.root)
    assert done.stdout.endswith("done\n"), done.stdout[-2000:] + done.stderr[-6000:]
