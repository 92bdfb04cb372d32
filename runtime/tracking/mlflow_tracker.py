"""MLflow: a run on the tracking server that its own environment variables name."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ...compiler.text.written import read_json
from .. import run_folder
from .parameters import as_text
from .tracker import MLFLOW, Refused, RunFacts

FILE = "tracking.json"
"""Where a run folder says which run of a tracker is its own."""

FORMAT = 1

_SETTINGS = {
    # Nothing but the tracking server is told of a run.
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # Standard output belongs to findings and measures.
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # Training waits for the server; by default, for up to half an hour.
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    # MLflow looks for git, and says at length where there is none.
    "GIT_PYTHON_REFRESH": "quiet",
}
"""What holds for this process where the user has not set it."""

_LONGEST_VALUE, _LONGEST_TAG, _LONGEST_KEY = 500, 5000, 250
"""Characters; 500 is what the oldest servers take."""

_MOST_POINTS, _MOST_PARAMETERS = 1000, 100
"""What one request may hold."""

_SECONDS = 5.0
"""How long points wait within an epoch."""

_STOPPED_BY = "specc.stopped_by"

_NEW_RUN = f"remove {FILE} from the run folder: a new run is then begun there"


class Mlflow:
    """One run on a tracking server.

    Args:
        client: of the server.
        experiment: the id of the experiment that a new run belongs to.
        run: the id of the run that goes on; None for a new one.
    """

    name = MLFLOW

    def __init__(self, client: Any, experiment: str, run: str | None) -> None:
        self._client = client
        self._experiment = experiment
        self._run = run
        self._points: list[Any] = []
        self._known: dict[str, set[int]] = {}
        self._sent = time.monotonic()

    def begin(self, facts: RunFacts) -> None:
        self._points.clear()
        if self._run is None:
            made = self._client.create_run(self._experiment, run_name=facts.folder.name)
            self._run = str(made.info.run_id)
            run_folder.write_json(facts.folder / FILE, {"format": FORMAT, MLFLOW: {
                "server": server(self._client.tracking_uri), "run_id": self._run}})
        self._client.update_run(self._run, status="RUNNING")
        data = self._client.get_run(self._run).data
        self._known = {
            name: {point.step for point in self._client.get_metric_history(self._run, name)}
            for name in data.metrics}
        if _STOPPED_BY in data.tags:
            self._client.delete_tag(self._run, _STOPPED_BY)
        self._describe(facts, data.params)

    def has(self, curve: str, step: int) -> bool:
        return step in self._known.get(key(curve), ())

    def _describe(self, facts: RunFacts, known: Mapping[str, str]) -> None:
        from mlflow.entities import Param, RunTag

        tags = {f"specc.{name}": value for name, value in facts.tags.items()}
        if facts.description:
            tags["mlflow.note.content"] = facts.description
        if "commit" in facts.tags:
            tags["mlflow.source.git.commit"] = facts.tags["commit"]
        self._client.log_batch(self._run, tags=[
            RunTag(key(name), as_text(value, _LONGEST_TAG)) for name, value in tags.items()])
        given = {key(pointer.removeprefix("/")): as_text(value, _LONGEST_VALUE)
                 for pointer, value in facts.parameters.items()}
        # A parameter is written once; where a kill has cut one, no other can take its place.
        params = [Param(name, value) for name, value in given.items() if name not in known]
        for start in range(0, len(params), _MOST_PARAMETERS):
            self._client.log_batch(self._run, params=params[start:start + _MOST_PARAMETERS])

    def add(self, step: int, values: Mapping[str, float]) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        self._points += [Metric(key(name), value, now, step) for name, value in values.items()]
        if len(self._points) >= _MOST_POINTS or time.monotonic() - self._sent >= _SECONDS:
            self.flush()

    def flush(self) -> None:
        for start in range(0, len(self._points), _MOST_POINTS):
            self._client.log_batch(self._run, metrics=self._points[start:start + _MOST_POINTS])
        self._points.clear()
        self._sent = time.monotonic()

    def finish(self, final: Mapping[str, float], epoch: int, files: Sequence[Path]) -> None:
        try:
            self.add(epoch, final)
            self.flush()
            for path in files:
                self._client.log_artifact(self._run, str(path))
        finally:
            # The run is done, whether or not the server could keep all of it.
            self._client.set_terminated(self._run, "FINISHED")

    def stop(self, code: str, interrupted: bool) -> None:
        try:
            self.flush()
        finally:
            self._client.set_tag(self._run, _STOPPED_BY, code)
            self._client.set_terminated(self._run, "KILLED" if interrupted else "FAILED")


def connect(name: str, folder: Path | None) -> Mlflow:
    """A tracker whose server answers, so that a mistake in its address is told before training.

    Args:
        name: of the spec, and of the experiment where the user names none.
        folder: that of a run that goes on.

    Raises ImportError without MLflow, Refused, and whatever MLflow raises.
    """
    client = _client()
    experiment = os.environ.get("MLFLOW_EXPERIMENT_NAME") or name
    found = client.get_experiment_by_name(experiment)
    if found is not None and found.lifecycle_stage == "deleted":
        raise Refused(f"the experiment {experiment!r} was deleted there",
                      "restore it, or name another one: MLFLOW_EXPERIMENT_NAME")
    identifier = found.experiment_id if found is not None else client.create_experiment(experiment)
    run = None if folder is None else _run_of(folder, server(client.tracking_uri))
    if run is not None and not _is_there(client, run):
        raise Refused(f"it has no run {run}", _NEW_RUN)
    return Mlflow(client, str(identifier), run)


def _is_there(client: Any, run: str) -> bool:
    from mlflow.exceptions import MlflowException

    try:
        return bool(client.get_run(run).info.lifecycle_stage != "deleted")
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return False


def _client() -> Any:
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient

    if "MLFLOW_LOGGING_LEVEL" not in os.environ:
        logging.getLogger("mlflow").setLevel(logging.CRITICAL)
    try:
        return MlflowClient()
    except ImportError as error:
        # The small package of MLflow speaks with servers; a database needs the whole one.
        raise Refused(str(error)) from error


def _run_of(folder: Path, there: str) -> str | None:
    """The run on this server that a run folder belongs to; None where there is none yet.

    Raises Refused for a file that specc has not written.
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        document = read_json(path)
        if document["format"] != FORMAT:
            raise ValueError(f"it has the format {document['format']!r}")
        where, run = document[MLFLOW]["server"], document[MLFLOW]["run_id"]
        if not isinstance(where, str) or not isinstance(run, str):
            raise ValueError("it is not what a run writes")
    except (OSError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise Refused(f"{FILE} of the run is damaged: {error}", _NEW_RUN) from error
    return run if where == there else None


def server(uri: str) -> str:
    """The address of a server without what is secret in it: user, password and options."""
    parts = urlsplit(uri)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def key(name: str) -> str:
    """A name in the form that MLflow takes: it may be that of a file, whose folders the slashes
    part. Other characters stand as their number."""
    text = "/".join(map("".join, map(_escaped, name.split("/"))))
    if len(text) <= _LONGEST_KEY:
        return text
    digest = hashlib.blake2b(text.encode(), digest_size=4).hexdigest()
    return f"{text[:_LONGEST_KEY - len(digest) - 1]}_{digest}"


def _escaped(part: str) -> Iterator[str]:
    bare = not part.strip(".")
    for character in part:
        plain = re.fullmatch(r"[\w. -]", character) and not bare
        yield character if plain else f"_x{ord(character):x}_"
    if not part:
        yield "_"
