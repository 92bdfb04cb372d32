"""Join the tables of this folder with the signatures of torch and scikit-learn.

    python -m specc.schema.constructors.generate            writes constructors.json
    python -m specc.schema.constructors.generate --check    exit 1 when the file is stale

Defaults come from the signatures; descriptions, ranges and examples from the tables.
"""

from __future__ import annotations

import argparse
import inspect
import json
import sys
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from functools import partial
from importlib import import_module
from typing import Any

from jsonschema import Draft202012Validator

from ..declaration import Fragment
from ..fields import REQUIRED
from . import PATH, layers, losses, metrics, optimizers, schedulers
from .tables import Entry, Form, MetricEntry, Table

TABLES = (optimizers.TABLE, schedulers.TABLE, losses.TABLE, layers.TABLE, metrics.TABLE)
COMMAND = "python -m specc.schema.constructors.generate"


class TableError(Exception):
    """The tables do not fit the installed libraries, or themselves."""


def installed(table: Table) -> Mapping[str, Callable[..., Any]]:
    """What the library offers in the place of this family, listed or not."""
    module = import_module(table.module)
    if table.family == "metrics":
        return {name: getattr(module, name) for name in module.__all__}
    base = {
        "optimizers": ("torch.optim", "Optimizer"),
        "schedulers": ("torch.optim.lr_scheduler", "LRScheduler"),
        "losses": ("torch.nn", "Module"),
        "layers": ("torch.nn", "Module"),
    }[table.family]
    parent = getattr(import_module(base[0]), base[1])
    found = {
        name: value for name, value in vars(module).items()
        if inspect.isclass(value) and issubclass(value, parent) and not name.startswith("_")
    }
    if table.family == "losses":
        return {name: value for name, value in found.items() if "Loss" in name}
    return found


def check_names(table: Table, found: Mapping[str, object]) -> None:
    """Every class is an entry or excluded, and every line of the table is about something.

    Raises TableError with all that disagree.
    """
    wrong = [f"{name}: listed, but {table.module} has no such name"
             for name in table.entries if name not in found]
    wrong += [f"{name}: neither listed nor excluded; add it to the table `{table.family}`"
              for name in sorted(found) if name not in table.entries
              and not any(fnmatchcase(name, glob) for glob in table.excluded)]
    wrong += [f"{glob}: excluded, but nothing in {table.module} has such a name"
              for glob in table.excluded if not any(fnmatchcase(name, glob) for name in found)]
    if wrong:
        raise TableError("\n".join(wrong))


def parameters(target: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """The named parameters of a class or a function, in order, without `self`."""
    call = target.__init__ if inspect.isclass(target) else target
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return {name: parameter for name, parameter in inspect.signature(call).parameters.items()
            if name != "self" and parameter.kind not in variadic}


def make_fragment(place: str, form: Form, parameter: inspect.Parameter) -> Fragment:
    """The finished schema of one property. Raises TableError when its default breaks it."""
    fragment: Fragment
    if isinstance(form, partial) and "default" in form.keywords:
        fragment = form()
    elif parameter.default is parameter.empty:
        fragment = form(default=REQUIRED)
    else:
        default = parameter.default
        fragment = form(default=list(default) if isinstance(default, tuple) else default)
    if "default" in fragment:
        for error in Draft202012Validator(fragment).iter_errors(fragment["default"]):
            raise TableError(f"{place}: the default does not fit the table: {error.message}")
    return fragment


def make_entry(table: Table, name: str, target: Callable[..., Any]) -> dict[str, Any]:
    """One entry of the file. Raises TableError for a parameter that no table knows."""
    entry: Entry = table.entries[name]
    signature = parameters(target)
    for known in (*entry.forms, *entry.dropped):
        if known not in signature:
            raise TableError(f"{table.module}:{name} has no parameter {known!r}")
    properties: dict[str, Fragment] = {}
    for parameter in signature.values():
        place = f"{table.module}:{name}.{parameter.name}"
        if parameter.name in entry.dropped:
            continue
        if parameter.name in entry.forms:
            form = entry.forms[parameter.name]
        elif parameter.name in table.dropped:
            continue
        elif parameter.name in table.forms:
            form = table.forms[parameter.name]
        else:
            raise TableError(f"{place}: no table describes this parameter; add a form or a "
                             "reason to drop it")
        properties[parameter.name] = make_fragment(place, form, parameter)
    made: dict[str, Any] = {
        "description": entry.description,
        "properties": properties,
        "required": [key for key, value in properties.items() if "default" not in value],
        "examples": list(entry.examples),
    }
    if isinstance(entry, MetricEntry):
        made |= {
            "needs": entry.needs,
            "tasks": list(entry.tasks),
            "direction": entry.direction,
            "takes_labels": "labels" in signature,
            "multioutput": "multioutput" in signature,
        }
    return made


def make_family(table: Table) -> dict[str, Any]:
    """All entries of a family, by the name that a spec gives as `type`."""
    found = installed(table)
    check_names(table, found)
    family = {f"{table.module}:{name}": make_entry(table, name, found[name])
              for name in table.entries}
    used = {name for listed in table.entries for name in parameters(found[listed])}
    for known in (*table.forms, *table.dropped):
        if known not in used:
            raise TableError(f"{known}: described in the table `{table.family}`, used by nothing")
    return family


def render() -> str:
    """The text of `constructors.json` for the installed libraries. Raises TableError."""
    return _layout({table.family: make_family(table) for table in TABLES}, 4, "") + "\n"


def _layout(value: Any, levels: int, indent: str) -> str:
    """JSON with the outer levels of objects on lines of their own, so one property is one line."""
    if levels == 0 or not isinstance(value, dict) or not value:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    inner = indent + " "
    lines = [f"{inner}{json.dumps(key)}: {_layout(child, levels - 1, inner)}"
             for key, child in value.items()]
    return "{\n" + ",\n".join(lines) + "\n" + indent + "}"


def is_fresh() -> bool:
    """Whether the committed file is what the generator would write now."""
    return PATH.exists() and PATH.read_text(encoding="utf-8") == render()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when stale")
    options = parser.parse_args(arguments)
    try:
        if not options.check:
            PATH.write_text(render(), encoding="utf-8")
        elif not is_fresh():
            print(f"{PATH.name} is stale; regenerate it: {COMMAND}", file=sys.stderr)
            return 1
    except TableError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
