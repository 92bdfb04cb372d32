"""The plan as a picture: frames flow into the network, its nodes in order, then the loss."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from . import feeds, layout
from .feeds import EDGE, FRAMES_WIDTH
from .layout import Box, Line
from .text import count, is_number, mapping, records, shorten

EXTRACTION = "extraction"

NODE_LIMIT, DEPTH_LIMIT = 400, 8
"""What is drawn of a plan; deeper nodes stand at the deepest level that is drawn."""

HEAD_LIMIT = 20
"""Heads whose losses are drawn."""

ARGS_LIMIT, SHAPE_LIMIT = 160, 80

BUS, NETWORK = FRAMES_WIDTH + 24, FRAMES_WIDTH + 56
"""Where the lines of the frames meet, and where the network begins."""

GAP, INDENT, TRUNK = 18, 30, 14
"""Room between boxes, for a level, and from a box to its arrow."""

MORE, OUTPUT = 30, 36
"""Heights of the line that says what is not drawn, and of the arrow to the loss."""


def draw(plan: Mapping[str, Any]) -> str:
    """An `svg` element: the frames on the left, the nodes and the loss on the right."""
    heads = [entry for entry in mapping(plan, "heads").values() if isinstance(entry, Mapping)]
    labels = _labels(plan, heads)
    extractors = [entry for entry in records(mapping(plan, "data"), "extractors")
                  if not any(entry is label for label in labels)]
    contexts = records(mapping(plan, "data"), "contexts")
    frames = len(extractors) + sum(len(records(entry, "aggregations")) for entry in contexts)
    nodes = records(mapping(plan, "network"), "nodes")
    if not (extractors or contexts or nodes):
        return ""
    column = feeds.draw(extractors, contexts)
    bottom = column.bottom
    left = NETWORK if column.boxes else EDGE
    parents = _parents(nodes[:NODE_LIMIT], [str(entry.get("pointer")) for entry in heads])
    boxes = _place(nodes, parents, left)
    flow, ends = _flow(nodes, parents, boxes)
    parts = [flow]
    if column.frames and boxes:
        parts.append(_into(column.frames, [boxes[place] for place in _targets(nodes[:len(boxes)])]))
    parts.append(column.svg())
    parts += [box.svg() for box in boxes]
    end = boxes[-1].bottom if boxes else EDGE
    if frames > len(column.frames):
        parts.append(_more(frames - len(column.frames), "frames", EDGE, bottom))
        bottom += MORE
    if len(nodes) > len(boxes):
        parts.append(_more(len(nodes) - len(boxes), "nodes", left + INDENT, end))
        end += MORE
    if boxes and (heads or mapping(plan, "loss")):
        last = max(place for place, parent in enumerate(parents) if parent < 0)
        shape = "" if heads else nodes[last].get("output", "")
        parts.append(_output(shape, left + TRUNK, ends[last], end + OUTPUT))
        end += OUTPUT
    drawn, end = _ends(plan, labels, left, end)
    about = (f"{frames} frame{' flows' if frames == 1 else 's flow'} into a network of "
             f"{len(nodes)} node{'' if len(nodes) == 1 else 's'}")
    return layout.picture("".join([*parts, drawn]), max(bottom, end) + EDGE, about)


def _more(rest: int, what: str, x: int, y: int) -> str:
    return layout.text(x + layout.PAD, y + MORE - 8, (f"and {rest} more {what}",))


def _parents(nodes: Sequence[Mapping[str, Any]], heads: Sequence[str] = ()) -> list[int]:
    """The place of each node's parent, -1 for a root; the list has parents before children.

    Heads hang from the last node of the network that they read.
    """
    found: list[int] = []
    trunk = -1
    above: list[int] = []
    for place, node in enumerate(nodes):
        while above and _depth(nodes[above[-1]]) >= _depth(node):
            above.pop()
        of_head = any(str(node.get("pointer")).startswith(f"{head}/") for head in heads)
        trunk = trunk if above or of_head else place
        found.append(above[-1] if above else trunk if of_head else -1)
        above.append(place)
    return found


def _depth(node: Mapping[str, Any]) -> int:
    depth = node.get("depth")
    return min(max(depth, 0), DEPTH_LIMIT) if isinstance(depth, int) else 0


def _place(nodes: Sequence[Mapping[str, Any]], parents: Sequence[int], left: int) -> list[Box]:
    """The boxes of the nodes in order, each indented below its parent."""
    boxes: list[Box] = []
    y = EDGE
    for node, parent in zip(nodes, parents, strict=False):
        x = left if parent < 0 else boxes[parent].x + INDENT
        title = shorten(node.get("pointer", ""))
        box = Box(x, y, layout.WIDTH - EDGE - x, _node(node), title)
        boxes.append(box)
        y = box.bottom + GAP
    return boxes


def _node(node: Mapping[str, Any]) -> tuple[Line, ...]:
    parameters = node.get("parameters")
    own = f"{count(parameters)} parameter{'s' if parameters != 1 else ''}" if parameters else ""
    if own and is_number(node.get("members")):
        own += f" in {count(node['members'])} members"
    trainable = node.get("trainable", parameters)
    if own and trainable != parameters:
        own += f", {count(trainable)} of them train" if trainable else ", frozen"
    shapes = " → ".join(_shape(node[side]) for side in ("input", "output") if node.get(side))
    head = Line((shorten(node.get("type", "?")),), shapes)
    args = _args(mapping(node, "args"))
    return (head, Line((args,), own)) if args or own else (head,)


def _flow(nodes: Sequence[Mapping[str, Any]], parents: Sequence[int],
          boxes: Sequence[Box]) -> tuple[str, list[int]]:
    """From a node to the next beside it, and from a parent to the first child.

    What `parallel` gets goes to each of its children, and none of them feeds another, but for
    an extraction in front of one.
    Returns the arrows and, for each node, where the line below it ends.
    """
    parts: list[str] = []
    before: dict[int, int] = {}
    # Where the line below each box ends so far: what goes on starts there, as two lines over
    # each other look thicker than one.
    ends = [box.bottom for box in boxes]
    for place, parent in enumerate(parents):
        box, sibling = boxes[place], before.get(parent)
        before[parent] = place
        beside = parent >= 0 and (nodes[parent].get("type") == "parallel"
                                  or _depth(nodes[parent]) == _depth(nodes[place]))
        if parent >= 0 and (sibling is None or (beside and not _feeds(nodes, sibling, place))):
            x = boxes[parent].x + TRUNK
            parts.append(layout.arrow((x, ends[parent]), (x, box.middle), (box.x, box.middle)))
            ends[parent] = box.middle
        elif sibling is not None:
            x = box.x + TRUNK
            parts.append(layout.arrow((x, ends[sibling]), (x, box.y)))
    return "".join(parts), ends


def _feeds(nodes: Sequence[Mapping[str, Any]], before: int, place: int) -> bool:
    """Whether a node is the extraction of `input_frames` of another."""
    return nodes[before].get("pointer") == f"{nodes[place].get('pointer')}/input_frames"


def _targets(nodes: Sequence[Mapping[str, Any]]) -> list[int]:
    """The nodes that the frames flow into: the extractions, else the first node of all."""
    return [place for place, node in enumerate(nodes) if node.get("type") == EXTRACTION] or [0]


def _into(frames: Sequence[Box], targets: Sequence[Box]) -> str:
    """A line from each frame to where they meet, and from there an arrow to each target."""
    # Above the middle, where the arrow of a parent arrives.
    arrive = [target.y + 11 for target in targets]
    heights = [*arrive, *(frame.middle for frame in frames)]
    parts = [layout.line((frame.right, frame.middle), (BUS, frame.middle)) for frame in frames]
    parts.append(layout.line((BUS, min(heights)), (BUS, max(heights))))
    parts += [layout.arrow((BUS, y), (target.x, y))
              for y, target in zip(arrive, targets, strict=True)]
    return "".join(parts)


def _output(output: Any, x: int, start: int, y: int) -> str:
    """What the network gives to the loss, with its shape beside the arrow."""
    shape = layout.fit(_shape(output), 400, layout.SMALL)
    return layout.arrow((x, start), (x, y)) + layout.text(x + 12, y - 13, (shape,))


def _ends(plan: Mapping[str, Any], labels: Sequence[Mapping[str, Any]], left: int,
          y: int) -> tuple[str, int]:
    """The loss, beside it the label, below it what steps on it; and where the drawing ends."""
    loss, optimizer, heads = (mapping(plan, key) for key in ("loss", "optimizer", "heads"))
    if not loss and not heads:
        return "", y
    room = layout.WIDTH - EDGE - left
    width = round(0.6 * room)
    meets = Box(left, y, width, _sum(heads) if heads else _step("loss", loss))
    columns = [str(column.get("name", "?"))[:200]
               for label in labels for column in records(label, "columns")[:20]]
    widths = [label["width"] for label in labels if is_number(label.get("width"))]
    known = count(sum(widths)) if widths else ""
    beside = Box(left + width + 40, y, room - width - 40,
                 (Line(("label",), known), Line((shorten(", ".join(columns)),))))
    parts = [layout.arrow((beside.x, meets.middle), (meets.right, meets.middle)),
             meets.svg(), beside.svg()]
    if not optimizer:
        return "".join(parts), meets.bottom
    step = Box(left, meets.bottom + GAP, room, _step("optimizer", optimizer))
    parts += [layout.arrow((left + TRUNK, meets.bottom), (left + TRUNK, step.y)), step.svg()]
    return "".join(parts), step.bottom


def _sum(heads: Mapping[str, Any]) -> tuple[Line, ...]:
    """The loss of each head with its weight."""
    shown = list(heads)[:HEAD_LIMIT]
    return (Line(("loss",), "weighted sum"), *(
        Line((shorten(f"{mapping(heads, name).get('weight', 1)} times {name}"),),
             shorten(mapping(mapping(heads, name), "loss").get("type", "?"))) for name in shown))


def _step(what: str, part: Mapping[str, Any]) -> tuple[Line, ...]:
    args = _args(part)
    return (Line((what,), shorten(part.get("type", "?"))), Line((args,)))


def _shape(shape: Any) -> str:
    """A shape as the plan has it; the bare batch, whose frames stand beside, as their number."""
    frames = str(shape).count(" (")
    if frames and not str(shape).startswith("("):
        return f"{frames} frame{'s' if frames > 1 else ''}"
    return shorten(shape, SHAPE_LIMIT)


def _args(args: Mapping[str, Any]) -> str:
    """The arguments on one line, without child nodes and without those that are unset."""
    shown = []
    for key, value in args.items():
        if value is None or key == "type" or _holds_objects(value):
            continue
        text = value if isinstance(value, str) else json.dumps(value, default=str)
        shown.append(f"{key} {text}")
        if len(shown) == 20:
            break
    return shorten(" · ".join(shown), ARGS_LIMIT)


def _holds_objects(value: Any) -> bool:
    return isinstance(value, Mapping) or (
        isinstance(value, (list, tuple)) and any(isinstance(item, Mapping) for item in value)
    )


def _labels(plan: Mapping[str, Any],
            heads: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The extractors that give the targets; none where the plan names none."""
    data = mapping(plan, "data")
    holders = heads or [data]
    named = [mapping(holder, "label").get("extractor", "label") for holder in holders]
    return [entry for entry in records(data, "extractors") if entry.get("name") in named]
