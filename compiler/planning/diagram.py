"""A plan as a drawn graph: Mermaid or Graphviz (DOT) text.

Frames flow through their joins into extractors, or through a context into its aggregations,
these through extractions into the nodes of the network, and its output meets the label in the
loss. A node that holds others is a box around them.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..data.matching import percent
from ..diagnostics.diagnostic import one_line
from ..diagnostics.wording import count
from ..network.tree import EXTRACTION
from ..text.pointer import inside

Described = Mapping[str, Any]

_LONGEST = 80
"""Characters of one line of a label."""

_BESIDE = ("parallel",)
"""Types whose children all read what the node itself reads; others pass it from child to child."""

_KEPT_BY_MERMAID = frozenset(" _-.,:/()→=?+")


@dataclass
class _Box:
    """A node of the drawing, or a box around others. `id` never holds a name."""

    id: str
    lines: tuple[str, ...]
    shape: str = "node"
    inner: list[_Box] = field(default_factory=list)


@dataclass(frozen=True)
class _Drawing:
    boxes: Sequence[_Box]
    edges: Sequence[tuple[str, str, str]]
    """`(from, to, label)`."""


def mermaid(plan: Described) -> str:
    """The plan of `describe` as a Mermaid flowchart."""
    drawing = _draw(plan)

    def boxes(entries: Sequence[_Box], indent: str) -> Iterator[str]:
        for box in entries:
            label = "<br/>".join(map(_mermaid_text, box.lines))
            if box.inner:
                yield f'{indent}subgraph {box.id}["{label}"]'
                yield from boxes(box.inner, indent + "  ")
                yield f"{indent}end"
            else:
                left, right = {"frame": ("[(", ")]"), "loss": ("([", "])")}.get(
                    box.shape, ("[", "]"))
                yield f'{indent}{box.id}{left}"{label}"{right}'

    lines = ["flowchart LR", *boxes(drawing.boxes, "  ")]
    for start, end, label in drawing.edges:
        arrow = f'-->|"{_mermaid_text(label)}"|' if label else "-->"
        lines.append(f"  {start} {arrow} {end}")
    return "\n".join(lines) + "\n"


def dot(plan: Described) -> str:
    """The plan of `describe` as a Graphviz digraph."""
    drawing = _draw(plan)

    def boxes(entries: Sequence[_Box], indent: str) -> Iterator[str]:
        for box in entries:
            label = "\\n".join(map(_dot_text, box.lines))
            if box.inner:
                # Graphviz draws a box around a subgraph only when its name starts so.
                yield f"{indent}subgraph cluster_{box.id} {{"
                yield f'{indent}  label="{label}"'
                yield from boxes(box.inner, indent + "  ")
                yield f"{indent}}}"
            else:
                form = {"frame": "cylinder", "loss": "oval"}.get(box.shape, "box")
                yield f'{indent}{box.id} [label="{label}", shape={form}]'

    lines = ["digraph plan {", "  rankdir=LR", *boxes(drawing.boxes, "  ")]
    for start, end, label in drawing.edges:
        suffix = f' [label="{_dot_text(label)}"]' if label else ""
        lines.append(f"  {start} -> {end}{suffix}")
    return "\n".join([*lines, "}"]) + "\n"


DIAGRAMS: Mapping[str, Callable[[Described], str]] = {"mermaid": mermaid, "dot": dot}
"""Format -> what draws it."""


def _mermaid_text(text: str) -> str:
    """Text inside the quotes of a label: every sign that Mermaid or HTML could read is coded."""
    return "".join(
        character if character.isalnum() or character in _KEPT_BY_MERMAID
        else f"#{ord(character)};"
        for character in _line(text)
    )


def _dot_text(text: str) -> str:
    """Text inside the quotes of a label; Graphviz reads backslashes and HTML entities there."""
    escaped = html.escape(_line(text), quote=False)
    return escaped.replace("\\", "\\\\").replace('"', '\\"')


def _line(text: str) -> str:
    shown = one_line(text)
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"


# What is drawn


def _draw(plan: Described) -> _Drawing:
    data, edges = plan["data"], list[tuple[str, str, str]]()
    frames = {
        frame["name"]: _Box(f"frame{index}", (frame["name"], count(frame["rows"], "row")), "frame")
        for index, frame in enumerate(data["frames"])
    }
    extractors = {
        entry["name"]: _Box(f"extractor{index}", (
            entry["name"], f"{count(len(entry['columns']), 'column')} → {_made(entry)}"))
        for index, entry in enumerate(data["extractors"])
    }
    contexts = [_Box(f"context{index}", (
        context["name"], f"{context['rows_a_sample']['mean']:,.1f} rows a sample"))
        for index, context in enumerate(data["contexts"])]
    made = {
        entry["frame"]: _Box(f"aggregation{place}_{index}", (
            entry["frame"], f"{entry['type']} → {entry['shape']}"))
        for place, context in enumerate(data["contexts"])
        for index, entry in enumerate(context["aggregations"])
    }
    for entry in data["extractors"]:
        edges += _chain(entry, data["index_frame"], frames, extractors[entry["name"]])
    for context, box in zip(data["contexts"], contexts, strict=True):
        edges += _context(context, data["index_frame"], frames, box)
        edges += ((box.id, made[entry["frame"]].id, "") for entry in context["aggregations"])
    edges = list(dict.fromkeys(edges))
    top = _Box("network", ())
    losses = _ends(plan, top, {**extractors, **made}, edges)
    boxes = [*frames.values(), *extractors.values(), *contexts, *made.values(), *top.inner, *losses]
    return _Drawing(boxes, edges)


def _ends(plan: Described, top: _Box, frames: Mapping[str, _Box],
          edges: list[tuple[str, str, str]]) -> list[_Box]:
    """The network up to its losses, where it meets the labels; gives these."""
    nodes, heads = plan["network"]["nodes"], plan.get("heads", {})
    places = [head["pointer"] for head in heads.values()]
    trunk = [node for node in nodes if not any(inside(node["pointer"], at) for at in places)]
    ends = _network(trunk, top, frames, edges, [])
    if not heads:
        loss = _Box("loss", (plan["loss"]["type"],), "loss")
        edges += [(end, loss.id, plan["network"]["output"]) for end in ends]
        edges.append((frames[plan["data"]["label"]["extractor"]].id, loss.id, "label"))
        return [loss]
    losses = []
    for place, (name, head) in enumerate(heads.items()):
        own = [node for node in nodes if inside(node["pointer"], head["pointer"])]
        lines = (name, f"{head['weight']:g} times {head['loss']['type']}")
        loss = _Box(f"loss{place}", lines, "loss")
        edges += [(end, loss.id, head["output"])
                  for end in _network(own, top, frames, edges, ends, f"head{place}_")]
        edges.append((frames[head["label"]["extractor"]].id, loss.id, "label"))
        losses.append(loss)
    return losses


def _made(entry: Described) -> str:
    ids = f"(batch, {entry['ids']}) of ids" if entry["ids"] else ""
    numbers = f"(batch, {entry['width']})" if entry["width"] or not ids else ""
    return " and ".join(filter(None, (numbers, ids)))


def _chain(entry: Described, index_frame: str, frames: Mapping[str, _Box],
           extractor: _Box) -> Iterator[tuple[str, str, str]]:
    """Along the frames of a chain to its extractor, with the share of samples that have a row."""
    left = entry["start"]
    if any(step["aligns"] for step in entry["coverage"]):
        left = index_frame
    elif left != index_frame:
        yield frames[index_frame].id, frames[left].id, "aligned"
    yield from _joined(entry["coverage"], left, frames)
    yield from _taken(entry, frames, extractor)


def _taken(entry: Described, frames: Mapping[str, _Box],
          into: _Box) -> Iterator[tuple[str, str, str]]:
    """From the frame at the end of a chain, and from given vectors for its values."""
    yield frames[entry["frame"]].id, into.id, ""
    for column in entry["columns"]:
        if column.get("vectors"):
            yield frames[column["vectors"]["frame"]].id, into.id, "vectors"


def _joined(coverage: Sequence[Described], left: str,
            frames: Mapping[str, _Box]) -> Iterator[tuple[str, str, str]]:
    for step in coverage:
        on, share = _on(step["columns"], step["as_of"]), percent(
            step["matched"] / max(1, step["samples"]))
        yield frames[left].id, frames[step["frame"]].id, f"{on}: {share}"
        left = step["frame"]


def _on(columns: Sequence[str], as_of: Described | None) -> str:
    on = f"on {', '.join(columns)}" if columns else ""
    time = f"{as_of['row']} before {as_of['sample']}" if as_of is not None else ""
    return ", ".join(filter(None, (on, time)))


def _context(context: Described, index_frame: str, frames: Mapping[str, _Box],
             box: _Box) -> Iterator[tuple[str, str, str]]:
    """Into a context go the samples, by what they match, its frame, and what its rows join."""
    yield from _joined(context["coverage"], index_frame, frames)
    anchor = (index_frame, *context["chain"])[-1]
    seen = percent(1 - context["empty"] / max(1, context["samples"]))
    on = _on(context["on"]["columns"], context["as_of"])
    yield frames[anchor].id, box.id, f"{on}: {seen}" if on else seen
    yield frames[context["frame"]].id, box.id, ""
    for part in context["extractors"]:
        yield from _joined(part["coverage"], part["start"], frames)
        yield from _taken(part, frames, box)


def _network(nodes: Sequence[Described], top: _Box, extractors: Mapping[str, _Box],
             edges: list[tuple[str, str, str]], start: list[str], prefix: str = "") -> list[str]:
    """Fills `top` with boxes within boxes; gives the ids of the nodes that give the output.

    Args:
        start: the ids of what the first node reads beside extractors.
        prefix: starts the ids of the boxes.
    """
    position = 0

    def siblings(depth: int, holder: _Box, before: list[str], beside: bool) -> list[str]:
        """The nodes from `position` on that stand at `depth`; gives the ends of their data."""
        nonlocal position
        ends, entry, sides = before, before, list[str]()
        while position < len(nodes) and nodes[position]["depth"] >= depth:
            node, box = nodes[position], _Box(f"{prefix}node{position}", ())
            position += 1
            has_inner = position < len(nodes) and nodes[position]["depth"] > depth
            box.lines = _node_lines(node, has_inner)
            holder.inner.append(box)
            if node["type"] == EXTRACTION:
                edges.extend((extractors[name].id, box.id, "") for name in node["reads"])
                ends = [box.id]
                continue
            if has_inner:
                ends = siblings(depth + 1, box, ends, node["type"] in _BESIDE)
            else:
                edges.extend((end, box.id, "") for end in ends)
                ends = [box.id]
            if beside:
                sides, ends = [*sides, *ends], entry
        return sides if beside and sides else ends

    return siblings(0, top, start, beside=False)


def _frozen(node: Described) -> str:
    frozen = (node["parameters"] - node["trainable"]) // node.get("members", 1)
    if not frozen:
        return ""
    return f", {frozen:,} of them frozen" if node["trainable"] else ", frozen"


def _node_lines(node: Described, has_inner: bool) -> tuple[str, ...]:
    shapes = "" if has_inner else f"{node['input']} → {node['output']}"
    numbers = ""
    if node["parameters"]:
        members = node.get("members", 1)
        one = count(node["parameters"] // members, "parameter")
        numbers = (f"{members} x {one}" if members > 1 else one) + _frozen(node)
    if node["type"] == EXTRACTION:
        shapes = f"→ {node['output']}"
    return tuple(line for line in (node["type"], node["pointer"], shapes, numbers) if line)
