"""What extractors take values for: the samples, or the rows of a context."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..bundle import Bundle, BundleError
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Result
from ..stages import BoundExtractor, Column, Extractor, Graph, Positions, Selector
from ..text.pointer import join as below
from .chains import Chain, Chains
from .dtypes import classify
from .matching import Matching
from .preparation import PRIORITY, SPLIT
from .selectors import select
from .vectors import bind_vectors
from .windows import Windows, sees

Stage = TypeVar("Stage")


def collected(run: Callable[[], Result[Stage]], found: list[Diagnostic]) -> Stage | None:
    """Runs one part of a pass; damage that shows only when pages are read is collected too."""
    try:
        result = run()
    except BundleError as error:
        found += error.diagnostics
        return None
    found += result.diagnostics
    return result.stage


@dataclass(frozen=True, eq=False)
class LabelRows:
    """Where the label is read, so that nothing else reads it in the same rows.

    Args:
        chain: None for the rows of a context, whose chains start elsewhere.
        positions: the row of the label of each sample.
        windows: the rows of a context that each sample sees; None for the samples themselves.
    """

    chain: Chain | None
    positions: Positions | None
    columns: frozenset[str]
    windows: Windows | None = None

    def read_by(self, chain: Chain, positions: Positions | None) -> bool:
        """Whether an extractor reads, for any sample, the very row that its label stands in.

        A join back to the label's frame that finds other rows, such as the previous order, may
        read the label's column: at the time of the sample it is known.
        """
        if chain == self.chain:
            return True
        if positions is None or self.positions is None \
                or positions.frame != self.positions.frame:
            return False
        own = self.positions.rows
        if self.windows is not None:
            return sees(self.windows, positions.rows, own)
        return bool(((positions.rows == own) & (own >= 0)).any())


class Population:
    """Rows of one frame, and the extractors over them.

    Args:
        index_frame: the frame of the samples; None while it is not known.
        frame: the frame whose rows these are, for a context its own.
        rows: the rows; None while they are not known, then only metadata and keys are judged.
        undecided: frames whose key the spec names wrongly, which is reported elsewhere.
        placing: columns of the frame that say which rows these are, such as keys and times: only
            their exact name takes them.
        taken: extractor -> its columns, where a model names them; nothing is hidden then.
    """

    def __init__(self, graph: Graph, bundle: Bundle, index_frame: str | None, frame: str | None,
                 rows: NDArray[np.int64] | None, undecided: Collection[str],
                 placing: Collection[str] = (),
                 taken: Mapping[str, Sequence[str]] | None = None) -> None:
        self.taken = taken
        self._bundle = bundle
        self._index_frame = index_frame
        self._frame = frame
        self._placing = placing
        # What says how rows are used is no feature unless it is asked for by name.
        self._apart = {SPLIT, PRIORITY, graph.training.sample_weight}
        self.chains = Chains(graph, bundle, frame, undecided)
        self.matching = Matching(bundle, frame, rows)

    def bind(self, extractor: Extractor, labels: Iterable[LabelRows], found: list[Diagnostic],
             ) -> tuple[BoundExtractor | None, LabelRows | None]:
        """The extractor over these rows, and the rows that it reads, as if it were the label.

        Args:
            labels: their columns are hidden.

        Reports: SC604, SC606 to SC614, SC621, SC622, SC626.
        """
        known = len(found)
        joins = extractor.joins
        chain = collected(
            lambda: self.chains.resolve(extractor.pointer, extractor.frame, joins), found)
        if chain is None:
            return None, None
        positions = collected(
            lambda: self.matching.positions(extractor.pointer, joins, chain,
                                            missing_rows=extractor.missing_rows), found)
        secret = frozenset(name for label in labels if label.read_by(chain, positions)
                           for name in label.columns)
        columns = self._columns(extractor, chain, secret, found)
        rows = LabelRows(chain, positions, frozenset(column.name for column in columns))
        vectors = None
        if extractor.vectors is not None:
            vectors = collected(
                lambda: bind_vectors(extractor, chain.end, columns, self._bundle), found)
        if positions is None or any(diagnostic.is_error for diagnostic in found[known:]):
            return None, rows
        return BoundExtractor(extractor, positions, columns, vectors), rows

    def _columns(self, extractor: Extractor, chain: Chain, secret: frozenset[str],
                 found: list[Diagnostic]) -> tuple[Column, ...]:
        """The columns that are taken; `secret` are those of the label."""
        frame = chain.end
        schema = self._bundle.schema(frame)
        features = self._bundle.columns(frame)
        hidden = {*(name for name in schema.names if name not in features), *secret}
        if frame == self._index_frame:
            hidden |= {name for name in self._apart if name is not None}
        dtypes = {field.name: classify(field.type) for field in schema}
        if self.taken is not None:
            return tuple(Column(name, dtypes[name]) for name in self.taken[extractor.name]
                         if name in dtypes)
        selection = select(extractor.take, extractor.drop, dtypes, frame, hidden)
        wrong = [*selection.diagnostics, *_leaks(selection.columns, secret)]
        if not selection.columns and not wrong:
            at_fault = "drop_columns" if extractor.drop else "take_columns"
            wrong.append(codes.NO_COLUMNS.at(below(extractor.pointer, at_fault), frame=frame))
        found += wrong
        return tuple(Column(name, dtypes[name]) for name in selection.columns)


def _leaks(columns: Mapping[str, Selector], secret: frozenset[str]) -> Iterator[Diagnostic]:
    for name, selector in columns.items():
        if name in secret:
            yield codes.LABEL_COLUMN_AS_FEATURE.at(
                selector.pointer, name=name, fix=({"op": "remove", "path": selector.pointer},))
