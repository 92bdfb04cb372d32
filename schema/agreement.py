"""What each loss wants of the label and of the network's output: the agreement table.

Output ranges are the words of `networks.activations.RANGES`: "real", "probability" (each
number within 0 to 1), "distribution" (a row sums to 1), "log_probability",
"log_distribution", "non_negative".
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from .declaration import Args
from .losses import QUANTILE

PROBABILITIES = ("probability", "distribution")
LOGARITHMS = ("log_probability", "log_distribution")


@dataclass(frozen=True)
class LossRule:
    """What one loss wants.

    Args:
        label: the forms of label it takes, "number" or "class_index", preferred first.
        values: what label numbers may be: "any", "unit" (0 to 1), "sign" (-1 or 1) or
            "non_negative".
        wants: the output in words, for messages.
        refuses: output ranges that make the loss fail or lose its meaning.
        suspects: output ranges that are legal and almost surely wrong.
        probability: how the output becomes probabilities: "sigmoid", "softmax", "exp",
            or "identity".
        quantiles: those that the output gives of each label column, side by side; none where
            it gives one number.
    """

    label: tuple[str, ...]
    values: str
    wants: str
    refuses: tuple[str, ...] = ()
    suspects: tuple[str, ...] = ()
    probability: str = "identity"
    quantiles: tuple[float, ...] = ()


_REGRESSION = LossRule(("number",), "any", "any numbers")

LOSS_RULES = {
    "torch.nn:L1Loss": _REGRESSION,
    "torch.nn:MSELoss": _REGRESSION,
    "torch.nn:SmoothL1Loss": _REGRESSION,
    "torch.nn:HuberLoss": _REGRESSION,
    "torch.nn:BCELoss": LossRule(
        ("number",), "unit", "probabilities",
        refuses=("real", "non_negative", *LOGARITHMS),
    ),
    "torch.nn:BCEWithLogitsLoss": LossRule(
        ("number",), "unit", "logits", suspects=(*PROBABILITIES, *LOGARITHMS, "non_negative"),
        probability="sigmoid",
    ),
    "torch.nn:CrossEntropyLoss": LossRule(
        ("class_index", "number"), "unit", "one logit for each class",
        suspects=(*PROBABILITIES, "non_negative"), probability="softmax",
    ),
    "torch.nn:NLLLoss": LossRule(
        ("class_index",), "any", "log-probabilities of the classes, as log_softmax gives",
        suspects=("real", *PROBABILITIES, "non_negative", "log_probability"), probability="exp",
    ),
    "torch.nn:PoissonNLLLoss": LossRule(("number",), "non_negative", "the logarithm of a rate"),
    "torch.nn:KLDivLoss": LossRule(
        ("number",), "unit", "log-probabilities, as log_softmax gives",
        suspects=("real", *PROBABILITIES, "non_negative", "log_probability"), probability="exp",
    ),
    "torch.nn:SoftMarginLoss": LossRule(
        ("number",), "sign", "scores", suspects=(*PROBABILITIES, "non_negative"),
        probability="sigmoid",
    ),
    "torch.nn:MultiLabelSoftMarginLoss": LossRule(
        ("number",), "unit", "logits", suspects=(*PROBABILITIES, *LOGARITHMS, "non_negative"),
        probability="sigmoid",
    ),
    "torch.nn:MultiMarginLoss": LossRule(
        ("class_index",), "any", "one score for each class", probability="softmax",
    ),
    QUANTILE: LossRule(("number",), "any", "any numbers", quantiles=(0.1, 0.5, 0.9)),
}

VALUE_RANGES = {
    "any": (float("-inf"), float("inf")),
    "unit": (0.0, 1.0),
    "sign": (-1.0, 1.0),
    "non_negative": (0.0, float("inf")),
}
"""What label numbers may be: the lowest and the highest value."""

RANGE_WORDS = {
    "real": "numbers of any size",
    "probability": "probabilities, from a sigmoid",
    "distribution": "probabilities, from a softmax",
    "log_probability": "logarithms of probabilities",
    "log_distribution": "log-probabilities",
    "non_negative": "numbers from 0 upwards",
}
"""How messages say an output range."""

CLASS_WEIGHTS = {
    "torch.nn:CrossEntropyLoss": "weight",
    "torch.nn:NLLLoss": "weight",
    "torch.nn:MultiMarginLoss": "weight",
    "torch.nn:MultiLabelSoftMarginLoss": "weight",
    "torch.nn:BCEWithLogitsLoss": "pos_weight",
}
"""Loss -> its property with one number for each output column."""

MATRICES_ONLY = ("torch.optim:Muon",)
"""Optimizers whose step is defined for matrices alone."""

SPARSE_ONLY = ("torch.optim:SparseAdam",)
"""Optimizers that take sparse gradients alone."""

WHOLE_TENSOR = ("torch.optim:Muon", "torch.optim:Adafactor")
"""Optimizers whose step for one weight depends on the other weights of its tensor."""


def loss_rule(loss: str, args: Args) -> LossRule:
    """The rule of a loss with these arguments."""
    rule = LOSS_RULES[loss]
    if loss == "torch.nn:PoissonNLLLoss" and not args["log_input"]:
        return LossRule(("number",), "non_negative", "a rate, from 0 upwards",
                        refuses=("real", *LOGARITHMS))
    if rule.quantiles:
        return replace(rule, quantiles=tuple(args["quantiles"]))
    return rule
