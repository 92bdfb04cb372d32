"""The optimizers of `torch.optim`: what a spec may set, and what it may not."""

from __future__ import annotations

from functools import partial

from .. import fields
from ..declaration import Args
from .tables import LARGE, TINY, Entry, Table, places

_FRACTION = {"type": "number", "minimum": 0, "exclusiveMaximum": 1}
_POSITIVE = {"type": "number", "exclusiveMinimum": 0, "maximum": LARGE}
_BETAS = partial(fields.array,
                 "Decay of the running mean of the gradient and of its running square.",
                 example=[0.9, 0.99], min_items=2, max_items=2)

FORMS = {
    "lr": partial(fields.number, "Learning rate: the factor on every update.",
                  example=0.01, minimum=0, maximum=LARGE),
    "weight_decay": partial(fields.number,
                            "How strongly weights are pulled towards zero at every step.",
                            example=0.0001, minimum=0, maximum=LARGE),
    "eps": partial(fields.number, "Added to a denominator so that it never becomes zero.",
                   example=1e-8, minimum=TINY, maximum=LARGE),
    "betas": partial(_BETAS, _FRACTION),
    "momentum": partial(fields.number, "Share of the last update that the next one keeps.",
                        example=0.9, minimum=0, maximum=1),
    "dampening": partial(fields.number,
                         "Share by which the newest gradient is weakened in the momentum.",
                         example=0.1, minimum=0, maximum=1),
    "nesterov": partial(fields.boolean,
                        "Look ahead along the momentum before the step; "
                        "SGD then wants momentum above 0 and dampening 0."),
    "amsgrad": partial(fields.boolean,
                       "Divide by the largest running square seen so far, not the newest."),
    "decoupled_weight_decay": partial(fields.boolean,
                                      "Shrink the weights themselves; "
                                      "false adds the decay to the gradient."),
    "foreach": partial(fields.boolean,
                       "Update all tensors in one call, faster with more memory; "
                       "null lets torch choose.", null=True),
    "fused": partial(fields.boolean,
                     "Use the one-kernel form of the step, never together with foreach; "
                     "null lets torch choose.", null=True),
    "rho": partial(fields.number, "Decay of the running squares.",
                   example=0.95, minimum=0, maximum=1),
    "lr_decay": partial(fields.number, "How fast the learning rate falls with the step number.",
                        example=0.01, minimum=0, maximum=LARGE),
    "initial_accumulator_value": partial(fields.number,
                                         "Where the sum of squared gradients starts.",
                                         example=0.1, minimum=0, maximum=LARGE),
    "momentum_decay": partial(fields.number, "How fast the momentum reaches its full strength.",
                              example=0.004, minimum=0, maximum=LARGE),
    "centered": partial(fields.boolean,
                        "Divide by the running variance of the gradient, not its square."),
}

DROPPED = {
    "params": "the runtime passes the parameters of the network",
    "maximize": "the loss of a spec is always minimised",
    "differentiable": "no spec differentiates through the optimizer",
    "capturable": "only CUDA graphs need it, and the loop records none",
}

EXCLUDED = {
    "Optimizer": "the base class",
    "LBFGS": "evaluates the loss several times a step, through a Python closure",
}

_ADAM_EXAMPLES: tuple[Args, ...] = ({}, {"lr": 0.003, "betas": [0.9, 0.99], "weight_decay": 0.01})

ENTRIES = {
    "Adadelta": Entry("Adapts the step of each weight from a window of past gradients.",
                      ({}, {"lr": 0.5, "rho": 0.95})),
    "Adafactor": Entry(
        "Adam with the running squares kept as row and column sums, to save memory.",
        ({}, {"lr": 0.05, "weight_decay": 0.01}),
        forms={
            "beta2_decay": partial(fields.number,
                                   "Power of the step number by which the running squares decay.",
                                   example=-0.8, minimum=-100, maximum=0),
            "d": partial(fields.number, "Largest root mean square of one update.",
                         example=1.0, minimum=1, maximum=LARGE),
            "eps": partial(places, "Floor of the squared gradient, null for the smallest number "
                           "of its dtype, and floor of the parameter scale.",
                           {"type": ["number", "null"]},
                           ({"type": ["number", "null"], "minimum": TINY, "maximum": LARGE},
                            {"type": "number", "minimum": TINY, "maximum": LARGE}),
                           example=[None, 0.001]),
        },
    ),
    "Adagrad": Entry("Divides each step by the root of all squared gradients so far.",
                     ({}, {"lr": 0.1, "lr_decay": 0.001}),
                     dropped={"fused": "torch lacks it on some devices, and a spec fits any"}),
    "Adam": Entry("Running means of the gradient and of its square, a step size for each weight.",
                  _ADAM_EXAMPLES),
    "AdamW": Entry("Adam that shrinks the weights apart from the gradient.", _ADAM_EXAMPLES),
    "Adamax": Entry("Adam that divides by the largest recent gradient.",
                    ({}, {"lr": 0.005, "betas": [0.9, 0.99]})),
    "ASGD": Entry(
        "Plain descent that also keeps the average of the weights.",
        ({}, {"lr": 0.05, "t0": 1000.0}),
        forms={
            "lambd": partial(fields.number, "Decay of the weights and of the learning rate.",
                             example=0.0001, minimum=0, maximum=1),
            "alpha": partial(fields.number, "Power by which the learning rate falls.",
                             example=0.75, minimum=0, maximum=1),
            "t0": partial(fields.number, "Step at which the averaging starts.",
                          example=1000.0, minimum=0, maximum=1e12),
        },
    ),
    "Muon": Entry(
        "Momentum made orthogonal; takes two-dimensional weights alone, so no bias.",
        ({}, {"lr": 0.02, "momentum": 0.9}),
        forms={
            "ns_steps": partial(fields.integer, "Newton-Schulz steps for each update.",
                                example=5, minimum=1, maximum=99),
            "adjust_lr_fn": partial(fields.choice,
                                    "How the learning rate follows the shape of a weight; "
                                    "null is original.",
                                    [None, "original", "match_rms_adamw"],
                                    example="match_rms_adamw"),
        },
        dropped={"ns_coefficients": "they are tuned to each other, and others diverge"},
    ),
    "NAdam": Entry(
        "Adam that looks ahead along its momentum.",
        _ADAM_EXAMPLES,
        # Closer to 1, the product of its momenta rounds to 1 and torch divides by zero.
        forms={"betas": partial(_BETAS, {"type": "number", "minimum": 0, "maximum": 0.999999})},
    ),
    "RAdam": Entry("Adam whose first steps are held back until its squares can be trusted.",
                   _ADAM_EXAMPLES),
    "RMSprop": Entry(
        "Divides each step by the running root mean square of the gradient.",
        ({}, {"lr": 0.001, "alpha": 0.9, "momentum": 0.9}),
        forms={"alpha": partial(fields.number, "Decay of the running squares.",
                                example=0.99, minimum=0, maximum=1)},
    ),
    "Rprop": Entry(
        "Adapts step sizes from the signs of the gradient alone; wants large batches.",
        ({}, {"lr": 0.001, "etas": [0.6, 1.1]}),
        forms={
            "etas": partial(places,
                            "Factors on the step size when the sign turns and when it stays.",
                            _POSITIVE,
                            ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
                             {"type": "number", "exclusiveMinimum": 1, "maximum": LARGE}),
                            example=[0.5, 1.2]),
            "step_sizes": partial(fields.array, "Smallest and largest step size.", _POSITIVE,
                                  example=[1e-6, 50], min_items=2, max_items=2),
        },
    ),
    "SGD": Entry("Plain gradient descent, with momentum if wanted.",
                 ({"lr": 0.5}, {"lr": 0.1, "momentum": 0.9, "nesterov": True})),
    "SparseAdam": Entry(
        "Adam for sparse gradients alone, such as those of sparse embeddings.",
        ({}, {"lr": 0.01}),
        forms={
            "lr": partial(fields.number, "Learning rate: the factor on every update.",
                          example=0.01, above=0, maximum=LARGE),
            "eps": partial(fields.number, "Added to a denominator so that it never becomes zero.",
                           example=1e-8, minimum=TINY, maximum=LARGE),
        },
    ),
}

TABLE = Table("optimizers", "torch.optim", ENTRIES, FORMS, DROPPED, EXCLUDED)
