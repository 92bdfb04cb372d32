"""`specc run` up to the end of its first optimizer step, whose time it prints."""

from __future__ import annotations

import json
import os
import sys
import time

from specc.runtime.progress import Silent

from specc import api
from specc.cli import cli


class Stop(Silent):
    """Ends the process after the first step."""

    def batch(self, epoch: int, rows: int, loss: float) -> None:
        print(json.dumps({"first_step_at": time.monotonic()}), flush=True)
        # No clean-up: what comes after the first step is not measured.
        os._exit(0)


def main() -> None:
    assert cli is not None, "the command line is imported, because `specc run` pays for it too"
    spec, bundle = sys.argv[1:]
    result = api.run(spec, bundle, progress=lambda plan: Stop())
    print(result, file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    main()
