"""Names of extractors that are not there, and the repairs that the other names give away.

Not checked here: that each of these is told once and in words, which the golden corpus shows.
"""

from __future__ import annotations

from typing import Any

import pytest
from specc.compiler.diagnostics.diagnostic import Diagnostic
from specc.compiler.network.references import MOST_GUESSED

import specc

PLAIN = {"type": "plain"}


def found(reads: list[str], label: str | None = None,
          names: tuple[str, ...] = ("label", "person", "ticket")) -> tuple[Diagnostic, ...]:
    spec: dict[str, Any] = {
        "specc": 1, "extractors": dict.fromkeys(names, PLAIN), "loss": {"type": "torch.nn:MSELoss"},
        "network": {"type": "output", "input_frames": reads}}
    if label is not None:
        spec["label"] = label
    return specc.validate(spec).diagnostics


def replaced(pointer: str, value: str) -> tuple[dict[str, str]]:
    return ({"op": "replace", "path": pointer, "value": value},)


def test_a_stranger_where_one_extractor_is_left_over() -> None:
    (diagnostic,) = found(["person", "features"])
    assert (diagnostic.code, diagnostic.pointer) == ("SC201", "/network/input_frames/1")
    assert diagnostic.help == "did you mean 'ticket'? nothing else reads it"
    assert diagnostic.fix == replaced("/network/input_frames/1", "ticket")


@pytest.mark.parametrize("reads", [["features"], ["person", "features", "inputs"]])
def test_a_stranger_where_several_could_be_meant(reads: list[str]) -> None:
    assert {diagnostic.fix for diagnostic in found(reads)} == {None}


def test_the_nearest_name_wins_over_the_one_that_is_left_over() -> None:
    (diagnostic,) = found(["persn"])
    assert diagnostic.fix == replaced("/network/input_frames/0", "person")


def test_a_name_that_is_read_already_was_not_meant_again() -> None:
    names = ("label", "ticket", "tickets")
    (diagnostic,) = found(["tickets", "ticketss"], names=names)
    assert diagnostic.fix == replaced("/network/input_frames/1", "ticket")


def test_the_label_is_removed_or_exchanged_for_what_nothing_reads() -> None:
    (diagnostic,) = found(["person", "ticket", "label"])
    assert diagnostic.code == "SC202"
    assert diagnostic.fix == ({"op": "remove", "path": "/network/input_frames/2"},)
    (diagnostic,) = found(["person", "label"])
    assert diagnostic.fix == replaced("/network/input_frames/1", "ticket")
    (diagnostic,) = found(["label"])
    assert diagnostic.fix is None


def test_an_unknown_label_is_the_extractor_that_nothing_reads() -> None:
    (diagnostic,) = found(["person", "ticket"], label="target")
    assert (diagnostic.code, diagnostic.pointer) == ("SC201", "/label")
    assert diagnostic.fix == replaced("/label", "label")
    (diagnostic,) = found(["person", "ticket"], names=("y", "person", "ticket"))
    assert diagnostic.code == "SC206"
    assert diagnostic.fix == ({"op": "add", "path": "/label", "value": "y"},)
    (diagnostic,) = found(["person"], names=("y", "person", "ticket"))
    assert diagnostic.fix is None


def test_many_unknown_names_are_told_without_guesses() -> None:
    """Each guess costs as much as there are extractors; so many names are not typing mistakes."""
    reads = [f"persn{number}" for number in range(MOST_GUESSED + 1)]
    diagnostics = found(reads)
    assert len(diagnostics) == len(reads)
    assert {diagnostic.help for diagnostic in diagnostics} == {"known extractors: person, ticket"}
