"""torch.legacy.nn.utils: functions on nested lists of tensors."""

from .tensors import (
    addSingletondimension,
    clear,
    contiguousView,
    recursiveAdd,
    recursiveCopy,
    recursiveFill,
    recursiveResizeAs,
    recursiveType,
)
