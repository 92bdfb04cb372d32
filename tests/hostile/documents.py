"""At least 200 texts that a stranger might hand in as a spec, each to be refused.

`documents()` gives `(name, text)`. Each is one valid spec with one thing in it that specc
must not follow, open, import or choke on. Those of `on_a_bundle()` are refused only against
a bundle: any text may be the name of a frame or of a column.
"""

from __future__ import annotations

import copy
import json
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

GIANT = 1_000_000
"""Elements of a giant list: more than any list may have."""

LONG = 1_000_000
"""Characters, digits or levels of what is too long."""

_SPEC: dict[str, Any] = {
    "specc": 1,
    "name": "orders",
    "extractors": {
        "label": {"type": "plain", "take_columns": ["late"]},
        "order": {"type": "plain", "joins": [{"frame": "customers", "on": "customer"}],
                  "take_columns": ["age"], "transformer": {"type": "auto"}},
    },
    "network": {"type": "fully_connected", "sizes": [4, 1], "input_frames": ["order"]},
    "loss": {"type": "torch.nn:BCEWithLogitsLoss"},
    "optimizer": {"type": "torch.optim:SGD", "lr": 0.1},
    "metrics": [{"type": "sklearn.metrics:roc_auc_score"}],
    "training": {"epochs": 1, "batch_size": 5, "device": "cpu"},
}

# This file is run by its path, so its neighbour is too.
_CONTEXTS = runpy.run_path(str(Path(__file__).with_name("contexts.py")))

# What Hydra, jsonargparse, Keras and pickles have been made to import.
_IMPORTS = (
    "functools:partial", "torch:load", "torch.hub:load", "torch:save", "torch:compile",
    "builtins:eval", "builtins:exec", "builtins:__import__", "builtins:getattr", "os:system",
    "os:popen", "os:remove", "posix:system", "subprocess:Popen", "subprocess:run",
    "importlib:import_module", "pickle:loads", "marshal:loads", "shutil:rmtree", "pathlib:Path",
    "runpy:run_path", "code:interact", "pty:spawn", "ctypes:CDLL", "socket:socket",
    "urllib.request:urlopen", "logging.os.system", "torch.nn.modules.os:system",
    "torch.optim:__builtins__", "torch.optim:lr_scheduler", "torch.nn:Module", "torch.nn:__doc__",
    "torch.optim:Optimizer", "torch.optim:SGD.__init__", "torch.optim:SGD.__class__",
    "torch.optim.sgd:SGD", "torch.optim.SGD", "torch.optim:SGD()", "torch.optim:SGD:SGD",
    "torch.optim:*", "../torch.optim:SGD", "file:///etc/passwd", "http://example.com/a.py",
    "data:text/plain,x", "lambda: 0", "${env:HOME}", "{{ 7 * 7 }}", "!!python/object:os.system",
    "", " torch.optim:SGD", "torch.optim:SGD ", "TORCH.OPTIM:SGD", "torch.optim:SGD\u0000",
    "torch.optim:SGD\n", "torch.optim:\u202eDGS", "torch.optim:\uff33\uff27\uff24",
    "torch.\u03bfptim:SGD", "torch.optim:S\u200bGD", "torch\uff0eoptim:SGD",
    "torch.optim:SGD\u0301", "\ufefftorch.optim:SGD",
)

_DUNDERS = (
    "__class__", "__init__", "__globals__", "__dict__", "__proto__", "constructor", "prototype",
    "__reduce__", "__builtins__", "__import__", "__getattr__", "__subclasses__",
    "constructor.prototype", "__proto__.polluted",
)

_INSTANTIATORS = (
    "_target_", "_partial_", "class_path", "init_args", "class_name", "module", "func", "$import",
    "$include", "$eval", "!include", "py/object", "@type", "@import", "config", "registered_name",
)

_REFERENCES = (
    "#", "#/", "#/network", "#/$defs/network", "other.json", "../../etc/passwd",
    "/etc/passwd", "file:///etc/passwd", "http://example.com/spec.json", "https://example.com/#/a",
    "urn:uuid:0", "data:application/json,{}", "\\\\host\\share\\spec.json", "C:\\spec.json",
)

_PATHS = (
    "../x", "../../../../etc/passwd", "/etc/passwd", "a/b", "a\\b", "..", ".", "C:\\x",
    "\\\\host\\share", "file:///x", "x\u0000.txt", "~/x", "$HOME", "x;rm -rf", "-x", "a b",
    "a\nb", "\u202efdp", "caf\u00e9", "\uff0e\uff0e\uff0fx", "x" * 65, "x" * LONG,
    "x\n", "%2e%2e%2fx",
)

_NUMBERS = (
    "NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1e999999999", "9" * 400, "9" * 5_000,
    "9" * LONG, "-" + "9" * 5_000, "0x10", "1_000", "01", "+1", ".5", "1.", "--1", "1e", "\u0661",
    "\uff11", "true1", "9223372036854775808", "18446744073709551616", "-9223372036854775809",
    "1e19", "1" + "0" * 30, "340282366920938463463374607431768211456", "0.5", "-1", "null",
    '"1"', '"\\u0031"', "[1]", "{}", "1e-400", "0",
)

_TEXTS = {
    "empty": "",
    "space": " \n\t",
    "a number": "1",
    "a list": "[]",
    "null": "null",
    "a string": '"specc"',
    "an object without anything": "{}",
    "deep lists": "[" * LONG,
    "deep objects": '{"a":' * LONG,
    "deep and closed": "[" * LONG + "]" * LONG,
    "deep under a key": '{"specc": 1, "network": ' + '{"type": "feed_forward", "factories": ['
    * 50_000,
    "closing brackets": "]" * LONG,
    "an endless string": '{"specc": 1, "name": "' + "x" * LONG,
    "backslashes": '{"specc": 1, "name": "' + "\\" * LONG,
    "quotes": '"' * LONG,
    "commas": "[" + "," * LONG,
    "a comment": '{"specc": 1} // x',
    "single quotes": "{'specc': 1}",
    "two documents": '{"specc": 1}{"specc": 1}',
    "a yaml tag": "!!python/object/apply:os.system ['true']",
    "a yaml bomb": "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]",
    "an xml bomb": '<!DOCTYPE x [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><x>&c;</x>',
    "a pickle": "cos\nsystem\n(S'true'\ntR.",
    "python": "__import__('os').system('true')",
    "a byte order mark in the middle": '{"specc":\ufeff 1}',
    "a control character": '{"specc": 1, "name": "a\u0001b"}',
    "a NUL between tokens": '{"specc": 1,\u0000 "name": "a"}',
    "a line separator": '{"specc":\u2028 1}',
    "half a pair": '{"specc": 1, "name": "\\ud800"}',
    "half a pair as a key": '{"specc": 1, "\\udfff": 1}',
    "a pair in the wrong order": '{"specc": 1, "name": "\\ude00\\ud83d"}',
    "a bad escape": '{"specc": 1, "name": "\\x41"}',
    "a short escape": '{"specc": 1, "name": "\\u00"}',
}


def documents() -> Iterator[tuple[str, str]]:
    """Every document that is refused without a bundle."""
    for name, text in _TEXTS.items():
        yield f"text: {name}", text
    yield from _imports()
    yield from _keys()
    yield from _numbers()
    yield from _names()
    yield from _duplicates()
    yield from _giants()
    yield from _CONTEXTS["refused"](_SPEC)


def on_a_bundle() -> Iterator[tuple[str, str]]:
    """Every document that only a bundle can refuse: names that must not become paths."""
    for name in (*_PATHS[:-3], "x" * 1_000, "customers.parquet", "./customers", "customers/",
                 "CUSTOMERS", "customers\u0000", "index.parquet", "bundle.json"):
        shown = _shown(name)
        yield f"joined frame {shown}", _with(("extractors", "order", "joins", 0, "frame"), name)
        yield f"start frame {shown}", _with(("extractors", "order", "frame"), name)
        yield f"index frame {shown}", _with(("bundle", "index_frame"), name)
        yield f"key of {shown}", _with(("bundle", "keys"), {name: "customer"})
        yield f"column {shown}", _with(("extractors", "order", "take_columns", 0), f"{name}?")
    yield from _CONTEXTS["refused_on_a_bundle"](_SPEC)


def _imports() -> Iterator[tuple[str, str]]:
    for number, name in enumerate(_IMPORTS):
        place = (("optimizer", "loss", "network")[number % 3], "type")
        yield f"{place[0]} {_shown(name)}", _with(place, name)
    for name in _IMPORTS[:10]:
        yield f"metric {name}", _with(("metrics", 0, "type"), name)
        yield f"transformer {name}", _with(("extractors", "order", "transformer", "type"), name)
        yield f"extractor {name}", _with(("extractors", "order", "type"), name)
        yield f"scheduler {name}", _with(("scheduler",), {"type": name})
    for value in (None, 1, True, [], {}, ["torch.optim:SGD"], {"type": "torch.optim:SGD"}):
        yield f"type {value!r}", _with(("optimizer", "type"), value)
    for place in ("fn", "lr", "params", "foreach"):
        yield f"a callable as {place}", _with(("optimizer", place), {"_target_": "os.system"})


def _keys() -> Iterator[tuple[str, str]]:
    places: tuple[tuple[str | int, ...], ...] = (
        (), ("network",), ("optimizer",), ("extractors", "order"), ("training",))
    for number, key in enumerate((*_DUNDERS, *_INSTANTIATORS)):
        place = places[number % len(places)]
        yield f"key {key}", _with((*place, key), "os.system")
    yield "key of strange letters", _with(("n\u0430me",), "x")
    yield "key written backwards", _with(("\u202eeman",), "x")
    yield "key with NUL", _with(("name\u0000",), "x")
    yield "key of no width", _with(("na\u200bme",), "x")
    yield "key with a line break", _with(("name\n",), "x")
    yield "empty key", _with(("",), "x")
    yield "long key", _with(("x" * LONG,), "x")
    for reference in _REFERENCES:
        yield f"reference to {reference}", _with(("network",), {"$ref": reference})
    for key in ("$ref", "$dynamicRef", "$id", "$anchor", "$defs", "allOf", "if"):
        yield f"schema key {key}", _with((key,), {"a": {"$ref": "#"}})
    # Each level names the one below it ten times: 10^20 leaves for who expands it.
    bomb = {f"a{level}": [{"$ref": f"#/$defs/a{level + 1}"}] * 10 for level in range(20)}
    yield "references that multiply", _with(("$defs",), bomb)


def _numbers() -> Iterator[tuple[str, str]]:
    for literal in _NUMBERS:
        for place in (("network", "sizes", 0), ("training", "batch_size")):
            if literal != "1e19" or place[0] == "training":
                yield f"{place[-2]} {_shown(literal)}", _with(place, literal, as_text=True)
    for literal in ("NaN", "1e400", "9" * LONG, "1e10", "-1", '"0.1"'):
        yield f"lr {_shown(literal)}", _with(("optimizer", "lr"), literal, as_text=True)
    for literal in ("-1", "9223372036854775808", "1e30", "0.5", "NaN"):
        yield f"seed {literal}", _with(("seed",), literal, as_text=True)
    for literal in ("2", "2.5", "true", '"1"', "1e400", "null", "-1"):
        yield f"version {literal}", _with(("specc",), literal, as_text=True)
    for literal in ("1e31", "1" + "0" * 40, "NaN"):
        yield f"fill {_shown(literal)}", _with(
            ("extractors", "order", "fill_value"), literal, as_text=True)


def _names() -> Iterator[tuple[str, str]]:
    for name in _PATHS:
        yield f"name {_shown(name)}", _with(("name",), name)
    yield "the name of the folder of runs", _with(("out",), "../runs")
    yield "a bundle in the spec", _with(("bundle",), "/etc")
    yield "a folder in the bundle", _with(("bundle", "path"), "../..")
    yield "an extractor without a name", _with(("extractors", ""), {"type": "plain"})
    yield "an extractor with a long name", _with(("extractors", "x" * 201), {"type": "plain"})
    yield "an input with a long name", _with(("network", "input_frames", 0), "x" * LONG)
    yield "an input that is not there", _with(("network", "input_frames", 0), "../order")
    yield "a label that is not there", _with(("label",), "/etc/passwd")


def _duplicates() -> Iterator[tuple[str, str]]:
    text = json.dumps(_SPEC)
    yield "two names", text.replace('"name"', '"name": "a", "name"', 1)
    yield "two types", text.replace('"type": "torch.optim:SGD"',
                                    '"type": "os:system", "type": "torch.optim:SGD"')
    yield "two versions", text.replace('"specc": 1', '"specc": 2, "specc": 1')
    yield "one key written in two ways", text.replace('"name"', '"n\\u0061me": "a", "name"', 1)
    yield "a thousand equal keys", text[:-1] + ', "seed": 1' * 1_000 + "}"


def _giants() -> Iterator[tuple[str, str]]:
    many = {"type": "torch.nn:ReLU"}
    yield "many sizes", _with(("network", "sizes"), [1] * GIANT)
    yield "many wrong sizes", _with(("network", "sizes"), ["1"] * 1_001)
    yield "many parts", _with(
        ("network",), {"type": "feed_forward", "input_frames": ["order"],
                       "factories": [many] * 1_500})
    yield "many joins", _with(("extractors", "order", "joins"),
                              [{"frame": "customers", "on": "customer"}] * 1_500)
    yield "many columns", _with(("extractors", "order", "take_columns"), ["a"] * GIANT)
    yield "many key columns", _with(("extractors", "order", "joins", 0, "on"), ["a"] * 1_500)
    yield "many inputs", _with(("network", "input_frames"), ["order"] * 1_500)
    yield "many extractors", _with(("extractors",), {
        "label": {"type": "plain"}, **{f"e{place}": {"type": "plain"} for place in range(1_500)}})
    yield "many metrics", _with(("metrics",), [{"type": "sklearn.metrics:roc_auc_score"}] * 1_500)
    yield "many steps", _with(("bundle", "prepare"), [{"type": "priority", "column": "a"}] * 1_500)
    yield "many keys", _with(("bundle", "keys"), {f"f{place}": "a" for place in range(1_500)})
    yield "a wide layer", _with(("network", "sizes", 0), 1_000_001)
    yield "a giant column", _with(("extractors", "order", "take_columns", 0), "x" * LONG)
    yield "a giant frame", _with(("extractors", "order", "frame"), "x" * LONG)
    yield "a giant description", _with(("description",), "x" * LONG)
    yield "a giant type", _with(("loss", "type"), "x" * LONG)
    yield "a giant text", '{"specc": 1, "description": "' + "x" * 10_000_000 + '"}'


def _with(place: tuple[str | int, ...], value: Any, *, as_text: bool = False) -> str:
    """The spec with a value at a place; `as_text` writes it as it is, JSON or not."""
    spec: Any = copy.deepcopy(_SPEC)
    holder = spec
    for token in place[:-1]:
        holder = holder[token] if isinstance(holder, list) else holder.setdefault(token, {})
    if isinstance(holder, str):
        raise TypeError(place)
    holder[place[-1]] = "@@here@@" if as_text else value
    text = json.dumps(spec)
    return text.replace('"@@here@@"', value, 1) if as_text else text


def _shown(text: str) -> str:
    shown = text if len(text) <= 40 else f"{text[:20]}... ({len(text):,} characters)"
    return shown.encode("unicode_escape").decode()
