"""The C library through ctypes, once for each instruction set that this machine has."""

import ctypes
import importlib.util
import os
import shutil
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

ISAS = ("baseline", "avx2", "avx512")
CODES = {
    np.dtype(t): i
    for i, t in enumerate(
        ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", ml_dtypes.bfloat16, "float32", "float64",
         "complex64", "complex128", "uint16", "uint32", "uint64")
    )
}  # fmt: skip
DTYPES = list(CODES)


def library_path() -> Path:
    """The built library: FLAMBEAU_CSRC_LIB, else the one of the installed package."""
    named = os.environ.get("FLAMBEAU_CSRC_LIB")
    if named:
        return Path(named)
    spec = importlib.util.find_spec("flambeau")
    assert spec is not None, "flambeau is not installed and FLAMBEAU_CSRC_LIB is not set"
    for name in ("libflambeau.so", "libflambeau.dylib"):
        for place in spec.submodule_search_locations:
            path = Path(place) / "_core" / name
            if path.exists():
                return path
    core = importlib.util.find_spec("flambeau._core")  # an editable install keeps it elsewhere
    assert core is not None, "the installed flambeau has no _core"
    for place in core.submodule_search_locations or [Path(core.origin).parent]:
        for path in (Path(place) / "libflambeau.so", Path(place) / "libflambeau.dylib"):
            if path.exists():
                return path
    raise AssertionError("the installed flambeau has no _core/libflambeau")


def blas_path() -> str:
    import scipy_openblas32

    found = sorted(Path(scipy_openblas32.get_lib_dir()).glob("libscipy_openblas*"))
    return str(next(p for p in found if p.suffix in (".so", ".dylib")))


def longs(values):
    return (ctypes.c_int64 * max(len(values), 1))(*values)


class Library:
    """Thin wrappers that take NumPy arrays."""

    codes = CODES

    def __init__(self, path):
        self.c = c = ctypes.CDLL(str(path))
        c.fb_isa.restype = ctypes.c_char_p
        for name in ("fb_get_unary", "fb_get_binary", "fb_get_cast", "fb_alloc", "fb_calloc", "fb_realloc"):
            getattr(c, name).restype = ctypes.c_void_p
        c.fb_get_unary.argtypes = c.fb_get_binary.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p]
        c.fb_alloc.argtypes = [ctypes.c_size_t]
        c.fb_calloc.argtypes = [ctypes.c_size_t, ctypes.c_size_t]
        c.fb_realloc.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
        c.fb_free.argtypes = [ctypes.c_void_p]
        c.fb_alloc_set_cache_limit.argtypes = [ctypes.c_uint64]
        c.fb_mt_random32.restype = ctypes.c_uint32
        c.fb_mt_random64.restype = ctypes.c_uint64
        self.isa = c.fb_isa().decode()

    def _find(self, getter, name, dtype):
        out = ctypes.c_int(-1)
        loop = getter(name.encode(), CODES[np.dtype(dtype)], ctypes.byref(out))
        return (None, None) if loop is None else (loop, DTYPES[out.value])

    def has_unary(self, name, dtype):
        return self._find(self.c.fb_get_unary, name, dtype)[0] is not None

    def has_binary(self, name, dtype):
        return self._find(self.c.fb_get_binary, name, dtype)[0] is not None

    def unary(self, name, a, out=None):
        loop, dtype = self._find(self.c.fb_get_unary, name, a.dtype)
        assert loop is not None, f"no unary {name} for {a.dtype}"
        if out is None:
            out = np.empty(a.shape, dtype)
        assert out.dtype == dtype
        self.c.fb_unary_nd(ctypes.c_void_p(loop), a.ndim, longs(a.shape), ctypes.c_void_p(out.ctypes.data),
                           longs(out.strides), ctypes.c_void_p(a.ctypes.data), longs(a.strides),
                           a.itemsize + out.itemsize)  # fmt: skip
        return out

    def binary(self, name, a, b, out=None):
        loop, dtype = self._find(self.c.fb_get_binary, name, a.dtype)
        assert loop is not None, f"no binary {name} for {a.dtype}"
        assert a.dtype == b.dtype
        a, b = np.broadcast_arrays(a, b)
        if out is None:
            out = np.empty(a.shape, dtype)
        assert out.dtype == dtype
        self.c.fb_binary_nd(ctypes.c_void_p(loop), a.ndim, longs(a.shape), ctypes.c_void_p(out.ctypes.data),
                            longs(out.strides), ctypes.c_void_p(a.ctypes.data), longs(a.strides),
                            ctypes.c_void_p(b.ctypes.data), longs(b.strides), 3 * a.itemsize)  # fmt: skip
        return out

    def cast(self, a, dtype, out=None):
        if out is None:
            out = np.empty(a.shape, dtype)
        status = self.c.fb_cast_nd(CODES[a.dtype], CODES[out.dtype], a.ndim, longs(a.shape),
                                   ctypes.c_void_p(out.ctypes.data), longs(out.strides),
                                   ctypes.c_void_p(a.ctypes.data), longs(a.strides))  # fmt: skip
        assert status == 0
        return out

    def where(self, cond, a, b):
        cond, a, b = np.broadcast_arrays(cond, a, b)
        out = np.empty(a.shape, a.dtype)
        args = [out, cond, a, b]
        flat = [x for arr in args for x in (ctypes.c_void_p(arr.ctypes.data), longs(arr.strides))]
        assert self.c.fb_where_nd(a.itemsize, a.ndim, longs(a.shape), *flat) == 0
        return out

    def reduce(self, op, a, axes):
        code = ("sum", "prod", "max", "min").index(op)
        dtype = DTYPES[self.c.fb_reduce_dtype(code, CODES[a.dtype])]
        shape = [1 if d in axes else n for d, n in enumerate(a.shape)]
        out = np.empty(shape, dtype)
        mask = sum(1 << d for d in axes)
        status = self.c.fb_reduce_nd(code, CODES[a.dtype], a.ndim, longs(a.shape), ctypes.c_uint64(mask),
                                     ctypes.c_void_p(out.ctypes.data), longs(out.strides),
                                     ctypes.c_void_p(a.ctypes.data), longs(a.strides))  # fmt: skip
        assert status == 0, status
        return out.reshape([n for d, n in enumerate(a.shape) if d not in axes])


def load(tmp, isa):
    """A copy of the library of its own, started with that instruction set."""
    source = library_path()
    copy = Path(tmp) / f"{isa}-{source.name}"
    shutil.copy(source, copy)
    before = os.environ.get("FLAMBEAU_ISA")
    os.environ["FLAMBEAU_ISA"] = isa
    try:
        return Library(copy)
    finally:
        if before is None:
            del os.environ["FLAMBEAU_ISA"]
        else:
            os.environ["FLAMBEAU_ISA"] = before


@pytest.fixture(scope="session")
def libraries(tmp_path_factory):
    tmp = tmp_path_factory.mktemp("libflambeau")
    return {isa: load(tmp, isa) for isa in ISAS}


@pytest.fixture(scope="session", params=ISAS)
def fb(request, libraries):
    """The library with one instruction set; one that the machine lacks falls back to the next lower."""
    return libraries[request.param]


@pytest.fixture(scope="session")
def fb_blas(libraries):
    """The library with the best instruction set, OpenBLAS loaded."""
    lib = libraries[ISAS[-1]]
    assert lib.c.fb_blas_load(blas_path().encode()) == 0
    return lib
