"""The pages say what is true: outputs, specs, scripts, links and generated pages.

A comment in front of a fenced block says what it must be:

    <!-- output -->             `$ specc ...` and all that it prints to standard output
    <!-- shortened output -->   the same; a line `...` stands for any lines
    <!-- trained output -->     the same as output, but for the last digits of measures, which
                                depend on the machine that has trained
    <!-- file: PATH -->         the content of a file
    <!-- part of: PATH -->      lines of a file, as they stand there
    <!-- difference: A B -->    the lines in which the file B differs from the file A
    <!-- spec -->               a whole spec that specc accepts
    <!-- part of a spec -->     top-level keys; accepted when put into docs/examples/survival.json
    <!-- script -->             Python that runs without an error

The commands of a page run in one folder, `specc run` before those that read its run folder.
`pytest --update` writes the blocks marked `output` and `trained output` again.
Not checked here: blocks without a comment, and links to places outside of the repository.
"""

from __future__ import annotations

import difflib
import json
import re
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from specc.compiler.diagnostics import codes
from specc.compiler.diagnostics.diagnostic import Code
from specc.schema.agreement import LOSS_RULES
from specc.schema.vocabulary import VOCABULARY

import specc
from specc.cli import cli

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/vocabulary/*.md"),
                *ROOT.glob("*/README.md"), *ROOT.glob("specs/*/README.md")])
GENERATE = runpy.run_path(str(ROOT / "docs" / "generate.py"))

_BLOCK = re.compile(r"<!-- ([^\n]+) -->\n```\w*\n(.*?)```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_MEASURE = re.compile(r"\d+\.\d+")
_RUN = "$ specc run "
_OUTPUTS = ("output", "shortened output", "trained output")


@dataclass(frozen=True)
class Block:
    """A fenced block, its page, and what the comment in front of it says."""

    page: Path
    comment: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.text.partition(chr(10))[0][:50]}"


def _blocks(*kinds: str) -> list[Block]:
    return [
        Block(page, match[1], match[2])
        for page in PAGES
        for match in _BLOCK.finditer(page.read_text(encoding="utf-8"))
        if match[1].partition(":")[0] in kinds
    ]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the pages take for granted: the repository with the bundles of two specs."""
    folder = tmp_path_factory.mktemp("workplace")
    for name in ("docs", "specs"):
        (folder / name).symlink_to(ROOT / name)
    for name in ("titanic", "sentences"):
        _make_bundle(folder, name)
    return folder


def _make_bundle(folder: Path, name: str) -> None:
    script, out = f"specs/{name}/make_bundle.py", f"bundles/{name}"
    subprocess.run([sys.executable, script, out], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def printed(workplace: Path) -> Callable[[str], str]:
    """What `$ specc ...` prints to standard output, without spaces at line ends; each command is
    carried out once."""

    @cache
    def of(command: str) -> str:
        program, *arguments = command.removeprefix("$ ").split()
        assert program == "specc"
        if "bundles/flights" in command and not (workplace / "bundles/flights").exists():
            _make_bundle(workplace, "flights")
        # As a shell does it.
        words = [word for each in arguments
                 for word in sorted(map(str, Path().glob(each))) or [each]]
        stdout = CliRunner().invoke(cli, words).stdout
        return "\n".join(line.rstrip() for line in stdout.rstrip().splitlines()) + "\n"

    return of


def _command(block: Block) -> str:
    return block.text.partition("\n")[0]


def _runs_of(page: Path) -> list[str]:
    """The commands of a page that make run folders."""
    return [_command(block) for block in _blocks(*_OUTPUTS)
            if block.page == page and block.text.startswith(_RUN)]


def _cases(*kinds: str) -> list[Any]:
    slow = pytest.mark.slow
    return [pytest.param(block, marks=[slow] if "flights" in block.text else [], id=str(block))
            for block in _blocks(*kinds)]


@pytest.mark.parametrize("block", _cases(*_OUTPUTS))
def test_output(block: Block, workplace: Path, update: bool, printed: Callable[[str], str],
                monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workplace)
    command = _command(block)
    if " runs/" in command:
        for run in _runs_of(block.page):
            printed(run)
    text = f"{command}\n{printed(command)}"
    if block.comment == "shortened output":
        parts = block.text.split("...\n")
        assert len(parts) > 1
        assert re.fullmatch(".*?".join(map(re.escape, parts)), text, re.DOTALL), text
    elif update:
        page = block.page.read_text(encoding="utf-8")
        block.page.write_text(page.replace(block.text, text), encoding="utf-8")
    elif block.comment == "trained output":
        assert _MEASURE.sub("0.0", block.text) == _MEASURE.sub("0.0", text)
        assert _measures(block.text) == pytest.approx(_measures(text), rel=0.05)
    else:
        assert block.text == text


def _measures(text: str) -> list[float]:
    return [float(number) for number in _MEASURE.findall(text)]


@pytest.mark.parametrize("block", _blocks("file"), ids=str)
def test_file(block: Block) -> None:
    path = ROOT / block.comment.partition(": ")[2]
    assert block.text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("block", _blocks("part of"), ids=str)
def test_part_of_a_file(block: Block) -> None:
    path = ROOT / block.comment.partition(": ")[2]
    assert f"\n{block.text}" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("block", _blocks("difference"), ids=str)
def test_difference(block: Block) -> None:
    old, new = ((ROOT / name).read_text(encoding="utf-8").splitlines()
                for name in block.comment.partition(": ")[2].split())
    lines = list(difflib.unified_diff(old, new, lineterm="", n=0))[2:]
    assert block.text.splitlines() == [line for line in lines if not line.startswith("@@")]


@pytest.mark.parametrize("block", _blocks("spec", "part of a spec"), ids=str)
def test_spec(block: Block) -> None:
    value = json.loads(block.text)
    if block.comment == "part of a spec":
        base = json.loads((ROOT / "docs/examples/survival.json").read_bytes())
        extractors = {**base["extractors"], **value.get("extractors", {})}
        value = {**base, **value, "extractors": extractors}
    checked = specc.validate(value)
    assert checked.ok, str(checked)


def test_mistaken_example_has_one_mistake() -> None:
    (found,) = specc.validate(ROOT / "docs/examples/survival_mistaken.json").diagnostics
    assert (found.code, found.pointer) == ("SC303", "/loss/type")
    assert not specc.validate(ROOT / "docs/examples/survival.json").diagnostics


@pytest.mark.parametrize("block", _blocks("script"), ids=str)
def test_script(block: Block, workplace: Path, tmp_path: Path,
                monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workplace)
    script = tmp_path / "script.py"
    script.write_text(block.text, encoding="utf-8")
    runpy.run_path(str(script))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_point_to_files(page: Path) -> None:
    missing = [link for link in _links(page)
               if not (page.parent / link.partition("#")[0]).resolve().exists()]
    assert not missing


def _links(page: Path) -> Iterator[str]:
    prose = _FENCED.sub("", page.read_text(encoding="utf-8"))
    yield from (link for link in _LINK.findall(prose) if "://" not in link)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_anchors_of_the_vocabulary_are_there(page: Path) -> None:
    missing = []
    for link in _links(page):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if anchor and "vocabulary" in target.as_posix() and anchor not in _headings(target):
            missing.append(link)
    assert not missing


def _headings(page: Path) -> set[str]:
    found = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {heading.lower().replace(" ", "-") for heading in found}


def test_every_own_type_is_on_a_page_with_a_spec_that_uses_it() -> None:
    for family in VOCABULARY:
        page = (ROOT / f"docs/vocabulary/{family.name}.md").read_text(encoding="utf-8")
        for declared in family.types:
            if ":" not in declared.name and family.name != "inner_extractor":
                section = page.partition(f"\n## {declared.name}\n")[2].partition("\n## ")[0]
                assert f'{{"type": "{declared.name}"' in section, declared.name
                assert "](../../specs/" in section, declared.name


def test_generated_pages_are_fresh() -> None:
    assert GENERATE["stale"]() == [], "run `make generate`"


def test_every_code_is_on_the_page_of_codes() -> None:
    page = (ROOT / "docs/codes.md").read_text(encoding="utf-8")
    names = [value.name for value in vars(codes).values() if isinstance(value, Code)]
    assert re.findall(r"^### (SC\d+)$", page, re.MULTILINE) == sorted(names)


def test_every_loss_is_in_the_table_of_spec_md() -> None:
    page = (ROOT / "docs/spec.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`[^|]+) \|", page, re.MULTILINE)
    told = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert {name.rpartition(":")[2] for name in LOSS_RULES} <= told


def test_prose_of_the_readme_has_one_sentence_a_line() -> None:
    prose = _FENCED.sub("", (ROOT / "README.md").read_text(encoding="utf-8"))
    lines = [line for line in prose.splitlines() if line and line[0] not in "|-#<"]
    assert [line for line in lines if re.search(r"[a-z`)]\. [A-Z]", line)] == []
