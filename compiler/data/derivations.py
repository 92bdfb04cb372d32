"""Which columns were computed from which others, and so which tell one another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Made = Mapping[str, tuple[str, ...]]
"""Derived column of one frame -> the columns that it is computed from, in the order of steps."""


def telling(labels: Iterable[str], made: Made) -> frozenset[str]:
    """The columns of a row that tell a label of the same row, those of the label among them.

    A column tells a label when it is computed from it, by any number of steps. Where the label
    itself is computed from a single column, that column tells it too: `late` is known from
    `arr_delay`. Of several columns no one alone does.
    """
    found = set(labels)
    for column in labels:
        while len(made.get(column, ())) == 1:
            (column,) = made[column]
            found.add(column)
    # A column is made after those that it is computed from.
    for column, needs in made.items():
        if found.intersection(needs):
            found.add(column)
    return frozenset(found)


def read_through(columns: Iterable[str], made: Made) -> frozenset[str]:
    """Columns together with all that they are computed from."""
    found = set(columns)
    for column in reversed(list(made)):
        if column in found:
            found.update(made[column])
    return frozenset(found)
