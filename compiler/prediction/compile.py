"""A model and a bundle to a plan that trains nothing: what is predicted, or evaluated."""

from __future__ import annotations

import os
from collections.abc import Iterable

from ...schema.preparation import DERIVE
from ..bundle import Bundle, BundleError
from ..data.preparation import SPLIT_STEPS
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Result
from ..network.class_weights import class_weights
from ..network.heads import labels
from ..passes.infer import infer
from ..stages import BoundGraph, FittedGraph, Graph, Memory, Plan
from .binding import bind_model, fit_model
from .graph import features, graph_of, with_steps
from .rows import Taken
from .saved import SavedModel
from .typed import typed_bundle


def compile_prediction(model: SavedModel, bundle: Bundle,
                       splits: Iterable[str] | None = None) -> Result[Plan]:
    """The plan of a model on another bundle: every row of its index frame is a sample.

    Nothing of the bundle is fitted, and no label is read. With `splits` the rows of these splits
    are the samples (of all splits where none is named), with their labels.

    Reports: SC510, SC604, SC613, SC615, SC656 to SC660, SC702, SC703, SC707 to SC709, and what
    keys and times of a bundle may have wrong.
    """
    whole = _whole_graph(model)
    if whole.stage is None:
        return Result(None, whole.diagnostics)
    steps = model.document["steps"]
    evaluates = splits is not None
    places = set(steps["prediction"])
    if evaluates:
        places |= {*steps["evaluation"]} | {
            place for place, step in enumerate(whole.stage.bundle.prepare)
            if step.type in SPLIT_STEPS}
    graph = with_steps(whole.stage, places)
    index = model.document["index_frame"]
    made = [(step.args["frame"] or index, step.args["column"])
            for step in graph.bundle.prepare if step.type == DERIVE.name]
    columns = list(model.columns(evaluation=evaluates))
    typed = typed_bundle(bundle, columns, model.document["frames"], model.dtypes, made)
    if typed.stage is None:
        return Result(None, typed.diagnostics)
    bound = bind_model(graph, typed.stage, _taken(graph, model), splits)
    if bound.stage is None:
        return Result(None, bound.diagnostics)
    fitted = _fitted(bound.stage, model)
    if fitted.stage is None:
        return Result(None, fitted.diagnostics)
    return _plan(fitted.stage, model, weighs=evaluates)


def _whole_graph(model: SavedModel) -> Result[Graph]:
    """The graph of a model whose files agree. Reports SC510."""
    resolved = graph_of(model)
    graph = resolved.stage
    wrong = [one for one in resolved.diagnostics if one.is_error]
    if graph is None or wrong:
        return Result(None, (_damaged(model, f"spec.json: {wrong[0].message}"),))
    document = model.document
    steps = document["steps"]
    if any(place >= len(graph.bundle.prepare)
           for place in (*steps["prediction"], *steps["evaluation"])):
        return Result(None, (_damaged(model, "spec.json has other steps"),))
    keys = {(frame, name) for frame, key in document["keys"].items() for name in key}
    if document["index_frame"] not in document["frames"] or keys - set(model.dtypes):
        return Result(None, (_damaged(model, "model.json names what it does not read"),))
    names = [extractor.name for extractor in (*labels(graph), *features(graph))]
    names += [part.name for context in graph.contexts for part in context.extractors]
    missing = [name for name in names if name not in model.fits.states]
    missing += [label.name for label in labels(graph) if label.name not in model.labels]
    if missing:
        return Result(None, (_damaged(model, f"nothing is fitted for {missing[0]!r}"),))
    try:
        _taken(graph, model)
    except ValueError as error:
        return Result(None, (_damaged(model, str(error)),))
    return Result(graph)


def _taken(graph: Graph, model: SavedModel) -> Taken:
    """The columns of each extractor. Raises ValueError for a state that no run has written."""
    parts = [part for context in graph.contexts for part in context.extractors]
    return {
        extractor.name: [column.column for column in model.fits.columns(extractor.name) or ()]
        for extractor in (*labels(graph), *features(graph), *parts)}


def _fitted(bound: BoundGraph, model: SavedModel) -> Result[FittedGraph]:
    try:
        return fit_model(bound, model)
    except BundleError as error:
        return Result(None, error.diagnostics)
    except ValueError as error:
        # Of `SavedFits`: a state that no run has written.
        return Result(None, (_damaged(model, str(error)),))


def _plan(fitted: FittedGraph, model: SavedModel, *, weighs: bool) -> Result[Plan]:
    """What remains to be decided, as training decided it.

    Args:
        weighs: whether there are labels, so that classes may count differently.
    """
    shaped = infer(fitted)
    wrong = [one for one in shaped.diagnostics if one.is_error]
    if shaped.stage is None or wrong:
        reason = wrong[0].message if wrong else "its parts do not go together"
        return Result(None, (_damaged(model, reason),))
    graph = fitted.bound.graph
    threads = min(model.document["threads"], os.cpu_count() or 1)
    return Result(Plan(
        shaped=shaped.stage, training_rows=0, sampler=graph.training.sampler, epoch_rows=0,
        steps_per_epoch=1, steps=0, groups=(), 
        class_weights=class_weights(graph, fitted.label) if weighs else None,
        threads=threads, evaluate_on=fitted.bound.samples.names, memory=Memory(0, 0, 0, 0),
        hash=model.document["plan"], description={}))


def _damaged(model: SavedModel, reason: str) -> Diagnostic:
    return codes.DAMAGED_MODEL.at(file=str(model.folder), reason=reason)
