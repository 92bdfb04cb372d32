"""One seed for a run, and a stream of its own for each node and purpose."""

from __future__ import annotations

import hashlib


def derive_seed(seed: int, pointer: str, purpose: str) -> int:
    """A 63-bit seed for one use of randomness.

    Streams of different pointers or purposes are independent, so adding a node leaves
    the streams of the others as they were.

    Args:
        seed: the seed of the spec.
        pointer: JSON Pointer of the node that draws.
        purpose: what is drawn, such as `weights` or `order of epoch 3`.
    """
    text = f"{seed}\n{pointer}\n{purpose}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") >> 1
