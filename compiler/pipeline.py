"""The passes in running order: without a bundle, and with one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..schema import load_schema
from .diagnostics.diagnostic import Diagnostic, Result, distinct, placed
from .network.conflicts import check_conflicts
from .passes.parse import parse
from .passes.resolve import resolve
from .passes.validate import validate
from .stages import Document, Graph, Plan, Source, Spec
from .text.override import apply_overrides
from .text.pointer import inside

if TYPE_CHECKING:
    from .bundle import Bundle
    from .fits.saved import SavedFits
    from .stages import BoundGraph

Pass = Callable[[Any], Result[Any]]


def run_passes(first: Any, passes: Sequence[Pass]) -> Result[Any]:
    """Runs passes one after the other, as far as there is a stage to go on with."""
    stage, found = first, tuple[Diagnostic, ...]()
    for run_pass in passes:
        result = run_pass(stage)
        found += result.diagnostics
        if result.stage is None:
            return Result(None, found)
        stage = result.stage
    return Result(stage, found)


def read(source: Source, overrides: Sequence[str] = ()) -> Result[Document]:
    """The text as strict JSON, with values given beside it.

    Reports: SC003 to SC009.
    """

    def override(document: Document) -> Result[Document]:
        return apply_overrides(document, overrides)

    return run_passes(source, (parse, override))


def resolve_document(document: Document) -> Result[Graph]:
    """Vocabulary, names and defaults.

    Reports: SC1xx, SC2xx.
    """

    def against_schema(document: Document) -> Result[Spec]:
        return validate(document, load_schema())

    def names(spec: Spec) -> Result[Graph]:
        result = resolve(spec)
        conflicts = () if result.stage is None else check_conflicts(result.stage)
        return Result(result.stage, visible((*result.diagnostics, *conflicts), spec))

    return run_passes(document, (against_schema, names))


def check(document: Document) -> Result[Graph]:
    """All that can be said of a spec without a bundle.

    Reports: SC1xx, SC2xx, SC301, SC303 to SC305, SC308.
    """
    return run_passes(document, (resolve_document, _symbolic))


def _symbolic(graph: Graph) -> Result[Graph]:
    from .passes.infer import check_symbolic

    return Result(graph, visible(check_symbolic(graph), graph))


def compile_document(document: Document, bundle: Bundle,
                     saved: SavedFits | None = None, *, frozen: bool = False) -> Result[Plan]:
    """All that can be said of a spec on a bundle; the plan where nothing is wrong.

    Args:
        saved: the fits of an earlier run, for extractors that are frozen.
        frozen: whether all of them are, whatever the spec says.

    Reports: SC1xx, SC2xx, SC3xx, SC4xx, SC6xx, SC7xx.
    """
    from .fits.continued import with_all_frozen
    from .passes.bind import bind
    from .passes.fit import fit
    from .passes.infer import infer
    from .passes.lower import lower

    resolved = resolve_document(document)
    graph = resolved.stage
    if graph is None:
        return Result(None, resolved.diagnostics)
    if frozen:
        graph = with_all_frozen(graph)

    def bind_bundle(graph: Graph) -> Result[Any]:
        return bind(graph, bundle)

    def fit_columns(bound: BoundGraph) -> Result[Any]:
        return fit(bound, saved)

    fitted = run_passes(graph, (bind_bundle, fit_columns))
    found = (*resolved.diagnostics, *visible(fitted.diagnostics, graph))
    if fitted.stage is None:
        # Without samples there are no widths, and shapes are judged without them.
        return Result(None, (*found, *_symbolic(graph).diagnostics))
    shaped = infer(fitted.stage)
    found = (*found, *visible(shaped.diagnostics, graph))
    if shaped.stage is None or any(diagnostic.is_error for diagnostic in found):
        return Result(None, found)
    lowered = lower(shaped.stage)
    return Result(lowered.stage, (*found, *lowered.diagnostics))


def visible(found: Iterable[Diagnostic], judged: Spec | Graph) -> tuple[Diagnostic, ...]:
    """Findings at their places in the text, without those about invented values."""
    return distinct(
        placed(diagnostic, judged.moved)
        for diagnostic in found
        if diagnostic.pointer is None
        or not any(inside(diagnostic.pointer, hole) for hole in judged.holes)
    )
