"""Ctrl-C and SIGTERM: asked once, a run ends after its step; asked twice, at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Whether somebody has asked the run to end."""

    def __init__(self) -> None:
        self.asked = False

    def ask(self, number: int, frame: FrameType | None) -> None:
        """A signal has come. Raises KeyboardInterrupt at the second."""
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Takes the two signals while it is open; in a thread, which gets none, nothing happens."""
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    before = {number: signal.signal(number, interruption.ask) for number in _SIGNALS}
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            # A handler that Python has not set cannot be put back by it.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
