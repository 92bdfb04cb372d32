"""The passes in running order: without a bundle, and with one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..schema import load_schema
from .diagnostic import Diagnostic, Result
from .override import apply_overrides
from .passes.parse import parse
from .passes.resolve import resolve
from .passes.validate import validate
from .stages import Document, Graph, Plan, Source, Spec

if TYPE_CHECKING:
    from .bundle import Bundle

Pass = Callable[[Any], Result[Any]]


def run_passes(first: Any, passes: Sequence[Pass]) -> Result[Any]:
    """Runs passes one after the other; stops after the first that gives no stage."""
    stage, found = first, tuple[Diagnostic, ...]()
    for run_pass in passes:
        result = run_pass(stage)
        found += result.diagnostics
        if not result.ok:
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


def check(document: Document) -> Result[Graph]:
    """All that can be said of a spec without a bundle.

    Reports: SC1xx, SC2xx, SC301, SC303 to SC305, SC308.
    """

    def against_schema(document: Document) -> Result[Spec]:
        return validate(document, load_schema())

    return run_passes(document, (against_schema, resolve, _symbolic))


def _symbolic(graph: Graph) -> Result[Graph]:
    from .passes.infer import check_symbolic

    found = check_symbolic(graph)
    failed = any(diagnostic.is_error for diagnostic in found)
    return Result(None if failed else graph, found)


def compile_graph(graph: Graph, bundle: Bundle) -> Result[Plan]:
    """A checked graph on a bundle to a plan.

    Reports: SC3xx, SC4xx, SC6xx, SC7xx.
    """
    from .passes.bind import bind
    from .passes.fit import fit
    from .passes.infer import infer
    from .passes.lower import lower

    def bind_bundle(graph: Graph) -> Result[Any]:
        return bind(graph, bundle)

    return run_passes(graph, (bind_bundle, fit, infer, lower))

