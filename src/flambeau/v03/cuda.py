"""`torch.cuda` of 0.3: today's module, and the typed classes of GPUs."""

from .. import cuda as todays
from .faces import CUDA_TYPES

globals().update(CUDA_TYPES)


def __getattr__(name):
    return getattr(todays, name)
