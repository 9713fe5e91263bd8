"""Flambeau: a tensor library for deep learning that speaks the PyTorch API: `import flambeau as torch`.

The namespace: Tensor and its factories, every op under its public name (from `flambeau.ops`), dtypes, and the packages
`nn`, `optim`, `autograd`, `utils`, ... which are imported on first use.
"""

import importlib
from math import e, inf, nan, pi

from . import _core, kernels  # kernels registers the CPU
from . import dtype as _dtype
from .device import device
from .dtype import (
    ALIASES,
    ALL,
    can_cast,
    dtype,
    finfo,
    get_default_dtype,
    iinfo,
    promote_types,
    set_default_dtype,
)
from .layout import layout, sparse_coo, sparse_csc, sparse_csr, strided
from .memory_format import (
    channels_last,
    channels_last_3d,
    contiguous_format,
    memory_format,
    preserve_format,
)
from .size import Size
from .tensor import Tensor

from . import ops, autograd  # isort: skip
from .autograd import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from .random import (
    Generator,
    default_generator,
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
)
from .threads import get_num_threads, set_num_threads

__version__ = "0.1.0"

for _t in ALL:
    globals()[_t.name] = _t
globals().update(ALIASES)
globals().update(ops.FUNCTIONS)
for _name, _method in ops.METHODS.items():
    setattr(Tensor, _name, _method)

newaxis = None

_LAZY_PACKAGES = (
    "aliasing", "amp", "array_api", "backends", "cli", "compiler", "cpu", "cuda", "distributed", "distributions", "fft",
    "func", "futures", "jit", "linalg", "multiprocessing", "nn", "onnx", "optim", "profiler", "random", "serialization",
    "sparse", "special", "testing", "types", "utils", "version", "vision",
)  # fmt: skip
_LAZY_NAMES = {
    "vmap": "func",
    "save": "serialization",
    "load": "serialization",
    "set_printoptions": "printing",
    "alias": "aliasing",
    "compile": "compiler",
    "GradScaler": "amp",
    "OutOfMemoryError": "errors",
    **dict.fromkeys(
        ["autocast", "autocast_decrement_nesting", "autocast_increment_nesting", "clear_autocast_cache",
         "get_autocast_cpu_dtype", "get_autocast_dtype", "get_autocast_gpu_dtype", "is_autocast_cache_enabled",
         "is_autocast_cpu_enabled", "is_autocast_enabled", "set_autocast_cache_enabled", "set_autocast_cpu_dtype",
         "set_autocast_cpu_enabled", "set_autocast_dtype", "set_autocast_enabled", "set_autocast_gpu_dtype"],
        "amp.autocast_mode",
    ),
    **dict.fromkeys(
        ["BoolTensor", "ByteTensor", "CharTensor", "ShortTensor", "IntTensor", "LongTensor", "HalfTensor",
         "BFloat16Tensor", "FloatTensor", "DoubleTensor"],
        "typed",
    ),
    **dict.fromkeys(
        ["Storage", "TypedStorage", "UntypedStorage", "BoolStorage", "ByteStorage", "CharStorage", "ShortStorage",
         "IntStorage", "LongStorage", "HalfStorage", "BFloat16Storage", "FloatStorage", "DoubleStorage",
         "ComplexFloatStorage", "ComplexDoubleStorage"],
        "storage",
    ),
    **dict.fromkeys(
        ["are_deterministic_algorithms_enabled", "get_default_device", "get_deterministic_debug_mode",
         "get_float32_matmul_precision", "get_num_interop_threads", "is_deterministic_algorithms_warn_only_enabled",
         "is_storage", "is_warn_always_enabled", "set_default_device", "set_default_tensor_type",
         "set_deterministic_debug_mode", "set_float32_matmul_precision", "set_flush_denormal",
         "set_num_interop_threads", "set_warn_always", "typename", "use_deterministic_algorithms"],
        "settings",
    ),
    **dict.fromkeys(
        ["is_anomaly_check_nan_enabled", "is_anomaly_enabled", "set_anomaly_enabled"], "autograd.anomaly",
    ),
    **dict.fromkeys(
        ["bilinear", "channel_shuffle", "cosine_similarity", "pairwise_distance", "pixel_shuffle", "pixel_unshuffle",
         "rms_norm"],
        "nn.functional",
    ),
    **dict.fromkeys(
        ["cosine_embedding_loss", "hinge_embedding_loss", "instance_norm", "kl_div", "margin_ranking_loss",
         "poisson_nll_loss", "triplet_margin_loss"],
        "nn.plain",
    ),
}  # fmt: skip


def __getattr__(name):
    if name in _LAZY_PACKAGES:
        return importlib.import_module(f"{__name__}.{name}")
    home = "foreach" if name.startswith("_foreach_") else _LAZY_NAMES.get(name)
    if home is not None:
        value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__():
    return sorted({*globals(), *_LAZY_PACKAGES, *_LAZY_NAMES})


def result_type(tensor1, tensor2):
    """result_type(tensor1, tensor2) -> dtype: of an arithmetic operation on the two (tensors or numbers)."""
    args = [_core.array_of(t) if isinstance(t, Tensor) else t for t in (tensor1, tensor2)]
    if tensor1 is None or tensor2 is None:
        raise TypeError("result_type(): expected tensors or numbers, got None")
    return ALL[_core.result_type_code(*args)]
