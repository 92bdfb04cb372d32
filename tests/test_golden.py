"""The golden corpus: specs, and what specc says of them.

`golden/<stage>/{ok,err}/<case>.json` is the text of a spec, one fact a case, told by its
name. `<case>.out` beside it is what a user reads, written by `pytest --update` and reviewed
like code. A stage is a pass: a case in `err` passes every stage before its own and is refused
by it; a case in `ok` is accepted up to its own stage. `shapes` is what can be said of shapes
without a bundle, `rehearse` the step on a sample batch with the real network.

The output of `err` is the findings as text. The output of `ok` is the warnings, if any, then:

    parse      the values of the document
    validate   the word `accepted`
    resolve    the spec with its defaults
    shapes     a line for each node of the network: what it reads and gives; `?` is not known
    bind       a line for each extractor: its chain, the row of each sample, its columns
    fit        a line for each fitted column, with the names of the numbers that it becomes
    infer      the lines of `shapes` with real widths, and the task
    lower      the text of the plan
    rehearse   the word `accepted`

From `bind` on, cases run on the bundle of conftest.py. `<case>.bundle.json` changes it:
frame -> null leaves the frame out; else `key` names other key columns ([] is none), `rows`
keeps so many rows, `columns` sets columns by name, null leaves one out; a frame that is not
in the bundle is new.

Not checked here: where findings go and the exit status (test_cli.py), and what no spec can
cause, such as damaged files (test_bad_input.py).
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from specc.compiler.bundle import Bundle
from specc.compiler.diagnostics.diagnostic import Diagnostic, Patch, Result
from specc.compiler.network.frames import frames_of
from specc.compiler.network.trace import trace
from specc.compiler.passes.bind import bind
from specc.compiler.passes.fit import fit
from specc.compiler.passes.infer import check_symbolic, infer
from specc.compiler.passes.lower import lower
from specc.compiler.passes.parse import parse
from specc.compiler.passes.resolve import resolve
from specc.compiler.passes.validate import validate
from specc.compiler.planning.plan_text import plan_text
from specc.compiler.reporters import render_text
from specc.compiler.stages import (
    BoundGraph,
    Document,
    FittedGraph,
    Graph,
    Plan,
    ShapedGraph,
    Shapes,
    Source,
    Spec,
)
from specc.compiler.text.pointer import parts
from specc.runtime.rehearse import rehearse
from specc.schema import load_schema
from specc.schema.shapes import BATCH, show

FOLDER = Path(__file__).with_name("golden")
CASES = sorted(path for path in FOLDER.glob("*/*/*.json") if path.suffixes == [".json"])
REFUSED = [case for case in CASES if case.parts[-2] == "err"]
WITHOUT_BUNDLE = ("parse", "validate", "resolve", "shapes")
STAGES = (*WITHOUT_BUNDLE, "bind", "fit", "infer", "lower", "rehearse")

Frames = dict[str, pd.DataFrame]


def _name(case: Path) -> str:
    return f"{case.parts[-3]}-{case.parts[-2]}-{case.stem}"


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_golden(case: Path, update: bool, frames: Frames, tmp_path: Path,
                monkeypatch: pytest.MonkeyPatch) -> None:
    wanted, verdict = case.parts[-3:-1]
    monkeypatch.chdir(tmp_path)
    source = Source("spec.json", case.read_bytes().decode())
    stage, value, found = _compile_until(wanted, source, lambda: _bundle(case, frames))
    refused = _has_error(found)
    assert (stage, "err" if refused else "ok") == (wanted, verdict), \
        render_text(found, source, color=False)
    shown = [render_text(found, source, color=False)] if found else []
    if not refused:
        shown.append(_SHOWN[wanted](value))
    text = "\n\n".join(part for part in shown if part).rstrip("\n") + "\n"
    if update:
        case.with_suffix(".out").write_text(text, encoding="utf-8")
    assert case.with_suffix(".out").read_text(encoding="utf-8") == text


@pytest.mark.parametrize("case", REFUSED, ids=_name)
def test_each_fix_removes_its_finding(case: Path, frames: Frames, tmp_path: Path,
                                      monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    source = Source("spec.json", case.read_bytes().decode())
    bundle = _bundle(case, frames) if case.parts[-3] not in WITHOUT_BUNDLE else None
    found = _compile_until(case.parts[-3], source, lambda: bundle)[2]
    for diagnostic in found:
        if diagnostic.fix is not None:
            value = _patched(json.loads(source.text), diagnostic.fix)
            repaired = Source("spec.json", json.dumps(value))
            after = _compile_until(case.parts[-3], repaired, lambda: bundle)[2]
            assert diagnostic not in after


def test_every_case_has_an_output_and_every_output_a_case() -> None:
    outputs = {path.with_suffix(".json") for path in FOLDER.glob("*/*/*.out")}
    changes = {path.with_suffix("").with_suffix(".json")
               for path in FOLDER.glob("*/*/*.bundle.json")}
    assert outputs == set(CASES)
    assert changes <= set(CASES)
    assert {case.parts[-3] for case in CASES} == set(STAGES)


def _compile_until(last: str, source: Source, open_bundle: Callable[[], Bundle | None]
                   ) -> tuple[str, Any, tuple[Diagnostic, ...]]:
    """The stage that was reached, what it gave, and the findings, each once.

    The first stage that reports an error is the last: a case is about one stage.
    """

    def symbolic(graph: Graph) -> Result[Graph]:
        found = check_symbolic(graph)
        return Result(None if _has_error(found) else graph, found)

    def bind_bundle(graph: Graph) -> Result[BoundGraph]:
        bundle = open_bundle()
        assert bundle is not None
        return bind(graph, bundle)

    def rehearsed(plan: Plan) -> Result[Plan]:
        found = rehearse(plan)
        return Result(None if found else plan, found)

    def against_schema(document: Document) -> Result[Spec]:
        return validate(document, load_schema())

    passes = (parse, against_schema, resolve, symbolic, bind_bundle, fit, infer, lower, rehearsed)
    value: Any = source
    found: list[Diagnostic] = []
    for stage, run_pass in zip(STAGES, passes, strict=True):
        result: Result[Any] = run_pass(value)  # type: ignore[operator]
        found += [diagnostic for diagnostic in result.diagnostics if diagnostic not in found]
        value = result.stage
        assert value is not None or _has_error(found), f"{stage} gives nothing and no reason"
        if stage == last or _has_error(found):
            break
    return stage, value, tuple(found)


def _has_error(found: Sequence[Diagnostic]) -> bool:
    return any(diagnostic.is_error for diagnostic in found)


# The bundle


def _bundle(case: Path, frames: Frames) -> Bundle:
    """The shared bundle with the changes of the case, as the folder `bundle`."""
    changes = case.with_suffix(".bundle.json")
    if changes.exists():
        for name, change in json.loads(changes.read_bytes()).items():
            if change is None:
                del frames[name]
            else:
                frames[name] = _changed(frames.get(name, pd.DataFrame()), **change)
    folder = Path("bundle")
    folder.mkdir()
    for name, frame in frames.items():
        frame.to_parquet(folder / f"{name}.parquet")
    return Bundle.open(folder)


def _changed(frame: pd.DataFrame, key: list[str] | None = None, rows: int | None = None,
             columns: dict[str, list[Any] | None] | None = None) -> pd.DataFrame:
    old_key = [name for name in frame.index.names if name is not None]
    table = frame.reset_index() if old_key else frame
    if rows is not None:
        table = table.head(rows)
    for name, values in (columns or {}).items():
        if values is None:
            table = table.drop(columns=name)
            old_key = [column for column in old_key if column != name]
        else:
            table = table.assign(**{name: values})
    new_key = old_key if key is None else key
    return table.set_index(new_key) if new_key else table


# What is shown of an accepted stage


def _document(document: Document) -> str:
    return json.dumps(document.value, indent=1, ensure_ascii=False)


def _resolved(graph: Graph) -> str:
    return json.dumps(graph.resolved, indent=1, ensure_ascii=False)


def _symbolic(graph: Graph) -> str:
    frames = {graph.label.name: (BATCH, None), **frames_of(graph)}
    return _nodes(trace(graph.network, frames, None)[0])


def _nodes(shapes: Shapes) -> str:
    return "\n".join(
        f"{'  ' * node.depth}{node.pointer} {node.type}: {show(node.input)} -> {show(node.output)}"
        for node in shapes.nodes
    )


def _bound(bound: BoundGraph) -> str:
    samples = bound.samples
    lines = [
        f"samples {' '.join(map(str, samples.rows))} of {bound.index_frame}, "
        f"splits {' '.join(samples.names[place] for place in samples.split)}"
    ]
    if samples.priority is not None:
        lines.append(f"priorities {' '.join(f'{chance:.3g}' for chance in samples.priority)}")
    for name, entry in bound.extractors.items():
        chain = " > ".join(step.frame for step in entry.positions.coverage)
        lines += [
            f"{name}: {chain or entry.positions.frame}",
            f"  rows {' '.join(map(str, entry.positions.rows))}",
            f"  columns {', '.join(f'{column.name} ({column.dtype})' for column in entry.columns)}",
        ]
    return "\n".join(lines)


def _fitted(fitted: FittedGraph) -> str:
    lines = []
    for name, entry in fitted.extractors.items():
        lines.append(f"{name}: {entry.reached} rows")
        lines += [f"  {column.column} ({column.type}): {', '.join(column.names)}"
                  for column in entry.columns]
    label = fitted.label
    values = (f"classes {', '.join(map(str, label.classes))}" if label.classes
              else f"{label.minimum:g} to {label.maximum:g}")
    return "\n".join([*lines, f"label: {label.form}, {values}"])


def _shaped(shaped: ShapedGraph) -> str:
    return f"{_nodes(shaped.shapes)}\ntask: {shaped.task}"


def _planned(plan: Plan) -> str:
    return plan_text(plan.description)


def _accepted(_: Any) -> str:
    return "accepted"


_SHOWN: dict[str, Callable[[Any], str]] = {
    "parse": _document, "validate": _accepted, "resolve": _resolved, "shapes": _symbolic,
    "bind": _bound, "fit": _fitted, "infer": _shaped, "lower": _planned, "rehearse": _accepted,
}


# JSON Patch, as far as fixes use it


def _patched(document: Any, patch: Patch) -> Any:
    """The document after the operations add, replace, remove and move of RFC 6902."""
    document = copy.deepcopy(document)
    for step in patch:
        if step["op"] == "move":
            holder, key = _holder(document, step["from"])
            value = holder.pop(key)
        else:
            value = copy.deepcopy(step.get("value"))
        holder, key = _holder(document, step["path"])
        if step["op"] == "remove":
            holder.pop(key)
        elif step["op"] != "replace" and isinstance(holder, list):
            holder.insert(key, value)
        else:
            assert step["op"] != "replace" or key in _keys(holder)
            holder[key] = value
    return document


def _holder(document: Any, pointer: str) -> tuple[Any, Any]:
    *path, last = parts(pointer)
    for token in path:
        document = document[int(token) if isinstance(document, list) else token]
    return document, int(last) if isinstance(document, list) else last


def _keys(holder: Any) -> Iterator[Any]:
    yield from range(len(holder)) if isinstance(holder, list) else holder
