"""The section `training`: how long, in which steps, on which device."""

from __future__ import annotations

from .declaration import Fragment
from .fields import NAME, array, choice, integer

SAMPLING = ("auto", "shuffled", "sequential", "priority")
DEVICES = ("auto", "cpu", "cuda", "mps")

PROPERTIES: dict[str, Fragment] = {
    "epochs": integer("How many times training goes through the training rows.", minimum=1,
                      maximum=1_000_000, default=10, example=3),
    "batch_size": integer("Rows in one training step.", minimum=1, maximum=2**31 - 1, default=256,
                          example=512),
    "train_on": array("The splits to train on; `display` is the part of training that is also "
                      "evaluated.", NAME, default=["train", "display"], example=["train"],
                      min_items=1),
    "evaluate_on": array("The splits to evaluate; null means every split of the bundle, but not "
                         "`train` where there is a `display`.", NAME, default=None,
                         example=["display", "test"], null=True),
    "evaluate_every": integer("Epochs between two evaluations; the last epoch is always "
                              "evaluated.", minimum=1, default=1, example=5),
    "sampling": choice("The order of training rows: `shuffled` anew each epoch, `sequential`, or "
                       "drawn with replacement by `priority`. `auto` draws by priority where the "
                       "index frame has that column, else shuffles.", SAMPLING, default="auto",
                       example="sequential"),
    "device": choice("Where to train; `auto` takes the first of cuda, mps and cpu that is there.",
                     DEVICES, default="auto", example="cpu"),
    "threads": integer("Threads of one tensor operation on the CPU; null lets specc choose: one "
                       "for small networks, where more are slower.", minimum=1, maximum=4096,
                       default=None, example=2, null=True),
}
