"""Every diagnostic code, once.

SC0xx text, SC1xx vocabulary, SC2xx references inside the spec, SC3xx shapes and agreement,
SC4xx plan, SC5xx run, SC6xx bundle, SC7xx fit. A retired code is never used again.
"""

from __future__ import annotations

from .diagnostic import Code, Severity

ERROR, WARNING = Severity.ERROR, Severity.WARNING

# SC0xx: the text of the spec

UNREADABLE_SPEC = Code(
    "SC001", ERROR, "cannot read the spec {path!r}: {reason}",
    help="check the path and the permissions",
    doc="The spec is one file that can be read.",
)
NOT_UTF8 = Code(
    "SC002", ERROR, "the spec is not UTF-8: byte {byte} cannot be decoded",
    help="save the file with the encoding UTF-8",
    doc="JSON text is exchanged as UTF-8 (RFC 8259, section 8.1).",
)
NOT_JSON = Code(
    "SC003", ERROR, "not JSON: {reason}",
    doc="A spec is strict JSON: no comments, no trailing commas, no single quotes.",
)
DUPLICATE_KEY = Code(
    "SC004", ERROR, "the key {key!r} stands twice in one object",
    help="keep one of the two; most readers would silently take the last",
    doc="Readers differ in which of two equal keys they take, so neither is safe.",
)
NOT_A_NUMBER = Code(
    "SC005", ERROR, "{literal} is not a JSON number",
    help="write a finite number",
    doc="NaN, Infinity and numbers beyond the range of a double have no place in a spec.",
)
LONE_SURROGATE = Code(
    "SC006", ERROR, "a string holds half of a surrogate pair",
    help="write the whole character, or both halves",
    doc="Half a surrogate pair is no character and cannot be written out again.",
)
TOO_DEEP = Code(
    "SC007", ERROR, "nested deeper than {limit} levels",
    help="flatten the spec: list the parts of a network in one `feed_forward`",
    doc="A depth limit keeps every later pass clear of the recursion limit.",
)
TOO_LARGE = Code(
    "SC008", ERROR, "the spec has {size} characters, the limit is {limit}",
    help="keep data in the bundle, not in the spec",
    doc="A size limit keeps the time and the memory of every pass in bounds.",
)
BAD_OVERRIDE = Code(
    "SC009", ERROR, "cannot set {place}: {reason}",
    help="write it as --set /training/epochs=3, a JSON Pointer and a JSON value",
    doc="An override names an existing object or list by JSON Pointer (RFC 6901).",
)

# SC1xx: the vocabulary

UNKNOWN_TYPE = Code(
    "SC101", ERROR, "unknown {family} type {name!r}",
    doc="The `type` of a node must be declared by its family; specc imports nothing else.",
)
UNKNOWN_KEY = Code(
    "SC102", ERROR, "unknown key {key!r} in {owner}",
    doc="Objects are closed: a key that nobody reads is a mistake, not a comment.",
)
MISSING_KEY = Code(
    "SC103", ERROR, "{owner} needs the key {key!r}",
    doc="This property has no default.",
)
WRONG_KIND = Code(
    "SC104", ERROR, "{name} must be {wanted}, got {got}",
    doc="The JSON type of the value does not fit the property.",
)
NOT_ALLOWED = Code(
    "SC105", ERROR, "{name} cannot be {got}",
    doc="The property takes one of a closed list of values.",
)
OUT_OF_RANGE = Code(
    "SC106", ERROR, "{name} is {got}, {wanted}",
    doc="The number, or the count of elements, is outside the range of the property.",
)
UNSUPPORTED_VERSION = Code(
    "SC107", ERROR, "the spec asks for vocabulary version {got}, this specc has version {have}",
    help='write "specc": {have}, or install the specc that knows the other version',
    doc="The version is read first, so that a spec for another version gives this error alone.",
)

# SC2xx: references inside the spec

UNKNOWN_EXTRACTOR = Code(
    "SC201", ERROR, "no extractor is called {name!r}",
    doc="`input_frames`, `frames` and `label` name extractors of the same spec.",
)
LABEL_AS_INPUT = Code(
    "SC202", ERROR, "the network reads {name!r}, which is the label",
    help="remove it: a network that sees the label learns nothing else",
    doc="The label extractor cannot feed the network.",
)
FRAME_TWICE = Code(
    "SC203", ERROR, "{name!r} is read twice by one extraction",
    help="name each extractor once",
    doc="An extraction concatenates its frames; the same frame twice adds nothing.",
)
CONFLICTING_KEYS = Code(
    "SC204", ERROR, "{name}: {reason}",
    doc="The properties of one node contradict each other.",
)
UNUSED_EXTRACTOR = Code(
    "SC205", WARNING, "nothing reads the extractor {name!r}",
    help="read it in `input_frames`, or remove it",
    doc="An extractor that neither the network nor the label reads is not loaded.",
)
NO_LABEL = Code(
    "SC206", ERROR, "no extractor gives the label",
    help='add an extractor called "label", or name one: "label": "..."',
    doc="Training needs the true values; the extractor called `label` gives them by default.",
)
NO_INPUT = Code(
    "SC207", ERROR, "the network reads no frames",
    help='name the extractors to read: "input_frames": [...]',
    doc="The first node of a network turns frames of the batch into a tensor.",
)
SHARED_NETWORK = Code(
    "SC208", ERROR, "the shared network {name!r} {reason}",
    doc="`shared` gives a network and its name at one place, the first in the order of the data; "
    "at the others the name stands alone.",
)

# SC3xx: shapes, and the agreement of label, output, loss and metrics

SHAPE_MISMATCH = Code(
    "SC301", ERROR, "{type} got {got}, wants {wanted}",
    doc="The node cannot take the shape that the node before it gives.",
)
OUTPUT_WIDTH = Code(
    "SC302", ERROR, "the network gives {got}, the label with {loss} wants {wanted}",
    doc="The width of the last node must fit the label and the loss.",
)
OUTPUT_RANGE = Code(
    "SC303", ERROR, "{loss} wants {wanted}, the network gives {got}",
    doc="A loss on probabilities cannot take numbers outside of 0 to 1, and the like.",
)
SUSPICIOUS_RANGE = Code(
    "SC304", WARNING, "{loss} wants {wanted}, the network gives {got}",
    doc="Legal and almost surely wrong, such as a sigmoid before a loss on logits.",
)
LABEL_FORM = Code(
    "SC305", ERROR, "{loss} wants a label of {wanted}, the label is {got}",
    doc="The loss reads the label in one form only.",
)
LABEL_VALUES = Code(
    "SC306", ERROR, "{loss} wants label values {wanted}, found {got}",
    doc="The values of the label column are outside of what the loss is defined for.",
)
METRIC_MISMATCH = Code(
    "SC307", ERROR, "{metric} measures {wanted}, this is {got}",
    doc="A metric is defined for one kind of task: binary, multiclass or regression.",
)
OPTIMIZER_MISMATCH = Code(
    "SC308", ERROR, "{optimizer} cannot train this network: {reason}",
    doc="Some optimizers take only matrices, or only sparse gradients.",
)
WEIGHT_COUNT = Code(
    "SC309", ERROR, "{name} has {got} numbers, the output has {wanted} columns",
    help="give one number for each column of the output, in order",
    doc="Class weights are given one for each column of the output.",
)
REFUSED_BY_LIBRARY = Code(
    "SC310", ERROR, "{type} refuses its arguments: {reason}",
    help="the rehearsal on one sample batch failed; change the arguments of this node",
    doc="Before a run starts, the real network, loss, optimizer and scheduler are built and "
    "take one step on a sample batch.",
)

BROKEN_STEP = Code(
    "SC311", ERROR, "{type} leaves {what} that are not finite",
    help="raise `eps`, lower the learning rate, or scale the inputs",
    doc="The rehearsal takes one step on a sample batch; the run would stop with SC501. It looks "
    "at real numbers, so `specc plan` and `specc run` find it and `specc validate` does not.",
)

LOSS_FOR_NUMBERS = Code(
    "SC312", WARNING, "{loss} measures distances, the label is 0 or 1",
    help="use torch.nn:BCEWithLogitsLoss on logits, or torch.nn:BCELoss behind a sigmoid",
    doc="Legal and seldom meant: its gradient fades where a classifier is most wrong.",
)
NEVER_REACHED = Code(
    "SC313", WARNING, "{name}: {value} lies beyond the {steps} {unit} that the scheduler acts in",
    help="train longer, or write a smaller number",
    doc="Legal and seldom meant: the change of the learning rate does not come, or breaks off.",
)
LONG_WARMUP = Code(
    "SC314", ERROR, "the warm-up takes {warmup} optimizer steps, the run {steps}",
    help='train longer, or make it shorter, such as {{"share": 0.05}}',
    doc="A run that ends in its warm-up never uses the learning rate of the spec.",
)
MEMBERS_OF_MEMBERS = Code(
    "SC316", ERROR, "{type} gives an output for each of its members, inside of an ensemble",
    help="give the outer ensemble more members, and its network one output: leave one of the two "
    "away",
    doc="The prediction is the mean over one axis of members; an ensemble of ensembles is a "
    "larger ensemble.",
)
ENSEMBLE_BEFORE_HEADS = Code(
    "SC317", ERROR, "ensemble gives an output for each of its members, and heads read what it "
    "gives",
    help="move it into the heads: each of them may end in an ensemble",
    doc="What members give is put together by the mean of their predictions, so nothing but an "
    "activation follows them.",
)
NOT_ONE_HOT = Code(
    "SC322", WARNING, "{loss} wants one class in each row, the label columns mark several or none",
    help="use torch.nn:BCEWithLogitsLoss, which judges each column for itself",
    doc="Behind a softmax the probabilities of a row sum to 1, so two classes cannot both be sure.",
)

LABEL_WIDTH_BEFORE_HEADS = Code(
    "SC326", ERROR, "{type} is as wide as the label, and several heads read what it gives",
    doc="With `heads` each label has its own width: what is sized by it stands in a head.",
)
OUTPUT_AXES = Code(
    "SC329", ERROR, "the network gives {got}, the loss reads one row for each sample: "
    "(batch, width)",
    doc="A sequence, or tokens, have an axis more than a label: something has to bring them to "
    "one row before the end.",
)

# SC4xx: the plan

SPLIT_WITHOUT_ROWS = Code(
    "SC401", ERROR, "the split {name!r} has no rows",
    doc="Training needs rows to train on, and a split that is named needs rows to evaluate.",
)
BATCH_LARGER_THAN_DATA = Code(
    "SC402", WARNING, "a batch of {batch_size} is larger than the {rows} training rows",
    help="every epoch is a single step; choose a smaller batch size",
    doc="One step an epoch is legal and seldom meant.",
)
BATCH_OF_ONE = Code(
    "SC403", ERROR, "the last batch of an epoch has one row, and {type} cannot train on one row",
    help="choose a batch size that does not leave one row, or another normalization",
    doc="Batch normalization has no variance over one row.",
)
UNAVAILABLE_DEVICE = Code(
    "SC404", ERROR, "the device {device!r} is not available here",
    help='use "auto" or "cpu"',
    doc="`auto` takes the first of cuda, mps and cpu that is available.",
)
TOO_LITTLE_MEMORY = Code(
    "SC405", ERROR,
    "a run takes {needed} of memory, {available} are free; {what} takes {size} of it",
    doc="What a run takes is counted before anything is allocated: the encoded frames, weights, "
    "gradients, the state of the optimizer, and the activations of one batch.",
)
BAD_WEIGHT = Code(
    "SC406", ERROR, "the sample weights in column {name!r} hold {found}",
    help="weights are finite numbers from 0 upwards, not all 0 in training rows",
    doc="Every sample that is trained on or evaluated needs a weight: both losses are weighted.",
)
UNWEIGHABLE_LABEL = Code(
    "SC407", ERROR, "class_weight wants a label of classes, this one has {got}",
    help='number the classes with {{"type": "class_index"}}, or leave class_weight out',
    doc="A class is a value of a `class_index` label, or one of the two values of a label "
    "column of 0 and 1, or of -1 and 1.",
)
UNKNOWN_CLASS = Code(
    "SC408", ERROR, "the label has no class {name!r}",
    doc="`class_weight` names classes as the plan prints them.",
)
UNKNOWN_NODE = Code(
    "SC409", ERROR, "{name!r} is neither the place nor the type of a network node",
    doc="A parameter group names nodes by JSON Pointer, or by their type.",
)
UNMEASURED = Code(
    "SC410", ERROR, "nothing that the spec measures is called {name!r}",
    doc="Early stopping watches `loss`, or a metric of the spec by the name of its column in the "
    "history, without the split.",
)
UNAVAILABLE_PRECISION = Code(
    "SC412", ERROR, "the device {device!r} does not compute in {precision}: {reason}",
    help='use another device, or "precision": "float32"',
    doc="Which precisions there are besides float32 depends on the device, and torch knows.",
)
NEVER_AVERAGED = Code(
    "SC413", ERROR, "the weights are never averaged: {reason}",
    help="start earlier, average more often, train longer, or leave weight_average out",
    doc="A moving average of the weights takes at least one step of the run; without one the run "
    "would keep weights that nothing was averaged into.",
)
BAD_QUIET_HOURS = Code(
    "SC415", ERROR, "{window!r} is no window of the week: {reason}",
    help='write windows such as "22:00-06:00", "mon-fri 08:00-18:00" or "sat,sun 00:00-24:00"',
    doc="Quiet hours are windows of the local time of the machine. A window that ends before it "
    "begins goes on past midnight; it belongs to the days on which it begins.",
)
ALWAYS_QUIET = Code(
    "SC416", ERROR, "the quiet hours leave no minute of the week to train in",
    help="leave some hours of the week free, or leave quiet_hours out",
    doc="In quiet hours a run waits; one that always waits never ends.",
)
SEVERAL_QUERIES = Code(
    "SC417", ERROR, "the metrics rank within {first!r} and within {other!r}, and no draw of rows "
    "keeps the queries of both whole",
    help="leave max_batches and max_seconds out, or give these metrics one query",
    doc="A ranking is measured on whole queries, so a limited evaluation draws queries rather than "
    "rows. Where metrics have queries of several columns, one of them must hold the others, as "
    "`user` holds `user` and `day`.",
)
BLIND_EARLY_STOPPING = Code(
    "SC418", WARNING, "early stopping sees nothing more once {name} is used up",
    help="limit each evaluation by max_batches instead, or leave early_stopping out",
    doc="`max_run_batches` and `max_run_seconds` end the evaluations of a run, but not its "
    "training. From then on nothing but the last epoch can be the best one, and training does not "
    "end early. It is no error, because the limit may be larger than what the run needs.",
)
SAME_ROWS = Code(
    "SC419", WARNING, "each epoch takes the same {rows} rows, and never the other {others}",
    help='leave max_epoch_steps out, or use another sampler than "sequential"',
    doc="`max_epoch_steps` leaves out the rows at the end of an epoch; the sampler `sequential` "
    "takes all rows in one order each time.",
)

# SC5xx: the run

DIVERGED = Code(
    "SC501", ERROR, "the loss became {value} in epoch {epoch}, batch {batch}",
    help="lower the learning rate, scale the label with `standard`, or clip outliers in the inputs",
    doc="Training stops when the loss is not a finite number: no later step can mend it.",
)
UNWRITABLE_FOLDER = Code(
    "SC502", ERROR, "cannot write the run folder {path!r}: {reason}",
    help="choose another place with --out",
    doc="The run folder is created before training starts.",
)
UNDEFINED_METRIC = Code(
    "SC503", WARNING, "{metric} is not defined on the split {split!r}: {reason}",
    doc="Some metrics need two classes, or two rows, in the split that they measure.",
)
INTERRUPTED = Code(
    "SC504", ERROR, "interrupted in epoch {epoch}, batch {batch}",
    help="the files written so far are whole",
    doc="The user, or the system, stopped the run. The first Ctrl-C or SIGTERM lets the step end "
    "and keeps a checkpoint, the second stops at once.",
)
NO_MODEL = Code(
    "SC508", ERROR, "no model can be read from {path!r}: {reason}",
    help="name a run folder that specc has written, or its folder `model`",
    doc="A prediction reads the folder `model` of a run, and nothing else of it.",
)
OLD_MODEL = Code(
    "SC509", ERROR, "the model cannot predict: {reason}",
    help="train it again with this version: `specc run SPEC BUNDLE`, with the spec of the run "
    "folder",
    doc="`model/model.json` says what a prediction has to know: classes, columns and their dtypes. "
    "Versions of specc before `specc predict` did not write it.",
)
DAMAGED_MODEL = Code(
    "SC510", ERROR, "the model is damaged: {reason}",
    help="copy the whole folder `model` from where the run wrote it",
    doc="`model/model.json` holds a hash of every other file and of itself, so that a file that "
    "was cut, changed or taken from another run is not used.",
)
OTHER_WEIGHTS = Code(
    "SC511", ERROR, "the weights do not fit the network: {reason}",
    help="copy the whole folder `model` from where the run wrote it",
    doc="Weights are looked up by name; each has the shape and the dtype that the spec gives it.",
)
UNWRITABLE_CHECKPOINT = Code(
    "SC513", ERROR, "cannot write the checkpoint {path!r}: {reason}",
    help="make room, then go on from the last checkpoint: specc resume RUN",
    doc="A checkpoint is written beside the last one and takes its place when it is whole, so the "
    "last one is still there.",
)
NO_RUN = Code(
    "SC514", ERROR, "no run can be read from {path!r}: {reason}",
    help="name a run folder that `specc run` has written",
    doc="What a run was made from stands in `spec.json`, `environment.json` and `inputs.json` of "
    "its folder.",
)
DAMAGED_CHECKPOINT = Code(
    "SC515", ERROR, "the checkpoint {path!r} is damaged: {reason}",
    help="remove it: a run without a checkpoint starts again at its beginning",
    doc="A checkpoint holds a hash of its content, so that a file that was cut, changed or taken "
    "from another run is not used.",
)
CHANGED_INPUT = Code(
    "SC516", ERROR, "the run cannot go on: {what} is {now}, and was {then} when it started",
    help="put back what the run started with, or start a new run with `specc run`",
    doc="A run that goes on must give the bytes that it would have given without a stop, so its "
    "spec, its frames, its device and the versions of its libraries are those that it started "
    "with.",
)
UNKNOWN_BUNDLE = Code(
    "SC517", ERROR, "the run does not say where its bundle is",
    help="name it: specc resume RUN BUNDLE",
    doc="A run on frames in memory has no bundle to open again.",
)
RUN_IN_USE = Code(
    "SC518", ERROR, "another process is at work on the run {path!r}",
    help="wait for it, or stop it first",
    doc="Two processes that wrote into one run folder would spoil it.",
)
UNFINISHED_RUN = Code(
    "SC519", ERROR, "the run {path!r} has not finished",
    help="finish it first: specc resume {path}",
    doc="What comes out of a run is known, and can be compared or trained on, when it is done.",
)
NO_CHECKPOINT = Code(
    "SC520", ERROR, "the run {path!r} has kept no checkpoint",
    help='train it with checkpoints: leave "checkpoint" out of `training`',
    doc="A run is continued with the state of its optimizer, which only a checkpoint holds.",
)
OTHER_NETWORK = Code(
    "SC521", ERROR, "the network is not that of the run {path!r}: {reason}",
    help="leave the network and the columns as they were, or start a new run",
    doc="A run is continued with its own weights, so the network has the same ones.",
)
UNCOMPILABLE = Code(
    "SC523", ERROR, "torch cannot compile the network here: {reason}",
    help='leave "compile" out, or install what is missing: torch needs a C++ compiler on the CPU, '
    "and Triton on a GPU",
    doc="`torch.compile` turns the network into a program of its own, for which it needs tools "
    "beside torch. It is tried before the run folder is made.",
)

DAMAGED_RUN = Code(
    "SC526", ERROR, "{name!r} of the run is damaged: {reason}",
    help="copy the whole run folder from where the run wrote it",
    doc="`specc report` and `specc compare` read a run folder and nothing else; a file of it that "
    "was cut or changed is not used.",
)
EXPORT_DIFFERS = Code(
    "SC527", ERROR, "the exported network differs from specc: {output!r} is {got} for {row}, and "
    "{wanted} in specc, {size} apart",
    help="export in the other format, or leave out the part of the network that multiplies small "
    "differences, such as a division by something near 0",
    doc="The file is read again and run on real rows. It is kept if every output is that of specc "
    "within 1e-5, of numbers beyond 1 within that share.",
)
NOT_EXPORTABLE = Code(
    "SC528", ERROR, "{node} cannot be written as {form}: {reason}",
    help="export in the other format, or replace this part of the network",
    doc="Exporters write down the operations of a network with sizes of batch and sequence left "
    "open; not every operation has such a form.",
)
NO_EXPORTER = Code(
    "SC529", ERROR, "to export as {form} these packages are missing: {packages}",
    help="install them: pip install 'specc[onnx]'",
    doc="A file is written and run again to compare it; specc asks for the packages of a format "
    "only when it is exported.",
)
UNWRITABLE_EXPORT = Code(
    "SC530", ERROR, "cannot write the export {path!r}: {reason}",
    help="name another folder with --out, one that is not there or is empty",
    doc="An export is written beside its place and renamed when it is whole and has been checked; "
    "what is there is never replaced.",
)
NOTHING_TO_COMPARE = Code(
    "SC531", ERROR, "the bundle has no row to hold the exported network against",
    help="name a bundle with rows: specc export RUN BUNDLE",
    doc="An export that was checked on no row is not trusted, so it is not written.",
)
MISSING_TRACKER = Code(
    "SC532", ERROR, "there is no tracker {tracker!r}: {reason}",
    help="install it: pip install 'specc[{tracker}]'",
    doc="A tracker is named on the command line, and its package is imported only then; it is "
    "looked for before training begins.",
)
UNUSABLE_TRACKER = Code(
    "SC533", ERROR, "the tracker {tracker!r} cannot be used: {reason}",
    help="check its settings: MLFLOW_TRACKING_URI is the address of a server, or file:FOLDER with "
    "MLFLOW_ALLOW_FILE_STORE=true; a database needs the whole package `mlflow`",
    doc="A tracker that is named has to answer before training begins: a mistake in its address "
    "should not be told after hours.",
)
TRACKER_FAILED = Code(
    "SC534", WARNING, "the tracker {tracker!r} has failed: {reason}",
    help="the run itself is whole, and so is what stands in its folder",
    doc="A tracker that fails while a run goes on is left alone, and the run with it; when the "
    "run is done, it is tried once more with all that it has missed.",
)
EXPORT_DOES_NOT_RUN = Code(
    "SC537", ERROR, "the network was written as {form}, and the file does not run: {reason}",
    help="export in the other format, or replace the part of the network that is named",
    doc="The file is read again and run on batches of several sizes before it is kept.",
)

# SC6xx: the bundle: files, frames, keys, columns

BUNDLE_NOT_FOUND = Code(
    "SC601", ERROR, "no bundle at {path!r}",
    help="a bundle is a folder, or a zip, of Parquet files",
    doc="A bundle is a folder or a zip file that holds one Parquet file for each frame.",
)
UNREADABLE_BUNDLE = Code(
    "SC602", ERROR, "cannot read the bundle: {reason}",
    help="write or pack it again: a bundle is a folder, or a zip, of Parquet files",
    doc="The folder or the zip file itself is damaged or hostile.",
)
UNSAFE_ZIP = Code(
    "SC603", ERROR, "the zip names a file outside of itself: {name!r}",
    help="pack the Parquet files at the top level of the zip",
    doc="A path with `..`, a drive or a leading slash could write or read elsewhere.",
)
UNREADABLE_FRAME = Code(
    "SC604", ERROR, "cannot read the frame {frame!r}: {reason}",
    help="write the Parquet file again; it is truncated or not Parquet",
    doc="Every frame is one whole Parquet file.",
)
BAD_BUNDLE_JSON = Code(
    "SC605", ERROR, "bundle.json: {reason}",
    help='write it as {{"specc_bundle": 1, "index_frame": "flights", '
    '"frames": {{"planes": {{"key": ["tailnum"]}}}}}}',
    doc="bundle.json names the index frame and the key columns of the frames.",
)
UNKNOWN_FRAME = Code(
    "SC606", ERROR, "the bundle has no frame {name!r}",
    doc="A frame is named by its file: `planes` is planes.parquet.",
)
UNKNOWN_COLUMN = Code(
    "SC607", ERROR, "the frame {frame!r} has no column {name!r}",
    doc="Columns are found by name, glob or dtype in the frame at the end of the joins.",
)
NO_COLUMNS = Code(
    "SC608", ERROR, "no column of the frame {frame!r} is left to take",
    help="check `take_columns` and `drop_columns`; keys, `split` and `priority` are not features",
    doc="An extractor gives at least one column.",
)
NO_KEY = Code(
    "SC609", ERROR, "the frame {frame!r} has no key to join on",
    help="name its key columns in bundle.json or in /bundle/keys, or join with "
    '"on": {{"column here": "column there"}}',
    doc="A frame is joined by its key: its pandas index, or the columns named as its key.",
)
KEY_COUNT = Code(
    "SC610", ERROR, "the join names {got} columns, the key of {frame!r} has {wanted}: {key}",
    help="name one column for each key column, in the order of the key",
    doc="Each key column is matched with one column, in order.",
)
KEY_DTYPE = Code(
    "SC611", ERROR, "cannot match {left!r} ({left_dtype}) with {right!r} ({right_dtype})",
    help="store both columns with one dtype",
    doc="Keys of different kinds never match, so every row would be missing.",
)
DUPLICATE_KEYS = Code(
    "SC612", ERROR,
    "the key {key} of the frame {frame!r} is not unique: {count} rows repeat a key, "
    "such as {examples}",
    help="keep one row for each key",
    doc="A join takes the one row that has the key; with two rows there is no answer.",
)
MISSING_ROWS = Code(
    "SC613", ERROR, "{count} of {samples} samples have no row in {frame!r} for {key}, such as "
    "{examples}",
    help='add the rows, or accept nulls in their place: "missing_rows": "null"',
    doc='`"missing_rows": "error"` asks that every sample finds its row.',
)
UNSUPPORTED_DTYPE = Code(
    "SC614", ERROR, "the column {name!r} of {frame!r} has the dtype {dtype}, which {user} cannot "
    "read",
    doc="A transformer reads numbers, booleans, strings or times.",
)
NULLS = Code(
    "SC615", ERROR, "the column {name!r} of {frame!r} has {count} nulls that samples reach",
    doc="Null policy `error`, an `identity` transformer and a label all ask for columns "
    "without nulls.",
)
NO_INDEX_FRAME = Code(
    "SC616", ERROR, "no frame is the index frame",
    help='name it in bundle.json: {{"specc_bundle": 1, "index_frame": "..."}}, or in the spec: '
    '"bundle": {{"index_frame": "..."}}; '
    "a frame called `index` is it by default",
    doc="The rows of the index frame are the samples.",
)
NO_SPLIT = Code(
    "SC617", ERROR, "the index frame {frame!r} has no column 'split'",
    help='add the column, or prepare one: "bundle": {{"prepare": [{{"type": "random_split", '
    '"parts": {{"train": 0.8, "test": 0.2}}}}]}}',
    doc="The column `split` says which samples train and which are evaluated.",
)
UNKNOWN_SPLIT = Code(
    "SC618", ERROR, "no sample has the split {name!r}",
    doc="`train_on` and `evaluate_on` name values of the column `split`.",
)
BAD_PRIORITY = Code(
    "SC619", ERROR, "the column 'priority' holds {found}",
    help="priorities are finite numbers, zero or above, and not all zero",
    doc="A training sample is drawn with a chance proportional to its priority.",
)
EMPTY_FRAME = Code(
    "SC620", ERROR, "the index frame {frame!r} has no rows",
    help="write the rows of the samples into the index frame",
    doc="Without samples there is nothing to train on.",
)
NOT_ALIGNED = Code(
    "SC621", ERROR, "the frame {frame!r} is not aligned with the index frame: {reason}",
    help="join the frame by a key instead: \"joins\": [...]",
    doc="An aligned frame shares the key of the index frame, or, with no key in either, its "
    "number of rows.",
)
LABEL_COLUMN_AS_FEATURE = Code(
    "SC622", ERROR, "the extractor takes {name!r}, a column of the label",
    help="remove it: a network that sees the label learns nothing else",
    doc="The columns of the label, and derived columns that tell them, are hidden from the other "
    "extractors, unless named.",
)
SPLIT_REPLACED = Code(
    "SC623", WARNING, "the index frame has a column {name!r}; the preparation step replaces it",
    help="remove the step to use the column of the bundle",
    doc="A preparation step that makes a column wins over the column of the bundle.",
)
BAD_PREPARATION = Code(
    "SC624", ERROR, "{step}: {reason}",
    doc="A preparation step cannot be carried out on this bundle.",
)
LIMIT = Code(
    "SC625", ERROR, "{what} is {got}, the limit is {limit}",
    help="leave out what the spec does not read",
    doc="Limits keep hostile input from taking the memory of the machine.",
)
TOO_MANY_MISSING = Code(
    "SC626", ERROR, "{count} of {samples} samples ({share}) have no row in {frame!r} for {key}, at "
    "most {budget} may, such as {examples}",
    help="add the rows, or allow more with `max_missing`",
    doc="`max_missing` is the share of samples that may lose their row in this join.",
)

NO_COLUMN_OF_DTYPE = Code(
    "SC627", ERROR, "the frame {frame!r} has no column of dtype {dtype}",
    doc="A selector that matches nothing is a mistake: nobody writes one on purpose.",
)
KEY_ON_BOTH_SIDES = Code(
    "SC628", WARNING,
    "{count} keys {key} of {frame!r} have rows that train and rows that test, such as {examples}",
    help='keep each key on one side: "prepare": [{{"type": "grouped_split", "columns": '
    '["{key}"], ...}}]',
    doc="A network that has seen other rows of the same thing is tested on what it knows.",
)
INCOMPARABLE = Code(
    "SC629", ERROR, "cannot compare the column {name!r} ({dtype}) of {frame!r} with {value}: "
    "{reason}",
    help="compare with a value of the column's own kind",
    doc="A comparison of different kinds would hold for no row, or for every row.",
)
NO_ROWS_KEPT = Code(
    "SC630", ERROR, "the filter keeps none of the {rows} rows of {frame!r}",
    help="check the conditions: all must hold, and a null fails every comparison",
    doc="A frame without rows gives neither samples nor features.",
)
COLUMN_EXISTS = Code(
    "SC631", ERROR, "the frame {frame!r} has a column {name!r} already",
    help="give the new column a name of its own",
    doc="A derived column never replaces another: what reads a name can be told from the spec.",
)
OPERANDS = Code(
    "SC632", ERROR, "{operation} cannot take {dtypes} together: {reason}",
    help="give it columns of one kind",
    doc="The dtype of a derived column is known before a value is read, so its operands have to "
    "go together.",
)
UNREADABLE_FITS = Code(
    "SC634", ERROR, "the fits of a run cannot be read: {reason}",
    help="name a run folder that specc has written, or its folder `model`",
    doc="A run writes what it has fitted into `model/transformers.json` and "
    "`model/transformers.arrow`; `--fits` names the folder of that run.",
)
NO_FITS = Code(
    "SC635", ERROR, "{name!r} takes its fit from an earlier run, and no run is named",
    help="name it on the command line: `--fits runs/titanic-1a2b3c4d-1`; or fit it anew: remove "
    '"fit"',
    doc='With `"fit": "frozen"` an extractor encodes values as an earlier run did. Which run, the '
    "command line says: a spec names no path outside the bundle.",
)
OTHER_FITS = Code(
    "SC636", ERROR, "the fits do not go with {name!r}: {reason}",
    help="name the run whose extractor takes the same columns in the same way",
    doc="A fit belongs to columns and their transformers; another extractor has no use for it.",
)
UNREADABLE_SOURCE = Code(
    "SC642", ERROR, "cannot read {path!r} for the frame {frame!r}: {reason}",
    help="mend the file, or leave the frame out",
    doc="`specc bundle make` reads CSV, JSON lines and Parquet, and tells them by the suffix.",
)
UNREADABLE_QUERY = Code(
    "SC643", ERROR, "cannot read {what} by SQL: {reason}",
    help="check the address of the database and the query",
    doc="A frame can be what a query of a SQL database gives, through SQLAlchemy.",
)
BAD_FRAME_NAME = Code(
    "SC644", ERROR, "a frame cannot be called {name!r}: {reason}",
    help="give it a plain name of its own, such as `planes`",
    doc="A frame is stored as a file of its name, on systems that read names differently.",
)
NULL_KEYS = Code(
    "SC645", ERROR, "the key {key} of the frame {frame!r} is null in {rows}",
    help="leave these rows out, or name other key columns",
    doc="A null never matches, so a row without a key cannot be found.",
)
UNWRITABLE_OUTPUT = Code(
    "SC646", ERROR, "cannot write {path!r}: {reason}",
    help="choose another place",
    doc="What is there is kept unless it is of the same kind and `--force` is given.",
)
NOT_OF_DTYPE = Code(
    "SC647", ERROR, "cannot read the column {name!r} of {frame!r} as {dtype}: {reason}",
    help="mend the values, or name another dtype",
    doc="A dtype that is asked for holds for every value of the column.",
)
UNKNOWN_LABEL_FRAME = Code(
    "SC648", ERROR, "no frame is named as the index frame, and {count} frames have a column "
    "{name!r}: {frames}",
    help="name the index frame in bundle.json",
    doc="The label stands in the index frame, whose rows are the samples.",
)
BAD_LABEL = Code(
    "SC649", ERROR, "no spec can be drafted for the label {name!r}: {reason}",
    doc="`specc init` drafts for labels of numbers and of classes.",
)
NO_DRAFT = Code(
    "SC650", ERROR, "no spec can be drafted: {reason}",
    help="write the spec by hand; `specc bundle describe` shows what there is",
    doc="A draft is written only if it can be run as it is.",
)

NO_FRAME_FOR_MODEL = Code(
    "SC656", ERROR, "the model reads the frame {frame!r}, which the bundle does not have",
    help="add the frame; it may have other rows than in training, but needs the same columns",
    doc="A prediction joins the frames that training joined.",
)
NO_COLUMN_FOR_MODEL = Code(
    "SC657", ERROR, "the model reads the column {name!r} of {frame!r}, which is not there",
    help="add the column; where its values are not known, let it be null",
    doc="A prediction reads the columns that training read, but for labels and splits.",
)
OTHER_DTYPE_FOR_MODEL = Code(
    "SC658", ERROR, "the column {name!r} of {frame!r} holds {got}, the model was trained on "
    "{wanted}",
    help="store the column as in training",
    doc="Integers of any width, whole numbers stored as floats, strings in any encoding, times in "
    "any unit and columns of nulls alone are taken as the dtype of training; others are not.",
)
OTHER_VALUES_FOR_MODEL = Code(
    "SC659", ERROR, "the column {name!r} of {frame!r} does not fit {wanted}, the dtype of "
    "training: {reason}",
    help="store values that the dtype can hold",
    doc="A value is never rounded or cut to make it fit.",
)
NOTHING_TO_EVALUATE = Code(
    "SC660", ERROR, "there is nothing to evaluate: {reason}",
    help="use a bundle with labels, and name splits that it has with --split; `--split all` takes "
    "every row with a label",
    doc="Metrics compare predictions with labels.",
)

# SC7xx: the fit

ALL_NULL = Code(
    "SC701", WARNING, "the column {name!r} is null in every training row and becomes a constant",
    help='leave it out: "drop_columns": ["{name}"]',
    doc="Nothing can be learnt from a column without values.",
)
UNSEEN = Code(
    "SC702", ERROR, "the column {name!r} has {count} values that no training row has, such as "
    "{examples}",
    help='give them a column of their own: "on_unseen": "other"',
    doc='`"on_unseen": "error"` asks that training rows show every value.',
)
NOT_FINITE = Code(
    "SC703", ERROR, "the column {name!r} of {frame!r} holds {count} infinite values",
    help="store them as null or as finite numbers",
    doc="An infinite value turns the mean, and then every weight, into NaN.",
)
BAD_FILL = Code(
    "SC704", ERROR, "cannot fill the column {name!r} ({dtype}) with {value}",
    help="fill with a value of the column's own dtype",
    doc="The fill value is stored in the column, so it has the column's dtype.",
)
TOO_FEW_CLASSES = Code(
    "SC705", ERROR, "the label {name!r} has {count} class in the training rows",
    help="a classifier needs at least two classes; check the split",
    doc="With one class there is nothing to tell apart.",
)
LABEL_TWIN = Code(
    "SC706", WARNING, "the column {name!r} is the label under another name",
    help='leave it out: "drop_columns": ["{name}"]',
    doc="Each of its values goes with one value of the label, so the network needs nothing else.",
)
TOO_LARGE_TO_TRAIN = Code(
    "SC707", ERROR,
    "the column {name!r} of {frame!r} reaches the network with numbers up to {largest}",
    help='scale it: "transformer": {{"type": "continuous"}}; a label with "standard"',
    doc="Beyond 1e15 a gradient, which grows with the square, soon leaves float32, and the run "
    "would end in SC501.",
)
OUTSIDE_DOMAIN = Code(
    "SC708", ERROR, "the column {name!r} of {frame!r} holds {count} values that {user} is not "
    "defined for: it takes numbers above {above}",
    doc="A logarithm, and a power, of numbers below a bound is not a number.",
)
UNEQUAL_LENGTHS = Code(
    "SC709", ERROR, "the column {name!r} of {frame!r} holds {count} lists whose length is not "
    "{length}, such as {examples}",
    help='make them equally long; for sets of values use "multi_hot"',
    doc="A `vector` gives each place of the list a column, so every list has every place.",
)
CONTEXT_WITHOUT_TIME = Code(
    "SC711", WARNING, "the context {name!r} shows rows of {frame!r} from any time, and they have "
    "one: {column!r}",
    doc="A row that came after its sample is not there when the model is used, so a network that "
    "has seen such rows does worse in use than in any test. With `as_of` a sample sees only what "
    "was known before it.",
)
EMPTY_CONTEXT = Code(
    "SC712", WARNING, "no training sample sees a row of {frame!r} in the context {name!r}",
    help="check `on`, the times of `as_of` and the window: they leave nothing",
    doc="A context that is empty for every training sample gives the network only zeros.",
)
TOO_MANY_RESULTS = Code(
    "SC713", ERROR, "{name!r} makes {count} columns of each sample, the limit is {limit}",
    help="take fewer columns of the rows, or fewer functions and windows",
    doc="Each function makes a column of each column of the rows, for each window: the three "
    "numbers multiply.",
)
RESULT_TOO_LARGE = Code(
    "SC714", ERROR, "{column!r} of {name!r} reaches the network with numbers up to {largest}",
    help='leave the scaler at its default, or scale the rows: "transformer": '
    '{{"type": "continuous"}}',
    doc="A sum over many rows grows beyond what a column holds; beyond 1e15 a gradient soon "
    "leaves float32.",
)
