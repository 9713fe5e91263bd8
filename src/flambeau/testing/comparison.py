"""assert_close: tensors, numbers, and sequences and mappings of them are equal, up to a tolerance of their dtype."""

import warnings
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

import flambeau as fb

# dtype -> (rtol, atol); dtypes that are not here (integers, bool) are compared exactly
TOLERANCES = {
    fb.float16: (1e-3, 1e-5),
    fb.bfloat16: (1.6e-2, 1e-5),
    **dict.fromkeys([fb.float32, fb.complex64], (1.3e-6, 1e-5)),
    **dict.fromkeys([fb.float64, fb.complex128], (1e-7, 1e-7)),
}
OLDER_TOLERANCES = {fb.float16: (1e-3, 1e-3), fb.float32: (1e-4, 1e-5), fb.float64: (1e-5, 1e-8)}  # of assert_allclose
NUMBERS = (int, float, complex, np.number)


class _Options(NamedTuple):
    allow_subclasses: bool
    rtol: float | None
    atol: float | None
    equal_nan: bool
    check_device: bool
    check_dtype: bool
    check_layout: bool
    check_stride: bool


class _Mismatch(Exception):
    """The text of a difference, and the keys and indices that lead to it."""

    def __init__(self, text, path):
        self.text = text + (f"\n\nThe failure occurred for item {_item(path)}" if path else "")


def _item(path):
    return "".join(f"[{key!r}]" for key in path)


def assert_close(actual, expected, *, allow_subclasses=True, rtol=None, atol=None, equal_nan=False, check_device=True,
                 check_dtype=True, check_layout=True, check_stride=False, msg=None):  # fmt: skip
    """assert_close(actual, expected, *, allow_subclasses=True, rtol=None, atol=None, equal_nan=False,
    check_device=True, check_dtype=True, check_layout=True, check_stride=False, msg=None)

    AssertionError unless |actual - expected| <= atol + rtol |expected| for each element. What is compared: tensors,
    NumPy arrays, numbers, None, and sequences and mappings of these, item by item.

    rtol, atol: both or neither. The defaults depend on the dtype: 1.3e-6 and 1e-5 for float32, 1e-7 and 1e-7 for
    float64 and Python floats, 1e-3 and 1e-5 for float16, 1.6e-2 and 1e-5 for bfloat16, exact for integers; of two
    dtypes the larger.
    check_...: shapes must be the same always; device, dtype, layout and stride where asked for.
    msg: the text of the error, or a function of the text that it would have.

    ValueError for one tolerance without the other; TypeError for objects that cannot be compared.
    """
    if (rtol is None) != (atol is None):
        missing = "rtol" if rtol is None else "atol"
        raise ValueError(f"Both 'rtol' and 'atol' must be either specified or omitted, but got no {missing}.")
    options = _Options(
        allow_subclasses, rtol, atol, equal_nan, check_device, check_dtype, check_layout, check_stride
    )
    try:
        for path, a, e in list(_pairs(actual, expected, options, ())):
            _compare(a, e, options, path)
    except _Mismatch as mismatch:
        text = mismatch.text
    else:
        return
    raise AssertionError(text if msg is None else msg(text) if callable(msg) else msg)


def _pairs(actual, expected, options, path):
    """(path, actual, expected) of each pair to compare inside of sequences and mappings."""
    if _both(actual, expected, Sequence) and not isinstance(actual, str) and not isinstance(expected, str):
        if len(actual) != len(expected):
            raise _Mismatch(f"The length of the sequences mismatch: {len(actual)} != {len(expected)}", path)
        for i, (a, e) in enumerate(zip(actual, expected, strict=True)):
            yield from _pairs(a, e, options, (*path, i))
    elif _both(actual, expected, Mapping):
        if actual.keys() != expected.keys():
            raise _Mismatch(
                "The keys of the mappings do not match:\n"
                f"Missing keys in the actual mapping: {sorted(expected.keys() - actual.keys(), key=repr)}\n"
                f"Additional keys in the actual mapping: {sorted(actual.keys() - expected.keys(), key=repr)}",
                path,
            )
        for key in actual:
            yield from _pairs(actual[key], expected[key], options, (*path, key))
    elif actual is None or expected is None or _both(actual, expected, (bool, np.bool_, *NUMBERS)):
        yield path, actual, expected
    elif _comparable_arrays(actual, expected, options):
        yield path, fb.as_tensor(actual), fb.as_tensor(expected)
    else:
        place = f"\n\nThe failure occurred for item {_item(path)}" if path else ""
        raise TypeError(
            f"No comparison pair was able to handle inputs of type {type(actual)} and {type(expected)}.{place}"
        )


def _both(actual, expected, kind):
    return isinstance(actual, kind) and isinstance(expected, kind)


def _comparable_arrays(actual, expected, options):
    if not _both(actual, expected, (fb.Tensor, np.ndarray)):
        return False
    if type(actual) is type(expected):
        return True
    related = isinstance(actual, type(expected)) or isinstance(expected, type(actual))
    return options.allow_subclasses and related


def _compare(actual, expected, options, path):
    """_Mismatch unless two tensors, numbers or Nones are close."""
    if actual is None or expected is None:
        if actual is not expected:
            raise _Mismatch(f"None mismatch: {actual} is not {expected}", path)
    elif isinstance(actual, fb.Tensor):
        _compare_tensors(actual, expected, options, path)
    elif _both(actual, expected, (bool, np.bool_)):
        if actual != expected:
            raise _Mismatch(f"Booleans mismatch: {actual} is not {expected}", path)
    else:
        _compare_numbers(actual, expected, options, path)


# ---- numbers


def _number_dtype(number):
    if isinstance(number, (complex, np.complexfloating)):
        return fb.complex128
    return fb.int64 if isinstance(number, (int, np.integer)) else fb.float64


def _compare_numbers(actual, expected, options, path):
    if options.check_dtype and type(actual) is not type(expected):
        raise _Mismatch(f"The (d)types do not match: {type(actual)} != {type(expected)}.", path)
    actual, expected = (n.item() if isinstance(n, np.generic) else n for n in (actual, expected))
    rtol, atol = _tolerances(options, _number_dtype(actual), _number_dtype(expected))
    if not _close_numbers(actual, expected, rtol, atol, options.equal_nan):
        raise _Mismatch(_number_text(actual, expected, rtol, atol), path)


def _close_numbers(actual, expected, rtol, atol, equal_nan):
    if actual == expected:
        return True
    if actual != actual and expected != expected:
        return equal_nan
    difference = abs(actual - expected)
    return difference < float("inf") and difference <= atol + rtol * abs(expected)


def _number_text(actual, expected, rtol, atol):
    difference = abs(actual - expected)
    relative = difference / abs(expected) if expected != 0 else float("inf")
    title, allowed_absolute, allowed_relative = _title("Scalars", rtol, atol)
    return (
        f"{title}\n\nExpected {expected} but got {actual}.\n"
        f"Absolute difference: {difference}{allowed_absolute}\nRelative difference: {relative}{allowed_relative}"
    )


def _title(what, rtol, atol):
    """The first line of an error, and what stands behind each of the two differences."""
    if rtol == atol == 0:
        return f"{what} are not equal!", "", ""
    return f"{what} are not close!", f" (up to {atol} allowed)", f" (up to {rtol} allowed)"


# ---- tensors


def _tolerances(options, *dtypes):
    if options.rtol is not None:
        return options.rtol, options.atol
    rtols, atols = zip(*(TOLERANCES.get(d, (0.0, 0.0)) for d in dtypes), strict=True)
    return max(rtols), max(atols)


def _compare_tensors(actual, expected, options, path):
    for name, checked, of_actual, of_expected in (
        ("shape", True, actual.shape, expected.shape),
        ("layout", options.check_layout, actual.layout, expected.layout),
        ("device", options.check_device, actual.device, expected.device),
        ("dtype", options.check_dtype, actual.dtype, expected.dtype),
    ):
        if checked and of_actual != of_expected:
            raise _Mismatch(f"The values for attribute '{name}' do not match: {of_actual} != {of_expected}.", path)
    if options.check_stride and actual.stride() != expected.stride():
        raise _Mismatch(
            f"The values for attribute 'stride()' do not match: {actual.stride()} != {expected.stride()}.", path
        )
    rtol, atol = _tolerances(options, actual.dtype, expected.dtype)
    actual, expected = _alike(actual), _alike(expected).to(actual.device)
    dtype = fb.promote_types(actual.dtype, expected.dtype)
    actual, expected = actual.to(dtype), expected.to(dtype)
    close = fb.isclose(actual, expected, rtol=rtol, atol=atol, equal_nan=options.equal_nan)
    if not close.all():
        raise _Mismatch(_tensor_text(actual, expected, close, rtol, atol), path)


def _alike(tensor):
    """The values as a dense tensor without history; integers as int64, whose differences do not wrap around."""
    tensor = tensor.detach()
    if tensor.layout != fb.strided:
        tensor = tensor.to_dense()
    if tensor.dtype == fb.bool or not (tensor.is_floating_point() or tensor.is_complex()):
        tensor = tensor.to(fb.int64)
    return tensor


def _tensor_text(actual, expected, close, rtol, atol):
    if actual.dim() == 0:
        return _number_text(actual.item(), expected.item(), rtol, atol)
    difference = (actual - expected).abs().masked_fill(close, 0)
    relative = (difference / expected.abs()).masked_fill(close, 0)
    title, allowed_absolute, allowed_relative = _title("Tensor-likes", rtol, atol)
    wrong, total = int((~close).sum()), close.numel()
    return (
        f"{title}\n\nMismatched elements: {wrong} / {total} ({wrong / total:.1%})\n"
        f"Greatest absolute difference: {_greatest(difference)}{allowed_absolute}\n"
        f"Greatest relative difference: {_greatest(relative)}{allowed_relative}"
    )


def _greatest(values):
    flat = values.reshape(-1)
    position = int(flat.argmax())
    index = tuple(int(i) for i in np.unravel_index(position, tuple(values.shape)))
    return f"{flat[position].item()} at index {index}"


# ---- the older form


def assert_allclose(actual, expected, rtol=None, atol=None, equal_nan=True, msg=""):
    """assert_allclose(actual, expected, rtol=None, atol=None, equal_nan=True, msg=""): deprecated; use `assert_close`.

    Differs from it in its tolerances (1e-4 and 1e-5 for float32), in that dtypes may differ and NaNs are equal, and in
    that everything `as_tensor` takes is compared as a tensor.
    """
    warnings.warn(
        "`assert_allclose()` is deprecated; use `assert_close()`, which compares dtypes too",
        FutureWarning,
        stacklevel=2,
    )
    actual = fb.as_tensor(actual)
    expected = fb.as_tensor(expected, dtype=None if isinstance(expected, fb.Tensor) else actual.dtype)
    if rtol is None and atol is None:
        pairs = [OLDER_TOLERANCES.get(t.dtype, (0.0, 0.0)) for t in (actual, expected)]
        rtol, atol = max(p[0] for p in pairs), max(p[1] for p in pairs)
    assert_close(actual, expected, rtol=rtol, atol=atol, equal_nan=equal_nan, check_dtype=False, msg=msg or None)
