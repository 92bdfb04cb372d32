"""The losses of `torch.nn` that compare one output with one target."""

from __future__ import annotations

from functools import partial

from .. import fields
from .tables import LARGE, Entry, Table

_WEIGHT = {"type": "number", "minimum": 0, "maximum": LARGE}
_POSITIVE = {"type": "number", "exclusiveMinimum": 0, "maximum": LARGE}

FORMS = {
    "reduction": partial(fields.choice,
                         "How the losses of a batch become one number.",
                         ["mean", "sum"], example="sum"),
    "weight": partial(fields.array, "Factor on the loss of each class, in the order of the "
                      "classes; null weighs them alike.",
                      _WEIGHT, example=[1.0, 2.5], min_items=1,
                      max_items=fields.MOST_NAMES, null=True),
    "ignore_index": partial(fields.integer, "Class number that takes no part in the loss.",
                            example=0, minimum=-100, maximum=1_000_000),
    "label_smoothing": partial(fields.number,
                               "Share of the target that is spread over all classes alike.",
                               example=0.1, minimum=0, maximum=1),
}

DROPPED = {
    "size_average": "an old form of reduction",
    "reduce": "an old form of reduction",
}

_SAMPLE_WEIGHT = {"weight": "weighs the rows of one batch, which differ from batch to batch"}

EXCLUDED = {
    "AdaptiveLogSoftmaxWithLoss": "holds a layer of its own",
    "LinearCrossEntropyLoss": "holds a layer of its own",
    "CTCLoss": "compares sequences of different lengths",
    "CosineEmbeddingLoss": "reads two outputs",
    "MarginRankingLoss": "reads two outputs",
    "Triplet*Loss": "reads three outputs",
    "GaussianNLLLoss": "reads a predicted variance beside the prediction",
    "HingeEmbeddingLoss": "reads a distance between two outputs",
    "MultiLabelMarginLoss": "its target is a padded list of class numbers",
    "NLLLoss2d": "an old name of NLLLoss",
}

ENTRIES = {
    "BCELoss": Entry("Cross entropy of a probability with a target between 0 and 1.",
                     dropped=_SAMPLE_WEIGHT),
    "BCEWithLogitsLoss": Entry(
        "Cross entropy of a logit with a target between 0 and 1.",
        ({}, {"pos_weight": [3.0]}),
        forms={"pos_weight": partial(fields.array,
                                     "Factor on the positive part of each label column; "
                                     "null is 1.",
                                     _POSITIVE, example=[3.0], min_items=1,
                                     max_items=fields.MOST_NAMES, null=True)},
        dropped=_SAMPLE_WEIGHT,
    ),
    "CrossEntropyLoss": Entry("Cross entropy of the logits of all classes with the true class.",
                              ({}, {"label_smoothing": 0.1})),
    "HuberLoss": Entry(
        "Squared error near zero, absolute error times delta further out.",
        ({}, {"delta": 0.5}),
        forms={"delta": partial(fields.number, "Error at which the loss turns linear.",
                                example=0.5, above=0, maximum=LARGE)},
    ),
    "KLDivLoss": Entry(
        "Divergence of log-probabilities from a target distribution.",
        ({"reduction": "batchmean"},),
        forms={
            "log_target": partial(fields.boolean, "The target holds log-probabilities too."),
            "reduction": partial(fields.choice,
                                 "How the losses of a batch become one number; batchmean, the sum "
                                 "over the columns averaged over the samples, is the divergence "
                                 "itself.",
                                 ["mean", "sum", "batchmean"], example="batchmean"),
        },
    ),
    "L1Loss": Entry("Absolute error."),
    "MSELoss": Entry("Squared error."),
    "MultiLabelSoftMarginLoss": Entry("Cross entropy of logits, averaged over label columns.",
                                      forms={"weight": partial(
                                          fields.array,
                                          "Factor on the loss of each label column; "
                                          "null weighs them alike.",
                                          _WEIGHT, example=[1.0, 2.5], min_items=1,
                                          max_items=fields.MOST_NAMES, null=True)}),
    "MultiMarginLoss": Entry(
        "Wants the score of the true class above all others by a margin.",
        ({}, {"p": 2}),
        forms={
            "p": partial(fields.choice, "Power of each missed margin.", [1, 2], example=2),
            "margin": partial(fields.number, "How far the true class should lead.",
                              example=0.5, minimum=0, maximum=LARGE),
        },
    ),
    "NLLLoss": Entry("Negative log-likelihood of the true class, from log-probabilities."),
    "PoissonNLLLoss": Entry(
        "Negative log-likelihood of a count under a Poisson distribution.",
        ({}, {"log_input": False}),
        forms={
            "log_input": partial(fields.boolean,
                                 "The output is the logarithm of the rate, not the rate.",
                                 example=False),
            "full": partial(fields.boolean, "Add the Stirling term of the target."),
            "eps": partial(fields.number, "Added to the rate before its logarithm.",
                           example=1e-6, above=0, maximum=1),
        },
    ),
    "SmoothL1Loss": Entry(
        "Squared error near zero, absolute error further out.",
        ({}, {"beta": 0.5}),
        forms={"beta": partial(fields.number, "Error at which the loss turns linear.",
                               example=0.5, minimum=0, maximum=LARGE)},
    ),
    "SoftMarginLoss": Entry("Logistic loss of a score with targets of -1 and 1."),
}

TABLE = Table("losses", "torch.nn", ENTRIES, FORMS, DROPPED, EXCLUDED)
