"""The form of the JSON files of a run folder that are read back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

METRICS_FORMAT = 2
"""Of `metrics.json`. 2 added `level`, `intervals` and `baselines`."""

IMPORTANCE_FORMAT = TIMING_FORMAT = FINDINGS_FORMAT = 1

Schema = Mapping[str, Any]

_NAME: Schema = {"type": "string"}
_NUMBER: Schema = {"type": "number"}
_MAYBE: Schema = {"type": ["number", "null"]}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_WHY: Schema = {"type": ["string", "null"]}


def _object(properties: Mapping[str, Schema], *optional: str) -> Schema:
    return {"type": "object", "properties": properties,
            "required": [name for name in properties if name not in optional]}


def _by_name(value: Schema) -> Schema:
    return {"type": "object", "additionalProperties": value}


_SPLITS = _by_name(_by_name(_MAYBE))

_INTERVAL = _object({"low": _NUMBER, "high": _NUMBER, "resamples": _COUNT, "drawn": _COUNT,
                     "unit": {"enum": ["rows", "queries"]}})

METRICS = _object({
    "format": {"enum": [1, METRICS_FORMAT]},
    "epoch": _COUNT,
    "splits": _SPLITS,
    "level": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
    "intervals": _by_name(_by_name({"anyOf": [_INTERVAL, {"type": "null"}]})),
    "baselines": _by_name(_object({"splits": _SPLITS, "reason": _WHY})),
}, "epoch", "level", "intervals", "baselines")
"""Of `metrics.json`, of version 1 too."""

IMPORTANCE = _object({
    "format": {"const": IMPORTANCE_FORMAT},
    "split": _NAME, "measure": _NAME, "value": _NUMBER, "rows": _COUNT, "repeats": _COUNT,
    "shares": {"type": "array", "items": _object({
        "frame": _NAME, "column": _WHY, "worse": _NUMBER, "spread": _MAYBE})},
    "reason": _WHY,
})

TIMING = _object({
    "format": {"const": TIMING_FORMAT},
    "rows": _COUNT, "gather": _NUMBER, "forward": _NUMBER, "nodes": _by_name(_NUMBER),
})

FINDINGS = _object({
    "format": {"const": FINDINGS_FORMAT},
    "findings": {"type": "array", "items": _object({
        "code": _NAME, "severity": _NAME, "pointer": _WHY, "message": _NAME, "help": _WHY})},
})

PLAN: Schema = {"type": "object"}
"""Of `plan.json`: whoever shows it passes over what is not as it should be."""

ENVIRONMENT: Schema = {"type": "object"}
