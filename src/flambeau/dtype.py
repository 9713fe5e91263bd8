"""Element types: the public `dtype` objects, their NumPy counterparts, type promotion."""

import ml_dtypes
import numpy as np

from . import _core

_CATEGORY = {"bool": 0, "int": 1, "float": 2, "complex": 3}


class dtype:
    """An element type of a tensor, such as `flambeau.float32`. There is one object per type.

    `itemsize` is in bytes; `numpy` is the NumPy dtype; `type_name` is the name of the typed tensor class
    (`torch.FloatTensor`), by which 0.3 and `Tensor.type()` call it.
    """

    __slots__ = ("code", "name", "numpy", "itemsize", "category", "title", "type_name", "__weakref__")

    def __init__(self, code, name, numpy_type, category, title):
        self.code = code
        self.name = name
        self.numpy = np.dtype(numpy_type)
        self.itemsize = self.numpy.itemsize
        self.category = category
        self.title = title
        self.type_name = f"torch.{title}Tensor"
        _core.register_dtype(code, self.numpy, self)

    @property
    def is_floating_point(self):
        """Whether this is a real floating-point type."""
        return self.category == "float"

    @property
    def is_complex(self):
        """Whether this is a complex type."""
        return self.category == "complex"

    @property
    def is_signed(self):
        """Whether the type holds negative numbers."""
        return self.numpy.kind not in "bu"

    def to_real(self):
        """The type of the real part of a complex type; other types give themselves."""
        return {"complex64": float32, "complex128": float64}.get(self.name, self)

    def to_complex(self):
        """The complex type whose parts have this precision."""
        return {"float64": complex128, "complex128": complex128}.get(self.name, complex64)

    def __repr__(self):
        return f"torch.{self.name}"

    def __reduce__(self):
        return _by_name, (self.name,)

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self


def _by_name(name):
    return globals()["bool_" if name == "bool" else name]


bool_ = dtype(0, "bool", np.bool_, "bool", "Bool")
uint8 = dtype(1, "uint8", np.uint8, "int", "Byte")
int8 = dtype(2, "int8", np.int8, "int", "Char")
int16 = dtype(3, "int16", np.int16, "int", "Short")
int32 = dtype(4, "int32", np.int32, "int", "Int")
int64 = dtype(5, "int64", np.int64, "int", "Long")
float16 = dtype(6, "float16", np.float16, "float", "Half")
bfloat16 = dtype(7, "bfloat16", ml_dtypes.bfloat16, "float", "BFloat16")
float32 = dtype(8, "float32", np.float32, "float", "Float")
float64 = dtype(9, "float64", np.float64, "float", "Double")
complex64 = dtype(10, "complex64", np.complex64, "complex", "ComplexFloat")
complex128 = dtype(11, "complex128", np.complex128, "complex", "ComplexDouble")
uint16 = dtype(12, "uint16", np.uint16, "int", "UInt16")
uint32 = dtype(13, "uint32", np.uint32, "int", "UInt32")
uint64 = dtype(14, "uint64", np.uint64, "int", "UInt64")

ALL = (bool_, uint8, int8, int16, int32, int64, float16, bfloat16, float32, float64, complex64, complex128,
       uint16, uint32, uint64)  # fmt: skip
ALIASES = {
    "half": float16, "float": float32, "double": float64, "short": int16, "int": int32, "long": int64,
    "cfloat": complex64, "cdouble": complex128,
}  # fmt: skip
_OF_PYTHON = {float: float64, int: int64, bool: bool_, complex: complex128}


def _promote(a, b):
    """The smallest type that holds both: an unsigned with a signed type widens, float16 with bfloat16 gives float32,
    a float with a complex type keeps the larger precision. None for uint64 with a signed type, which no type holds."""
    if a is b:
        return a
    if _CATEGORY[a.category] < _CATEGORY[b.category]:
        a, b = b, a
    if a.category == "complex":
        return complex128 if float64 in (a.to_real(), b.to_real()) else complex64
    if a.category != b.category:
        return a
    if a.category == "float":
        return float32 if {a, b} == {float16, bfloat16} else max(a, b, key=lambda t: t.code)
    if a.is_signed == b.is_signed:
        return max(a, b, key=lambda t: t.itemsize)
    signed, unsigned = (a, b) if a.is_signed else (b, a)
    if signed.itemsize > unsigned.itemsize:
        return signed
    return {1: int16, 2: int32, 4: int64}.get(unsigned.itemsize)


_core.register_promotion([[getattr(_promote(a, b), "code", -1) for b in ALL] for a in ALL])


def promote_types(type1, type2):
    """promote_types(type1, type2) -> dtype: the smallest type that holds the values of both; RuntimeError for uint64
    and a signed integer type, which no type holds."""
    type1, type2 = _dtypes("promote_types", type1, type2)
    return _promote(type1, type2) or _core.raise_promotion(type1.code, type2.code)


def _dtypes(name, *types):
    types = tuple(map(plain_dtype, types))
    for t in types:
        if not isinstance(t, dtype):
            raise TypeError(f"{name}(): expected two dtypes, got {type(t).__name__}")
    return types


def can_cast(from_, to):
    """can_cast(from_, to) -> bool: whether promotion rules allow writing `from_` into `to` (no fall in category)."""
    from_, to = _dtypes("can_cast", from_, to)
    return _CATEGORY[from_.category] <= _CATEGORY[to.category]


def get_default_dtype():
    """The dtype of factories and of floats in `tensor([1.0])`."""
    return ALL[_core.get_default_float()]


def set_default_dtype(d):
    """set_default_dtype(d): makes the floating-point dtype `d` the default."""
    if not isinstance(d, dtype) or not d.is_floating_point:
        raise TypeError(f"only floating-point types are supported as the default type, got {d!r}")
    _core.set_default_float(d.code)


def plain_dtype(d):
    """The dtype that a Python type stands for (float is float64); anything else as it is."""
    return _OF_PYTHON.get(d, d) if isinstance(d, type) else d


def as_dtype(d):
    """The dtype meant by a dtype, a NumPy dtype or scalar type, or a Python type (float is float64); None is the
    default dtype."""
    d = plain_dtype(d)
    if isinstance(d, dtype):
        return d
    if d is None:
        return get_default_dtype()
    return from_numpy_dtype(np.dtype(d))


def from_numpy_dtype(d):
    """The dtype of a NumPy dtype; TypeError for one that tensors do not have."""
    code = _core.code_of(d)
    if code < 0:
        raise TypeError(
            f"can't convert np.ndarray of type numpy.{d.name}. The only supported types are: float64, float32, "
            "float16, bfloat16, complex64, complex128, int64, int32, int16, int8, uint64, uint32, uint16, uint8, and "
            "bool."
        )
    return ALL[code]


class iinfo:
    """iinfo(dtype): limits of an integer type: `min`, `max`, `bits`, `dtype`."""

    def __init__(self, type):
        type = plain_dtype(type)
        if not isinstance(type, dtype) or type.category not in ("int",):
            raise TypeError(
                f"iinfo() requires an integer dtype, got {type!r}; use finfo for floating-point types"
            )
        info = np.iinfo(type.numpy)
        self.bits, self.min, self.max, self.dtype = info.bits, int(info.min), int(info.max), type.name

    def __repr__(self):
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"


class finfo:
    """finfo(dtype): limits of a floating-point type: `min`, `max`, `eps`, `tiny`, `smallest_normal`, `resolution`,
    `bits`."""

    def __init__(self, type=None):
        type = get_default_dtype() if type is None else plain_dtype(type)
        if not isinstance(type, dtype) or type.category not in ("float", "complex"):
            raise TypeError(
                f"finfo() requires a floating-point dtype, got {type!r}; use iinfo for integer types"
            )
        real = type.to_real()
        info = (ml_dtypes.finfo if real is bfloat16 else np.finfo)(real.numpy)
        self.bits, self.dtype = info.bits, real.name
        self.min, self.max, self.eps = float(info.min), float(info.max), float(info.eps)
        self.tiny = self.smallest_normal = float(info.smallest_normal)
        self.resolution = float(f"1e-{info.precision}")

    def __repr__(self):
        return (
            f"finfo(resolution={self.resolution}, min={self.min}, max={self.max}, eps={self.eps}, "
            f"smallest_normal={self.smallest_normal}, tiny={self.tiny}, dtype={self.dtype})"
        )
