"""Every family of the vocabulary, in the order of the reference."""

from __future__ import annotations

from .constructors import load
from .declaration import Family
from .extractors import EXTRACTORS
from .networks import NETWORKS
from .preparation import PREPARATIONS
from .transformers import IMPUTERS, SCALERS, TRANSFORMERS

VOCABULARY: tuple[Family, ...] = (
    Family("extractor", "Takes columns for every sample.", EXTRACTORS),
    Family("transformer", "Turns raw columns into numbers; fitted on the training rows.",
           TRANSFORMERS),
    Family("scaler", "Brings the numbers of a column to a common scale.", SCALERS),
    Family("imputer", "Gives a number in place of a null.", IMPUTERS),
    Family("preparation", "Makes a column of the index frame before extraction.", PREPARATIONS),
    Family("network", "A part of the network that sizes itself from the sample batch.", NETWORKS),
    Family("loss", "What training minimises.", load().losses),
    Family("optimizer", "How the weights follow the gradients.", load().optimizers),
    Family("scheduler", "How the learning rate changes.", load().schedulers),
    Family("metric", "What is measured on an evaluated split.", load().metrics),
)
