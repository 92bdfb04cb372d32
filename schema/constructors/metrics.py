"""The functions of `sklearn.metrics` that judge predictions with one number."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from .. import fields
from ..declaration import Args
from .tables import Form, MetricEntry, Table

_CLASSES = ("binary", "multiclass")
_CLASSES_OR_SEVERAL = (*_CLASSES, "multilabel")
_BETWEEN = partial(fields.number, "Quantile that is predicted.", example=0.9, minimum=0, maximum=1)
_NORMALIZE = partial(fields.boolean, "Give the share of the samples; false gives their number.",
                     example=False)
# 0 to 1 is not defined, and 0 is the squared error, which has metrics of its own.
_POWER = partial(fields.number,
                 "Power of the mean that the variance follows: 1 is Poisson, 2 is gamma, between "
                 "them a compound of both.", example=1.5, default=fields.REQUIRED,
                 minimum=1, maximum=10)
_AVERAGE_OF_CURVES = partial(fields.choice,
                             "How the classes are averaged when there are more than two, and "
                             "several label columns.",
                             ["macro", "weighted", "micro"], example="weighted")
_VARIANCE = partial(fields.choice, "How several label columns are averaged.",
                    ["uniform_average", "variance_weighted"], example="variance_weighted")

FORMS: dict[str, Form] = {
    "normalize": _NORMALIZE,
    "adjusted": partial(fields.boolean, "Rescale so that guessing gives 0 and perfection 1."),
    "average": partial(fields.choice,
                       "How the classes, or several label columns, are averaged; binary looks at "
                       "the positive class alone and wants two classes.",
                       ["binary", "micro", "macro", "weighted"], example="macro"),
    "pos_label": partial(fields.choice, "The class number that counts as positive, for binary.",
                         [0, 1], example=1),
    "zero_division": partial(fields.choice,
                             "What a division by zero gives; warn gives 0 with a warning.",
                             ["warn", 0, 1], example=0),
    "force_finite": partial(fields.boolean,
                            "Replace an undefined score of a constant label by 0 or 1.",
                            example=False),
    "alpha": _BETWEEN,
    "power": _POWER,
}

_INPUT = "the runtime passes the labels and the predictions"
DROPPED = {
    "y_true": _INPUT,
    "y_pred": _INPUT,
    "y_score": _INPUT,
    "y_proba": _INPUT,
    "y1": _INPUT,
    "y2": _INPUT,
    "pred_decision": _INPUT,
    "labels": "the runtime knows the classes",
    "sample_weight": "every sample of an evaluation counts alike",
    "replace_undefined_by": "its default is not a number, which JSON cannot hold",
    "multioutput": "only the plain average gives one number",
}

_CURVE = "gives a curve or a table, not one number"
_CLUSTERS = "judges clusters"
_BY_QUERY = "ndcg of specc does it for rows that share a query"
_DISTANCES = "a distance, not a judgement of predictions"

EXCLUDED = {
    "*Display": "draws",
    "*_curve": _CURVE,
    "*confusion_matrix": _CURVE,
    "*_at_thresholds": _CURVE,
    "classification_report": _CURVE,
    "class_likelihood_ratios": _CURVE,
    "precision_recall_fscore_support": _CURVE,
    "auc": "reads a curve",
    "adjusted_*_score": _CLUSTERS,
    "calinski_harabasz_score": _CLUSTERS,
    "davies_bouldin_score": _CLUSTERS,
    "silhouette_*": _CLUSTERS,
    "completeness_score": _CLUSTERS,
    "consensus_score": _CLUSTERS,
    "fowlkes_mallows_score": _CLUSTERS,
    "homogeneity_*": _CLUSTERS,
    "*mutual_info_score": _CLUSTERS,
    "pair_confusion_matrix": _CLUSTERS,
    "rand_score": _CLUSTERS,
    "v_measure_score": _CLUSTERS,
    "cluster": "a module",
    "*dcg_score": _BY_QUERY,
    "pairwise_*": _DISTANCES,
    "*euclidean_distances": _DISTANCES,
    "DistanceMetric": _DISTANCES,
    "check_scoring": "a tool for estimators",
    "get_scorer*": "a tool for estimators",
    "make_scorer": "a tool for estimators",
}


def _of_classes(description: str, needs: str, direction: str = "higher",
                examples: tuple[Args, ...] = ({},), *, forms: Mapping[str, Form] | None = None,
                dropped: Mapping[str, str] | None = None,
                tasks: tuple[str, ...] = _CLASSES) -> MetricEntry:
    return MetricEntry(description, examples, forms or {}, dropped or {}, needs, tasks, direction)


def _of_values(description: str, direction: str = "lower", examples: tuple[Args, ...] = ({},),
               forms: Mapping[str, Form] | None = None) -> MetricEntry:
    return MetricEntry(description, examples, forms or {}, {}, "values", ("regression",),
                       direction)


_POSITIVE_SCORE = {"pos_label": "the score is that of class 1"}
_AVERAGED: tuple[Args, ...] = ({}, {"average": "macro", "zero_division": 0})
# Every column of the label is judged, and the columns are averaged.
_of_columns_too = partial(_of_classes, tasks=_CLASSES_OR_SEVERAL)
_of_several = partial(_of_classes, needs="scores", tasks=("multilabel",))

ENTRIES = {
    "accuracy_score": _of_columns_too(
        "Share of samples whose class is right; of several label columns, all must be.", "labels"),
    "average_precision_score": _of_columns_too(
        "Precision averaged along the recall of a falling threshold.", "scores",
        forms={"average": _AVERAGE_OF_CURVES}, dropped=_POSITIVE_SCORE),
    "balanced_accuracy_score": _of_classes("Recall averaged over the classes.", "labels"),
    "brier_score_loss": _of_classes(
        "Squared error of the predicted probabilities.", "probabilities", "lower",
        forms={"scale_by_half": partial(fields.choice,
                                        "Halve the sum over the classes; auto does so for two.",
                                        ["auto", True, False], example=True)},
        dropped=_POSITIVE_SCORE),
    "cohen_kappa_score": _of_classes(
        "Agreement of predicted with true classes, beyond chance.", "labels",
        examples=({}, {"weights": "quadratic"}),
        forms={"weights": partial(fields.choice,
                                  "How the distance of two class numbers counts; "
                                  "null counts all alike.",
                                  [None, "linear", "quadratic"], example="quadratic")}),
    "coverage_error": _of_several(
        "How far down the best scores one has to go to have every true label.",
        direction="lower"),
    "d2_brier_score": _of_classes(
        "Share of the Brier score of a constant forecast that is saved.", "probabilities",
        dropped=_POSITIVE_SCORE),
    "d2_log_loss_score": _of_classes(
        "Share of the log loss of a constant forecast that is saved.", "probabilities"),
    "f1_score": _of_columns_too(
        "Harmonic mean of precision and recall.", "labels", examples=_AVERAGED),
    "fbeta_score": _of_columns_too(
        "Mean of precision and recall with a weight on recall.", "labels",
        examples=({"beta": 2.0}, {"beta": 0.5, "average": "macro"}),
        forms={"beta": partial(fields.number, "How many times recall counts as much as precision.",
                               example=2.0, minimum=0, maximum=1e6)}),
    "hamming_loss": _of_columns_too("Share of labels that are wrong.", "labels", "lower"),
    "hinge_loss": _of_classes("Mean missed margin of the scores.", "scores", "lower"),
    "jaccard_score": _of_columns_too(
        "Samples in both classes over samples in either.", "labels", examples=_AVERAGED),
    "label_ranking_average_precision_score": _of_several(
        "Precision among the labels with better scores, averaged over the true labels."),
    "label_ranking_loss": _of_several(
        "Share of the pairs of a true and a false label that are in the wrong order.",
        direction="lower"),
    "log_loss": _of_classes("Negative log-likelihood of the true classes.", "probabilities",
                            "lower"),
    "matthews_corrcoef": _of_classes("Correlation of predicted with true classes.", "labels"),
    "precision_score": _of_columns_too(
        "Share of the samples called positive that are.", "labels", examples=_AVERAGED),
    "recall_score": _of_columns_too(
        "Share of the positive samples that are called so.", "labels", examples=_AVERAGED),
    "roc_auc_score": _of_columns_too(
        "Chance that a positive sample scores above a negative one.", "scores",
        examples=({}, {"multi_class": "ovr"}),
        forms={
            "average": _AVERAGE_OF_CURVES,
            "max_fpr": partial(fields.number,
                               "Largest false positive rate that counts, for two classes; "
                               "null counts all.",
                               example=0.1, above=0, maximum=1, null=True),
            "multi_class": partial(fields.choice,
                                   "With more than two classes: each against the rest, each "
                                   "against each, or refuse.",
                                   ["raise", "ovr", "ovo"], example="ovr"),
        }),
    "top_k_accuracy_score": _of_classes(
        "Share of samples whose class is among the best scores.", "scores",
        examples=({}, {"k": 3}),
        forms={"k": partial(fields.integer, "How many of the best scores count.",
                            example=3, minimum=1, maximum=1_000_000)}),
    "zero_one_loss": _of_columns_too(
        "Share of samples whose class is wrong; of several label columns, any.", "labels",
        "lower"),
    "d2_absolute_error_score": _of_values(
        "Share of the absolute error of the median that is saved.", "higher"),
    "d2_pinball_score": _of_values(
        "Share of the quantile error of a constant that is saved.", "higher",
        ({}, {"alpha": 0.9})),
    "d2_tweedie_score": _of_values(
        "Share of the deviance of the mean that is saved.", "higher", ({"power": 1.5},)),
    "explained_variance_score": _of_values(
        "Share of the variance that is explained, a constant offset forgiven.", "higher",
        forms={"multioutput": _VARIANCE}),
    "max_error": _of_values("Largest absolute error."),
    "mean_absolute_error": _of_values("Mean absolute error."),
    "mean_absolute_percentage_error": _of_values("Mean absolute error over the true size."),
    "mean_gamma_deviance": _of_values("Deviance of positive values under a gamma distribution."),
    "mean_pinball_loss": _of_values("Mean error of a predicted quantile.",
                                    examples=({}, {"alpha": 0.9})),
    "mean_poisson_deviance": _of_values("Deviance of counts under a Poisson distribution."),
    "mean_squared_error": _of_values("Mean squared error."),
    "mean_squared_log_error": _of_values("Mean squared error of the logarithms of one plus each."),
    "mean_tweedie_deviance": _of_values("Deviance under a Tweedie distribution.",
                                        examples=({"power": 1.5},)),
    "median_absolute_error": _of_values("Median absolute error."),
    "r2_score": _of_values("Share of the variance that is explained.", "higher",
                           forms={"multioutput": _VARIANCE}),
    "root_mean_squared_error": _of_values("Root of the mean squared error."),
    "root_mean_squared_log_error": _of_values(
        "Root of the mean squared error of the logarithms of one plus each."),
}

TABLE = Table("metrics", "sklearn.metrics", ENTRIES, FORMS, DROPPED, EXCLUDED)
