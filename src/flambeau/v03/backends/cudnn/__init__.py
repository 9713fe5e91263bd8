"""`torch.backends.cudnn` of 0.3: the switches, which are remembered and have no effect, and cuDNN's functions by ctypes
(`interface.py`), which work where libcudnn is installed. This library itself computes without cuDNN."""

import contextlib

from . import interface
from .interface import (
    CUDNN_DATA_DOUBLE,
    CUDNN_DATA_FLOAT,
    CUDNN_DATA_HALF,
    CUDNN_DEFAULT_MATH,
    CUDNN_GRU,
    CUDNN_LINEAR_INPUT,
    CUDNN_LSTM,
    CUDNN_RNN_ALGO_PERSIST_DYNAMIC,
    CUDNN_RNN_ALGO_PERSIST_STATIC,
    CUDNN_RNN_ALGO_STANDARD,
    CUDNN_RNN_RELU,
    CUDNN_RNN_TANH,
    CUDNN_SKIP_INPUT,
    CUDNN_TENSOR_NCHW,
    CUDNN_TENSOR_NHWC,
    CUDNN_TENSOR_OP_MATH,
    CUDNN_TENSOR_TYPES,
    CuDNNError,
    CuDNNHandle,
    DropoutDescriptor,
    FilterDescriptor,
    RNNDescriptor,
    TensorDescriptor,
    TensorDescriptorArray,
    add_tensor,
    c_type,
    check_error,
    descriptor,
    descriptor_sequence,
    get_error_string,
    get_handle,
    int_array,
    version,
)

enabled = True
benchmark = False
deterministic = False
fastest = False
verbose = False

__all__ = [
    "CUDNN_DATA_DOUBLE", "CUDNN_DATA_FLOAT", "CUDNN_DATA_HALF", "CUDNN_DEFAULT_MATH", "CUDNN_GRU",
    "CUDNN_LINEAR_INPUT", "CUDNN_LSTM", "CUDNN_RNN_ALGO_PERSIST_DYNAMIC", "CUDNN_RNN_ALGO_PERSIST_STATIC",
    "CUDNN_RNN_ALGO_STANDARD", "CUDNN_RNN_RELU", "CUDNN_RNN_TANH", "CUDNN_SKIP_INPUT", "CUDNN_TENSOR_NCHW",
    "CUDNN_TENSOR_NHWC", "CUDNN_TENSOR_OP_MATH", "CUDNN_TENSOR_TYPES", "CuDNNError", "CuDNNHandle",
    "DropoutDescriptor", "FilterDescriptor", "RNNDescriptor", "TensorDescriptor", "TensorDescriptorArray",
    "add_tensor", "benchmark", "c_type", "check_error", "descriptor", "descriptor_sequence", "deterministic",
    "enabled", "fastest", "flags", "get_error_string", "get_handle", "int_array", "is_acceptable", "set_flags",
    "verbose", "version",
]  # fmt: skip


def __getattr__(name):
    if name == "lib":  # None where it is not installed
        return interface.found()
    raise AttributeError(f"module 'torch.backends.cudnn' has no attribute '{name}'")


def is_acceptable(tensor):
    """is_acceptable(tensor) -> bool: whether cuDNN's functions take a tensor: floats on a GPU, with cuDNN at hand."""
    return bool(enabled and tensor.type() in CUDNN_TENSOR_TYPES and version() is not None)


def set_flags(_enabled, _benchmark, _deterministic, _verbose):
    """Sets the switches; returns their old values."""
    global enabled, benchmark, deterministic, verbose
    before = enabled, benchmark, deterministic, verbose
    enabled, benchmark, deterministic, verbose = _enabled, _benchmark, _deterministic, _verbose
    return before


@contextlib.contextmanager
def flags(enabled=False, benchmark=False, deterministic=False, verbose=False):
    """The switches for the length of a with block."""
    before = set_flags(enabled, benchmark, deterministic, verbose)
    try:
        yield
    finally:
        set_flags(*before)
