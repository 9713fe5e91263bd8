"""Checking analytical gradients against finite differences."""

import warnings
from dataclasses import dataclass

import numpy as np

from .. import _core
from ..layout import strided
from .engine import grad
from .function import Function


class GradcheckError(RuntimeError):
    """A gradient differs from its finite difference."""


def _inputs(inputs):
    return (inputs,) if isinstance(inputs, _core.TensorBase) else tuple(inputs)


def _outputs(result):
    outputs = result if isinstance(result, (tuple, list)) else (result,)
    return [
        o for o in outputs if isinstance(o, _core.TensorBase) and (o.is_floating_point() or o.is_complex())
    ]


def _from_host(func, inputs):
    """The same function of inputs in host memory, with results there, when some are on a GPU."""
    places = [t.device if isinstance(t, _core.TensorBase) and t.is_cuda else None for t in inputs]
    if not any(places):
        return func, inputs

    def function(*args):
        results = func(*[a if place is None else a.to(place) for a, place in zip(args, places, strict=True)])
        return tuple(o.cpu() if isinstance(o, _core.TensorBase) else o for o in _outputs(results))

    moved = [t if place is None else t.detach().cpu() for t, place in zip(inputs, places, strict=True)]
    for t, given, place in zip(moved, inputs, places, strict=True):
        if place is not None and given.requires_grad:
            t.requires_grad_()
    return function, tuple(moved)


def _through_values(func, inputs):
    """The same function of the values of sparse inputs, with dense results."""
    sparse = [isinstance(t, _core.TensorBase) and t.layout is not strided for t in inputs]
    if not any(sparse):
        return func, inputs

    def of_values(*args):
        made = [t._with(a) if s else a for t, a, s in zip(inputs, args, sparse, strict=True)]
        results = func(*made)
        several = isinstance(results, (tuple, list))
        dense = [
            o.to_dense() if isinstance(o, _core.TensorBase) else o
            for o in (results if several else (results,))
        ]
        return tuple(dense) if several else dense[0]

    return of_values, tuple([t._value if s else t for t, s in zip(inputs, sparse, strict=True)])


def _numerical(function, inputs, index, eps):
    """d output / d input by central differences: a complex or real matrix (input elements, output elements) per output.

    For a complex input the derivatives along the real and the imaginary direction are combined to the conjugate
    Wirtinger derivative's convention of backward: v -> d/dre + i d/dim of the real inner product.
    """
    array = _core.array_of(inputs[index])
    directions = (eps, eps * 1j) if array.dtype.kind == "c" else (eps,)
    columns = []
    for position in np.ndindex(array.shape):
        row = []
        for step in directions:
            saved = array[position]
            array[position] = saved + step
            plus = [_core.array_of(o).copy() for o in _outputs(function(*inputs))]
            array[position] = saved - step
            minus = [_core.array_of(o).copy() for o in _outputs(function(*inputs))]
            array[position] = saved
            row.append([(p - m) / (2 * eps) for p, m in zip(plus, minus, strict=True)])
        columns.append(row)
    return columns


@dataclass(frozen=True)
class _Options:
    """What is checked, and how closely."""

    eps: float
    atol: float
    rtol: float
    nondet_tol: float
    undefined: bool = True
    dtypes: bool = False
    batched: bool = False
    backward: bool = True
    fast: bool = False


def gradcheck(func, inputs, *, eps=1e-6, atol=1e-5, rtol=1e-3, raise_exception=True, nondet_tol=0.0,
              check_undefined_grad=True, check_grad_dtypes=False, check_batched_grad=False,
              check_batched_forward_grad=False, check_forward_ad=False, check_backward_ad=True, fast_mode=False,
              masked=None):  # fmt: skip
    """gradcheck(func, inputs, eps=1e-6, atol=1e-5, rtol=1e-3, raise_exception=True, fast_mode=False, ...) -> bool

    Compares the gradients of func (tensors -> tensor or tuple) at `inputs` with central differences of step eps.
    Inputs that require grad should be float64 or complex128. A mismatch raises GradcheckError, or gives False.

    The whole Jacobian is compared, element by element; with fast_mode one random projection of it. Gradients must be
    the same in a second run (up to nondet_tol), be zero for a zero gradient of the outputs, and with
    check_undefined_grad also for one that is absent. check_grad_dtypes: they have the dtype of their input.
    check_batched_grad: `grad(..., is_grads_batched=True)` gives the same. check_forward_ad: the tangents of forward
    mode too, of several directions at once with check_batched_forward_grad. Sparse inputs are moved in their stored
    values (`masked`), sparse results compared as dense ones.
    """
    func, inputs = _through_values(*_from_host(func, _inputs(inputs)))
    if not (check_backward_ad or check_forward_ad):
        raise ValueError("Expected at least one of check_forward_ad and check_backward_ad to be True")
    if check_batched_forward_grad and not check_forward_ad:
        raise ValueError("Setting check_batched_forward_grad=True requires check_forward_ad to be True")
    options = _Options(eps, atol, rtol, nondet_tol, check_undefined_grad, check_grad_dtypes, check_batched_grad,
                       check_backward_ad, fast_mode)  # fmt: skip
    try:
        if check_backward_ad:
            _gradcheck(func, _inputs(inputs), options)
        if check_forward_ad:
            from .gradcheck_forward import check_forward

            check_forward(func, _inputs(inputs), eps, atol, rtol, check_batched_forward_grad)
        return True
    except GradcheckError:
        if raise_exception:
            raise
        return False


def _gradcheck(func, inputs, options):
    wanted = _checked_inputs(inputs)
    outputs = _outputs(func(*inputs))
    moved = [t.detach() if isinstance(t, _core.TensorBase) else t for t in inputs]
    live = [(j, o) for j, o in enumerate(outputs) if o.requires_grad and o.numel()]
    wanted = [i for i in wanted if inputs[i].numel()]
    if not any(o.requires_grad for o in outputs):
        _expect_constant(_unrecorded(func), moved, wanted, options)
    if not options.backward:
        return True
    check = _check_projection if options.fast else _check_elements
    for i in wanted:
        check(_unrecorded(func), moved, i, inputs[i], live, options)
    targets = [inputs[i] for i in wanted]
    for j, output in live:
        _check_zeros(output, targets, options, f"output {j}")
        if options.batched:
            _check_batched(output, targets, options)
    if options.undefined and live and targets:
        _check_undefined(func, inputs, targets)
    return True


def _checked_inputs(inputs):
    """The numbers of the inputs that require grad; what cannot be checked is refused."""
    wanted = [i for i, t in enumerate(inputs) if isinstance(t, _core.TensorBase) and t.requires_grad]
    if not wanted:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of the them have "
            "requires_grad=True."
        )
    for i in wanted:
        if inputs[i].dtype.to_real().name != "float64":
            warnings.warn(
                f"Input #{i} requires gradient and is not a double precision floating point or complex. This check "
                "will likely fail if all the inputs are not of double precision floating point or complex.",
                UserWarning,
                stacklevel=4,
            )
        if 0 in inputs[i].stride() and inputs[i].numel() > 1:
            raise RuntimeError(
                f"The {i}th input has a dimension with stride 0. gradcheck only supports inputs that are "
                "non-overlapping to be able to compute the numerical gradients correctly. You should call .contiguous "
                "on the input before passing it."
            )
    return wanted


def _unrecorded(func):
    def function(*args):
        previous = _core.set_grad_mode(False)
        try:
            return func(*args)
        finally:
            _core.set_grad_mode(previous)

    return function


def _expect_constant(func, inputs, wanted, options):
    """Outputs that record nothing must not depend on the inputs."""
    for i in wanted:
        for row in _numerical(func, inputs, i, options.eps):
            for difference in row:
                if any(np.max(np.abs(d), initial=0) > options.atol for d in difference):
                    raise GradcheckError(
                        "Numerical gradient for function expected to be zero: no output requires grad, but the outputs "
                        f"change with input {i}"
                    )


def _compare(analytical, numerical, atol, rtol, where):
    if not np.allclose(analytical, numerical, rtol, atol, equal_nan=True):
        raise GradcheckError(
            f"Jacobian mismatch for {where}\nnumerical:{numerical}\nanalytical:{analytical}\n"
            f"largest difference {np.max(np.abs(np.asarray(analytical) - np.asarray(numerical))):.3e}"
        )


def _gradient(output, input, seed, options):
    """The gradient of an input for a given gradient of an output, as an array; zeros where there is none."""
    (g,) = grad(output, input, _core.make(seed), retain_graph=True, allow_unused=True)
    if g is None:
        return np.zeros(_core.array_of(input).shape)
    if options.dtypes and g.dtype is not input.dtype:
        raise GradcheckError(f"a gradient has dtype {g.dtype}, its input {input.dtype}")
    return np.array(_core.array_of(g.detach()))


def _repeated(output, input, seed, options):
    """The gradient, computed twice: backward must be deterministic."""
    first, second = [_gradient(output, input, seed.copy(), options) for _ in range(2)]
    if np.max(np.abs(first - second), initial=0) > options.nondet_tol:
        raise GradcheckError(
            "Backward is not reentrant, i.e., running backward with same input and grad_output multiple times gives "
            "different values"
        )
    return first


# ---- the whole Jacobian


def _check_elements(func, inputs, i, input, outputs, options):
    numerical = _numerical(func, inputs, i, options.eps)
    for j, output in outputs:
        analytical = _analytical(output, input, options)
        expected = _as_gradients(numerical, j, output.is_complex(), input.is_complex())
        where = f"output {j} with respect to input {i},"
        _compare(analytical, expected, options.atol, options.rtol, where)


def _analytical(output, input, options):
    """Gradients of each output element (real and imaginary part apart): (parts * output elements, input elements)."""
    array = _core.array_of(output)
    rows: list[np.ndarray] = []
    for unit in (1, 1j) if output.is_complex() else (1,):
        for position in np.ndindex(array.shape):
            seed = np.zeros(array.shape, array.dtype)
            seed[position] = unit
            compute = _gradient if rows else _repeated
            rows.append(compute(output, input, seed, options).reshape(-1))
    return np.array(rows).reshape(len(rows), -1)


def _as_gradients(numerical, j, complex_output, complex_input):
    """Directional derivatives arranged as backward gives them: for seed v, the sum over directions of the real part
    of <v, d output>."""
    rows = []
    for unit in (1, 1j) if complex_output else (1,):
        per_input = []
        for row in numerical:
            parts = [np.real(np.conj(d[j]) * unit).reshape(-1) for d in row]
            per_input.append(parts[0] + 1j * parts[1] if complex_input else parts[0])
        rows.append(np.array(per_input).T)  # (output elements, input elements)
    return np.concatenate(rows) if rows[0].ndim == 2 else np.zeros((0, len(numerical)))


# ---- one projection of it


def _check_projection(func, inputs, i, input, outputs, options):
    """Moves the input along one random direction u and compares Re <v, df(u)> with Re <gradient for v, u>."""
    random = np.random.RandomState(0)
    array = _core.array_of(inputs[i])
    u, saved = _direction(random, array), array.copy()
    results = []
    for step in (options.eps, -options.eps):
        array[...] = saved + step * u
        results.append([_core.array_of(o).copy() for o in _outputs(func(*inputs))])
        array[...] = saved
    plus, minus = results
    for j, output in outputs:
        v = _direction(random, _core.array_of(output))
        numerical = np.sum(np.conj(v) * (plus[j] - minus[j])).real / (2 * options.eps)
        analytical = np.sum(np.conj(_repeated(output, input, v, options)) * u).real
        atol = (
            options.atol * np.sum(np.abs(u)) * np.sum(np.abs(v))
        )  # each entry of the Jacobian may be off by atol
        _compare(
            analytical, numerical, atol, options.rtol, f"output {j} with respect to input {i}, projected,"
        )


def _direction(random, like):
    """A random array of unit norm."""
    values = random.standard_normal(like.shape)
    if like.dtype.kind == "c":
        values = values + 1j * random.standard_normal(like.shape)
    return np.asarray(values / np.linalg.norm(values), like.dtype)


# ---- what else a backward has to be


def _check_zeros(output, inputs, options, where):
    zeros = np.zeros_like(_core.array_of(output))
    for input in inputs:
        if np.any(_gradient(output, input, zeros.copy(), options)):
            raise GradcheckError(
                f"backward not multiplied by grad_output: for {where} it gives what is not zero for zeros"
            )


def _check_batched(output, inputs, options):
    random = np.random.RandomState(0)
    seeds = [_direction(random, _core.array_of(output)) for _ in range(2)]
    batched = grad(
        output, inputs, _core.make(np.stack(seeds)), True, allow_unused=True, is_grads_batched=True
    )
    for input, got in zip(inputs, batched, strict=True):
        expected = np.stack([_gradient(output, input, seed, options) for seed in seeds])
        if not np.allclose(
            0 if got is None else _core.array_of(got.detach()), expected, options.rtol, options.atol
        ):
            raise GradcheckError("a batched gradient differs from the gradients computed one by one")


class _Absent(Function):
    """Identity whose gradient is absent (None), not zero."""

    @staticmethod
    def forward(ctx, x):
        return x.detach()

    @staticmethod
    def backward(ctx, grad):
        return None


def _check_undefined(func, inputs, targets):
    """With no gradient for all outputs, or for one and zeros for the others, gradients are absent or zero."""
    n = sum(o.requires_grad for o in _outputs(func(*inputs)))
    for absent in [set(range(n))] + [{j} for j in range(n) if n > 1]:
        outputs = [o for o in _outputs(func(*inputs)) if o.requires_grad]
        outputs = [_Absent.apply(o) if j in absent else o for j, o in enumerate(outputs)]
        zeros = [_core.make(np.zeros_like(_core.array_of(o))) for o in outputs]
        try:
            gradients = grad(outputs, targets, zeros, allow_unused=True)
        except Exception as error:
            raise GradcheckError(_UNDEFINED) from error
        if any(g is not None and np.any(_core.array_of(g.detach())) for g in gradients):
            raise GradcheckError(_UNDEFINED)


_UNDEFINED = (
    "Expected backward function to handle undefined output grads: a gradient of an output may be None (with "
    "set_materialize_grads(False)), which counts as zeros"
)


# ---- second derivatives


def gradgradcheck(func, inputs, grad_outputs=None, *, eps=1e-6, atol=1e-5, rtol=1e-3, gen_non_contig_grad_outputs=False,
                  raise_exception=True, nondet_tol=0.0, check_undefined_grad=True, check_grad_dtypes=False,
                  check_batched_grad=False, check_fwd_over_rev=False, check_rev_over_rev=True, fast_mode=False,
                  masked=False):  # fmt: skip
    """gradgradcheck(func, inputs, grad_outputs=None, ...) -> bool: gradcheck of the gradients of func.

    grad_outputs (default: random, fixed; with gen_non_contig_grad_outputs in memory with gaps) are the gradients that
    the first backward starts from. check_fwd_over_rev: also by forward mode over the gradients.
    """
    if not (check_rev_over_rev or check_fwd_over_rev):
        raise ValueError("Expected at least one of check_rev_over_rev and check_fwd_over_rev to be True")
    func, inputs = _through_values(*_from_host(func, _inputs(inputs)))
    outputs = [o for o in _outputs(func(*inputs)) if o.requires_grad]
    if grad_outputs is None:
        random = np.random.RandomState(0)
        seeds = [_seed(random, _core.array_of(o), gen_non_contig_grad_outputs) for o in outputs]
        grad_outputs = [_core.make(s).requires_grad_() for s in seeds]
    else:
        grad_outputs = [g.detach().requires_grad_() for g in _inputs(grad_outputs)]
    n = len(inputs)
    wanted = [i for i, t in enumerate(inputs) if isinstance(t, _core.TensorBase) and t.requires_grad]

    def leaf(t):
        if not check_fwd_over_rev:
            return t.detach().requires_grad_()
        from .dual import fresh

        return fresh(t, False)

    def gradients(*args):
        # finite differences move detached tensors: they must require grad for the inner backward
        moved = [leaf(a) if i in wanted and not a.requires_grad else a for i, a in enumerate(args)]
        previous = _core.set_grad_mode(True)
        try:
            live = [o for o in _outputs(func(*moved[:n])) if o.requires_grad]
            results = grad(live, [moved[i] for i in wanted], moved[n:], create_graph=True, allow_unused=True)
        finally:
            _core.set_grad_mode(previous)
        return tuple(g for g in results if g is not None)

    if not any(g.requires_grad for g in gradients(*inputs, *grad_outputs)):
        return True  # linear in every input and independent of the seeds: nothing to differentiate
    return gradcheck(gradients, (*inputs, *grad_outputs), eps=eps, atol=atol, rtol=rtol,
                     raise_exception=raise_exception, nondet_tol=nondet_tol, check_undefined_grad=check_undefined_grad,
                     check_grad_dtypes=check_grad_dtypes, check_batched_grad=check_batched_grad, fast_mode=fast_mode,
                     check_forward_ad=check_fwd_over_rev, check_backward_ad=check_rev_over_rev,
                     masked=masked)  # fmt: skip


def _seed(random, like, with_gaps):
    values = random.standard_normal(like.shape)
    if like.dtype.kind == "c":
        values = values + 1j * random.standard_normal(like.shape)
    values = np.asarray(values, like.dtype)
    return np.repeat(values[..., None], 2, axis=-1)[..., 0] if with_gaps else values
