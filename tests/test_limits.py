"""Hostile input is refused: quickly, within memory, importing nothing, opening nothing.

The documents are those of hostile/documents.py, validated by hostile/attempt.py in a process
of their own. Not checked here: hostile files of a bundle (compiler/test_bundle.py,
test_bad_input.py) and huge plans (compiler/test_memory.py).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from specc.compiler.bundle import Bundle, BundleError
from specc.compiler.text.limits import (
    MOST_ELEMENTS,
    MOST_HOLDERS,
    MOST_KEYS,
    MOST_VALUES,
    check_counts,
)
from specc.schema import load_schema

import specc

ATTEMPT = Path(__file__).with_name("hostile") / "attempt.py"

SECONDS, MEBIBYTES = 1.0, 200.0
"""Of the processor, since another process may hold it, and of growth."""

Json = dict[str, Any]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Json:
    """What happened to each hostile document."""
    folder = tmp_path_factory.mktemp("hostile")
    index = pd.DataFrame({
        "order": [2, 3, 5, 7, 11, 13, 17, 19],
        "customer": ["ann", "bob", None, "cid", "ann", "eve", "bob", "cid"],
        "late": [0, 1, 1, 0, 0, 1, 0, 1],
        "split": ["train"] * 6 + ["test"] * 2,
    })
    customers = pd.DataFrame({"customer": ["ann", "bob", "cid"], "age": [34.0, None, 51.0]})
    (folder / "bundle").mkdir()
    index.set_index("order").to_parquet(folder / "bundle" / "index.parquet")
    customers.set_index("customer").to_parquet(folder / "bundle" / "customers.parquet")
    done = subprocess.run([sys.executable, str(ATTEMPT), str(folder)], capture_output=True,
                          text=True, check=True, timeout=300)
    found: Json = json.loads(done.stdout)
    return found


def _those(report: Json, wrong: Callable[[Json], bool]) -> list[str]:
    return [name for name, attempt in report["attempts"].items() if wrong(attempt)]


def test_there_are_enough(report: Json) -> None:
    assert len(report["attempts"]) >= 200
    assert report["warm"] == [True, False, True, False]


def test_each_is_refused_with_a_place(report: Json) -> None:
    assert _those(report, lambda attempt: attempt["ok"] or not attempt["codes"]) == []
    assert _those(report, lambda attempt: not attempt["placed"]) == []


def test_nothing_is_imported(report: Json) -> None:
    assert _those(report, lambda attempt: bool(attempt["modules"])) == []


def test_nothing_but_the_inputs_is_opened(report: Json) -> None:
    opened = {name: attempt["events"] for name, attempt in report["attempts"].items()
              if attempt["events"]}
    assert opened == {}
    assert report["environment"]


def test_the_watch_sees_what_it_watches_for() -> None:
    # The same hook, in a process that does what no spec may make specc do.
    done = subprocess.run([sys.executable, "-c", _MISCHIEF, str(ATTEMPT)], capture_output=True,
                          text=True, check=True)
    assert {"import", "open", "os.listdir", "socket.getaddrinfo"} <= set(done.stdout.split())


_MISCHIEF = """
import os, runpy, socket, sys
hook = runpy.run_path(sys.argv[1])["watch"]
sys.addaudithook(hook)
hook.__globals__["watching"] = True
import wave
os.listdir(".")
socket.getaddrinfo("127.0.0.1", 1)
hook.__globals__["watching"] = False
print(*(event for event, _ in hook.__globals__["events"]))
"""


def test_each_is_quick(report: Json) -> None:
    assert _those(report, lambda attempt: attempt["seconds"] > SECONDS) == []


def test_none_takes_much_memory(report: Json) -> None:
    assert _those(report, lambda attempt: attempt["grown_mib"] > MEBIBYTES) == []
    # specc, numpy and pyarrow themselves are in this.
    assert report["peak_mib"] < 3 * MEBIBYTES


# Limits


def test_every_list_string_and_number_of_the_vocabulary_has_an_end() -> None:
    # What stands under `if` asks for a kind of value, and is no value itself.
    endless = [pointer for pointer, fragment in _fragments(load_schema(), "")
               if _is_endless(fragment) and not pointer.endswith("/if")]
    assert endless == []


def _is_endless(fragment: Json) -> bool:
    kinds = fragment.get("type", [])
    kinds = {kinds} if isinstance(kinds, str) else set(kinds)
    if "const" in fragment or "enum" in fragment:
        return False
    return (
        ("integer" in kinds and not {"maximum", "exclusiveMaximum"} & set(fragment))
        or ("array" in kinds and "maxItems" not in fragment)
        or ("string" in kinds and "maxLength" not in fragment
            and "enum" not in fragment.get("then", ()))
        or (isinstance(fragment.get("additionalProperties"), dict)
            and "maxProperties" not in fragment)
    )


def _fragments(fragment: Any, pointer: str) -> list[tuple[str, Json]]:
    found = []
    if isinstance(fragment, dict):
        found.append((pointer, fragment))
        for key, inner in fragment.items():
            if key not in ("examples", "default", "enum", "const"):
                found += _fragments(inner, f"{pointer}/{key}")
    elif isinstance(fragment, list):
        for index, inner in enumerate(fragment):
            found += _fragments(inner, f"{pointer}/{index}")
    return found


def test_every_whole_number_fits_int64() -> None:
    for pointer, fragment in _fragments(load_schema(), ""):
        if "integer" in str(fragment.get("type")):
            assert fragment.get("minimum", 0) >= -(2**63), pointer
            assert fragment.get("maximum", 1) < 2**63, pointer


def _places(value: Any) -> list[tuple[str, str | None]]:
    return [(found.code, found.pointer) for found in check_counts(value)]


def test_counts_within_the_limits() -> None:
    assert _places({"a": [0] * MOST_ELEMENTS, "b": dict.fromkeys(map(str, range(MOST_KEYS)))}) == []
    assert _places([[0]] * (MOST_HOLDERS - 1)) == []
    assert _places(7) == []


@pytest.mark.parametrize(("value", "pointers"), [
    ({"a": [0] * (MOST_ELEMENTS + 1)}, ["/a"]),
    ({"a": [[]] * (MOST_ELEMENTS + 1), "b": [0] * (MOST_ELEMENTS + 1)}, ["/a", "/b"]),
    ({"a": [{}, dict.fromkeys(map(str, range(MOST_KEYS + 1)))]}, ["/a/1"]),
    ([[0]] * MOST_HOLDERS, [""]),
    ([[0] * MOST_ELEMENTS] * (MOST_VALUES // MOST_ELEMENTS + 1), [""]),
])
def test_counts_beyond_the_limits(value: Any, pointers: list[str]) -> None:
    assert sorted(_places(value), key=str) == [("SC106", pointer) for pointer in pointers]


# Names that reach the file system

STRANGE = ("../x", "/etc/passwd", "a\u0000b", "..", "a/b", "a\\b", "", "x" * 65, "\u202ea", "a\n")


@pytest.mark.parametrize("name", STRANGE)
def test_name_of_the_run_folder(name: str, spec: Json) -> None:
    found = specc.validate({**spec, "name": name}).diagnostics
    assert [(one.code, one.pointer) for one in found] == [("SC106", "/name")]


@pytest.mark.parametrize("place", ["a\u0000b", "x" * 5_000, "sealed/runs"])
def test_out_that_is_no_place(place: str, spec_file: Path, bundle: Path,
                              monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(spec_file.parent)
    Path("sealed").write_text("a file", encoding="utf-8")
    before = sorted(Path().rglob("*"))
    done = specc.run(spec_file, bundle, out=place)
    assert [found.code for found in done.diagnostics] == ["SC502"]
    assert sorted(Path().rglob("*")) == before


@pytest.mark.parametrize("place", ["a\u0000b", "x" * 5_000, "nowhere/../spec.json/x"])
def test_inputs_that_are_no_place(place: str, spec_file: Path) -> None:
    assert [found.code for found in specc.validate(place).diagnostics] == ["SC001"]
    assert [found.code for found in specc.validate(spec_file, place).diagnostics] == ["SC601"]


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a\u0000b", "a\nb", "x" * 300])
def test_frame_with_a_strange_name(name: str, spec: Json,
                                   frames: dict[str, pd.DataFrame]) -> None:
    # In memory any name will do; it is looked up and never opened.
    try:
        bundle = Bundle.from_frames({**frames, name: frames["shops"]})
    except BundleError as error:
        assert error.diagnostics
        return
    spec["extractors"]["shop"]["joins"][0]["frame"] = name
    spec["extractors"]["shop"]["joins"][0]["on"] = "shop"
    before = sorted(Path().iterdir())
    assert specc.compile(spec, bundle).plan is not None
    assert sorted(Path().iterdir()) == before
