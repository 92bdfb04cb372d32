"""Make the bundle `titanic`: who survived, from one CSV file or from made-up rows.

The CSV file has the columns PassengerId, Survived, Pclass, Name, Sex, Age, SibSp, Parch,
Ticket, Fare, Cabin and Embarked.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

# The scripts of this folder are not part of the package specc; what they share lies one
# folder up.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from bundle_script import command_line, stratified_split, write_or_exit
from made_up_passengers import COLUMNS, made_up_passengers

# 20 % to test, then 20 % of the rest to display; the others train, as display does.
SHARES = {"test": 0.2, "display": 0.16}


def read_table(path: Path) -> pd.DataFrame:
    """The rows of the CSV file. Exits with one line where it is no such file."""
    try:
        table = pd.read_csv(path, dtype={"Ticket": "str", "Cabin": "str"})
    except (OSError, ValueError) as error:
        sys.exit(f"error: cannot read {path}: {error}")
    missing = [column for column in COLUMNS if column not in table]
    if missing:
        sys.exit(f"error: {path} has no column {missing[0]!r}")
    return table


def split_into_frames(table: pd.DataFrame, seed: int) -> dict[str, pd.DataFrame]:
    """The samples, and what depends on the name and on the ticket alone.

    A ticket that several passengers share has one row: their class, and the highest fare.
    """
    index = table[["PassengerId", "Name", "Ticket", "Cabin", "Survived"]].copy()
    index["split"] = stratified_split(index["Survived"], SHARES, seed)
    passengers = table[["Name", "Sex", "Age", "SibSp", "Parch", "Embarked"]]
    tickets = table.groupby("Ticket")[["Pclass", "Fare"]].max()
    return {
        "index": index.set_index("PassengerId"),
        "passengers": passengers.set_index("Name"),
        "tickets": tickets,
    }


def main() -> None:
    parser = command_line(__doc__ or "")
    parser.add_argument("--csv", type=Path, help="the table; without it the rows are made up")
    parser.add_argument("--seed", type=int, default=0, help="of the split (default: 0)")
    arguments = parser.parse_args()
    table = made_up_passengers() if arguments.csv is None else read_table(arguments.csv)
    write_or_exit(arguments.out, split_into_frames(table, arguments.seed), "index")


if __name__ == "__main__":
    main()
