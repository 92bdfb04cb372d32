"""The frozen records between the passes, one type for each stage.

Text -> Document -> Spec -> Graph -> BoundGraph -> FittedGraph -> ShapedGraph -> Plan.
Arrays inside a record are never written after the pass that made them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..schema.declaration import Args, NetworkType
from ..schema.shapes import ParameterShapes, Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .bundle import Bundle
    from .transformers import FittedColumn


@dataclass(frozen=True)
class Source:
    """The text of a spec and where it came from. `name` is what diagnostics print."""

    name: str
    text: str
    overridden: frozenset[str] = frozenset()
    """Pointers whose values were given beside the text, as by `--set`."""


@dataclass(frozen=True)
class Document:
    """JSON, not too deep. `holes` are the pointers of numbers that JSON has not: they are
    null here."""

    source: Source
    value: Any
    holes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Spec:
    """A document that the vocabulary accepts, where it was wrong after a repair.

    Args:
        holes: pointers of values that were invented; nothing that depends on them is judged.
        assumed: pointers of values that were set to their default.
        moved: pointer in `value` -> pointer in the text, for keys that were renamed.
        mended: whether anything was repaired at all.
    """

    source: Source
    value: Mapping[str, Any]
    holes: frozenset[str] = frozenset()
    assumed: frozenset[str] = frozenset()
    moved: Mapping[str, str] = field(default_factory=dict)
    mended: bool = False


@dataclass(frozen=True)
class Node:
    """A resolved object of the spec: its type and all its properties, defaults filled in."""

    pointer: str
    type: str
    args: Args


@dataclass(frozen=True)
class NetworkNode(Node):
    """A network factory. Child nodes stand in `args` where the spec has them."""

    declaration: NetworkType


@dataclass(frozen=True)
class Join:
    """One step of a chain: `columns` of the frame so far match `key_columns` of `frame`.

    `key_columns` is None where the key of the frame is meant. `max_missing` is the largest
    share of samples that may lose their row here.
    """

    pointer: str
    frame: str
    columns: tuple[str, ...]
    key_columns: tuple[str, ...] | None
    max_missing: float = 1.0


@dataclass(frozen=True)
class Selector:
    """Picks columns: a name or glob, or every column of a dtype. One of the two is None."""

    pointer: str
    name: str | None
    dtype: str | None


@dataclass(frozen=True)
class Extractor:
    """Takes the columns of one frame for every sample, through a chain of joins."""

    pointer: str
    name: str
    frame: str | None
    joins: tuple[Join, ...]
    take: tuple[Selector, ...]
    drop: tuple[Selector, ...]
    missing_rows: str
    nulls: str
    fill_value: Any
    transformer: Node


@dataclass(frozen=True)
class Training:
    """How to train. Pointers of its properties are `/training/<name>`."""

    epochs: int
    batch_size: int
    train_on: tuple[str, ...]
    evaluate_on: tuple[str, ...] | None
    evaluate_every: int
    sampling: str
    device: str
    threads: int | None


@dataclass(frozen=True)
class BundleSettings:
    """What the spec says of the bundle itself."""

    index_frame: str | None
    keys: Mapping[str, tuple[str, ...]]
    prepare: tuple[Node, ...]


@dataclass(frozen=True)
class Graph:
    """The spec with every name resolved and every default filled in.

    A spec with mistakes gives a graph too, so that later passes can look for more: what they
    must not judge is in `holes` and `assumed`, as in `Spec`. `written` is the value of the
    `Spec`, without defaults.
    """

    source: Source
    resolved: Mapping[str, Any]
    name: str
    description: str
    seed: int
    bundle: BundleSettings
    extractors: tuple[Extractor, ...]
    label: Extractor
    network: NetworkNode
    loss: Node
    optimizer: Node
    scheduler: Node | None
    metrics: tuple[Node, ...]
    training: Training
    holes: frozenset[str] = frozenset()
    assumed: frozenset[str] = frozenset()
    moved: Mapping[str, str] = field(default_factory=dict)
    written: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Samples:
    """The rows of the index frame that some split uses.

    Args:
        rows: row number in the index frame, int64 `[samples]`.
        split: index into `names`, int16 `[samples]`.
        names: the splits, in the order of training, then evaluation.
        training: how often a training sample counts in a fit: 1 for rows that train,
            0 for the others, bool `[samples]`.
        priority: chance of being drawn, float64 `[samples]`, or None without priorities.
    """

    rows: NDArray[np.int64]
    split: NDArray[np.int16]
    names: tuple[str, ...]
    training: NDArray[np.bool_]
    priority: NDArray[np.float64] | None

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class Coverage:
    """What one join found. A key that repeats is refused, so no join gives a sample two rows.

    Args:
        samples: samples in all.
        matched: those that have a row at the end of this join.
        missing: those that had a row before this join and lost it here.
        missing_examples: up to five of their keys, as text.
        null_keys: those of them whose key holds a null.
        rows: rows of the joined frame.
        orphans: rows of the joined frame that no sample reaches.
        max_missing: the budget of the spec for the share of missing samples.
    """

    pointer: str
    frame: str
    columns: tuple[str, ...]
    samples: int
    matched: int
    missing: int
    missing_examples: tuple[str, ...]
    null_keys: int
    rows: int
    orphans: int
    max_missing: float


@dataclass(frozen=True, eq=False)
class Positions:
    """A join chain as one array.

    Args:
        frame: the frame at the end of the chain.
        rows: for each sample the row of `frame`, -1 where there is none; int32 or
            int64 `[samples]`.
        coverage: one entry for each join.
    """

    frame: str
    rows: NDArray[np.signedinteger[Any]]
    coverage: tuple[Coverage, ...]


@dataclass(frozen=True)
class Column:
    """A column that an extractor takes. `dtype` is one of `dtypes.DTYPES`."""

    name: str
    dtype: str


@dataclass(frozen=True, eq=False)
class BoundExtractor:
    """An extractor whose frames, keys and columns were found in the bundle."""

    extractor: Extractor
    positions: Positions
    columns: tuple[Column, ...]


@dataclass(frozen=True, eq=False)
class BoundGraph:
    """A graph tied to a bundle: samples, row positions and columns are known."""

    graph: Graph
    bundle: Bundle
    index_frame: str
    samples: Samples
    extractors: Mapping[str, BoundExtractor]


@dataclass(frozen=True, eq=False)
class FittedExtractor:
    """An extractor with fitted transformers.

    Args:
        rows: the rows of the frame that samples reach, in order, int64 `[reached]`;
            None when every row is reached.
        positions: for each sample the place of its row among `rows`; samples without
            a row point at `len(rows)`, the null row; int32 or int64 `[samples]`.
        columns: one fitted transformer for each column.
        codes: the names of the columns kept as integer codes for the network to look up.
        why: the reason for this encoding, in words.
    """

    bound: BoundExtractor
    rows: NDArray[np.int64] | None
    reached: int
    positions: NDArray[np.signedinteger[Any]]
    columns: tuple[FittedColumn, ...]
    codes: frozenset[str] = frozenset()
    why: str = ""

    @property
    def width(self) -> int:
        """Columns of the encoded frame, one-hot columns counted one by one."""
        return sum(len(column.names) for column in self.columns)

    @property
    def feature_names(self) -> tuple[str, ...]:
        return tuple(name for column in self.columns for name in column.names)


@dataclass(frozen=True)
class LabelFacts:
    """What the label values are, over all samples, for the checks of loss and metrics."""

    form: str
    """`class_index` for integer classes, `number`, or `unknown` after a mistake."""
    columns: int
    classes: tuple[Any, ...]
    minimum: float
    maximum: float
    integral: bool


UNKNOWN_LABEL = LabelFacts("unknown", 0, (), 0.0, 0.0, False)
"""The facts of a label that could not be read: nothing is judged by them."""


@dataclass(frozen=True, eq=False)
class FittedGraph:
    """A bound graph whose transformers are fitted on the training samples."""

    bound: BoundGraph
    extractors: Mapping[str, FittedExtractor]
    label: LabelFacts


@dataclass(frozen=True)
class ShapedNode:
    """A network node with what it reads and gives. The prepended extraction of
    `input_frames` is a node of its own, at `<pointer>/input_frames`."""

    pointer: str
    type: str
    input: Value
    output: Value
    parameters: ParameterShapes
    depth: int


@dataclass(frozen=True)
class Shapes:
    """The shape of every network node, parents before children, in the order of the data.

    Args:
        output_range: what the last node leaves, in the words of `schema.agreement`.
        looked_up: extraction -> the node behind it that can read integer codes.
        range_at: pointer of the activation, or else of the node, that leaves `output_range`.
        range_before: what there was before it.
        width_at: pointer of the number that is the width of the output, if there is one.
        self_sized: whether the width of the output follows from the label.
    """

    nodes: tuple[ShapedNode, ...]
    output: Value
    output_range: str
    looked_up: Mapping[str, str]
    range_at: str | None = None
    range_before: str = "real"
    width_at: str | None = None
    self_sized: bool = False


@dataclass(frozen=True, eq=False)
class ShapedGraph:
    """A fitted graph whose network has real widths that agree with label and loss."""

    fitted: FittedGraph
    shapes: Shapes
    task: str
    """`binary`, `multiclass`, `multilabel` or `regression`."""


@dataclass(frozen=True)
class Memory:
    """Bytes that a run needs beside Python and torch themselves."""

    data: int
    weights: int
    gradients: int
    optimizer: int


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything that a run does, decided.

    Args:
        shaped: the graph that the plan was made from, with its fitted transformers.
        training_rows: samples of the training splits.
        steps_per_epoch: optimizer steps in one epoch.
        threads: threads of one tensor operation on the CPU.
        priority: whether training rows are drawn by priority.
        shuffled: whether training rows are shuffled.
        evaluate_on: splits to evaluate, in order.
        memory: bytes that the run needs.
        hash: eight hexadecimal digits of what the plan says; names the run.
        description: the plan as JSON data, in the same order each time.
    """

    shaped: ShapedGraph
    training_rows: int
    steps_per_epoch: int
    threads: int
    priority: bool
    shuffled: bool
    evaluate_on: tuple[str, ...]
    memory: Memory
    hash: str
    description: Mapping[str, Any]

    @property
    def graph(self) -> Graph:
        return self.shaped.fitted.bound.graph

    @property
    def samples(self) -> Samples:
        return self.shaped.fitted.bound.samples
