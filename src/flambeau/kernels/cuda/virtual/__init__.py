"""Virtual GPUs in host memory: `FLAMBEAU_VIRTUAL_CUDA=2` gives two of them.

They behave as GPUs do - a current device and streams for each thread, work in the order of streams, memory of their own
that others must not touch - and compute with NumPy. `devices.py` has them.
"""

import os

VARIABLE = "FLAMBEAU_VIRTUAL_CUDA"
_MOST = 128


def wanted():
    """How many virtual devices the environment asks for, of which CUDA_VISIBLE_DEVICES may hide some; None when it does
    not ask. RuntimeError when it asks for something else."""
    text = os.environ.get(VARIABLE, "")
    if text in ("", "0"):
        return None
    if not text.isdecimal() or int(text) > _MOST:
        raise RuntimeError(f"{VARIABLE} must be a number of devices from 1 to {_MOST}, got {text!r}")
    return _visible(int(text), os.environ.get("CUDA_VISIBLE_DEVICES"))


def _visible(count, listed):
    """How many of `count` devices CUDA_VISIBLE_DEVICES leaves: those before the first that does not exist."""
    if listed is None:
        return count
    seen = []
    for item in listed.split(","):
        if not item.strip().isdecimal() or int(item) >= count or int(item) in seen:
            break
        seen.append(int(item))
    return len(seen)
