"""The layers and activations of `torch.nn` that may stand directly in a network."""

from __future__ import annotations

from functools import partial

from .. import fields
from ..declaration import Fragment
from .tables import LARGE, SMALL, TINY, Entry, Table


def _real(description: str, example: float) -> partial[Fragment]:
    return partial(fields.number, description, example=example, minimum=-LARGE, maximum=LARGE)


def _axis(description: str, example: int) -> partial[Fragment]:
    # Torch takes null for an axis that it guesses from the rank, and warns; we say which.
    return partial(fields.integer, description, example=example, default=-1)


_EPS = partial(fields.number, "Added to the variance so that it never becomes zero.",
               example=1e-5, minimum=TINY, maximum=LARGE)
_SHRINK = partial(fields.number, "Distance from zero within which values become zero.",
                  example=0.5, minimum=0, maximum=LARGE)
_ALPHA = partial(fields.number, "Size of the output far below zero.",
                 example=0.5, minimum=SMALL, maximum=LARGE)

FORMS = {
    "p": partial(fields.number, "Chance that a value is dropped in training.",
                 example=0.1, minimum=0, maximum=1),
    "alpha": _ALPHA,
    "lambd": _SHRINK,
    "eps": _EPS,
    "dim": _axis("Axis over which the values sum to one; -1 is the last.", -1),
    "bias": partial(fields.boolean, "Learn an offset for each output.", example=False),
    "affine": partial(fields.boolean, "Learn a factor and an offset for each channel.",
                      example=False),
    "elementwise_affine": partial(fields.boolean, "Learn a factor for each column.",
                                  example=False),
}

DROPPED = {
    "inplace": "changes memory use alone, and breaks shared inputs",
    "device": "the runtime chooses the device",
    "dtype": "the runtime chooses the dtype",
}

_LATER = "a network type with its own shape rule, not a plain layer"
_SPATIAL = "reads images or sequences in channels-first order"

EXCLUDED = {
    "Module": "the base class",
    "Container": "a base class of old",
    "ModuleDict": "holds modules; a spec nests network types",
    "ModuleList": "holds modules; a spec nests network types",
    "Sequential": "holds modules; feed_forward is its network type",
    "Parameter*": "holds bare parameters",
    "DataParallel": "a way to run a network, not a layer",
    "*Loss": "a loss",
    "NLLLoss2d": "a loss",
    "Lazy*": "the plain layer sizes itself here",
    "Conv*": _SPATIAL,
    "*Pool?d": _SPATIAL,
    "MaxUnpool?d": _SPATIAL,
    "*Pad?d": _SPATIAL,
    "Fold": _SPATIAL,
    "Unfold": _SPATIAL,
    "Pixel*": _SPATIAL,
    "Upsampl*": _SPATIAL,
    "ChannelShuffle": _SPATIAL,
    "Dropout[123]d": _SPATIAL,
    "Softmax2d": _SPATIAL,
    "BatchNorm[23]d": _SPATIAL,
    "InstanceNorm?d": _SPATIAL,
    "SyncBatchNorm": "needs several processes",
    "LocalResponseNorm": _SPATIAL,
    "CrossMapLRN2d": _SPATIAL,
    "RNN*": _LATER,
    "LSTM*": _LATER,
    "GRU*": _LATER,
    "Transformer*": _LATER,
    "MultiheadAttention": _LATER,
    "Embedding*": _LATER,
    "Bilinear": "reads two inputs",
    "CosineSimilarity": "reads two inputs",
    "PairwiseDistance": "reads two inputs",
    "Unflatten": "its axes depend on the width, which nobody writes",
}

ENTRIES = {
    "Linear": Entry(
        "Affine map of the last axis.",
        ({"out_features": 16}, {"out_features": 1, "bias": False}),
        forms={"out_features": partial(fields.integer, "Width of the output.",
                                       example=16, minimum=1, maximum=1_000_000)},
        dropped={"in_features": "the width of what arrives"},
    ),
    "Identity": Entry("Hands its input on."),
    "Flatten": Entry(
        "Joins neighbouring axes into one.",
        forms={"start_dim": partial(fields.integer, "First of the axes that are joined.",
                                    example=1, minimum=1, maximum=10),
               "end_dim": partial(fields.integer,
                                  "Last of the axes that are joined; -1 is the last of all.",
                                  example=-1, minimum=-10, maximum=10)},
    ),
    "Dropout": Entry("Sets random values to zero in training.", ({}, {"p": 0.1})),
    "AlphaDropout": Entry("Dropout that keeps mean and variance, for SELU.", ({}, {"p": 0.1})),
    "FeatureAlphaDropout": Entry("Alpha dropout of whole channels.", ({}, {"p": 0.1})),
    "BatchNorm1d": Entry(
        "Brings each channel to mean 0 and variance 1 over the batch.",
        ({}, {"momentum": 0.01}),
        forms={
            "momentum": partial(fields.number,
                                "Share of the newest batch in the running statistics; "
                                "null averages all batches alike.",
                                example=0.01, minimum=0, maximum=1, null=True),
            "bias": partial(fields.boolean, "Learn an offset for each channel, with affine.",
                            example=False),
        },
        dropped={
            "num_features": "the width of what arrives",
            "track_running_stats": "a prediction must not depend on the rows of its batch",
        },
    ),
    "LayerNorm": Entry(
        "Brings the last axis of each sample to mean 0 and variance 1.",
        ({}, {"bias": False}),
        forms={"bias": partial(fields.boolean,
                               "Learn an offset for each column, with elementwise_affine.",
                               example=False)},
        dropped={"normalized_shape": "the width of what arrives"},
    ),
    "RMSNorm": Entry(
        "Divides the last axis of each sample by its root mean square.",
        ({}, {"eps": 1e-6}),
        forms={"eps": partial(fields.number,
                              "Added to the mean square so that it never becomes zero; "
                              "null takes the smallest step of the dtype.",
                              example=1e-6, minimum=TINY, maximum=LARGE, null=True)},
        dropped={"normalized_shape": "the width of what arrives"},
    ),
    "GroupNorm": Entry(
        "Brings each group of channels of a sample to mean 0 and variance 1.",
        ({"num_groups": 1}, {"num_groups": 2}),
        forms={
            "num_groups": partial(fields.integer, "Groups, of equal size, that channels form.",
                                  example=2, minimum=1, maximum=1_000_000),
            "bias": partial(fields.boolean, "Learn an offset for each channel, with affine.",
                            example=False),
        },
        dropped={"num_channels": "the width of what arrives"},
    ),
    "ReLU": Entry("Negative values become zero."),
    "ReLU6": Entry("Values are held between 0 and 6."),
    "LeakyReLU": Entry(
        "Negative values are made small.",
        ({}, {"negative_slope": 0.1}),
        forms={"negative_slope": _real("Factor on negative values.", 0.1)},
    ),
    "PReLU": Entry(
        "Negative values times a learnt factor.",
        forms={
            "num_parameters": partial(fields.integer,
                                      "Learnt factors: one for all, or one for each channel.",
                                      example=1, minimum=1, maximum=1_000_000),
            "init": _real("Where the factor starts.", 0.1),
        },
    ),
    "RReLU": Entry(
        "Negative values times a factor that is random in training.",
        ({}, {"lower": 0.1, "upper": 0.3}),
        forms={"lower": _real("Smallest random factor.", 0.1),
               "upper": _real("Largest random factor, not below lower.", 0.3)},
    ),
    "ELU": Entry("Negative values level off along an exponential.", ({}, {"alpha": 0.5})),
    "CELU": Entry("ELU whose slope is continuous for every alpha.", ({}, {"alpha": 0.5})),
    "SELU": Entry("ELU scaled so that layers keep mean 0 and variance 1."),
    "GELU": Entry(
        "Each value times the chance that a standard normal lies below it.",
        ({}, {"approximate": "tanh"}),
        forms={"approximate": partial(fields.choice,
                                      "Compute exactly, or by a quicker hyperbolic tangent.",
                                      ["none", "tanh"], example="tanh")},
    ),
    "SiLU": Entry("Each value times its sigmoid."),
    "Mish": Entry("Each value times the hyperbolic tangent of its softplus."),
    "Softplus": Entry(
        "A smooth form of ReLU, always positive.",
        ({}, {"beta": 2.0}),
        forms={
            "beta": partial(fields.number, "How sharp the bend is.",
                            example=2.0, minimum=SMALL, maximum=LARGE),
            "threshold": _real("Value, times beta, beyond which the output is the input.", 20.0),
        },
    ),
    "Softsign": Entry("Each value divided by one plus its size."),
    "Softshrink": Entry("Moves values towards zero and stops there.", ({}, {"lambd": 0.1})),
    "Hardshrink": Entry("Values near zero become zero.", ({}, {"lambd": 0.1})),
    "Tanhshrink": Entry("Each value minus its hyperbolic tangent."),
    "Sigmoid": Entry("Brings values between 0 and 1 along a logistic curve."),
    "Hardsigmoid": Entry("Brings values between 0 and 1 along straight lines."),
    "LogSigmoid": Entry("The logarithm of the sigmoid."),
    "Hardswish": Entry("Each value times its hard sigmoid."),
    "Tanh": Entry("Brings values between -1 and 1 along the hyperbolic tangent."),
    "Hardtanh": Entry(
        "Holds values between two bounds.",
        ({}, {"min_val": 0.0, "max_val": 1.0}),
        forms={"min_val": _real("Lower bound.", 0.0),
               "max_val": _real("Upper bound, above min_val.", 1.0)},
        dropped={"min_value": "an old name of min_val", "max_value": "an old name of max_val"},
    ),
    "Threshold": Entry(
        "Values that are not above a threshold are replaced.",
        ({"threshold": 0.1, "value": 0.0},),
        forms={"threshold": _real("Values up to this one are replaced.", 0.1),
               "value": _real("What replaces them.", 0.0)},
    ),
    "GLU": Entry("Halves an axis: the first half times the sigmoid of the second.",
                 forms={"dim": _axis("Axis that is halved, of even length; -1 is the last.", -1)}),
    "Softmax": Entry("Turns scores into probabilities that sum to one."),
    "Softmin": Entry("Softmax of the negated scores."),
    "LogSoftmax": Entry("The logarithm of softmax."),
}

TABLE = Table("layers", "torch.nn", ENTRIES, FORMS, DROPPED, EXCLUDED)
