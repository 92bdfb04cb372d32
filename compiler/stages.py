"""The frozen records between the passes, one type for each stage.

Text -> Document -> Spec -> Graph -> BoundGraph -> FittedGraph -> ShapedGraph -> Plan.
Arrays inside a record are never written after the pass that made them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..schema.declaration import Args, NetworkType
from ..schema.shapes import ParameterShapes, Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .bundle import Bundle
    from .data.windows import Windows
    from .transformers import FittedColumn
    from .transformers.ids import Ids
    from .transformers.scalers import Scaler


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
class Place:
    """Where a sample stands among the rows of another frame, by a time or a number of each.

    Args:
        sample: a column of the frame whose rows are the samples.
        row: a column of the other frame.
    """

    pointer: str
    sample: str
    row: str


@dataclass(frozen=True)
class Join:
    """One step of a chain: `columns` of the frame so far match `key_columns` of `frame`.

    Args:
        key_columns: None where the key of the frame is meant.
        max_missing: the largest share of samples that may lose their row here.
        as_of: the last row before the time of the sample is taken, of all with the key;
            None where the key is the row's alone.
    """

    pointer: str
    frame: str
    columns: tuple[str, ...]
    key_columns: tuple[str, ...] | None
    max_missing: float = 1.0
    as_of: Place | None = None


@dataclass(frozen=True)
class Selector:
    """Picks columns: a name or glob, or every column of a dtype. One of the two is None."""

    pointer: str
    name: str | None
    dtype: str | None


@dataclass(frozen=True)
class Vectors:
    """Given vectors for the values of an `embedding`: rows of a frame, found by its key."""

    pointer: str
    frame: str
    take: tuple[Selector, ...]
    trained: bool


@dataclass(frozen=True)
class Extractor:
    """Takes the columns of one frame for every sample, through a chain of joins.

    The samples are the rows of the index frame, or inside a context those of its frame.

    Args:
        transformer: for an `embedding` a node of the type `ids`.
        prefix: stands before the names of columns in a `combined` frame.
        frozen: whether the fit is that of an earlier run.
    """

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
    vectors: Vectors | None = None
    prefix: str = ""
    frozen: bool = False


@dataclass(frozen=True)
class Context:
    """The rows of another frame that belong to each sample, and what is made of them.

    Args:
        joins: the chain from the sample to the row whose columns are matched.
        on: the last step, to the frame of the context; without columns every row matches.
        place: where the sample stands among the rows; None takes all rows of the key.
        strict: whether the place is a time at which the sample may not look ahead (`as_of`).
        within: the longest distance in time, an ISO 8601 duration, or as a number.
        where: conditions on a row, as in the spec.
        extractors: what is taken of each row, side by side.
        aggregations: what is made of the rows; a frame of the batch each.
        frozen: whether the scalers of `group_by` are those of an earlier run.
    """

    pointer: str
    name: str
    joins: tuple[Join, ...]
    on: Join
    place: Place | None
    strict: bool
    order_by: tuple[str, ...]
    direction: str
    size: int | None
    within: str | float | None
    include_self: bool
    where: Sequence[Any]
    extractors: tuple[Extractor, ...]
    aggregations: Mapping[str, Node]
    frozen: bool = False


@dataclass(frozen=True)
class BatchFrame:
    """A frame that the network can read by its name.

    Args:
        pointer: the extractor, or the aggregation of a context, that gives it.
        extractors: the names of those that stand in it side by side; none for a context.
        context: the name of the context, with `aggregation`; None for extractors.
    """

    pointer: str
    extractors: tuple[str, ...] = ()
    context: str | None = None
    aggregation: str | None = None


@dataclass(frozen=True)
class GroupRule:
    """What the spec asks for the weights of some network nodes; None keeps the optimizer's.

    `nodes` are pointers of nodes, each with all below it, or types.
    """

    pointer: str
    nodes: tuple[str, ...]
    lr: float | None
    weight_decay: float | None


@dataclass(frozen=True)
class EarlyStopping:
    """When training ends before its last epoch; see the properties of the vocabulary."""

    split: str
    metric: str
    patience: int
    min_change: float
    restore_best: bool


@dataclass(frozen=True)
class WeightAverage:
    """A moving average of the weights; see the properties of the vocabulary."""

    decay: float
    start_epoch: int
    every_steps: int


@dataclass(frozen=True)
class Checkpointing:
    """How often the state of a run is kept, by epochs, by seconds and by optimizer steps; each
    may be None."""

    every_epochs: int | None
    every_seconds: float | None
    every_steps: int | None


@dataclass(frozen=True)
class EvaluationLimits:
    """How far evaluations go during training, in batches of `batch_size` rows and in seconds, of
    one split and of the run; each may be None."""

    max_batches: int | None
    max_seconds: float | None
    max_run_batches: int | None
    max_run_seconds: float | None

    @property
    def within_a_split(self) -> bool:
        """Whether an evaluation of a split may see some of its rows alone."""
        return self.max_batches is not None or self.max_seconds is not None

    @property
    def of_the_run(self) -> bool:
        """Whether evaluations may end before the run does."""
        return self.max_run_batches is not None or self.max_run_seconds is not None


@dataclass(frozen=True)
class WarmupRule:
    """`training.warmup`; one of the first three says how long it is."""

    steps: int | None
    epochs: float | None
    share: float | None
    start_factor: float


@dataclass(frozen=True)
class Warmup:
    """A rise of every learning rate over the first optimizer steps of a run.

    The form is the gradual warm-up of Goyal et al. 2017, Accurate, Large Minibatch SGD: Training
    ImageNet in 1 Hour (section 2.2), where the rate grows by the same amount at each step.
    """

    steps: int
    start_factor: float

    def factor(self, done: int) -> float:
        """What the learning rates of a step are multiplied with.

        Args:
            done: optimizer steps before it.
        """
        if done >= self.steps:
            return 1.0
        return self.start_factor + (1.0 - self.start_factor) * done / self.steps


@dataclass(frozen=True)
class Training:
    """How to train. Pointers of its properties are `/training/<name>`."""

    epochs: int
    batch_size: int
    mini_batch_size: int | None
    mini_epochs: int
    accumulate: int
    gradient_clipping: float | None
    max_steps: int | None
    max_seconds: float | None
    max_epoch_steps: int | None
    max_epoch_seconds: float | None
    report: str
    train_on: tuple[str, ...]
    evaluate_on: tuple[str, ...] | None
    evaluate_every: int
    evaluate_before_training: bool
    early_stopping: EarlyStopping | None
    evaluation_limits: EvaluationLimits | None
    sampler: Node
    sample_weight: str | None
    class_weight: str | Mapping[str, float] | None
    no_decay: tuple[str, ...]
    parameter_groups: tuple[GroupRule, ...]
    scheduler_interval: str
    warmup: WarmupRule | None
    precision: str
    weight_average: WeightAverage | None
    compile: bool
    device: str
    threads: int | None
    checkpoint: Checkpointing | None
    delay: float
    quiet_hours: tuple[str, ...]


@dataclass(frozen=True)
class BundleSettings:
    """What the spec says of the bundle itself."""

    index_frame: str | None
    keys: Mapping[str, tuple[str, ...]]
    prepare: tuple[Node, ...]


@dataclass(frozen=True)
class Head:
    """One of several labels: a network behind that of the graph, and the loss at its end.

    Args:
        weight: what the loss counts in the sum over all heads.
    """

    pointer: str
    name: str
    label: Extractor
    network: NetworkNode
    loss: Node
    weight: float
    metrics: tuple[Node, ...]


@dataclass(frozen=True)
class Graph:
    """The spec with every name resolved and every default filled in.

    A spec with mistakes gives a graph too, so that later passes can look for more: what they
    must not judge is in `holes` and `assumed`, as in `Spec`. `written` is the value of the
    `Spec`, without defaults. `extractors` are those over the samples, the parts of `combined`
    one by one; `frames` is what the network may read.

    With `heads` the output of `network` goes into the network of each; `label`, `loss` and
    `metrics` are then those of the first. See `network.heads.views`.
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
    contexts: tuple[Context, ...] = ()
    frames: Mapping[str, BatchFrame] = field(default_factory=dict)
    heads: tuple[Head, ...] = ()
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
        weight: how much a sample counts in the loss, float32 `[samples]`, or None where all
            count the same.
    """

    rows: NDArray[np.int64]
    split: NDArray[np.int16]
    names: tuple[str, ...]
    training: NDArray[np.bool_]
    priority: NDArray[np.float64] | None
    weight: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def at(self, chosen: NDArray[np.int64]) -> Samples:
        """These samples alone, by their numbers."""
        return Samples(
            rows=self.rows[chosen],
            split=self.split[chosen],
            names=self.names,
            training=self.training[chosen],
            priority=None if self.priority is None else self.priority[chosen],
            weight=None if self.weight is None else self.weight[chosen],
        )


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


@dataclass(frozen=True)
class BoundVectors:
    """A frame of given vectors: its key, and the columns of numbers."""

    frame: str
    key: str
    columns: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class BoundExtractor:
    """An extractor whose frames, keys and columns were found in the bundle."""

    extractor: Extractor
    positions: Positions
    columns: tuple[Column, ...]
    vectors: BoundVectors | None = None


@dataclass(frozen=True, eq=False)
class BoundContext:
    """A context whose rows were found.

    Args:
        anchor: the chain from the samples to the row that `on` starts from.
        windows: the rows of the context's frame that may be seen, in order, and the range of
            them that each sample sees.
        timed: whether places are times.
        extractors: what is taken of each of `windows.rows`, side by side.
    """

    context: Context
    anchor: Positions
    windows: Windows
    timed: bool
    extractors: Mapping[str, BoundExtractor]


@dataclass(frozen=True, eq=False)
class BoundGraph:
    """A graph tied to a bundle: samples, row positions and columns are known.

    Args:
        queries: pointer of a metric -> the code of the query of each sample, int64 `[samples]`,
            for the metrics that are means over queries.
        prepared: what each step `filter` and `derive` does, as JSON data.
    """

    graph: Graph
    bundle: Bundle
    index_frame: str
    samples: Samples
    extractors: Mapping[str, BoundExtractor]
    contexts: Mapping[str, BoundContext] = field(default_factory=dict)
    queries: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    prepared: tuple[Mapping[str, Any], ...] = ()


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
        fold_of: the fold of each training sample, -1 for the others, `[samples]`; None where
            all samples are encoded in the way of those that do not train.
    """

    bound: BoundExtractor
    rows: NDArray[np.int64] | None
    reached: int
    positions: NDArray[np.signedinteger[Any]]
    columns: tuple[FittedColumn, ...]
    codes: frozenset[str] = frozenset()
    why: str = ""
    fold_of: NDArray[np.int8] | None = None

    @property
    def folds(self) -> int:
        """Folds of training samples that are encoded each in its own way; 0 for one way."""
        return max((column.folds for column in self.columns), default=0)

    @property
    def encoded_positions(self) -> NDArray[np.signedinteger[Any]]:
        """The row of each sample in the encoded frame, which has a block for each fold and then
        one for all other samples, each with a null row at its end."""
        if not self.folds:
            return self.positions
        block: Any = self.folds
        if self.fold_of is not None:
            fold_of = self.fold_of.astype(self.positions.dtype)
            block = fold_of + (fold_of < 0) * (self.folds + 1)
        places: NDArray[np.signedinteger[Any]] = self.positions + block * (self.reached + 1)
        return places

    @property
    def ids(self) -> tuple[Ids, ...]:
        """The columns that are ids for a table of vectors; the others give numbers."""
        return tuple(column for column in self.columns if column.is_ids)  # type: ignore[misc]

    @property
    def width(self) -> int:
        """Numbers of the encoded frame, one-hot columns counted one by one, ids not."""
        return sum(len(column.names) for column in self.columns if not column.is_ids)

    @property
    def feature_names(self) -> tuple[str, ...]:
        prefix = self.bound.extractor.prefix
        return tuple(f"{prefix}{name}" for column in self.columns for name in column.names)


@dataclass(frozen=True, eq=False)
class FittedAggregate:
    """A `group_by` whose results are fitted to a common scale.

    Args:
        names: its columns, `[width]`.
        scalers: one for each column.
        values: the scaled results of each sample, float32 `[samples, width]`; None where they
            are computed anew for each batch.
    """

    node: Node
    names: tuple[str, ...]
    scalers: tuple[Scaler, ...]
    values: NDArray[np.float32] | None


@dataclass(frozen=True, eq=False)
class FittedContext:
    """A context whose extractors are fitted on the rows that training samples see.

    Args:
        extractors: over `bound.windows.rows`, side by side.
        aggregates: the `group_by` aggregations by name.
    """

    bound: BoundContext
    extractors: Mapping[str, FittedExtractor]
    aggregates: Mapping[str, FittedAggregate]


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
    one_hot: bool = False
    """Whether each row holds one 1 and zeros."""
    training: int = 0
    """Training samples."""
    counts: tuple[int, ...] = ()
    """Those of each class; of a label of one column without classes, those at its minimum and
    at its maximum."""
    names: tuple[str, ...] = ()
    """The classes that the columns of a `multi_hot` label stand for."""


UNKNOWN_LABEL = LabelFacts("unknown", 0, (), 0.0, 0.0, False)
"""The facts of a label that could not be read: nothing is judged by them."""


@dataclass(frozen=True, eq=False)
class FittedGraph:
    """A bound graph whose transformers are fitted on the training samples.

    Args:
        labels: the facts of the labels of all heads, by the names of their extractors.
    """

    bound: BoundGraph
    extractors: Mapping[str, FittedExtractor]
    contexts: Mapping[str, FittedContext]
    label: LabelFacts
    labels: Mapping[str, LabelFacts]


@dataclass(frozen=True)
class ShapedNode:
    """A network node with what it reads and gives. The prepended extraction of
    `input_frames` is a node of its own, at `<pointer>/input_frames`.

    Args:
        parameters: its own trainable tensors.
        frozen: its own tensors that training leaves as they were given.
        members: how many members of an ensemble have it, each with such tensors of its own.
    """

    pointer: str
    type: str
    input: Value
    output: Value
    parameters: ParameterShapes
    depth: int
    frozen: ParameterShapes = field(default_factory=dict)
    members: int = 1


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
class ShapedHead:
    """A head as if it were the only one: its graph, the shapes down to its output, its task."""

    graph: Graph
    shapes: Shapes
    task: str


@dataclass(frozen=True, eq=False)
class ShapedGraph:
    """A fitted graph whose network has real widths that agree with label and loss.

    Args:
        shapes: those of all nodes; with heads, what is said of the output is that of the network
            that goes into each.
        task: `binary`, `multiclass`, `multilabel` or `regression`; `several` with heads.
        heads: each by its name.
    """

    fitted: FittedGraph
    shapes: Shapes
    task: str
    heads: Mapping[str, ShapedHead] = field(default_factory=dict)

    @property
    def views(self) -> Mapping[str, ShapedGraph]:
        """Name of a head -> the graph as if this were its only one; without heads the graph
        itself, under the empty name."""
        fitted = self.fitted
        return {
            name: ShapedGraph(
                replace(fitted, bound=replace(fitted.bound, graph=head.graph),
                        label=fitted.labels[head.graph.label.name]),
                head.shapes, head.task)
            for name, head in self.heads.items()
        } or {"": self}


@dataclass(frozen=True)
class ParameterGroup:
    """Weights that the optimizer treats alike.

    Args:
        tensors: `(pointer of the node, name of the tensor)` of each; within an ensemble it stands
            for those of all members.
        parameters: numbers in them.
        lr: their learning rate at the start.
        weight_decay: None for an optimizer without weight decay.
    """

    tensors: tuple[tuple[str, str], ...]
    parameters: int
    lr: float
    weight_decay: float | None


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
        sampler: the sampler, where the spec says `auto` the one that was chosen.
        epoch_rows: samples of one epoch, those that come several times counted so often.
        steps_per_epoch: optimizer steps in one epoch, where time does not end it.
        steps: optimizer steps of the run, the most that it takes.
        groups: every trainable weight, in groups; the first has the settings of the optimizer
            where any weight has.
        class_weights: what a sample counts by its class, in the order of the classes or of
            the two label values; None where all count the same.
        threads: threads of one tensor operation on the CPU.
        evaluate_on: splits to evaluate, in order.
        memory: bytes that the run needs.
        hash: eight hexadecimal digits of what the plan says; names the run.
        description: the plan as JSON data, in the same order each time.
        epochs_before: epochs of the runs that this one continues; its own come after them.
        warmup: how the learning rates rise at the start; None without a warm-up.
    """

    shaped: ShapedGraph
    training_rows: int
    sampler: Node
    epoch_rows: int
    steps_per_epoch: int
    steps: int
    groups: tuple[ParameterGroup, ...]
    class_weights: tuple[float, ...] | None
    threads: int
    evaluate_on: tuple[str, ...]
    memory: Memory
    hash: str
    description: Mapping[str, Any]
    epochs_before: int = 0
    warmup: Warmup | None = None

    @property
    def epochs(self) -> int:
        """Epochs of the run, the last of which may be cut short."""
        if self.graph.training.max_epoch_seconds is not None:
            # Nobody knows how many steps an epoch will have.
            return self.graph.training.epochs
        return -(-self.steps // self.steps_per_epoch)

    @property
    def last_epoch(self) -> int:
        """The number of the last epoch."""
        return self.epochs_before + self.epochs

    @property
    def views(self) -> Mapping[str, Plan]:
        """Name of a head -> the plan as if this were its only one; without heads the plan itself,
        under the empty name."""
        if not self.shaped.heads:
            return {"": self}
        return {name: replace(self, shaped=view) for name, view in self.shaped.views.items()}

    @property
    def graph(self) -> Graph:
        return self.shaped.fitted.bound.graph

    @property
    def samples(self) -> Samples:
        return self.shaped.fitted.bound.samples
