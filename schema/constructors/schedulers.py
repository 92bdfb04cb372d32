"""The schedulers of `torch.optim.lr_scheduler`: what a spec may set, and what it may not."""

from __future__ import annotations

from functools import partial

from .. import fields
from ..declaration import Fragment
from .tables import LARGE, MANY, Entry, Table

MODULE = "torch.optim.lr_scheduler"

_COUNT = {"type": "integer", "minimum": 1, "maximum": MANY}
_WARM_UP = {"type": f"{MODULE}:LinearLR", "start_factor": 0.1, "total_iters": 2}
_DECAY = {"type": f"{MODULE}:ExponentialLR", "gamma": 0.9}


def _rate(description: str, example: float) -> partial[Fragment]:
    return partial(fields.number, description, example=example, minimum=0, maximum=LARGE)


FORMS = {
    # Torch lets go by dividing by the factor, so zero is out.
    "factor": partial(fields.number, "Factor on the learning rate while it is held back.",
                      example=0.5, above=0, maximum=1),
    "total_iters": partial(fields.integer, "Steps of the scheduler until the change is complete; "
                           "null takes those of its turn, which are all of the run outside of a "
                           "SequentialLR.", example=5, minimum=1, maximum=MANY, null=True),
    # The top keeps a power of it inside the range of a float.
    "gamma": partial(fields.number, "Factor on the learning rate at each change.",
                     example=0.9, above=0, maximum=10),
    "eta_min": _rate("Lowest learning rate of the curve.", 0.0001),
    "T_0": partial(fields.integer, "Steps of the scheduler until the first restart.",
                   example=10, minimum=1, maximum=MANY),
    "T_mult": partial(fields.integer, "Factor on the steps of the scheduler between restarts, "
                      "after each one.",
                      example=2, minimum=1, maximum=1000),
    "base_lr": _rate("Learning rate at the bottom of each cycle.", 0.001),
    "max_lr": _rate("Learning rate at the top of each cycle.", 0.1),
    "cycle_momentum": partial(fields.boolean,
                              "Move momentum against the learning rate; "
                              "wants an optimizer with momentum or betas.", example=False),
    "base_momentum": partial(fields.number, "Momentum while the learning rate is at its top.",
                             example=0.85, minimum=0, below=1),
    "max_momentum": partial(fields.number, "Momentum while the learning rate is at its bottom.",
                            example=0.95, minimum=0, below=1),
    "schedulers": partial(fields.many_of, "scheduler",
                          "The schedulers that act together, each with its own properties.",
                          example=[_WARM_UP, _DECAY], min_items=1),
    "milestones": partial(fields.array, "Steps of the scheduler after which the learning rate "
                          "changes.",
                          _COUNT, example=[10, 20], min_items=1),
}

DROPPED = {
    "optimizer": "the runtime passes the optimizer",
    "last_epoch": "a resumed run restores the state of its scheduler",
}

EXCLUDED = {
    "LRScheduler": "the base class",
    "LambdaLR": "its factor is a Python function",
    "MultiplicativeLR": "its factor is a Python function",
}

ENTRIES = {
    "ChainedScheduler": Entry("Several schedulers at the same time, their factors multiplied.",
                              ({"schedulers": [_WARM_UP, _DECAY]},)),
    "ConstantLR": Entry("Holds the learning rate back by a factor, then lets it go.",
                        ({}, {"factor": 0.1, "total_iters": 3})),
    "CosineAnnealingLR": Entry(
        "Lets the learning rate fall along half a cosine.",
        ({}, {"T_max": 20, "eta_min": 0.0001}),
        forms={"T_max": partial(fields.integer,
                                "Steps of the scheduler from top to bottom; "
                                "null takes those of its turn, which are all of the run "
                                "outside of a SequentialLR.",
                                example=20, minimum=1, maximum=MANY, null=True, default=None)},
    ),
    "CosineAnnealingWarmRestarts": Entry(
        "Lets the learning rate fall along half a cosine, again and again.",
        ({"T_0": 5}, {"T_0": 5, "T_mult": 2, "eta_min": 0.0001})),
    "CyclicLR": Entry(
        "Moves the learning rate up and down between two bounds.",
        ({"base_lr": 0.001, "max_lr": 0.1, "step_size_up": 4, "cycle_momentum": False},
         {"base_lr": 0.001, "max_lr": 0.1, "step_size_up": None, "cycle_momentum": False}),
        forms={
            "step_size_up": partial(fields.integer, "Steps of the scheduler from bottom to top; "
                                    "null takes half of those of its turn.",
                                    example=10, minimum=1, maximum=MANY, null=True),
            "step_size_down": partial(fields.integer,
                                      "Steps of the scheduler from top to bottom; "
                                      "null takes as many as upwards.",
                                      example=10, minimum=1, maximum=MANY, null=True),
            "mode": partial(fields.choice,
                            "Whether the cycles keep their height, halve it, or shrink it "
                            "by gamma.",
                            ["triangular", "triangular2", "exp_range"], example="triangular2"),
            "gamma": partial(fields.number, "Factor on the height of the cycles for exp_range.",
                             example=0.99, above=0, maximum=1),
        },
        dropped={"scale_fn": "a Python function",
                 "scale_mode": "only says how scale_fn is called"},
    ),
    "ExponentialLR": Entry("Multiplies the learning rate by the same factor at each step "
                           "of the scheduler.",
                           ({"gamma": 0.9},)),
    "LinearLR": Entry(
        "Moves a factor on the learning rate along a line, for a warm-up or a decay.",
        ({}, {"start_factor": 0.1, "total_iters": 3},
         {"start_factor": 1.0, "end_factor": 0.0, "total_iters": None}),
        forms={
            "start_factor": partial(fields.number, "Factor on the learning rate at the start.",
                                    example=0.1, minimum=1e-12, maximum=1),
            "end_factor": partial(fields.number, "Factor on the learning rate at the end.",
                                  example=1.0, minimum=0, maximum=1),
        },
    ),
    "MultiStepLR": Entry("Multiplies the learning rate by a factor after given steps of the "
                         "scheduler.",
                         ({"milestones": [5, 8]}, {"milestones": [5, 8], "gamma": 0.5})),
    "OneCycleLR": Entry(
        "One rise to a high learning rate and one long fall.",
        ({"max_lr": 0.1, "cycle_momentum": False},
         {"max_lr": 0.1, "total_steps": 20, "pct_start": 0.25, "cycle_momentum": False}),
        forms={
            "total_steps": partial(fields.integer,
                                   "Steps of the scheduler in the whole cycle; "
                                   "null takes those of its turn, which are all of the run "
                                   "outside of a SequentialLR.",
                                   example=20, minimum=1, maximum=MANY, null=True),
            "max_lr": _rate("Learning rate at the top of the cycle.", 0.1),
            "pct_start": partial(fields.number, "Share of the cycle spent on the rise.",
                                 example=0.25, minimum=0, maximum=1),
            "anneal_strategy": partial(fields.choice, "The form of rise and fall.",
                                       ["cos", "linear"], example="linear"),
            "div_factor": partial(fields.number,
                                  "How many times lower than max_lr the cycle starts.",
                                  example=10.0, minimum=1e-12, maximum=1e12),
            "final_div_factor": partial(fields.number,
                                        "How many times lower than its start the cycle ends.",
                                        example=100.0, minimum=1e-12, maximum=1e12),
            "three_phase": partial(fields.boolean,
                                   "Fall back to the start first, then to the end."),
        },
        dropped={"epochs": "total_steps says it",
                 "steps_per_epoch": "total_steps says it"},
    ),
    "PolynomialLR": Entry(
        "Lets the learning rate fall to zero along a power of the steps of the scheduler that "
        "remain.",
        ({}, {"total_iters": 10, "power": 2.0}, {"total_iters": None}),
        forms={"power": partial(fields.number, "Power of the share of steps that remain.",
                                example=2.0, minimum=0, maximum=100)},
    ),
    "ReduceLROnPlateau": Entry(
        "Lowers the learning rate when the watched number stops improving.",
        ({}, {"factor": 0.5, "patience": 3}),
        forms={
            "mode": partial(fields.choice, "Whether the watched number should fall or rise.",
                            ["min", "max"], example="max"),
            "factor": partial(fields.number, "Factor on the learning rate at each reduction.",
                              example=0.5, minimum=0, below=1),
            "patience": partial(fields.integer, "Epochs without improvement that are tolerated.",
                                example=3, minimum=0, maximum=MANY),
            "threshold": partial(fields.number, "Least change that counts as an improvement.",
                                 example=0.001, minimum=0, maximum=LARGE),
            "threshold_mode": partial(fields.choice,
                                      "Whether the threshold is a share of the best number or "
                                      "a difference.",
                                      ["rel", "abs"], example="abs"),
            "cooldown": partial(fields.integer, "Epochs to wait after a reduction.",
                                example=2, minimum=0, maximum=MANY),
            "min_lr": _rate("Learning rate below which no reduction goes.", 1e-5),
            "eps": partial(fields.number, "Reductions smaller than this are left out.",
                           example=1e-8, minimum=0, maximum=LARGE),
        },
    ),
    "SequentialLR": Entry(
        "Several schedulers one after the other.",
        ({"schedulers": [_WARM_UP, _DECAY], "milestones": [2]},),
        forms={
            "schedulers": partial(fields.many_of, "scheduler",
                                  "The schedulers in the order of their turn.",
                                  example=[_WARM_UP, _DECAY], min_items=1),
            "milestones": partial(fields.array,
                                  "Steps of the scheduler after which the next one takes over, "
                                  "ascending, one fewer than there are schedulers.",
                                  _COUNT, example=[2]),
        },
    ),
    "StepLR": Entry(
        "Multiplies the learning rate by a factor every so many steps of the scheduler.",
        ({"step_size": 5}, {"step_size": 3, "gamma": 0.5}),
        forms={"step_size": partial(fields.integer, "Steps of the scheduler between changes.",
                                    example=5, minimum=1, maximum=MANY)},
    ),
}

TABLE = Table("schedulers", MODULE, ENTRIES, FORMS, DROPPED, EXCLUDED)
