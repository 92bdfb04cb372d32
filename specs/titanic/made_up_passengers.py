"""Passengers who never lived, in the layout of the well-known table."""

from __future__ import annotations

import numpy as np
import pandas as pd

COLUMNS = ("PassengerId", "Survived", "Pclass", "Name", "Sex", "Age", "SibSp", "Parch",
           "Ticket", "Fare", "Cabin", "Embarked")
PASSENGERS = 891
# Not the seed of the split: two splits of the made-up rows are splits of the same rows.
SEED = 1912

SURNAMES = ("Abbott", "Bell", "Carver", "Dahl", "Ekman", "Ford", "Grant", "Holm", "Irwin",
            "Jonsson", "Keane", "Lund", "Moran", "Nilsson", "Olsen", "Parker", "Quinn", "Reed",
            "Strand", "Turner", "Usher", "Vik", "Webb", "Young")
FIRST_NAMES = {
    "male": ("Albert", "Carl", "Edward", "Frank", "George", "Henry", "John", "Karl", "Oscar",
             "Peter", "Thomas", "William"),
    "female": ("Agnes", "Alice", "Anna", "Clara", "Edith", "Ellen", "Hilda", "Ida", "Karin",
               "Margaret", "Mary", "Rose"),
}
INITIALS = "ABCDEFGHJKLMNPRSTW"
MEAN_FARE = {1: 60.0, 2: 18.0, 3: 10.0}
CABIN_KNOWN = {1: 0.8, 2: 0.1, 3: 0.03}


def made_up_passengers() -> pd.DataFrame:
    """891 rows with the columns `COLUMNS`, the same at every call.

    Women, children and upper classes survive more often; a fifth of the ages, most of the
    cabins and a few ports are missing; a party shares its surname, ticket, fare and cabin.
    """
    rng = np.random.default_rng(SEED)
    names: set[str] = set()
    rows: list[dict[str, object]] = []
    party_number = 0
    while len(rows) < PASSENGERS:
        size = int(rng.choice([1, 2, 3, 4, 5], p=[0.72, 0.14, 0.07, 0.04, 0.03]))
        size = min(size, PASSENGERS - len(rows))
        rows += _party(rng, party_number, size, names)
        party_number += 1
    table = pd.DataFrame(rows).iloc[rng.permutation(PASSENGERS)].reset_index(drop=True)
    table["PassengerId"] = np.arange(1, PASSENGERS + 1)
    return table[list(COLUMNS)]


def _party(rng: np.random.Generator, number: int, size: int,
           names: set[str]) -> list[dict[str, object]]:
    """`size` people of one surname on one ticket: two adults at most, the others children."""
    pclass = int(rng.choice([1, 2, 3], p=[0.24, 0.21, 0.55]))
    surname = str(rng.choice(SURNAMES))
    cabin = f"{rng.choice(list('ABCDE'))}{rng.integers(1, 130)}"
    shared = {
        "Pclass": pclass,
        "Ticket": f"{pclass}{10000 + 7 * number}",
        "Fare": round(float(size * rng.gamma(4.0, MEAN_FARE[pclass] / 4.0)), 4),
        "Cabin": cabin if rng.random() < CABIN_KNOWN[pclass] else None,
        "Embarked": str(rng.choice(["S", "C", "Q"], p=[0.72, 0.19, 0.09])),
    }
    children = max(size - 2, 0)
    adults = size - children
    party = []
    for place in range(size):
        child = place >= adults
        sex = "female" if rng.random() < (0.35, 0.65, 0.5)[min(place, 2)] else "male"
        age = float(np.clip(rng.normal(8, 4), 1, 15) if child else
                    np.clip(rng.normal(42 - 5 * pclass, 12), 16, 75))
        party.append(shared | {
            "Survived": int(rng.random() < _chance(sex, pclass, age)),
            "Name": _name(rng, surname, sex, child, names),
            "Sex": sex,
            "Age": round(age) if rng.random() < 0.8 else None,
            "SibSp": children - 1 if child else adults - 1,
            "Parch": adults if child else children,
            "Embarked": None if rng.random() < 0.003 else shared["Embarked"],
        })
    return party


def _chance(sex: str, pclass: int, age: float) -> float:
    """The probability to survive, logistic in sex, class and age in years."""
    logit = 4.2 * (sex == "female") - 1.6 * (pclass - 2) - 0.05 * (age - 30) - 2.3
    return float(1 / (1 + np.exp(-logit)))


def _name(rng: np.random.Generator, surname: str, sex: str, child: bool, names: set[str]) -> str:
    """A name that is not in `names` yet; it is added."""
    title = ("Master" if child else "Mr") if sex == "male" else ("Miss" if child else "Mrs")
    while True:
        name = f"{surname}, {title}. {rng.choice(FIRST_NAMES[sex])} {rng.choice(list(INITIALS))}."
        if name not in names:
            names.add(name)
            return name
