"""The repository itself: packages, the direction of imports, fresh files, what may stand in it.

Not checked here: that printed outputs in the documents are fresh, which their generator tells.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from specc.schema import SCHEMA_FILE
from specc.schema.assemble import assemble, schema_text
from specc.schema.constructors import generate

from specc.version import __version__

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FOLDERS = {"specc": "specc", "schema": "specc.schema", "compiler": "specc.compiler",
           "runtime": "specc.runtime"}
LAYERS = ("specc.schema", "specc.compiler", "specc.runtime", "specc")
"""Each may import itself and those before it."""

HEAVY = {"torch", "pandas", "pyarrow", "numpy", "sklearn", "scipy", "matplotlib", "rich",
         "safetensors"}
TABLES = {"compiler/diagnostics/codes.py", "compiler/stages.py"}
"""Lists of records, which are read like tables: the only modules of 300 lines or more."""

GENERATORS = {"schema/constructors/generate.py"}
"""Development tools inside the packages: they read the libraries that they describe."""

TORCH_MODULES = "specc.schema.networks.modules."
"""The modules of torch that network types build; each is imported by `build` alone."""


def modules() -> dict[str, Path]:
    """Every product module by its dotted name."""
    found = {}
    for folder, package in FOLDERS.items():
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = list(path.relative_to(ROOT / folder).with_suffix("").parts)
            if parts[-1] == "__init__":
                parts.pop()
            found[".".join([package, *parts])] = path
    return found


MODULES = modules()


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imported(module: str, path: Path, tree: ast.AST) -> Iterator[tuple[str, int]]:
    """`(dotted name, line)` of every import, relative ones made absolute.

    Imports by string, as `importlib.import_module` takes, do not show here.
    """
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")
                kept = parents[: len(parents) - (node.level - 1)]
                base = ".".join([*kept, base] if base else kept)
            # `from . import codes` names a module, `from .codes import X` a thing in one.
            for alias in node.names:
                full = f"{base}.{alias.name}"
                yield (full if full in MODULES else base), node.lineno


def layer(name: str) -> int | None:
    """The place of a module among LAYERS, the most specific one; None for other packages."""
    for place, package in enumerate(LAYERS):
        if name == package or name.startswith(package + "."):
            return place
    return None


def test_layers_are_told_apart() -> None:
    assert [layer(name) for name in ("specc.schema.fields", "specc.compiler", "specc.runtime.loop",
                                     "specc.api", "torch")] == [0, 1, 2, 3, None]


def test_package_list_is_complete() -> None:
    listed = PROJECT["tool"]["setuptools"]["packages"]
    assert len(listed) == len(set(listed))
    assert sorted(listed) == sorted(
        name for name, path in MODULES.items() if path.name == "__init__.py")


def test_every_folder_of_modules_is_a_package() -> None:
    for path in MODULES.values():
        assert (path.parent / "__init__.py").exists(), path


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_one_way(module: str) -> None:
    own = layer(module)
    assert own is not None
    for name, line in imported(module, MODULES[module], parsed(MODULES[module])):
        target = layer(name)
        assert target is None or target <= own, f"{MODULES[module]}:{line} imports {name}"


def test_relative_imports_are_seen() -> None:
    tree = ast.parse("def f():\n    from ...runtime import loop\n    from .. import stages")
    path = ROOT / "compiler" / "network" / "trace.py"
    assert [name for name, _ in imported("specc.compiler.network.trace", path, tree)] == [
        "specc.runtime.loop", "specc.compiler.stages"]


def test_product_imports_itself_relatively() -> None:
    for module, path in MODULES.items():
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ImportFrom) and not node.level:
                assert (node.module or "").partition(".")[0] != "specc", (module, node.lineno)


def python_files() -> list[Path]:
    """Every Python file of the repository that git knows, or would."""
    return [path for path in tracked() if path.suffix == ".py"]


def tracked() -> list[Path]:
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        names = [ROOT / name for name in done.stdout.splitlines()]
        return sorted({path for path in names if path.is_file()})
    hidden = re.compile(r"^\.(?!ci/|gitignore)|^build/|^runs/|^bundles/|\.egg-info/|__pycache__/")
    return sorted(path for path in ROOT.rglob("*") if path.is_file()
                  and not hidden.search(path.relative_to(ROOT).as_posix()))


def test_bare_names_are_not_imported() -> None:
    """At the root, `import schema` works too, and makes a second copy of every class."""
    for path in python_files():
        for node in ast.walk(parsed(path)):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            for name in names:
                assert name.partition(".")[0] not in ("schema", "compiler", "runtime"), (
                    f"{path.relative_to(ROOT)}:{node.lineno} imports {name}")


def test_bare_names_are_not_imported_in_documents() -> None:
    bare = re.compile(r"^\s*(>>> )?(import|from) (schema|compiler|runtime)\b", re.MULTILINE)
    for path in tracked():
        if path.suffix == ".md":
            assert not bare.search(path.read_text(encoding="utf-8")), path


def test_schema_file_is_fresh() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text(assemble())


def test_constructors_file_is_fresh() -> None:
    assert generate.is_fresh(), f"stale; run {generate.COMMAND}"


def at_module_level(tree: ast.Module) -> Iterator[ast.stmt]:
    """Statements that run at import; what stands under `if TYPE_CHECKING` does not."""
    waiting: list[ast.stmt] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting += node.orelse
            continue
        yield node
        waiting += [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]


def quick_modules() -> set[str]:
    """What importing the command line and the pipeline brings in, by reading the imports."""
    waiting = ["specc.cli", "specc.api", "specc.compiler.passes.infer"]
    reached: set[str] = set()
    while waiting:
        module = waiting.pop()
        if module in reached or module not in MODULES:
            continue
        reached.add(module)
        tree = parsed(MODULES[module])
        body = ast.Module(body=list(at_module_level(tree)), type_ignores=[])
        waiting += [name for name, _ in imported(module, MODULES[module], body)]
        waiting.append(module.rpartition(".")[0])
    return reached


def test_validate_imports_nothing_heavy_by_reading() -> None:
    reached = quick_modules()
    assert {"specc.compiler.passes.parse", "specc.compiler.passes.validate",
            "specc.compiler.passes.resolve", "specc.compiler.network.trace"} <= reached
    reached |= {name for name, path in MODULES.items() if layer(name) == 0
                and path.relative_to(ROOT).as_posix() not in GENERATORS
                and not name.startswith(TORCH_MODULES)}
    for module in sorted(reached):
        path = MODULES[module]
        body = ast.Module(body=list(at_module_level(parsed(path))), type_ignores=[])
        for name, line in imported(module, path, body):
            assert name.partition(".")[0] not in HEAVY, f"{path}:{line} imports {name}"


def test_validate_imports_nothing_heavy_in_fact() -> None:
    spec = ROOT / "specs" / "titanic" / "spec.json"
    code = ("import sys, specc\n"
            f"assert specc.validate({str(spec)!r}).ok\n"
            f"print(sorted(set({sorted(HEAVY)!r}) & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_modules_are_small() -> None:
    long = {path.relative_to(ROOT).as_posix() for path in MODULES.values()
            if len(path.read_text(encoding="utf-8").splitlines()) >= 300}
    assert long == TABLES


def test_modules_say_what_they_are_for() -> None:
    for module, path in MODULES.items():
        tree = parsed(path)
        assert not tree.body or ast.get_docstring(tree), module


def test_version_is_that_of_the_project() -> None:
    assert PROJECT["project"]["version"] == __version__


# Written in pieces, so that this file does not find itself.
_PLACES = re.compile("|".join((
    r"(?<![\w.~:/<>-])/(?:wo" r"rk|ho" r"me|Us" r"ers|ro" r"ot|tm" r"p|va" r"r|us" r"r|opt|mnt)/\w",
    r"\b[A-Z]:\\Us" r"ers", r"pypi\." r"org", r"pythonhosted\." r"org",
    r"index" r"-url", r"download\.pytorch", r"localhost:\d",
)))


def test_no_absolute_path_and_no_registry_host() -> None:
    """A spec, a script or a page that names a place of one machine works only there."""
    found = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            if _PLACES.search(line) and not line.startswith("#!"):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}")
    assert found == []


def test_places_are_recognised() -> None:
    for text in ("see /wo" "rk/x", "'/ho" "me/me/a'", "C:\\Us" "ers", "https://pypi." "org/simple"):
        assert _PLACES.search(text), text
    for text in ("/network/factories/1", "/training/epochs", "specs/titanic", "a/tmp", "and/or"):
        assert not _PLACES.search(text), text


RUNS_CODE = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal",
             "runpy", "code", "codeop", "ctypes", "cffi", "imp", "pty", "multiprocessing",
             "yaml", "ruamel"}
"""Modules that make code run when a file is read, or run what they are given. YAML is no format
of a spec, and its plain reader makes objects."""

CALLS = re.compile("|".join((
    r"(builtins\.)?(eval|exec|compile|__import__)", r"importlib\.import_module", r".*load_module",
    r"importlib\.util\..*", r"subprocess\..*",
    r"os\.(system|popen|startfile|(exec|spawn|posix_spawn)\w*)", r"torch\.(load|save)",
    r"torch\.(jit|hub|package|export)\.load\w*", r"torch\.ops\.load_library",
    r"(np|numpy)\.(load|fromregex)", r".*\.(read|to)_pickle", r"(pd|pandas)\.eval",
    r"onnx\.load\w*", r"safetensors\.torch\.load_model",
)))
"""Calls that make code of a text, import by name, unpickle, or start a program."""

ALLOWED = {
    # Names of the package's own tables.
    ("specc", "importlib.import_module"),
    ("specc.runtime.metrics", "importlib.import_module"),
    ("specc.runtime.exporting.formats", "importlib.import_module"),
    # What the same call has written in its own temporary folder.
    ("specc.runtime.exporting.formats", "torch.export.load"),
    # git, told to start nothing that a repository names.
    ("specc.runtime.git_state", "subprocess.run"),
}
"""The module and the call of each use that nothing which is read can turn."""


def calls_that_run(module: str) -> Iterator[tuple[str, int]]:
    """What a module calls, or imports, that may carry out what is read; with the line."""
    tree = parsed(MODULES[module])
    for name, line in imported(module, MODULES[module], tree):
        if name.partition(".")[0] in RUNS_CODE:
            yield name, line
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level:
            # A function of this kind under its bare name.
            for alias in node.names:
                if CALLS.fullmatch(f"{node.module}.{alias.name}"):
                    yield f"{node.module}.{alias.name}", node.lineno
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if CALLS.fullmatch(called):
            yield called, node.lineno
        for key in node.keywords:
            if key.arg == "allow_pickle" or (
                    key.arg == "shell" and ast.unparse(key.value) != "False"):
                yield f"{called}({key.arg})", node.lineno


@pytest.mark.parametrize("module", MODULES)
def test_t14_nothing_that_is_read_is_run(module: str) -> None:
    if MODULES[module].relative_to(ROOT).as_posix() in GENERATORS:
        return  # a tool for developers, which reads the installed libraries
    for called, line in calls_that_run(module):
        assert (module, called) in ALLOWED, f"{MODULES[module]}:{line} calls {called}"


def test_every_allowed_call_is_made() -> None:
    assert {(module, called) for module, called in ALLOWED
            if module in MODULES and called not in dict(calls_that_run(module))} == set()


@pytest.mark.parametrize("line", [
    "eval('1')", "exec('1')", "compile('1', 'x', 'eval')", "__import__('os')",
    "torch.load('x')", "torch.save(x, 'x')", "torch.jit.load('x')", "torch.hub.load('x', 'y')",
    "torch.export.load('x')", "import pickle", "from joblib import load", "import yaml",
    "np.load('x')", "np.load('x', allow_pickle=True)", "read('x', allow_pickle=False)",
    "pd.read_pickle('x')", "frame.to_pickle('x')", "import torch.load, pickle",
    "importlib.import_module(name)", "from importlib import import_module", "os.system('x')",
    "os.popen('x')", "os.execv('x', [])", "subprocess.run(['x'])", "run('x', shell=True)",
    "from subprocess import run", "from os import system", "from torch import load"])
def test_what_would_run_is_seen(line: str, monkeypatch: pytest.MonkeyPatch,
                                tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(line)
    monkeypatch.setitem(MODULES, "specc.module", path)
    assert list(calls_that_run("specc.module"))


def test_what_runs_nothing_is_not_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text("re.compile('x')\ntorch.compile(x)\njson.load(x)\nimport torch\n"
                    "safetensors.torch.load_file('x')\nspecc.compile(x, y)\nrun('x', shell=False)")
    monkeypatch.setitem(MODULES, "specc.module", path)
    assert not list(calls_that_run("specc.module"))
