"""An event file of TensorBoard, written where it is asked for.

The writer of torch hands its events to a thread, which tells a full disk late, and in a traceback
of its own.
"""

from __future__ import annotations

import os
import socket
import time
from itertools import count
from pathlib import Path
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event
from torch.utils.tensorboard import RecordWriter

_VERSION = "brain.Event:2"


class EventFile:
    """A new file in a folder. Every method raises OSError where the disk refuses."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        start = f"events.out.tfevents.{int(time.time()):010}.{socket.gethostname()}.{os.getpid()}"
        names = (folder / f"{start}.{number}" for number in count())
        self._file = next(name for name in names if not name.exists()).open("xb")
        self._records = RecordWriter(self._file)
        self._write(Event(file_version=_VERSION, wall_time=time.time()))

    def add(self, summary: Any, step: int = 0) -> None:
        """Adds a summary of `torch.utils.tensorboard.summary`."""
        self._write(Event(summary=summary, step=step, wall_time=time.time()))

    def _write(self, event: Any) -> None:
        self._records.write(event.SerializeToString())

    def flush(self) -> None:
        """Lets readers see all of it."""
        self._file.flush()

    def close(self) -> None:
        """The end of the file."""
        self._file.close()
