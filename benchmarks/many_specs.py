"""A thousand different valid specs made of one, validated in this process."""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path

from specc import api

COUNT, CHARACTERS = 1000, 2500


def main() -> None:
    base = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    refused = 0
    for number in range(COUNT):
        spec = copy.deepcopy(base)
        spec["seed"] = number
        spec["optimizer"]["lr"] = 0.001 * (number + 1) / COUNT
        spec["description"] = ""
        spec["description"] = "x" * (CHARACTERS - len(json.dumps(spec)))
        refused += not api.validate(spec).ok
    print(json.dumps({"specs": COUNT, "refused": refused}))
    sys.exit(1 if refused else 0)


if __name__ == "__main__":
    main()
