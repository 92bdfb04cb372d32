"""The network of training steps as `torch.compile` makes it."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

from ..compiler.diagnostics import codes
from ..compiler.diagnostics.diagnostic import Diagnostic, one_line
from ..compiler.planning.epochs import cut
from .batches import Batch
from .mini_batches import mini_batches
from .sampling import training_order
from .stopping import Stopped

if TYPE_CHECKING:
    from .session import Session

_OPTIONS: dict[str, str | int | bool | Callable[..., Any]] = {
    # Dropout draws what it draws without the compiler.
    "fallback_random": True,
    # A stored graph may have been made for batches of another size, and then adds in another
    # order; what compilers of C++ make of equal code is stored all the same.
    "fx_graph_cache": False,
}


def compile_steps(session: Session) -> None:
    """Lets training steps call the compiled network, where the spec asks for it.

    Every size of batch that training has goes through it once, so that nothing is compiled in the
    middle of a run, and a run that goes on has the same programs as one in one piece. A program
    takes any number of rows; there is another one for batches that fill their buffer, and one for
    batches of one row.

    Raises Stopped (SC523) where that fails. The session is left as it was.
    """
    if not session.plan.graph.training.compile:
        return
    # What earlier runs of this process have compiled would have a part in this one.
    torch.compiler.reset()
    try:
        session.computing.network = torch.compile(session.module, dynamic=True, options=_OPTIONS)
        with _unchanged(session):
            for batch in _sizes(session):
                loss = session.loss_of(session.computing.output(batch), batch.label, batch.weight)
                loss.backward()  # type: ignore[no-untyped-call]
    # The rehearsal took a step without the compiler, so what fails here is the compiler's.
    except Exception as error:
        raise Stopped(uncompilable(error)) from error


def is_of_compiler(error: Exception) -> bool:
    """Whether torch's compiler has raised this; a run that compiles nothing has not even loaded
    it."""
    loaded = sys.modules.get("torch._dynamo.exc")
    return loaded is not None and isinstance(error, loaded.TorchDynamoException)


def uncompilable(error: Exception) -> Diagnostic:
    """The finding about a network that cannot be compiled (SC523)."""
    # The first line may only say that something was raised, and the next one what.
    text = str(error).replace(":\n", ": ")
    reason = one_line(text.partition("\n")[0]) or type(error).__name__
    return codes.UNCOMPILABLE.at("/training/compile", reason=reason)


def _sizes(session: Session) -> Iterator[Batch]:
    """A batch, or mini-batch, of each size that goes through the network in an epoch."""
    plan = session.plan
    order = training_order(plan, 1).to(session.device)
    seen = set()
    for rows, _ in cut(plan.epoch_rows, session.training.batch_size):
        for batch in session.training.of(order[:rows]):
            for part in mini_batches(plan, batch, 1, 1, 1):
                if len(part) not in seen:
                    seen.add(len(part))
                    yield part


@contextmanager
def _unchanged(session: Session) -> Iterator[None]:
    """A pass of training leaves neither statistics nor gradients, and draws no numbers."""
    module, device = session.module, session.device
    before = [buffer.clone() for buffer in module.buffers()]
    module.train()
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    with torch.no_grad():
        for buffer, value in zip(module.buffers(), before, strict=True):
            buffer.copy_(value)
    session.optimizer.zero_grad(set_to_none=True)
