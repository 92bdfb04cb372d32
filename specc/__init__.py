"""specc: a compiler and small runtime for declarative training specs.

>>> import specc
>>> specc.validate("spec.json").ok
>>> result = specc.run("spec.json", "bundle/")
>>> result.history.plot(x="epoch")
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import Compilation, RunResult, Validation, compile, run, validate
    from .bundles import MadeBundle, make_bundle
    from .compiler.bundle import Bundle
    from .compiler.diagnostics.diagnostic import Diagnostic, Severity
    from .differences import Difference, diff
    from .drafts import Draft, draft
    from .exports import Export, export
    from .models import Model, ModelEvaluation, Prediction, Refused, load
    from .reports import Report, RunComparison, compare, report
    from .resuming import Resumed, resume
    from .runs import Change, Repetition, continue_run, run_again
    from .version import __version__

# A name is imported when it is first used: `import specc.schema` should cost the schema alone,
# and a Bundle needs pyarrow, which `specc validate spec.json` does not.
_HOMES = {
    "Bundle": ".compiler.bundle",
    "Change": ".runs",
    "Compilation": ".api",
    "Diagnostic": ".compiler.diagnostics.diagnostic",
    "Difference": ".differences",
    "Draft": ".drafts",
    "Export": ".exports",
    "MadeBundle": ".bundles",
    "Model": ".models",
    "ModelEvaluation": ".models",
    "Prediction": ".models",
    "Refused": ".models",
    "Repetition": ".runs",
    "Resumed": ".resuming",
    "Report": ".reports",
    "RunComparison": ".reports",
    "RunResult": ".api",
    "Severity": ".compiler.diagnostics.diagnostic",
    "Validation": ".api",
    "__version__": ".version",
    "compare": ".reports",
    "compile": ".api",
    "continue_run": ".runs",
    "draft": ".drafts",
    "diff": ".differences",
    "export": ".exports",
    "load": ".models",
    "make_bundle": ".bundles",
    "resume": ".resuming",
    "report": ".reports",
    "run": ".api",
    "run_again": ".runs",
    "validate": ".api",
}

__all__ = [
    "Bundle",
    "Change",
    "Compilation",
    "Diagnostic",
    "Difference",
    "Draft",
    "Export",
    "MadeBundle",
    "Model",
    "ModelEvaluation",
    "Prediction",
    "Refused",
    "Repetition",
    "Report",
    "Resumed",
    "RunComparison",
    "RunResult",
    "Severity",
    "Validation",
    "__version__",
    "compare",
    "compile",
    "continue_run",
    "diff",
    "draft",
    "export",
    "load",
    "make_bundle",
    "report",
    "resume",
    "run",
    "run_again",
    "validate",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'specc' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name], __name__), name)
