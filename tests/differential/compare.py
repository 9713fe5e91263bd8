"""Runs a case under both libraries and compares all that can be seen of the outcome."""

import warnings

import numpy as np

import flambeau as fb
from flambeau import _core

from .case import Dtype, Input, function, torch
from .deliberate import deliberate
from .draw import INTS

ERRORS = (IndexError, TypeError, ValueError, RuntimeError)  # NotImplementedError is a RuntimeError
EPSILON = {"float16": 2**-10, "bfloat16": 2**-7, "float32": 2**-23, "complex64": 2**-23}
DIFFERENTIABLE = ("float64", "complex128")


class Outcome:
    """What a call gave: an error, or results; then what is left in its inputs, and gradients."""

    def __init__(self, library, case):
        self.library, self.error, self.gradient_error = library, None, None
        self.results, self.gradients, self.layouts = [], [], []
        self.leaves = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._call(case)

    def _call(self, case):
        self.tensors = []
        args, kwargs = case.arguments(self._make)
        if case.grad:
            args, kwargs = case.arguments(self._tracked(case))
        try:
            results = function(self.library, case.name)(*args, **kwargs)
        except ERRORS as error:
            self.error = error
            return
        if case.invariant:
            results = case.invariant(self.library, results, *args, **kwargs)
        self.results = list(_flat(results))
        if case.view:
            self.layouts = [self._layout(r) for r in self.results]
        if self.leaves:
            self._backward()

    def _make(self, value):
        made = value.make(self.library)
        if isinstance(value, Input):
            self.tensors.append(made)
        return made

    def _tracked(self, case):
        """The tensors made before in their order, with those that can have a gradient asking for it."""
        tensors = iter(self.tensors)

        def make(value):
            if isinstance(value, Dtype):
                return value.make(self.library)
            tensor = next(tensors)
            if value.dtype not in DIFFERENTIABLE or value.layout == "own" or value.constant:
                return tensor
            leaf = tensor.detach().requires_grad_()
            self.leaves.append(leaf)
            return leaf.clone() if case.mutates and len(self.leaves) == 1 else leaf

        return make

    def _layout(self, result):
        """Strides of the dimensions that have several elements, and where the first element is."""
        base = self.tensors[0]
        if not result.numel():
            return None
        strides = [s for s, n in zip(result.stride(), result.shape, strict=True) if n > 1]
        inside = 0 <= result.data_ptr() - base.data_ptr() <= 64 * base.element_size() * max(base.numel(), 1)
        shares = inside and _storage(result) == _storage(base)
        return strides, result.data_ptr() - base.data_ptr() if shares else None

    def _backward(self):
        outputs, weights = [], []
        for i, r in enumerate(self.results):
            if not isinstance(r, self.library.Tensor) or not r.requires_grad:
                continue
            generator = np.random.RandomState(i)
            weight = generator.uniform(0.5, 1.5, tuple(r.shape))
            if r.is_complex():
                weight = weight + 1j * generator.uniform(0.5, 1.5, tuple(r.shape))
            outputs.append(r)
            weights.append(self.library.from_numpy(np.array(weight)).to(r.dtype))
        self.gradients = [None] * len(self.leaves)
        if not outputs:
            return
        try:
            self.gradients = self.library.autograd.grad(outputs, self.leaves, weights, allow_unused=True)
        except ERRORS as error:
            self.gradient_error = error


def _storage(tensor):
    return tensor.untyped_storage().data_ptr()


def _flat(results):
    if isinstance(results, (tuple, list)) and type(results).__name__ not in ("Size", "SizeT"):
        for r in results:
            yield from _flat(r)
    else:
        yield results


def check(case):
    """Raises AssertionError when the two libraries differ on a case; returns the reason of a deliberate difference."""
    theirs, ours = Outcome(torch, case), Outcome(fb, case)
    for what, compare in STAGES.items():
        try:
            compare(case, ours, theirs)
        except AssertionError:
            reason = deliberate(what, case, ours, theirs)
            if not reason:
                raise
            return reason
        if ours.error:
            break
    _inputs_kept(case, ours)
    return None


def _errors(case, ours, theirs):
    if ours.error or theirs.error:
        _same_error(case, ours.error, theirs.error, "")


def _results(case, ours, theirs):
    # what is written to out= was computed in the dtype of the inputs
    coarsest = _coarsest_input(case) if "out" in case.kwargs or case.name == "ldexp" else 0
    _same_values(case, ours.results, theirs.results, "result", coarsest)
    if case.mutates:
        _same_values(case, [ours.tensors[0]], [theirs.tensors[0]], "first argument")
    if case.view:
        assert ours.layouts == theirs.layouts, f"{case}: layout {ours.layouts}, PyTorch {theirs.layouts}"


def _gradients(case, ours, theirs):
    _same_error(case, ours.gradient_error, theirs.gradient_error, "backward: ")
    if not ours.gradient_error:
        dtypes = [r.dtype.name for r in ours.results if isinstance(r, fb.Tensor)]
        coarsest = max([EPSILON.get(name, 0) for name in dtypes], default=0)
        if case.name == "ldexp":
            coarsest = max(coarsest, _coarsest_input(case))
        _same_values(case, *_without_zeros(ours.gradients, theirs.gradients), "gradient", coarsest)


def _coarsest_input(case):
    """The epsilon of the coarsest input; ints are computed in float32. 2 ** other, the factor of ldexp, has the dtype
    of other."""
    names = ["float32" if i.dtype in INTS else i.dtype for i in case.inputs()]
    return max([EPSILON.get(name, 0) for name in names], default=0)


STAGES = {"error": _errors, "result": _results, "gradient": _gradients}


def _inputs_kept(case, ours):
    """Inputs are as they were, but for the first of an in-place form and out= of a call that succeeded."""
    written = 1 if case.mutates and not ours.error else 0
    for given, tensor in list(zip(case.inputs(), ours.tensors, strict=True))[written:]:
        if given is case.kwargs.get("out") and not ours.error:
            continue
        same = plain(given.make(fb)).tobytes() == plain(tensor).tobytes()
        assert same and tuple(tensor.shape) == given.shape, f"{case} changed an input ({ours.error!r})"


def _same_error(case, ours, theirs, where):
    kind = next((kind for kind in ERRORS if isinstance(theirs, kind)), type(None))
    assert isinstance(ours, kind), f"{case}: {where}flambeau {ours!r}, PyTorch {theirs!r}"


def _without_zeros(ours, theirs):
    """The gradients, without the pairs of which one is None and the other None or zero everywhere."""
    one_none = lambda g, e: (g is None or e is None) and _is_zero(g) and _is_zero(e)  # noqa: E731
    pairs = [(g, e) for g, e in zip(ours, theirs, strict=True) if not one_none(g, e)]
    return [g for g, _ in pairs], [e for _, e in pairs]


def _is_zero(gradient):
    return gradient is None or not plain(gradient).any()


def _same_values(case, ours, theirs, what, coarsest=0):
    assert len(ours) == len(theirs), f"{case}: {len(ours)} {what}s, PyTorch {len(theirs)}"
    for g, e in zip(ours, theirs, strict=True):
        if not isinstance(e, torch.Tensor):
            assert not isinstance(g, fb.Tensor), f"{case}: {what} {g}, PyTorch {e}"
            assert repr(g) == repr(e) or g == e or _close(g, e), f"{case}: {what} {g}, PyTorch {e}"
            continue
        assert isinstance(g, fb.Tensor), f"{case}: {what} {g!r}, PyTorch {e!r}"
        assert repr(g.dtype) == repr(e.dtype), f"{case}: {what} dtype {g.dtype}, PyTorch {e.dtype}"
        assert tuple(g.shape) == tuple(e.shape), f"{case}: {what} shape {g.shape}, PyTorch {e.shape}"
        message = differs(plain(g), plain(e), case.ulps * max(coarsest, EPSILON.get(g.dtype.name, 2**-52)))
        assert not message, f"{case}: {what} {message}"


def _close(g, e):
    return isinstance(g, (float, complex)) and not differs(np.array(g), np.array(e), 1e-12)


def plain(value):
    """The elements of a tensor of either library as an array; bfloat16 as float32."""
    value = value.detach()
    if value.layout is not (fb.strided if isinstance(value, fb.Tensor) else torch.strided):
        value = value.to_dense()
    if isinstance(value, fb.Tensor):
        array = _core.array_of(value)
        return array.astype(np.float32) if value.dtype is fb.bfloat16 else array
    value = value.resolve_conj().resolve_neg()
    if value._is_zerotensor():
        value = value.clone()
    return value.float().numpy() if value.dtype is torch.bfloat16 else value.numpy()


def differs(g, e, tolerance, size=1):
    """How two arrays of one shape differ, or None. `tolerance` is relative to the magnitude of each value (of both its
    parts), or to 1 where that is smaller: inputs are of about that size, and terms of that size cancel."""
    if g.dtype.kind == "c":
        size = abs(e.astype(complex))
        size = np.where(np.isfinite(size), size, 1)
        return differs(g.real, e.real, tolerance, size) or differs(g.imag, e.imag, tolerance, size)
    if g.dtype.kind != "f":
        bad = g != e
    else:
        g, e = g.astype(np.float64), e.astype(np.float64)
        with np.errstate(all="ignore"):
            scale = np.maximum(np.maximum(np.abs(e), 1), size)
            bad = ~((g == e) | (np.isnan(g) & np.isnan(e)) | (np.abs(g - e) <= tolerance * scale))
    if not bad.any():
        return None
    where = np.unravel_index(np.argmax(bad), bad.shape)
    return f"{g[where]!r} at {tuple(map(int, where))}, PyTorch {e[where]!r} ({int(bad.sum())} of {bad.size} differ)"
