"""Selectors: exact names, globs, dtypes, and what they leave alone."""

from __future__ import annotations

import pytest
from specc.compiler.data.selectors import select
from specc.compiler.stages import Selector

DTYPES = {"id": "integer", "fare": "float", "fare_2": "float", "Name": "string", "a*": "string",
          "axe": "boolean", "born": "datetime", "split": "string"}
HIDDEN = frozenset({"id", "split"})


def _selector(index: int, value: str, side: str) -> Selector:
    pointer = f"/extractors/x/{side}_columns/{index}"
    if value.startswith("dtype:"):
        return Selector(pointer, None, value.removeprefix("dtype:"))
    return Selector(pointer, value, None)


def _select(
    take: list[str], drop: tuple[str, ...] = ()
) -> tuple[list[str], list[tuple[str, str | None]]]:
    selection = select(
        [_selector(index, value, "take") for index, value in enumerate(take)],
        [_selector(index, value, "drop") for index, value in enumerate(drop)],
        DTYPES, "people", HIDDEN,
    )
    return list(selection.columns), [(d.code, d.pointer) for d in selection.diagnostics]


def test_everything_but_hidden_columns() -> None:
    assert _select(["*"]) == (["fare", "fare_2", "Name", "a*", "axe", "born"], [])


def test_an_exact_name_wins_over_a_glob_and_takes_hidden_columns() -> None:
    assert _select(["a*"]) == (["a*"], [])
    assert _select(["a?e"]) == (["axe"], [])
    assert _select(["id", "split"]) == (["id", "split"], [])


def test_columns_come_in_the_order_of_the_selectors_once() -> None:
    assert _select(["Name", "fare*", "fare"]) == (["Name", "fare", "fare_2"], [])


def test_dtypes() -> None:
    assert _select(["dtype:number"]) == (["fare", "fare_2"], [])
    assert _select(["dtype:string"]) == (["Name", "a*"], [])
    assert _select(["*"], ("dtype:float", "dtype:string")) == (["axe", "born"], [])
    assert _select(["*"], ("split",))[1] == []


def test_globs_mind_case() -> None:
    assert _select(["n*"])[1] == [("SC607", "/extractors/x/take_columns/0")]


def test_selectors_that_match_nothing() -> None:
    columns, found = _select(["fare", "Nme", "dtype:other"], ("gone*",))
    assert columns == ["fare"]
    assert found == [("SC607", "/extractors/x/take_columns/1"),
                     ("SC627", "/extractors/x/take_columns/2"),
                     ("SC607", "/extractors/x/drop_columns/0")]


def test_the_nearest_name_is_offered() -> None:
    selection = select([_selector(0, "fara", "take")], [], DTYPES, "people")
    assert selection.diagnostics[0].help == "did you mean 'fare'?"


@pytest.mark.parametrize(("glob", "meant"), [
    ("maen_*", "mean_*"), ("Mean_*", "mean_*"), ("*_erorr", "*_error"), ("worts_*", None),
    ("mean*", None), ("xyz*", None),
])
def test_a_glob_is_held_against_what_columns_share(glob: str, meant: str | None) -> None:
    dtypes = dict.fromkeys(["mean_radius", "mean_area", "radius_error", "area_error", "worst_area"],
                           "float")
    selection = select([_selector(0, glob, "take")], [], dtypes, "tumours")
    fixes = [one.fix[0]["value"] if one.fix else None for one in selection.diagnostics]
    assert fixes == ([] if glob == "mean*" else [meant])


def test_strange_patterns_do_not_raise() -> None:
    for pattern in ("[", "[z-a]", "[!", "*" * 200 + "x", "\\"):
        assert _select([pattern])[1] == [("SC607", "/extractors/x/take_columns/0")]
