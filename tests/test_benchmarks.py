"""The arithmetic of the benchmark harness. What it measures is not run here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "benchmarks"


@pytest.fixture
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scripts of the folder import each other by bare names, as scripts do."""
    monkeypatch.syspath_prepend(str(FOLDER))
    for path in FOLDER.glob("*.py"):
        monkeypatch.delitem(sys.modules, path.stem, raising=False)


@pytest.fixture
def measure(benchmarks: None) -> Any:
    import measure

    return measure


@pytest.fixture
def results(benchmarks: None) -> Any:
    import results

    return results


def test_ratio_is_the_median_of_the_ratios_of_the_rounds(measure: Any) -> None:
    # The ratio of the medians would be 2 / 2.
    found = measure.ratio([1.0, 2.0, 12.0], [2.0, 8.0, 2.0])
    assert (found.minimum, found.median, found.maximum) == (0.25, 0.5, 6.0)


def test_ratio_refuses_sides_with_different_numbers_of_rounds(measure: Any) -> None:
    with pytest.raises(ValueError, match="shorter"):
        measure.ratio([1.0, 2.0], [1.0])


def test_ratio_refuses_no_rounds(measure: Any) -> None:
    with pytest.raises(ValueError, match="no figures"):
        measure.ratio([], [])


def test_interleave_rotates_the_order_and_keeps_the_rounds(measure: Any) -> None:
    called: list[str] = []

    def side(name: str) -> Any:
        def read() -> int:
            called.append(name)
            return len(called)

        return read

    found = measure.interleave({name: side(name) for name in "abc"}, 4)
    assert "".join(called) == "abc" "bca" "cab" "abc"
    assert found == {"a": (1, 6, 8, 10), "b": (2, 4, 9, 11), "c": (3, 5, 7, 12)}


def test_a_child_reports_its_own_cost(measure: Any) -> None:
    size = 200 * 2**20
    program = f"print('noise'); x = bytearray({size}); print('{{\"at\": 1}}'); print('more')"
    child = measure.run_child([sys.executable, "-c", program])
    # The upper bound tells bytes from kibibytes; the parent may be a large pytest.
    assert size < child.peak < 100 * size
    assert 0 < child.cpu < child.wall + 1
    assert child.record() == {"at": 1}


def test_a_child_runs_with_one_thread_in_its_folder(measure: Any, tmp_path: Path) -> None:
    program = "import os; print(os.environ['OMP_NUM_THREADS'], os.getcwd())"
    child = measure.run_child([sys.executable, "-c", program], tmp_path)
    assert child.output.split() == ["1", str(tmp_path)]


def test_a_child_that_fails_is_an_error_with_its_message(measure: Any) -> None:
    with pytest.raises(measure.ChildFailedError, match="too bad"):
        measure.run_child([sys.executable, "-c", "raise SystemExit('too bad')"])


@pytest.mark.parametrize(
    ("at_least", "median", "verdict"),
    [(True, 3.0, "reached"), (True, 2.9, "missed"), (False, 3.1, "missed")],
)
def test_a_goal_is_held_against_the_median(
    results: Any, at_least: bool, median: float, verdict: str
) -> None:
    goal = results.Goal(3.0, at_least=at_least)
    ratios = results.Spread(0.1, median, 99.0)
    assert results.Comparison("specc / dense", ratios, goal).verdict == verdict


def test_a_long_spec_repeats_what_the_network_reads(benchmarks: None) -> None:
    from long_spec import lengthen

    spec = {
        "extractors": {"label": {"type": "plain"}, "planes": {"type": "plain"}},
        "network": {"factories": [{"input_frames": ["planes"]}, {"type": "torch.nn:ReLU"}]},
    }
    text = lengthen(spec, 1000)
    assert 1000 <= len(text.encode()) < 1200
    long = json.loads(text)
    read = long["network"]["factories"][0]["input_frames"]
    assert read[:3] == ["planes", "planes_2", "planes_3"]
    assert set(long["extractors"]) == {"label", *read}
    assert spec["network"]["factories"][0]["input_frames"] == ["planes"]


def test_checkpoints_are_timed_in_pairs(benchmarks: None, bundle: Path, spec_file: Path,
                                        monkeypatch: pytest.MonkeyPatch) -> None:
    import checkpoints

    monkeypatch.chdir(bundle.parent)
    there = set(bundle.parent.iterdir())
    found = checkpoints.measure(spec_file, bundle, 2)
    assert [len(found["seconds"][side]) for side in ("with", "without")] == [2, 2]
    assert all(0 < part < whole for part, whole in zip(
        found["writing"], found["seconds"]["with"], strict=True))
    assert found["bytes"] > 0 and set(bundle.parent.iterdir()) == there


def test_the_harness_explains_itself_and_loads_no_torch() -> None:
    command = [sys.executable, "-X", "importtime", str(FOLDER / "run.py"), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "BUNDLE_DIR" in done.stdout
    # The memory of the harness is a floor under the peaks that it reads.
    assert not any(name in done.stderr for name in ("torch", "numpy", "pandas"))
