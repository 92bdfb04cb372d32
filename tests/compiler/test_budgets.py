"""`max_missing`, and what the plan tells of each join.

The shared bundle: 16 orders, four without a customer row (`eve`, `dan`, two nulls), one of
them without a shop row (9); no order reaches the customer `fay` or the shop 7.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from specc.compiler.data.matching import percent

import specc

Json = dict[str, Any]


def _steps(spec: Json, bundle: Any, extractor: str) -> list[Json]:
    plan = specc.compile(spec, bundle).plan
    assert plan is not None
    (entry,) = (entry for entry in plan.description["data"]["extractors"]
                if entry["name"] == extractor)
    steps: list[Json] = entry["coverage"]
    return steps


def test_report_of_a_join(spec: Json, bundle: Path) -> None:
    (step,) = _steps(spec, bundle, "customer")
    assert {key: step[key] for key in ("samples", "matched", "missing", "null_keys", "rows",
                                       "orphans", "duplicates", "max_missing")} == {
        "samples": 16, "matched": 12, "missing": 4, "null_keys": 2, "rows": 4, "orphans": 1,
        "duplicates": 0, "max_missing": 1.0}
    assert step["missing_examples"] == ["null", "'eve'", "'dan'"]


def test_a_chain_counts_what_each_join_loses(spec: Json, frames: dict[str, pd.DataFrame]) -> None:
    frames["countries"] = pd.DataFrame({"country": ["FR", "IT"], "vat": [0.2, 0.22]}).set_index(
        "country")
    spec["extractors"]["customer"]["joins"].append({"frame": "countries", "on": "country"})
    first, second = _steps(spec, specc.Bundle.from_frames(frames, index_frame="index"), "customer")
    assert (first["missing"], first["matched"]) == (4, 12)
    # Of the twelve with a customer, ann has a country that is there; cid's is null.
    assert (second["missing"], second["matched"], second["orphans"]) == (8, 4, 1)
    assert second["null_keys"] == 4


@pytest.mark.parametrize(("budget", "codes"), [
    (0, ["SC626"]), (0.1, ["SC626"]), (0.2499, ["SC626"]), (0.25, []), (1.0, []), (None, []),
])
def test_budget(spec: Json, bundle: Path, budget: float | None, codes: list[str]) -> None:
    join = spec["extractors"]["customer"]["joins"][0]
    if budget is not None:
        join["max_missing"] = budget
    found = specc.validate(spec, bundle).diagnostics
    assert [one.code for one in found] == codes
    if codes:
        assert found[0].pointer == "/extractors/customer/joins/0/max_missing"
        for part in ("4 of 16", "25.0%", "'customers'", "'customer'", "'eve'", "'dan'"):
            assert part in found[0].message


def test_budgets_of_several_joins_are_all_told(spec: Json, bundle: Path) -> None:
    for name in ("customer", "shop"):
        spec["extractors"][name]["joins"][0]["max_missing"] = 0.01
    found = specc.validate(spec, bundle).diagnostics
    assert sorted(str(one.pointer) for one in found) == [
        f"/extractors/{name}/joins/0/max_missing" for name in ("customer", "shop")]


def test_no_more_than_five_examples(spec: Json, frames: dict[str, pd.DataFrame]) -> None:
    frames["customers"] = frames["customers"].drop(index=["ann", "bob", "cid"])
    frames["index"]["customer"] = [f"c{place}" for place in range(16)]
    spec["extractors"]["customer"]["joins"][0]["max_missing"] = 0.5
    spec["extractors"]["customer"]["take_columns"] = ["country"]
    bundle = specc.Bundle.from_frames(frames, index_frame="index")
    messages = [one.message for one in specc.validate(spec, bundle).diagnostics
                if one.code == "SC626"]
    assert [message.count("'c") for message in messages] == [len("cccccc") + 1]


@pytest.mark.parametrize("budget", [-0.1, 1.1, "1%", True])
def test_budget_that_is_no_share(spec: Json, budget: Any) -> None:
    spec["extractors"]["customer"]["joins"][0]["max_missing"] = budget
    (found,) = specc.validate(spec).diagnostics
    assert found.code in ("SC104", "SC106")
    assert found.pointer == "/extractors/customer/joins/0/max_missing"


def test_nulls_of_columns_count_samples(spec: Json, bundle: Path) -> None:
    plan = specc.compile(spec, bundle).plan
    assert plan is not None
    nulls = {
        (entry["name"], column["name"]): column["nulls"]
        for entry in plan.description["data"]["extractors"] for column in entry["columns"]
    }
    # Four orders have no customer; of the others, three are bob's, whose age is null.
    assert nulls["customer", "age"] == 4 + 4
    assert nulls["order", "amount"] == 2
    assert nulls["label", "late"] == 0


def test_percent() -> None:
    shares = (0, 1, 0.5, 0.999, 0.0022, 0.00001)
    assert [percent(share) for share in shares] == [
        "0.0%", "100.0%", "50.0%", "99.9%", "0.22%", "0.001%"]
