"""Writes the generated pages of this folder, or checks that they are fresh.

`python docs/generate.py --write` writes them; without `--write` a stale page gives one line
and exit status 1.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

# The modules of this folder are no part of the package specc.
sys.path.insert(0, str(Path(__file__).resolve().parent))
import codes_page
import vocabulary_pages

FOLDER = Path(__file__).resolve().parent


def pages() -> Mapping[str, str]:
    """Every generated page by its path in this folder."""
    return {**vocabulary_pages.pages(), "codes.md": codes_page.codes_page()}


def stale() -> list[str]:
    """The pages that differ from what would be written, and those that nothing writes."""
    fresh = pages()
    changed = [name for name, text in fresh.items()
               if not (FOLDER / name).exists()
               or (FOLDER / name).read_text(encoding="utf-8") != text]
    return [*changed, *_left_over(fresh)]


def _left_over(fresh: Mapping[str, str]) -> list[str]:
    names = (path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("vocabulary/*.md"))
    return sorted(name for name in names if name not in fresh)


def main(arguments: list[str]) -> int:
    """Check the pages, or write them; 1 when one is stale."""
    if "--write" in arguments:
        fresh = pages()
        for name in _left_over(fresh):
            (FOLDER / name).unlink()
        for name, text in fresh.items():
            (FOLDER / name).parent.mkdir(exist_ok=True)
            (FOLDER / name).write_text(text, encoding="utf-8")
        return 0
    names = stale()
    for name in names:
        print(f"docs/{name} is stale: run `make generate`", file=sys.stderr)
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
