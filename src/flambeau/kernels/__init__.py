"""Kernels: functions on raw arrays, one name per kernel.

`base` holds every kernel once in array-API style; `native` overrides the hot ones on the CPU; `cuda` is the backend of
GPUs, which computes with the base kernels. An op finds the kernels of the device it runs on as `ctx.k`.
"""

import importlib
from contextlib import nullcontext

import numpy as np

from .. import _core
from ..device import CPU

BASE = ("pointwise", "pad", "shape", "index", "special", "activation", "reduce", "linalg", "conv", "pool", "norm",
        "patches", "softmax", "loss", "loss_ctc", "embedding", "select", "sort", "optim", "fft", "lapack", "ldl",
        "bessel", "gamma", "implicit", "polynomial", "resample", "rnn")  # fmt: skip
NATIVE = ("pointwise", "activation", "shape", "index", "reduce", "linalg", "conv", "pool", "norm", "rnn", "softmax",
          "embedding", "select", "sort", "optim", "lapack", "implicit", "special")  # fmt: skip


class Kernels:
    """The kernels of one device by name: the native ones over the base ones."""

    def __init__(self, *packages):
        self.overrides = {}
        for package, families in packages:
            for family in families:
                module = importlib.import_module(f"{__name__}.{package}.{family}")
                for name, kernel in vars(module).items():
                    if name.startswith("_") or getattr(kernel, "__module__", None) != module.__name__:
                        continue
                    if name in self.__dict__:
                        self.overrides[name] = self.__dict__[name]
                    self.__dict__[name] = kernel


class CPUBackend(_core.Backend):
    """NumPy arrays on the CPU."""

    device = CPU
    array_type = np.ndarray

    def on(self, array):
        """A context in which the device of an array is the current one."""
        return nullcontext()

    def zeros(self, shape, descr, like=None):
        return _core.zeros_array(shape, descr)

    def write(self, target, value):
        """target[...] = value"""
        with np.errstate(all="ignore"):
            target[...] = value

    def resolve(self, device):
        """The device as tensors have it."""
        return CPU

    def place(self, array, device, lazily=False):
        """A copy of an array of any device in host memory. `lazily`: one from a GPU arrives later."""
        if type(array) is np.ndarray:
            return array.copy()
        return _core.backend_for(_core.make(array)).to_host(array, lazily)


cpu = CPUBackend()
cpu.kernels = Kernels(("base", BASE), ("native", NATIVE))
_core.register_backend(cpu)


def backend_on(device):
    """The backend of a device. The first use of CUDA imports its own; RuntimeError when there is no GPU."""
    if device.type == "cpu":
        return cpu
    from .cuda.backend import backend

    return backend()
