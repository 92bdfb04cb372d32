"""Validates every hostile document in one process and tells what happened, as JSON.

`python attempt.py FOLDER`: the folder holds `bundle/` and gets the specs. An audit hook
watches for files, folders, sockets and processes that are opened; `sys.modules` for what is
imported. One accepted and one refused validation of each form go first, so that specc's own
lazy imports are done.
"""

from __future__ import annotations

import json
import os
import resource
import runpy
import sys
import time
from pathlib import Path
from typing import Any

import specc

DOCUMENTS = runpy.run_path(str(Path(__file__).with_name("documents.py")))

_WATCHED = ("open", "os.", "socket.", "subprocess.", "import", "exec", "compile", "shutil.",
            "ctypes.", "urllib.", "glob.", "pickle.", "marshal.", "tempfile.")

_HARMLESS = ("os.fspath",)

events: list[tuple[str, str]] = []
watching = False


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    if watching and event.startswith(_WATCHED) and event not in _HARMLESS:
        events.append((event, repr(arguments[0])[:200] if arguments else ""))


def attempt(spec: Path, bundle: Path | None) -> dict[str, Any]:
    """One validation and its text, as `specc validate` prints it."""
    global watching
    modules = set(sys.modules)
    memory = _peak()
    events.clear()
    begin = time.process_time()
    watching = True
    try:
        result = specc.validate(spec, bundle)
        text = str(result)
    finally:
        watching = False
    inputs = [str(spec), *([str(bundle)] if bundle else [])]
    return {
        "seconds": time.process_time() - begin,
        "grown_mib": _peak() - memory,
        "ok": result.ok,
        "codes": [found.code for found in result.diagnostics if found.is_error],
        "placed": all(
            found.pointer is not None or found.offset is not None or found.file is not None
            for found in result.diagnostics),
        "text": len(text),
        "modules": sorted(set(sys.modules) - modules),
        "events": [[event, what] for event, what in events
                   if not any(place in what for place in inputs)],
    }


def _peak() -> float:
    """MiB of memory at the highest point so far.

    On Linux from /proc: `ru_maxrss` counts the memory of the process that forked this one.
    macOS counts in bytes.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    unit = 1024 if sys.platform == "darwin" else 1
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit / 1024


def main(folder: Path) -> None:
    sys.addaudithook(watch)
    spec, bundle = folder / "spec.json", folder / "bundle"
    good = json.dumps(DOCUMENTS["_SPEC"])
    report: dict[str, Any] = {"warm": [], "attempts": {}}
    for place in (None, bundle):
        for text in (good, STRANGE):
            spec.write_text(text, encoding="utf-8")
            report["warm"].append(attempt(spec, place)["ok"])
        source = DOCUMENTS["documents" if place is None else "on_a_bundle"]
        for name, text in source():
            spec.write_text(text, encoding="utf-8")
            assert name not in report["attempts"], name
            report["attempts"][name] = attempt(spec, place)
    report["peak_mib"] = _peak()
    report["environment"] = dict(os.environ) == ENVIRONMENT
    json.dump(report, sys.stdout)


ENVIRONMENT = dict(os.environ)

STRANGE = '{"specc": 1, "\\u202ename": 1}'
"""A refused spec whose message has a sign to be escaped."""

if __name__ == "__main__":
    main(Path(sys.argv[1]))
