"""Process-wide switches of PyTorch's namespace. Those that this library has no use for say so, and are remembered."""

from . import _core
from .device import CPU, default
from .device import device as Device
from .dtype import set_default_dtype
from .storage import Storage

_PRECISIONS = ("highest", "high", "medium")
_DEBUG_MODES = ("default", "warn", "error")


class _Switches:
    deterministic = warn_only = warn_always = False
    precision = "highest"
    interop_threads = 1


_switches = _Switches()


def _flag(value, name):
    if not isinstance(value, bool):
        raise TypeError(f"{name}(): argument 'mode' (position 1) must be bool, not {type(value).__name__}")
    return value


def use_deterministic_algorithms(mode, *, warn_only=False):
    """use_deterministic_algorithms(mode, *, warn_only=False): remembered, and without effect.

    The kernels of the CPU always give the same numbers for the same input, whatever the number of threads.
    """
    _switches.deterministic = _flag(mode, "use_deterministic_algorithms")
    _switches.warn_only = bool(warn_only) and mode


def are_deterministic_algorithms_enabled():
    """are_deterministic_algorithms_enabled() -> bool: what use_deterministic_algorithms was last told."""
    return _switches.deterministic


def is_deterministic_algorithms_warn_only_enabled():
    """is_deterministic_algorithms_warn_only_enabled() -> bool: what use_deterministic_algorithms was last told."""
    return _switches.warn_only


def set_deterministic_debug_mode(debug_mode):
    """set_deterministic_debug_mode(mode): "default", "warn" or "error" (or 0, 1, 2); see
    use_deterministic_algorithms."""
    if isinstance(debug_mode, bool) or not isinstance(debug_mode, (str, int)):
        raise TypeError(f"debug_mode must be str or int, but got {type(debug_mode)}")
    mode = _DEBUG_MODES.index(debug_mode) if debug_mode in _DEBUG_MODES else debug_mode
    if mode not in (0, 1, 2):
        expected = "`default`, `warn`, `error`" if isinstance(mode, str) else "0, 1, 2"
        raise RuntimeError(f"invalid value of debug_mode, expected one of {expected}, but got {debug_mode}")
    use_deterministic_algorithms(mode > 0, warn_only=mode == 1)


def get_deterministic_debug_mode():
    """get_deterministic_debug_mode() -> int: 0 for "default", 1 for "warn", 2 for "error"."""
    return 0 if not _switches.deterministic else 1 if _switches.warn_only else 2


def set_float32_matmul_precision(precision):
    """set_float32_matmul_precision("highest" | "high" | "medium"): remembered, and without effect: products of float32
    matrices are always computed in float32."""
    if precision not in _PRECISIONS:
        raise RuntimeError(
            f"set_float32_matmul_precision: expected one of {', '.join(_PRECISIONS)}, got {precision!r}"
        )
    _switches.precision = precision


def get_float32_matmul_precision():
    """get_float32_matmul_precision() -> str: what set_float32_matmul_precision was last told."""
    return _switches.precision


def set_flush_denormal(mode):
    """set_flush_denormal(mode) -> bool: False: denormal numbers are always kept."""
    _flag(mode, "set_flush_denormal")
    return False


def set_warn_always(b):
    """set_warn_always(b): remembered, and without effect: warnings are Python's, whose filters say how often they
    show."""
    _switches.warn_always = _flag(b, "set_warn_always")


def is_warn_always_enabled():
    """is_warn_always_enabled() -> bool: what set_warn_always was last told."""
    return _switches.warn_always


def set_num_interop_threads(n):
    """set_num_interop_threads(n): remembered, and without effect: operations run one after the other."""
    if not isinstance(n, int) or isinstance(n, bool) or n < 1:
        raise RuntimeError(f"set_num_interop_threads expects a positive integer, got {n!r}")
    _switches.interop_threads = n


def get_num_interop_threads():
    """get_num_interop_threads() -> int: 1, or what set_num_interop_threads was last told."""
    return _switches.interop_threads


# ---- defaults of factories


def set_default_device(device):
    """set_default_device(device): where factories such as `zeros` and `tensor` put their results in this thread.

    None: the CPU. `with device(...):` does the same for a block.
    """
    default.device = None if device is None else Device(device)


def get_default_device():
    """get_default_device() -> device: where factories put their results."""
    from .kernels import backend_on

    return CPU if default.device is None else backend_on(default.device).resolve(default.device)


def set_default_tensor_type(t):
    """set_default_tensor_type(t): makes dtype and device of a typed class such as DoubleTensor, or of its name, the
    defaults of factories.

    TypeError for a class that is not of a floating-point dtype.
    """
    from .typed import typed_class

    cls = typed_class(t)
    if not cls.dtype.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    set_default_dtype(cls.dtype)
    default.device = Device("cuda") if cls.is_cuda else None


# ---- questions about objects


def typename(obj):
    """typename(obj) -> str: the type of a tensor or storage ('torch.FloatTensor'), or of any object with its module."""
    from .typed import TensorType, type_string

    if isinstance(obj, (_core.TensorBase, Storage)):
        return obj.type()
    if isinstance(obj, TensorType):
        return type_string(obj)
    owner = obj if isinstance(obj, type) else type(obj)
    name = getattr(owner, "__qualname__", owner.__name__)
    if owner.__module__ in ("builtins", None, ""):
        return name
    return f"{owner.__module__}.{name}"


def is_storage(obj):
    """is_storage(obj) -> bool: whether obj is a Storage."""
    return isinstance(obj, Storage)
