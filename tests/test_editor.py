"""Specs in an editor: the JSON language service of VS Code, without the editor.

It is installed from `editor/package-lock.json` below `build/`; without node, or where npm
reaches no registry, these tests are skipped and say why.

Not checked here: other editors, and what the service makes of text that is no JSON.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from specc.compiler.bundle import Bundle
from specc.schema import load_schema
from specc.schema.narrow import BundleNames, narrowed
from specc.schema.vocabulary import VOCABULARY

ROOT = Path(__file__).resolve().parents[1]
SOURCE = Path(__file__).with_name("editor")
INSTALLED = ROOT / "build" / "editor"
FAMILIES = {family.name: family for family in VOCABULARY}
CURSOR = "¦"
NPM_CI = ("npm", "ci", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=1",
          "--fetch-retry-mintimeout=1000")
UNREACHABLE = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH",
               "EHOSTUNREACH", "ERR_SOCKET_TIMEOUT")
"""How npm says that there is no way to a registry."""

pytestmark = pytest.mark.slow


class Service:
    """The language service in a process of its own.

    Questions are texts of specs; CURSOR marks the place asked about.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._schema: Mapping[str, Any] | None = None

    def use(self, schema: Mapping[str, Any]) -> Service:
        """Takes a schema for the questions that follow."""
        if schema is not self._schema:
            self._say({"schema": schema})
            self._schema = schema
        return self

    def complete(self, text: str) -> dict[str, dict[str, str]]:
        """Label -> what is inserted and told of it."""
        offers = self._ask("complete", text)
        labels = [offer["label"] for offer in offers]
        assert len(labels) == len(set(labels))
        return {offer["label"]: offer for offer in offers}

    def values(self, text: str) -> list[Any]:
        """The values that are offered."""
        return [json.loads(label) for label in self.complete(text)]

    def hover(self, text: str) -> str:
        """What is told of the place, as plain text."""
        told: str = self._ask("hover", text)
        return told.replace("\\", "")

    def diagnose(self, text: str, file: Path | None = None) -> list[tuple[str, str]]:
        """`(underlined text, message)` of every finding. The path of `$schema` counts from
        the file."""
        found = self._ask("diagnose", text, uri=file.as_uri() if file else None)
        return [(entry["text"], entry["message"]) for entry in found]

    def _ask(self, ask: str, text: str, uri: str | None = None) -> Any:
        return self._say({"ask": ask, "text": text.replace(CURSOR, ""),
                          "offset": text.find(CURSOR), **({"uri": uri} if uri else {})})

    def _say(self, question: Mapping[str, Any]) -> Any:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the language service has ended"
        return json.loads(answer)


def install() -> None:
    """Puts the service below `build/`, unless what is there is of this lock file."""
    lock = "package-lock.json"
    marker = INSTALLED / "installed.json"
    if not marker.exists() or marker.read_bytes() != (SOURCE / lock).read_bytes():
        shutil.rmtree(INSTALLED, ignore_errors=True)
        INSTALLED.mkdir(parents=True)
        for name in ("package.json", lock):
            shutil.copy(SOURCE / name, INSTALLED)
        try:
            done = subprocess.run(NPM_CI, cwd=INSTALLED, capture_output=True, text=True,
                                  check=False, timeout=120)
        except subprocess.TimeoutExpired:
            pytest.skip("npm reaches no registry (it waits)")
        if done.returncode:
            unreachable = [code for code in UNREACHABLE if code in done.stderr]
            if unreachable:
                pytest.skip(f"npm reaches no registry ({unreachable[0]})")
            pytest.fail(done.stderr)
        shutil.copy(SOURCE / lock, marker)
    shutil.copy(SOURCE / "service.mjs", INSTALLED)


@pytest.fixture(scope="module")
def started() -> Iterator[Service]:
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    install()
    with subprocess.Popen(["node", "service.mjs"], cwd=INSTALLED, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
        yield Service(process)


@pytest.fixture
def service(started: Service) -> Service:
    """The service with the whole vocabulary."""
    return started.use(load_schema())


@pytest.fixture
def on_bundle(started: Service, bundle: Path) -> Service:
    """The service with the vocabulary narrowed to the bundle of the tests."""
    opened = Bundle.open(bundle)
    columns = {frame: {field.name: str(field.type) for field in opened.schema(frame)}
               for frame in opened.frames}
    return started.use(narrowed(load_schema(), BundleNames(columns, opened.index_frame)))


def text(extractor: str = "", network: str = '{"type": "output"}', more: str = "") -> str:
    """A spec with some of its parts as they are being typed."""
    one = f', "x": {extractor}' if extractor else ""
    return (f'{{"specc": 1, "extractors": {{"label": {{"type": "plain"}}{one}}}, '
            f'"network": {network}, "loss": {{"type": "torch.nn:MSELoss"}}{more}}}')


def plain(rest: str) -> str:
    return text(extractor=f'{{"type": "plain", {rest}}}')


def context(rest: str) -> str:
    return text(extractor=f'{{"type": "context", {rest}}}')


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((SOURCE / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert "node_modules/vscode-json-languageservice" in packages
    for entry in packages.values():
        assert "resolved" not in entry and entry["integrity"]


# The whole vocabulary


@pytest.mark.parametrize(("family", "spec"), [
    ("extractor", text(extractor='{"type": "¦"}')),
    ("network", text(network='{"type": "¦"}')),
    ("network", text(network='{"type": ¦}')),
    ("network", text(network='{"type": "feed_forward", "factories": [{"type": "¦"}]}')),
    ("transformer", plain('"transformer": {"type": "¦"}')),
    ("optimizer", text(more=', "optimizer": {"type": "¦"}')),
    ("scheduler", text(more=', "scheduler": {"type": "¦"}')),
    ("metric", text(more=', "metrics": [{"type": "¦"}]')),
    ("loss", '{"specc": 1, "loss": {"type": "¦"}}'),
])
def test_types_are_completed_with_what_they_are(service: Service, family: str,
                                                spec: str) -> None:
    offers = service.complete(spec)
    assert {json.loads(label): offer["documentation"] for label, offer in offers.items()} == {
        entry.name: entry.description for entry in FAMILIES[family].types}


@pytest.mark.parametrize(("family", "name", "spec"), [
    ("optimizer", "torch.optim:SGD", text(more=', "optimizer": {"type": "torch.optim:SGD", ¦}')),
    ("loss", "torch.nn:HuberLoss", '{"specc": 1, "loss": {"type": "torch.nn:HuberLoss", ¦}}'),
    ("extractor", "plain", plain("¦")),
    ("transformer", "categorical", plain('"transformer": {"type": "categorical", ¦}')),
])
def test_properties_of_the_chosen_type_are_completed(service: Service, family: str, name: str,
                                                     spec: str) -> None:
    """Each with what it does; the value that follows offers the default."""
    entry = FAMILIES[family][name]
    offers = service.complete(spec)
    assert set(offers) == set(entry.properties)
    for key, fragment in entry.properties.items():
        assert offers[key]["insertText"].startswith(f'"{key}": ')
        if "description" in fragment:
            assert offers[key]["documentation"] in (fragment["description"],
                                                    *(f.description for f in FAMILIES.values()))
        if "default" in fragment and not isinstance(fragment["default"], dict | list):
            assert fragment["default"] in service.values(spec.replace(CURSOR, f'"{key}": ¦'))


def test_hover_tells_what_a_property_does(service: Service) -> None:
    told = FAMILIES["optimizer"]["torch.optim:SGD"]
    spec = text(more=', "optimizer": {"type": "torch.optim:SGD", "l¦r": 0.5}')
    assert service.hover(spec) == told.properties["lr"]["description"]
    spec = text(more=', "optimizer": {"type": "torch.opt¦im:SGD", "lr": 0.5}')
    assert told.description in service.hover(spec)


@pytest.mark.parametrize(("spec", "underlined", "message"), [
    (text(extractor='{"type": "plian"}'), '"plian"', "Value is not accepted"),
    (text(network='{"type": "outputs"}'), '"outputs"', "Value is not accepted"),
    (text(more=', "scheduler": {"type": "StepLR"}'), '"StepLR"', "Value is not accepted"),
    (text(network='{"type": "feed_forward", "factories": [{"type": "feed_forward", '
                  '"factories": [{"type": "torch.nn:Relu"}]}]}'),
     '"torch.nn:Relu"', "Value is not accepted"),
    (text(more=', "optimizer": {"type": "torch.optim:SGD", "lrate": 1}'), '"lrate"',
     "Property lrate is not allowed"),
    (text(more=', "optimiser": {}'), '"optimiser"', "Property optimiser is not allowed"),
    (text(more=', "optimizer": {"type": "torch.optim:SGD", "lr": "0.5"}'), '"0.5"',
     'Incorrect type. Expected "number"'),
    (text(more=', "training": {"epochs": 0}'), "0", "Value is below the minimum"),
    (plain('"take_columns": [3]'), "3", "Incorrect type"),
])
def test_a_mistake_is_one_message_at_its_place(service: Service, spec: str, underlined: str,
                                               message: str) -> None:
    (found,) = service.diagnose(spec)
    assert found[0] == underlined
    assert found[1].startswith(message)


@pytest.mark.parametrize("path", sorted((ROOT / "specs").glob("*/spec.json")),
                         ids=lambda path: path.parent.name)
def test_own_specs_carry_the_schema_that_checks_them(started: Service, path: Path) -> None:
    started.use({})
    spec = path.read_text(encoding="utf-8")
    assert started.diagnose(spec, path) == []
    (found,) = started.diagnose(spec.replace('"epochs"', '"epoch"'), path)
    assert found == ('"epoch"', "Property epoch is not allowed.")


# Narrowed to a bundle


FRAMES = ["customers", "index", "shops"]
INDEX = ["customer", "shop", "placed", "amount", "gift", "size", "late", "split", "order"]
SHOPS = ["area", "city", "night", "shop"]


@pytest.mark.parametrize(("spec", "offered"), [
    (plain('"frame": "¦"'), [*FRAMES, None]),
    (plain('"joins": [{"frame": "¦"}]'), FRAMES),
    (plain('"joins": [{"frame": ¦}]'), FRAMES),
    (plain('"joins": [{"frame": "shops", "on": "¦"}]'), [*INDEX, None]),
    (plain('"joins": [{"frame": "shops", "on": ["¦"]}]'), INDEX),
    (plain('"joins": [{"frame": "shops", "on": {"shop": "¦"}}]'), SHOPS),
    (plain('"joins": [{"frame": "shops", "on": "shop"}, {"frame": "index", "on": "¦"}]'),
     [*SHOPS, None]),
    (plain('"frame": "shops", "joins": [{"frame": "index", "on": "¦"}]'), [*SHOPS, None]),
    (plain('"joins": [{"frame": "shops", "on": "shop", "as_of": {"sample": "¦"}}]'), INDEX),
    (plain('"joins": [{"frame": "shops", "on": "shop", "as_of": {"row": "¦"}}]'), SHOPS),
    (context('"frame": "¦"'), FRAMES),
    (context('"frame": "shops", "order_by": ["¦"]'), SHOPS),
    (context('"frame": "shops", "at": {"sample": "¦"}'), INDEX),
    (context('"frame": "shops", "at": {"row": "¦"}'), SHOPS),
    (context('"frame": "shops", "where": [{"column": "¦"}]'), SHOPS),
    (context('"frame": "shops", "extractor": {"type": "plain", "take_columns": ["¦"]}'), SHOPS),
    (text(extractor='{"type": "combined", "extractors": {"a": {"type": "embedding", "joins": '
                    '[{"frame": "shops", "on": "shop"}], "take_columns": ["¦"]}}}'), SHOPS),
    (text(extractor='{"type": "embedding", "vectors": {"frame": "shops", "columns": ["¦"]}}'),
     SHOPS),
    (plain('"take_columns": ["¦"]'), INDEX),
    (plain('"take_columns": [¦]'), INDEX),
    (plain('"drop_columns": ["late", "¦"]'), INDEX),
    (plain('"joins": [{"frame": "shops", "on": "shop"}], "take_columns": ["¦"]'), SHOPS),
    (text(more=', "bundle": {"index_frame": "¦"}'), [*FRAMES, None]),
    (text(more=', "bundle": {"keys": {"shops": "¦"}}'), SHOPS),
    (text(more=', "bundle": {"prepare": [{"type": "priority", "column": "¦"}]}'), INDEX),
    (text(more=', "bundle": {"index_frame": "shops", "prepare": [{"type": "grouped_split", '
               '"columns": ["¦"]}]}'), SHOPS),
])
def test_frames_and_columns_are_completed(on_bundle: Service, spec: str,
                                          offered: list[str | None]) -> None:
    assert sorted(on_bundle.values(spec), key=str) == sorted(offered, key=str)


def test_names_are_completed_as_keys(on_bundle: Service) -> None:
    offers = on_bundle.complete(plain('"joins": [{"frame": "shops", "on": {"¦"}}]'))
    assert sorted(offers) == sorted(INDEX)
    assert sorted(on_bundle.complete(text(more=', "bundle": {"keys": {¦}}'))) == FRAMES
    offers = on_bundle.complete(plain('"joins": [{"frame": "shops", ¦}]'))
    assert offers["on"]["insertText"] == '"on": "$1"'
    assert offers["on"]["documentation"]


def test_conditions_offer_no_property_that_a_type_lacks(on_bundle: Service) -> None:
    step = FAMILIES["preparation"]["random_split"]
    spec = text(more=', "bundle": {"prepare": [{"type": "random_split", ¦}]}')
    assert set(on_bundle.complete(spec)) == set(step.properties)
    for name in ("plain", "embedding", "combined", "context"):
        spec = text(extractor=f'{{"type": "{name}", ¦}}')
        assert set(on_bundle.complete(spec)) == set(FAMILIES["extractor"][name].properties)


def test_columns_tell_their_dtype(on_bundle: Service) -> None:
    offers = on_bundle.complete(plain('"take_columns": ["¦"]'))
    assert offers['"amount"']["documentation"] == "double"
    assert "double" in on_bundle.hover(plain('"take_columns": ["amo¦unt"]'))


@pytest.mark.parametrize(("spec", "underlined", "message"), [
    (plain('"frame": "shop"'), '"shop"', "Value is not accepted"),
    (plain('"frame": 3'), "3", "Value is not accepted"),
    (plain('"joins": [{"frame": "shop", "on": "shop"}]'), '"shop"', "Value is not accepted"),
    (plain('"joins": [{"frame": "shops", "on": "shopp"}], "take_columns": ["area"]'), '"shopp"',
     "Value is not accepted"),
    (plain('"joins": [{"frame": "shops", "on": 3}]'), "3", "Incorrect type"),
    (plain('"take_columns": ["amounts"]'), '"amounts"', "Value is not accepted"),
    (plain('"take_columns": ["area"]'), '"area"', "Value is not accepted"),
    (plain('"take_columns": [3]'), "3", "Incorrect type"),
    (plain('"take_columns": [{"dtype": "flot"}]'), '"flot"', "Value is not accepted"),
    (text(more=', "bundle": {"keys": {"shop": "shop"}}'), '"shop"', "Property shop is not"),
    (text(more=', "bundle": {"keys": {"shops": ["amount"]}}'), '"amount"', "Value is not accep"),
    (text(more=', "bundle": {"prepare": [{"type": "priority", "column": "lat"}]}'), '"lat"',
     "Value is not accepted"),
    (text(more=', "bundle": {"prepare": [{"type": "priority", "column": 3}]}'), "3",
     "Incorrect type"),
])
def test_a_wrong_name_is_one_message_at_its_place(on_bundle: Service, spec: str, underlined: str,
                                                  message: str) -> None:
    (found,) = on_bundle.diagnose(spec)
    assert found[0] == underlined
    assert found[1].startswith(message)


@pytest.mark.parametrize("rest", [
    '"take_columns": ["am*"]', '"take_columns": [{"dtype": "float"}]', '"take_columns": ["order"]',
    '"frame": "shops", "take_columns": ["area"]', '"frame": null, "drop_columns": ["late"]',
])
def test_what_is_right_is_without_mistakes(on_bundle: Service, rest: str) -> None:
    assert on_bundle.diagnose(plain(rest)) == []
