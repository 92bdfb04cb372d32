"""Values to HTML text: every name on the page comes from a stranger and passes through here."""

from __future__ import annotations

import html
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from ...compiler.diagnostics.diagnostic import one_line

NAME_LIMIT = 120
"""Characters of a name that the page shows."""

MISSING, MINUS = "\u2013", "\u2212"


def shorten(value: object, limit: int = NAME_LIMIT) -> str:
    """One line of plain text, not escaped, of at most `limit` characters.

    The cut comes first: a hostile name costs no more than its first `limit` characters.
    Marks that turn the direction of text, and other invisible characters, become escapes.
    """
    raw = str(value)
    line = one_line(raw[:limit])
    if len(raw) <= limit and len(line) <= limit:
        return line
    return line[: limit - 1] + "…"


def attribute(value: object, limit: int = NAME_LIMIT) -> str:
    """Text for the inside of a quoted attribute."""
    return html.escape(shorten(value, limit), quote=True)


def name(value: object, limit: int = NAME_LIMIT) -> str:
    """A name as an element of its own: `bdi` keeps right-to-left names from moving the rest."""
    return f"<bdi>{attribute(value, limit)}</bdi>"


def block(value: str, limit: int) -> str:
    """Text of several lines for a `pre` element, line breaks kept."""
    lines = value[:limit].splitlines()
    if len(value) > limit:
        lines.append("…")
    return html.escape("\n".join(one_line(line.replace("\t", "    ")) for line in lines))


def is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def number(value: Any) -> str:
    """A measured value, about four digits after the first: `0.8123`, `42.19`, `1.200e-07`."""
    if not is_number(value):
        return MISSING
    if isinstance(value, int) and abs(value) < 10**15:
        return f"{value:,}".replace("-", MINUS)
    try:
        value = float(value)
    except OverflowError:
        return MISSING
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("∞" if value > 0 else MINUS + "∞")
    size = abs(value)
    if size and (size < 1e-3 or size >= 1e6):
        text = f"{value:.3e}"
    else:
        text = f"{value:,.{4 if size < 10 else 2 if size < 1000 else 1}f}"
    return text.replace("-", MINUS)


def count(value: Any) -> str:
    """A whole number with thousands set apart: `327,346`."""
    return f"{value:,}" if isinstance(value, int) and is_number(value) else MISSING


def mean(value: Any) -> str:
    """A mean of counts: `15.7`, `1,204.0`."""
    return f"{value:,.1f}" if is_number(value) and math.isfinite(value) else MISSING


def size_in_bytes(value: Any) -> str:
    """Bytes in the largest unit that leaves at least one: `12.1 KiB`."""
    if not is_number(value) or not math.isfinite(value):
        return MISSING
    amount, unit = float(value), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if abs(amount) < 1024:
            break
        amount, unit = amount / 1024, larger
    return f"{amount:.0f} B" if unit == "B" else f"{amount:.1f} {unit}"


def duration(seconds: float) -> str:
    """Seconds as a reader says them: `0.42 s`, `12.3 s`, `4 min 05 s`, `2 h 07 min`."""
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def milliseconds(seconds: float) -> str:
    """A short time: `17.42 ms`."""
    return f"{1000 * seconds:,.{2 if seconds < 1 else 0}f} ms"


def share(part: Any, whole: Any) -> float | None:
    """`part / whole` within 0 and 1; None where there is no such share."""
    if not (is_number(part) and is_number(whole)) or not whole > 0:
        return None
    return min(1.0, max(0.0, float(part / whole)))


def bar(fraction: float | None) -> str:
    """A thin bar filled to `fraction`; nothing without one."""
    if fraction is None:
        return ""
    return f'<span class="bar"><i style="width:{100 * fraction:.1f}%"></i></span>'


def percent(fraction: float | None) -> str:
    """`85.2 %`; `100 %` means every one, never a rounded share."""
    if fraction is None:
        return MISSING
    return "100 %" if fraction == 1 else f"{min(100 * fraction, 99.9):.1f} %"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numeric: Collection[int] = (),
          label: str = "") -> str:
    """A table of cells that are HTML already; columns in `numeric` stand on the right."""
    def cells(tag: str, row: Sequence[str]) -> str:
        return "".join(
            f'<{tag} class="n">{cell}</{tag}>' if place in numeric else f"<{tag}>{cell}</{tag}>"
            for place, cell in enumerate(row)
        )

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    caption = f"<caption>{label}</caption>" if label else ""
    header = f"<thead><tr>{cells('th', head)}</tr></thead>" if head else ""
    return f'<div class="scroll"><table>{caption}{header}<tbody>{body}</tbody></table></div>\n'


def mapping(value: Any, key: str) -> Mapping[str, Any]:
    """The object at `key`, empty where there is none."""
    found = value.get(key) if isinstance(value, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def records(value: Any, key: str) -> list[Mapping[str, Any]]:
    """The objects in the list at `key`, empty where there is none."""
    return [entry for entry in sequence(value, key) if isinstance(entry, Mapping)]


def sequence(value: Any, key: str) -> Sequence[Any]:
    """The list at `key`, empty where there is none."""
    found = value.get(key) if isinstance(value, Mapping) else None
    return found if isinstance(found, (list, tuple)) else ()
