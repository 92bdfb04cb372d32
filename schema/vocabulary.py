"""Every family of the vocabulary, in the order of the reference."""

from __future__ import annotations

from .constructors import load
from .contexts import AGGREGATIONS, CONTEXT
from .declaration import Family
from .extractors import INNER_EXTRACTORS
from .losses import LOSSES
from .metrics import METRICS
from .networks import NETWORKS
from .operations import OPERATION, OPERATIONS
from .preparation import PREPARATIONS
from .samplers import SAMPLERS
from .transformers import IMPUTERS, SCALERS, STEPS, TRANSFORMERS

VOCABULARY: tuple[Family, ...] = (
    Family("extractor", "Takes columns for every sample.", (*INNER_EXTRACTORS, CONTEXT)),
    Family("inner_extractor", "An extractor that stands inside another.", INNER_EXTRACTORS),
    Family("aggregation", "What becomes of the rows of a context.", AGGREGATIONS),
    Family("transformer", "Turns raw columns into numbers; fitted on the training rows.",
           TRANSFORMERS),
    Family("step", "Changes the numbers of a column before they are imputed and scaled.", STEPS),
    Family("scaler", "Brings the numbers of a column to a common scale.", SCALERS),
    Family("imputer", "Gives a number in place of a null.", IMPUTERS),
    Family("preparation", "Chooses rows, or makes a column, before extraction.", PREPARATIONS),
    Family(OPERATION, "Computes a column from other columns of the same row.", OPERATIONS),
    Family("sampler", "Which training rows an epoch takes, and in which order.", SAMPLERS),
    Family("network", "A part of the network that sizes itself from the sample batch.", NETWORKS),
    Family("loss", "What training minimises.", LOSSES),
    Family("optimizer", "How the weights follow the gradients.", load().optimizers),
    Family("scheduler", "How the learning rate changes.", load().schedulers),
    Family("metric", "What is measured on an evaluated split.", METRICS),
)
