"""The rows of the op table for uint16, uint32 and uint64: against PyTorch where it has the op for them; and against
int64: the same values modulo 2**bits, in the dtype that uint8 says."""

import pytest

import flambeau as fb

from .table import ROWS, UNSIGNED
from .test_ops import array_of, check_close, flatten, from_torch, needs_torch, quiet, to_torch, torch_function

CASES = [r for r in ROWS if {"uint8", "int64"} <= set(r.dtypes)]
BOOLS = ("all", "any")  # give uint8 for uint8, and bool for every other dtype
NO_PROMOTION = "Promotion for uint16, uint32, uint64"


def converted(sample, dtype):
    """The sample with its uint8 tensors in another dtype."""
    target = getattr(fb, dtype)
    return sample.map(lambda t: t.to(target) if t.dtype is fb.uint8 else t)


def signed_beside(sample):
    """Whether a sample has signed ints beside its uint8 tensors: no dtype holds these and uint64."""
    kinds = [(t.dtype.category, t.dtype.is_signed) for t in sample.tensors() if t.ndim]
    return ("int", True) in kinds and ("int", False) in kinds


def dtypes_of(results):
    return [repr(getattr(r, "dtype", None)) for r in results]


@pytest.mark.parametrize("row", [r for r in CASES if r.name != "clamp"], ids=str)
def test_like_int64(row):
    """Not for clamp, which has a sample with a negative bound: that wraps around."""
    for sample in row.make("uint8"):
        narrow, wide = (flatten(quiet(row.function, converted(sample, d))) for d in ("uint8", "int64"))
        for dtype in UNSIGNED:
            try:
                got = flatten(quiet(row.function, converted(sample, dtype)))
            except RuntimeError as error:
                assert NO_PROMOTION in str(error) and dtype == "uint64" and signed_beside(sample), row.name
                continue
            own = "bool" if row.name in BOOLS else dtype
            assert dtypes_of(got) == [d.replace("uint8", own) for d in dtypes_of(narrow)], (row.name, sample)
            expected = [
                w.to(g.dtype) if isinstance(w, fb.Tensor) else w for w, g in zip(wide, got, strict=True)
            ]
            check_close(row, "float32", got, [None if e is None else array_of(e) for e in expected], sample)


@needs_torch
@pytest.mark.parametrize("row", CASES, ids=str)
def test_against_torch(row):
    function = torch_function(row)
    if function is None:
        return
    for dtype in UNSIGNED:
        for sample in row.make("uint8"):
            sample = converted(sample, dtype)
            try:
                expected = flatten(quiet(function, sample.map(to_torch)))
            except RuntimeError as error:
                assert "not implemented for" in str(error) or NO_PROMOTION in str(error), (row.name, error)
                continue
            got = flatten(quiet(row.function, sample))
            check_close(row, "float32", got, [None if e is None else from_torch(e) for e in expected], sample)
            assert dtypes_of(got) == dtypes_of(expected), (row.name, sample)
