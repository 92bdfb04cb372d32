"""A spec and a bundle, drawn for each other."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from .bundles import bundles
from .drawn import DrawnBundle
from .schema import weighted
from .specs import free_specs, specs


@dataclass(frozen=True, eq=False)
class Pair:
    """What specc is asked to judge."""

    spec: dict[str, Any]
    bundle: DrawnBundle

    def save(self, folder: Path) -> None:
        """Writes `spec.json` and `bundle/`, for `specc run spec.json bundle`."""
        folder.mkdir(parents=True)
        text = json.dumps(self.spec, indent=2, ensure_ascii=False)
        (folder / "spec.json").write_text(text, encoding="utf-8")
        if self.bundle.stored != "pandas":
            self.bundle.write(folder / "bundle")
            return
        (folder / "bundle").mkdir()
        for name, frame in self.bundle.pandas().items():
            frame.to_parquet(folder / "bundle" / f"{name}.parquet")


@st.composite
def pairs(draw: st.DrawFn) -> Pair:
    """Of fifteen specs fourteen are made for their bundle, one is whatever the schema accepts."""
    bundle = draw(bundles())
    spec = draw(weighted((14, specs(bundle)), (1, free_specs(bundle))))
    return Pair(spec, bundle)
