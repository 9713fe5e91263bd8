"""How 0.3's losses reduce, and which targets they take."""

import math

from ...ops import FUNCTIONS
from ..faces import CUDA_TYPES, TYPES, Variable, type_name
from ..wording import sizes_text
from .variables import check_pair


def reduction_of(size_average, reduce=True):
    """The word that today's losses take for 0.3's two flags."""
    return ("mean" if size_average else "sum") if reduce else "none"


def reduced(loss, size_average, reduce=True):
    """The mean or the sum of loss, or loss itself."""
    if not reduce:
        return loss
    return loss.mean() if size_average else loss.sum()


def check_type(target, wanted):
    """RuntimeError for a target of another type than the one wanted."""
    if type(target.data) is not wanted:
        raise RuntimeError(
            f"Expected object of type Variable[{type_name(wanted)}] but found type "
            f"Variable[{type_name(type(target.data))}] for argument #1 'target'"
        )


def check_classes(target):
    """RuntimeError for a target that has no class indices: that is no LongTensor."""
    check_type(target, (CUDA_TYPES if target.is_cuda else TYPES)["LongTensor"])


def paired(name, input, target):
    """The target in the size of input: 0.3 compares element by element in order, and does not broadcast."""
    check_pair(name, input, target)
    check_type(target, type(input.data))
    if target.size() == input.size():
        return target
    if math.prod(target.size()) != math.prod(input.size()):
        raise RuntimeError(
            f"{name}: input and target have different number of elements: input{sizes_text(input.size())} has "
            f"{math.prod(input.size())} elements, while target{sizes_text(target.size())} has "
            f"{math.prod(target.size())} elements"
        )
    return FUNCTIONS["reshape"](target, tuple(input.size()))


def check_target(target):
    """AssertionError for a target that requires grad, RuntimeError for one that is no Variable."""
    if not isinstance(target, Variable):
        raise RuntimeError(f"expected a Variable argument for target, but got {type(target).__name__}")
    assert_no_grad(target)


def assert_no_grad(variable):
    """AssertionError for a Variable that requires grad."""
    if variable.requires_grad:
        raise AssertionError(
            "nn criterions don't compute the gradient w.r.t. targets - please mark these variables as volatile or not "
            "requiring gradients"
        )
