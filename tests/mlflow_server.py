"""A tracking server of MLflow as far as specc speaks with one, in memory; it can be away."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4


class Server(ThreadingHTTPServer):
    """Serves while it is entered.

    Attributes: `run`, the last run that was made; `away`, whether every request is refused.
    """

    def __init__(self, artifacts: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.artifacts, self.away = artifacts, False
        self.experiment: dict[str, Any] | None = None
        self.run: dict[str, Any] = {}
        self.points: list[dict[str, Any]] = []

    def __enter__(self) -> Server:
        Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    @property
    def address(self) -> str:
        return f"http://ann:secret@127.0.0.1:{self.server_port}"

    def answer(self, path: str, given: dict[str, Any]) -> dict[str, Any] | None:
        """None for what is not there."""
        info = self.run.get("info", {})
        match path.partition("/mlflow/")[2]:
            case "experiments/get-by-name":
                return None if self.experiment is None else {"experiment": self.experiment}
            case "experiments/create":
                self.experiment = {"experiment_id": "1", "name": given["name"],
                                   "lifecycle_stage": "active"}
                return {"experiment_id": "1"}
            case "runs/create":
                self.run = {"info": {"run_id": uuid4().hex, "experiment_id": "1",
                                     "run_name": given["run_name"], "status": "RUNNING",
                                     "lifecycle_stage": "active", "artifact_uri": self.artifacts},
                            "data": {"metrics": [], "params": [], "tags": []}}
            case "runs/update":
                info["status"] = given.get("status", info["status"])
                return {"run_info": info}
            case "runs/log-batch":
                self.points += given.get("metrics", [])
                self.run["data"]["metrics"] = list({each["key"]: each for each in self.points}
                                                   .values())
                self.run["data"]["params"] += given.get("params", [])
                return {}
            case "metrics/get-history":
                return {"metrics": [each for each in self.points
                                    if each["key"] == given["metric_key"]]}
            case "runs/set-tag" | "runs/delete-tag":
                return {}
            case "runs/get":
                pass
            case _:
                return None
        return {"run": self.run}


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self._say(dict(parse_qsl(urlsplit(self.path).query)))

    def do_POST(self) -> None:
        self._say(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    do_PATCH = do_POST

    def _say(self, given: dict[str, Any]) -> None:
        said = None if self.server.away else self.server.answer(urlsplit(self.path).path, given)
        status = 500 if self.server.away else 404 if said is None else 200
        missing = {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "not there"}
        content = json.dumps(missing if said is None else said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """A test prints nothing."""
