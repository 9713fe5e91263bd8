"""CUDA's libraries. The switches are remembered and have no effect.

`matmul.allow_tf32` and `flambeau.set_float32_matmul_precision` are one switch, as in PyTorch.
"""

import contextlib

from ..settings import get_float32_matmul_precision, set_float32_matmul_precision


class _Matmul:
    """`torch.backends.cuda.matmul`: how matrix products on a GPU may be rounded."""

    allow_fp16_reduced_precision_reduction = True
    allow_bf16_reduced_precision_reduction = True

    @property
    def allow_tf32(self):
        """Whether products of float32 may be computed in TF32: a precision other than "highest"."""
        return get_float32_matmul_precision() != "highest"

    @allow_tf32.setter
    def allow_tf32(self, allowed):
        set_float32_matmul_precision("high" if allowed else "highest")


matmul = _Matmul()

_attention = {"flash": True, "mem_efficient": True, "math": True, "cudnn": True}  # kernels that attention may use


def is_built():
    """is_built() -> bool: whether CUDA can be used: Flambeau needs no build of its own for it."""
    from ..cuda import is_available

    return is_available()


def flash_sdp_enabled():
    """flash_sdp_enabled() -> bool: what enable_flash_sdp was last told."""
    return _attention["flash"]


def enable_flash_sdp(enabled):
    """enable_flash_sdp(enabled): remembered; every kernel of attention gives the same results."""
    _attention["flash"] = bool(enabled)


def mem_efficient_sdp_enabled():
    """mem_efficient_sdp_enabled() -> bool: what enable_mem_efficient_sdp was last told."""
    return _attention["mem_efficient"]


def enable_mem_efficient_sdp(enabled):
    """enable_mem_efficient_sdp(enabled): remembered; every kernel of attention gives the same results."""
    _attention["mem_efficient"] = bool(enabled)


def math_sdp_enabled():
    """math_sdp_enabled() -> bool: what enable_math_sdp was last told."""
    return _attention["math"]


def enable_math_sdp(enabled):
    """enable_math_sdp(enabled): remembered; every kernel of attention gives the same results."""
    _attention["math"] = bool(enabled)


def cudnn_sdp_enabled():
    """cudnn_sdp_enabled() -> bool: what enable_cudnn_sdp was last told."""
    return _attention["cudnn"]


def enable_cudnn_sdp(enabled):
    """enable_cudnn_sdp(enabled): remembered; every kernel of attention gives the same results."""
    _attention["cudnn"] = bool(enabled)


@contextlib.contextmanager
def sdp_kernel(enable_flash=True, enable_math=True, enable_mem_efficient=True, enable_cudnn=True):
    """sdp_kernel(enable_flash=True, enable_math=True, enable_mem_efficient=True, enable_cudnn=True): the switches of
    attention for the length of a with block."""
    before = dict(_attention)
    _attention.update(
        flash=enable_flash, math=enable_math, mem_efficient=enable_mem_efficient, cudnn=enable_cudnn
    )
    try:
        yield
    finally:
        _attention.update(before)
