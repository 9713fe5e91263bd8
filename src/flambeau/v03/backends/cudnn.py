"""`torch.backends.cudnn` of 0.3: the switches. On the CPU they are remembered and have no effect."""

import contextlib

enabled = True
benchmark = False
deterministic = False
fastest = False
verbose = False

# cuDNN's own numbers
CUDNN_DATA_FLOAT, CUDNN_DATA_DOUBLE, CUDNN_DATA_HALF = range(3)
CUDNN_TENSOR_NCHW, CUDNN_TENSOR_NHWC = range(2)
CUDNN_RNN_RELU, CUDNN_RNN_TANH, CUDNN_LSTM, CUDNN_GRU = range(4)
CUDNN_LINEAR_INPUT, CUDNN_SKIP_INPUT = range(2)
CUDNN_RNN_ALGO_STANDARD, CUDNN_RNN_ALGO_PERSIST_STATIC, CUDNN_RNN_ALGO_PERSIST_DYNAMIC = range(3)
CUDNN_DEFAULT_MATH, CUDNN_TENSOR_OP_MATH = range(2)


def version():
    """version() -> the version of cuDNN as an int, or None without it."""
    return None


def is_acceptable(tensor):
    """is_acceptable(tensor) -> bool: whether cuDNN computes with a tensor: floats on a GPU, with cuDNN at hand."""
    return bool(enabled and tensor.is_cuda and version() is not None)


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
