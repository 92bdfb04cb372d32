"""The section `training`: how long, in which steps, by which weights, on which device."""

from __future__ import annotations

from .declaration import Fragment
from .fields import (
    LARGEST_SCALAR,
    MOST_NAMES,
    NAME,
    array,
    boolean,
    choice,
    integer,
    number,
    one_of,
    string,
)
from .pace import PACE

DEVICES = ("auto", "cpu", "cuda", "mps")

EPOCH, BATCH, MINI_EPOCH = "epoch", "batch", "mini_epoch"
REPORTS = (EPOCH, BATCH, MINI_EPOCH)

BY_EPOCH, BY_STEP = "epoch", "step"
INTERVALS = ("auto", BY_EPOCH, BY_STEP)
"""What one step of the scheduler follows."""

BALANCED = "balanced"

FLOAT32, BFLOAT16, FLOAT16 = "float32", "bfloat16", "float16"
PRECISIONS = (FLOAT32, BFLOAT16, FLOAT16)

BIAS, NORMALIZATION, EMBEDDING = "bias", "normalization", "embedding"
KINDS = (BIAS, NORMALIZATION, EMBEDDING)
"""Kinds of weights that weight decay can leave alone."""

LARGEST_BATCH = 2**31 - 1

_CLASS_WEIGHT: Fragment = {
    "description": "How much each class of the label counts in the loss: an object from classes "
    "to numbers, where classes left out count 1, or `balanced`, by which every class counts the "
    "same in all: training rows divided by the classes and by the rows of the class. Null counts "
    "every class 1.",
    "type": ["string", "object", "null"],
    "if": {"type": "string"},
    "then": {"enum": [BALANCED]},
    "additionalProperties": number("How much a row of the class counts.", above=0.0,
                                   maximum=1e6, example=4.0),
    "minProperties": 1,
    "maxProperties": MOST_NAMES,
    "default": None,
    "examples": [BALANCED],
}

_PARAMETER_GROUP: Fragment = {
    "title": "parameter group",
    "type": "object",
    "properties": {
        "nodes": array("The nodes of the network, each with all below it, as JSON Pointers such "
                       "as `/network/factories/0`; or types, for every node of a type.", NAME,
                       example=["/network/factories/0"], min_items=1),
        "lr": number("The learning rate of these weights; null takes that of the optimizer.",
                     minimum=0, maximum=LARGEST_SCALAR, default=None, example=0.0001, null=True),
        "weight_decay": number("The weight decay of these weights, but for the kinds in "
                               "`no_decay`; null takes that of the optimizer.", minimum=0,
                               maximum=LARGEST_SCALAR, default=None, example=0.1, null=True),
    },
    "required": ["nodes"],
    "additionalProperties": False,
}

_EARLY_STOPPING: Fragment = {
    "description": "Ends training when a measure of a split does not get better any more; null "
    "trains to the end.",
    "type": ["object", "null"],
    "properties": {
        "split": string("The split to watch; it must be one that is evaluated.",
                        example="valid"),
        "metric": string("What to watch: `loss`, or a metric by the name of its column in the "
                         "history.", default="loss", example="roc_auc_score"),
        "patience": integer("Evaluations without a better value after which training ends.",
                            minimum=1, maximum=1_000_000, default=16, example=3),
        "min_change": number("By how much a value must be better than the best so far to count.",
                             minimum=0.0, maximum=LARGEST_SCALAR, default=0.0, example=0.001),
        "restore_best": boolean("Whether the weights of the best evaluation are kept, rather "
                                "than those of the last.", default=True, example=False),
    },
    "required": ["split"],
    "additionalProperties": False,
    "default": None,
    "examples": [{"split": "valid", "metric": "roc_auc_score", "patience": 3}],
}

_WARMUP: Fragment = {
    "description": "A rise of every learning rate along a line over the first optimizer steps, "
    "as long as one of `steps`, `epochs` and `share` says; the rates of the scheduler are "
    "multiplied with it. Null begins with the whole rate.",
    "type": ["object", "null"],
    "properties": {
        "steps": integer("Optimizer steps until the whole rate.", minimum=1, maximum=10**12,
                         default=None, example=500, null=True),
        "epochs": number("Epochs until the whole rate; a part of one will do.", above=0.0,
                         maximum=1_000_000, default=None, example=1, null=True),
        "share": number("The part of the optimizer steps of the run until the whole rate.",
                        above=0.0, maximum=1.0, default=None, example=0.05, null=True),
        "start_factor": number("Factor on the learning rate of the first step.", minimum=0.0,
                               maximum=1.0, default=0.01, example=0.1),
    },
    "required": [],
    "additionalProperties": False,
    "default": None,
    "examples": [{"share": 0.05}],
}

_CHECKPOINT: Fragment = {
    "description": "How often the state of the run is kept in the run folder, so that a run that "
    "was stopped goes on with `specc resume`; the end of the last epoch is always kept. Null "
    "keeps none.",
    "type": ["object", "null"],
    "properties": {
        "every_epochs": integer("Epochs between two checkpoints; null leaves the end of an epoch "
                                "alone.", minimum=1, maximum=1_000_000, default=1, example=5,
                                null=True),
        "every_seconds": number("Seconds after which another one is kept, in the middle of an "
                                "epoch too; null sets no time.", above=0.0, maximum=1e9,
                                default=None, example=600, null=True),
        "every_steps": integer("Optimizer steps after which another one is kept, in the middle "
                               "of an epoch too; null sets no number.", minimum=1,
                               maximum=10**12, default=None, example=10_000, null=True),
    },
    "required": [],
    "additionalProperties": False,
    "default": {"every_epochs": 1},
    "examples": [{"every_epochs": 1, "every_seconds": 600}],
}

_WEIGHT_AVERAGE: Fragment = {
    "description": "Keeps a moving average of the weights beside them. Training goes on with its "
    "own; evaluations, early stopping, `model/` and predictions use the average as soon as there "
    "is one. Null keeps none.",
    "type": ["object", "null"],
    "properties": {
        "decay": number("How much of the average each new one keeps. The first ones keep less, so "
                        "that a short run is not held at its start.", minimum=0.0, below=1.0,
                        default=0.999, example=0.99),
        "start_epoch": integer("The epoch of this run, counted from 1, from whose first step on "
                               "weights are averaged.", minimum=1, maximum=1_000_000, default=1,
                               example=3),
        "every_steps": integer("Optimizer steps between two averages.", minimum=1, maximum=10**12,
                               default=1, example=10),
    },
    "required": [],
    "additionalProperties": False,
    "default": None,
    "examples": [{"decay": 0.99, "start_epoch": 2}],
}

_STEPS: dict[str, Fragment] = {
    "epochs": integer("How many times training goes through the training rows.", minimum=1,
                      maximum=1_000_000, default=10, example=3),
    "batch_size": integer("Rows that are gathered together; without `mini_batch_size`, the rows "
                          "of one training step.", minimum=1, maximum=LARGEST_BATCH, default=256,
                          example=512),
    "mini_batch_size": integer("Rows of one training step, cut from a batch; null makes each "
                               "batch one step.", minimum=1, maximum=LARGEST_BATCH, default=None,
                               example=64, null=True),
    "mini_epochs": integer("How many times training goes through a batch before the next one, "
                           "in mini-batches shuffled anew each time.", minimum=1, maximum=10_000,
                           default=1, example=4),
    "accumulate": integer("How many batches, or mini-batches, give their gradients to one "
                          "optimizer step; the last step of an epoch may have fewer.", minimum=1,
                          maximum=1_000_000, default=1, example=4),
    "gradient_clipping": number("The largest norm of all gradients of a step together; longer "
                                "ones are scaled down to it. Null leaves them as they are.",
                                above=0.0, maximum=LARGEST_SCALAR, default=None, example=1.0,
                                null=True),
    "max_steps": integer("Optimizer steps after which training ends, in the middle of an epoch "
                         "too; null sets no limit.", minimum=1, maximum=10**12, default=None,
                         example=10_000, null=True),
    "max_seconds": number("Seconds after which training ends with the step that it is at; such "
                          "a run cannot be repeated exactly. Null sets no limit.", above=0.0,
                          maximum=1e9, default=None, example=3600, null=True),
    "report": choice("How often the training loss is written to `batches.parquet` and to the log "
                     "within an epoch: for each `batch`, for each `mini_epoch` of a batch, or, "
                     "with `epoch`, not at all.", REPORTS, default=EPOCH, example=BATCH),
}

_ROWS: dict[str, Fragment] = {
    "train_on": array("The splits to train on; `display` is the part of training that is also "
                      "evaluated.", NAME, default=["train", "display"], example=["train"],
                      min_items=1),
    "evaluate_on": array("The splits to evaluate; null means every split of the bundle, but not "
                         "`train` where there is a `display`.", NAME, default=None,
                         example=["display", "test"], null=True),
    "evaluate_every": integer("Epochs between two evaluations; the last epoch is always "
                              "evaluated.", minimum=1, default=1, example=5),
    "evaluate_before_training": boolean("Whether the untrained network is evaluated too, as "
                                        "epoch 0.", default=False),
    "early_stopping": _EARLY_STOPPING,
    "sampler": one_of("sampler", "Which training rows an epoch takes, and in which order.",
                      default={"type": "auto"}, example={"type": "sequential"}),
}

_WEIGHTS: dict[str, Fragment] = {
    "sample_weight": string("The column of the index frame that says how much each sample counts "
                            "in the loss; null counts every sample 1. Metrics are not weighted.",
                            default=None, example="weight", null=True),
    "class_weight": _CLASS_WEIGHT,
}

_GROUPS: dict[str, Fragment] = {
    "no_decay": array("The kinds of weights that weight decay leaves alone.",
                      {"type": "string", "enum": list(KINDS)}, default=list(KINDS),
                      example=["bias"], max_items=len(KINDS)),
    "parameter_groups": array("Parts of the network with a learning rate or a weight decay of "
                              "their own; where several name a node, the last counts.",
                              _PARAMETER_GROUP, default=[],
                              example=[{"nodes": ["/network/factories/0"], "lr": 0.0001}]),
}

_COMPUTE: dict[str, Fragment] = {
    "precision": choice("In which numbers a training step computes the network, as far as torch "
                        "holds them to be safe; weights, losses and the optimizer stay in "
                        "float32. With `float16` gradients are scaled, and a step in which one "
                        "overflows is left out. Evaluations and predictions are in float32 "
                        "always, so they do not depend on it.", PRECISIONS, default=FLOAT32,
                        example=BFLOAT16),
    "weight_average": _WEIGHT_AVERAGE,
    "compile": boolean("Whether training steps run the network as `torch.compile` makes it. It "
                       "takes some seconds to some minutes at the start, and a C++ compiler on "
                       "the CPU. Evaluations and predictions never do, so their bits do not "
                       "depend on it.", default=False),
}

_RATES: dict[str, Fragment] = {
    "scheduler_interval": choice("What one step of the scheduler follows: an optimizer `step` or "
                                 "an `epoch`. `auto` is `step` for a OneCycleLR or CyclicLR that "
                                 "stands alone, and `epoch` for all others.", INTERVALS,
                                 default="auto", example=BY_STEP),
    "warmup": _WARMUP,
}

_MACHINE: dict[str, Fragment] = {
    "device": choice("Where to train; `auto` takes the first of cuda, mps and cpu that is there.",
                     DEVICES, default="auto", example="cpu"),
    "threads": integer("Threads of one tensor operation on the CPU; null lets specc choose: one "
                       "for small networks, where more are slower.", minimum=1, maximum=4096,
                       default=None, example=2, null=True),
    "checkpoint": _CHECKPOINT,
}

PROPERTIES: dict[str, Fragment] = {
    **_STEPS, **_ROWS, **_WEIGHTS, **_GROUPS, **_RATES, **_COMPUTE, **_MACHINE, **PACE,
}
