"""The smallest task that only a context solves: sentences with random labels, learned by heart.

The labels say nothing, so a network must tell every sentence from every other; the index frame
holds none of their words.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from specc.runtime.evaluate import evaluate
from specc.runtime.loop import train
from specc.runtime.progress import Silent
from specc.runtime.session import open_session

import specc

CPU = torch.device("cpu")
LETTERS, LENGTH = "abc", 4
EPOCHS = 120


def sentences(seed: int) -> dict[str, pd.DataFrame]:
    """All 81 sentences of four letters with random labels, and their words in any order."""
    rng = np.random.default_rng(seed)
    every = list(itertools.product(LETTERS, repeat=LENGTH))
    words = pd.DataFrame([
        {"sentence": number, "position": position, "word": word}
        for number, sentence in enumerate(every) for position, word in enumerate(sentence)])
    index = pd.DataFrame({"label": rng.permutation(np.arange(len(every)) % 2), "split": "train"},
                         index=pd.Index(range(len(every)), name="sentence"))
    return {"index": index, "words": words.sample(frac=1.0, random_state=seed)
            .reset_index(drop=True)}


def spec(aggregation: str, size: int) -> dict[str, Any]:
    networks = {
        "pivot": [{"type": "fully_connected", "sizes": [64, 1]}],
        "sequence": [{"type": "lstm", "width": 48}, {"type": "output"}],
    }
    return {
        "specc": 1,
        "extractors": {
            "label": {"type": "plain", "take_columns": ["label"]},
            "words": {
                "type": "context", "frame": "words", "on": "sentence", "order_by": "position",
                "size": size, "aggregations": {"seen": {"type": aggregation}},
                "extractor": {"type": "plain", "take_columns": ["word"],
                              "transformer": {"type": "auto"}}},
        },
        "network": {"type": "feed_forward", "input_frames": ["words.seen"],
                    "factories": networks[aggregation]},
        "loss": {"type": "torch.nn:BCEWithLogitsLoss"},
        "optimizer": {"type": "torch.optim:Adam", "lr": 0.02},
        "metrics": [{"type": "sklearn.metrics:roc_auc_score"}],
        "training": {"epochs": EPOCHS, "batch_size": 27, "device": "cpu", "threads": 1,
                     "evaluate_every": EPOCHS, "evaluate_on": ["train"]},
    }


def learned(aggregation: str, size: int, seed: int) -> float:
    """The ROC AUC on the sentences that were learned."""
    compiled = specc.compile(spec(aggregation, size), sentences(seed),
                             overrides=[f"/seed={seed}"])
    assert compiled.plan is not None, str(compiled)
    session = open_session(compiled.plan, CPU)
    with Silent() as silent:
        train(session, silent, lambda row: None)
    found = evaluate(session, "train").measures["roc_auc_score"]
    assert found is not None
    return found


@pytest.mark.parametrize("aggregation", ["pivot", "sequence"])
def test_whole_sentences_are_learned_by_heart(aggregation: str) -> None:
    assert learned(aggregation, LENGTH, seed=1) >= 0.99


@pytest.mark.parametrize("aggregation", ["pivot", "sequence"])
def test_the_last_word_alone_does_not_tell_the_sentence(aggregation: str) -> None:
    assert learned(aggregation, 1, seed=1) < 0.8


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 5))
def test_other_labels_are_learned_as_well(seed: int) -> None:
    assert learned("pivot", LENGTH, seed) >= 0.99
    assert learned("sequence", LENGTH, seed) >= 0.99
    assert learned("sequence", 1, seed) < 0.8
