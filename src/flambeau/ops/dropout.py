"""Dropout."""

from ._args import check_tensor
from .op import FUNCTIONS, composite


def _mask(input, p):
    """0 with probability p, else 1 / (1 - p), for each element of the input."""
    if not 0 <= p <= 1:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not (input.is_floating_point() or input.is_complex()):
        raise RuntimeError(f"result type Float can't be cast to the desired output type {input.dtype.title}")
    mask = FUNCTIONS["empty_like"](input, requires_grad=False)
    if p == 1:
        return mask.zero_()
    return mask.bernoulli_(1 - p).div_(1 - p)


@composite()
def dropout(input, p=0.5, train=True):
    """dropout(input, p=0.5, train=True) -> Tensor

    Each element zero with probability p, else times 1 / (1 - p); the input itself when not training. Draws one
    number of the generator per element. Srivastava et al. 2014, Journal of Machine Learning Research 15.
    """
    check_tensor(input, "dropout")
    if not train or p == 0 or input.numel() == 0:
        return input
    return input * _mask(input, p)


@composite()
def dropout_(input, p=0.5, train=True):
    """dropout_(input, p=0.5, train=True) -> input: `dropout` in place."""
    check_tensor(input, "dropout_")
    if not train or p == 0 or input.numel() == 0:
        return input
    return input.mul_(_mask(input, p))
