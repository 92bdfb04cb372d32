"""How far training and evaluation go in an epoch and in a run, and when training waits."""

from __future__ import annotations

from .declaration import Fragment
from .fields import array, integer, number

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""Days of the week as quiet hours name them."""

_DAY = f"({'|'.join(DAYS)})"
_SOME_DAYS = f"{_DAY}(-{_DAY})?"
_HOUR = "[0-9]{2}:[0-9]{2}"

WINDOW = f"^({_SOME_DAYS}(,{_SOME_DAYS})* )?{_HOUR}-{_HOUR}$"
"""A window of the week such as `22:00-06:00`, `mon-fri 08:00-18:00` or `sat,sun 00:00-24:00`.

The pattern tells the form; that 25:00 is no time is told by the compiler, in words.
"""

MOST_WINDOWS = 100

_QUIET_WINDOW: Fragment = {"type": "string", "minLength": 1, "maxLength": 100, "pattern": WINDOW}

_EVALUATION_LIMITS: Fragment = {
    "description": "How far evaluations go while the run trains; what they measure stands in the "
    "history. The end of the run is always measured whole. Null evaluates all rows each time.",
    "type": ["object", "null"],
    "properties": {
        "max_batches": integer("Batches of `batch_size` rows that one evaluation of a split takes "
                               "at most: a draw of its rows, the same each time. Null takes all "
                               "rows.", minimum=1, maximum=10**12, default=None, example=20,
                               null=True),
        "max_seconds": number("Seconds after which one evaluation of a split ends, with the batch "
                              "that it is at; such a run cannot be repeated exactly. Null sets no "
                              "limit.", above=0.0, maximum=1e9, default=None, example=10,
                              null=True),
        "max_run_batches": integer("Batches that all evaluations of the run take at most; from "
                                   "the one on that would take more there are none until the last "
                                   "epoch. Null sets no limit.", minimum=1, maximum=10**12,
                                   default=None, example=1000, null=True),
        "max_run_seconds": number("Seconds of all evaluations of the run after which there are "
                                  "none until the last epoch; such a run cannot be repeated "
                                  "exactly. Null sets no limit.", above=0.0, maximum=1e9,
                                  default=None, example=600, null=True),
    },
    "required": [],
    "additionalProperties": False,
    "default": None,
    "examples": [{"max_batches": 20}],
}

PACE: dict[str, Fragment] = {
    "max_epoch_steps": integer("Optimizer steps of one epoch at most; the rows beyond are left "
                               "out, and the next epoch draws anew. Null sets no limit.",
                               minimum=1, maximum=10**12, default=None, example=1000, null=True),
    "max_epoch_seconds": number("Seconds after which an epoch ends with the step that it is at; "
                                "such a run cannot be repeated exactly. Null sets no limit.",
                                above=0.0, maximum=1e9, default=None, example=600, null=True),
    "evaluation_limits": _EVALUATION_LIMITS,
    "delay": number("Seconds to wait after each optimizer step, which leaves the machine to "
                    "others.", minimum=0.0, maximum=86_400, default=0.0, example=0.05),
    "quiet_hours": array("Windows of the week in which training waits between two steps, in the "
                         "local time of the machine: `22:00-06:00` every day, also past midnight, "
                         "or `mon-fri 08:00-18:00`, `sat,sun 00:00-24:00`; a window belongs to the "
                         "days on which it begins.", _QUIET_WINDOW, default=[],
                         example=["mon-fri 08:00-18:00"], max_items=MOST_WINDOWS),
}
