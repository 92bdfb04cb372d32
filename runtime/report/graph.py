"""The plan as a picture: frames flow into the network, its nodes in order, then the loss."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from .text import attribute, bar, count, mapping, name, percent, records, sequence, share, shorten

NODE_LIMIT, FRAME_LIMIT, DEPTH_LIMIT = 400, 40, 8
"""What is drawn of a plan; deeper nodes stand at the deepest level that is drawn."""

ARGS_LIMIT, SHAPE_LIMIT = 160, 80


def draw(plan: Mapping[str, Any]) -> str:
    """The graph as nested boxes: on a wide page from left to right, on a narrow one downwards."""
    label = _label(plan)
    frames = [entry for entry in records(mapping(plan, "data"), "extractors")
              if entry is not label]
    nodes = records(mapping(plan, "network"), "nodes")
    if not (frames or nodes):
        return ""
    left = f'<ul class="frames">{_frames(frames)}</ul><div class="into"></div>' if frames else ""
    right = f"<div>{_network(nodes)}{_loss(plan, nodes)}</div>"
    return f'<div class="graph">{left}{right}</div>\n' if left else right


def _frames(frames: Sequence[Mapping[str, Any]]) -> str:
    widest = max((entry["width"] for entry in frames if isinstance(entry.get("width"), int)),
                 default=0)
    boxes = [_frame(entry, widest) for entry in frames[:FRAME_LIMIT]]
    if len(frames) > FRAME_LIMIT:
        rest = len(frames) - FRAME_LIMIT
        boxes.append(f'<li><div class="box muted">and {rest} more frames</div></li>')
    return "".join(boxes)


def _frame(entry: Mapping[str, Any], widest: int) -> str:
    width = entry.get("width")
    return (
        f'<li><div class="box"><div class="row"><b>{name(entry.get("name", "?"))}</b>'
        f"<span>{count(width)}</span></div><small>{_origin(entry)}</small>"
        f"{bar(share(width, widest))}</div></li>"
    )


def _origin(entry: Mapping[str, Any]) -> str:
    """Where the rows come from, and how many samples reach the end of the chain."""
    chain = " → ".join(name(step) for step in sequence(entry, "chain")[:8])
    found = chain or name(entry.get("frame", ""))
    for step in records(entry, "coverage")[-1:]:
        found += f" · {percent(share(step.get('matched'), step.get('samples')))} of samples"
    return found


def _network(nodes: Sequence[Mapping[str, Any]]) -> str:
    """Boxes within boxes, by depth; the list has parents before children."""
    parts: list[str] = []
    open_depths: list[int] = []
    for place, node in enumerate(nodes[:NODE_LIMIT]):
        depth = _depth(node)
        first_child = bool(open_depths) and depth > open_depths[-1]
        while open_depths and open_depths[-1] >= depth:
            parts.append("</div></div>")
            open_depths.pop()
        if place and not first_child and not _is_branch(nodes, place):
            parts.append('<div class="down"></div>')
        inside = "inside branches" if _splits(node) else "inside"
        parts.append(f'<div class="box node" title="{attribute(node.get("pointer", ""))}">'
                     f'{_head(node)}<div class="{inside}">')
        open_depths.append(depth)
    parts.append("</div></div>" * len(open_depths))
    if len(nodes) > NODE_LIMIT:
        parts.append(f'<p class="muted">and {len(nodes) - NODE_LIMIT} more nodes</p>')
    return "".join(parts).replace('<div class="inside"></div>', "")


def _depth(node: Mapping[str, Any]) -> int:
    depth = node.get("depth")
    return min(max(depth, 0), DEPTH_LIMIT) if isinstance(depth, int) else 0


def _splits(node: Mapping[str, Any]) -> bool:
    """Whether the children stand beside each other, not one after the other."""
    return node.get("type") == "parallel"


def _is_branch(nodes: Sequence[Mapping[str, Any]], place: int) -> bool:
    depth = _depth(nodes[place])
    for node in reversed(nodes[:place]):
        if _depth(node) < depth:
            return _splits(node)
    return False


def _head(node: Mapping[str, Any]) -> str:
    parameters = node.get("parameters")
    own = f"{count(parameters)} parameter{'s' if parameters != 1 else ''}" if parameters else ""
    shapes = " → ".join(_shape(node[side]) for side in ("input", "output") if node.get(side))
    args = _args(mapping(node, "args"))
    return (
        f'<div class="row"><b>{name(node.get("type", "?"))}</b>'
        f"<small>{shapes}</small></div>"
        f'<div class="row"><small>{args}</small><small>{own}</small></div>'
    )


def _shape(shape: Any) -> str:
    """A shape as the plan has it; the bare batch, whose frames stand beside, as their number."""
    frames = str(shape).count(" (")
    if frames and not str(shape).startswith("("):
        return f"{frames} frame{'s' if frames > 1 else ''}"
    return name(shape, SHAPE_LIMIT)


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
    return name(shorten(" · ".join(shown), ARGS_LIMIT), ARGS_LIMIT) if shown else ""


def _holds_objects(value: Any) -> bool:
    return isinstance(value, Mapping) or (
        isinstance(value, (list, tuple)) and any(isinstance(item, Mapping) for item in value)
    )


def _label(plan: Mapping[str, Any]) -> Mapping[str, Any]:
    """The extractor that gives the targets; empty where the plan names none."""
    data = mapping(plan, "data")
    named = mapping(data, "label").get("extractor", "label")
    return next((entry for entry in records(data, "extractors") if entry.get("name") == named), {})


def _loss(plan: Mapping[str, Any], nodes: Sequence[Mapping[str, Any]]) -> str:
    """The end: the output flows into the loss, beside it the label, then what steps on it."""
    loss = mapping(plan, "loss")
    if not loss:
        return ""
    optimizer = mapping(plan, "optimizer")
    output = _shape(nodes[0].get("output", "")) if nodes else ""
    label = _label(plan)
    columns = [str(column.get("name", "?"))[:200] for column in records(label, "columns")[:20]]
    known = f'<span>{count(label["width"])}</span>' if "width" in label else ""
    steps = (
        f'<div class="box"><b>optimizer</b><br><small>{name(optimizer.get("type", "?"))} '
        f"{_args(optimizer)}</small></div>"
    ) if optimizer else ""
    return (
        f'<div class="down tall">{output}</div><div class="ends">'
        f'<div class="box"><b>loss</b><br><small>{name(loss.get("type", "?"))} '
        f"{_args(loss)}</small></div>"
        f'<div class="box"><div class="row"><b>label</b>{known}</div>'
        f'<small>{name(", ".join(columns))}</small></div>'
        f"{steps}</div>"
    )
