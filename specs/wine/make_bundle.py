"""Make the bundle `wine`: 178 wines of three growers, analysed in the laboratory.

The table comes with scikit-learn. It has no column `split`: the spec prepares one.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
from sklearn.datasets import load_wine

# The scripts of this folder are not part of the package specc; what they share lies one
# folder up.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from bundle_script import command_line, write_or_exit


def wines() -> pd.DataFrame:
    """One row a wine: thirteen measures and `grower`, from 0 to 2."""
    table = load_wine(as_frame=True)
    rows = table.data.rename(columns={"od280/od315_of_diluted_wines": "od280_od315"})
    rows["grower"] = table.target
    return rows


def main() -> None:
    arguments = command_line(__doc__ or "").parse_args()
    write_or_exit(arguments.out, {"wines": wines()}, "wines")


if __name__ == "__main__":
    main()
