import contextlib
import os

from flambeau.kernels.cuda import backend, virtual


@contextlib.contextmanager
def virtual_gpus(count):
    """A context with `count` virtual GPUs, before and after which this process has never used CUDA."""
    before = os.environ.get(virtual.VARIABLE)
    os.environ[virtual.VARIABLE] = str(count)
    backend.forget()
    try:
        yield
    finally:
        backend.forget()
        del os.environ[virtual.VARIABLE]
        if before is not None:
            os.environ[virtual.VARIABLE] = before
