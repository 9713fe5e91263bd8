"""Checking analytical gradients against finite differences."""

import numpy as np

from .. import _core
from ..layout import strided


class GradcheckError(RuntimeError):
    """A gradient differs from its finite difference."""


def _inputs(inputs):
    return (inputs,) if isinstance(inputs, _core.TensorBase) else tuple(inputs)


def _outputs(result):
    outputs = result if isinstance(result, (tuple, list)) else (result,)
    return [
        o for o in outputs if isinstance(o, _core.TensorBase) and (o.is_floating_point() or o.is_complex())
    ]


def _through_values(func, inputs):
    """The same function of the values of sparse inputs, with dense results."""
    sparse = [isinstance(t, _core.TensorBase) and t.layout is not strided for t in inputs]
    if not any(sparse):
        return func, inputs

    def of_values(*args):
        made = [t._with(a) if s else a for t, a, s in zip(inputs, args, sparse, strict=True)]
        results = func(*made)
        several = isinstance(results, (tuple, list))
        dense = [o.to_dense() if isinstance(o, _core.TensorBase) else o for o in (results if several else (results,))]
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


def _compare(analytical, numerical, atol, rtol, where):
    if not np.allclose(analytical, numerical, rtol, atol, equal_nan=True):
        raise GradcheckError(
            f"Jacobian mismatch for {where}\nnumerical:{numerical}\nanalytical:{analytical}\n"
            f"largest difference {np.max(np.abs(np.asarray(analytical) - np.asarray(numerical))):.3e}"
        )


def gradcheck(func, inputs, *, eps=1e-6, atol=1e-5, rtol=1e-3, raise_exception=True, nondet_tol=0.0,
              check_undefined_grad=True, check_grad_dtypes=False, check_batched_grad=False,
              check_batched_forward_grad=False, check_forward_ad=False, check_backward_ad=True,
              fast_mode=False, masked=None):  # fmt: skip
    """gradcheck(func, inputs, eps=1e-6, atol=1e-5, rtol=1e-3, raise_exception=True, check_forward_ad=False,
    check_backward_ad=True, check_batched_forward_grad=False) -> bool

    Compares the gradients of func (tensors -> tensor or tuple) at `inputs` with central differences, element by
    element; with check_forward_ad, the tangents too (of several directions at once with check_batched_forward_grad).
    Inputs that require grad should be float64 or complex128. A mismatch raises GradcheckError, or gives False.
    `fast_mode` and check_batched_grad are accepted; the full check is always made. Sparse inputs are moved in their
    values, sparse results compared as dense ones.
    """
    func, inputs = _through_values(func, _inputs(inputs))
    if not (check_backward_ad or check_forward_ad):
        raise ValueError("Expected at least one of check_forward_ad and check_backward_ad to be True")
    if check_batched_forward_grad and not check_forward_ad:
        raise ValueError("Setting check_batched_forward_grad=True requires check_forward_ad to be True")
    try:
        if check_backward_ad:
            _gradcheck(func, _inputs(inputs), eps, atol, rtol, nondet_tol, check_grad_dtypes)
        if check_forward_ad:
            from .gradcheck_forward import check_forward

            check_forward(func, _inputs(inputs), eps, atol, rtol, check_batched_forward_grad)
        return True
    except GradcheckError:
        if raise_exception:
            raise
        return False


def _gradcheck(func, inputs, eps, atol, rtol, nondet_tol, check_grad_dtypes):
    from .engine import grad

    wanted = [i for i, t in enumerate(inputs) if isinstance(t, _core.TensorBase) and t.requires_grad]
    if not wanted:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of the them have "
            "requires_grad=True."
        )
    for i in wanted:
        if inputs[i].dtype.to_real().name != "float64":
            import warnings

            warnings.warn(
                f"Input #{i} requires gradient and is not a double precision floating point or complex. This check "
                "will likely fail if all the inputs are not of double precision floating point or complex.",
                UserWarning,
                stacklevel=3,
            )
        if 0 in inputs[i].stride() and inputs[i].numel() > 1:
            raise RuntimeError(
                f"The {i}th input has a dimension with stride 0. gradcheck only supports inputs that are "
                "non-overlapping to be able to compute the numerical gradients correctly. You should call .contiguous "
                "on the input before passing it."
            )
    outputs = _outputs(func(*inputs))
    if not any(o.requires_grad for o in outputs):
        raise GradcheckError("no output requires grad: the gradients with respect to the inputs were cut off")
    inner = [t.detach() if isinstance(t, _core.TensorBase) else t for t in inputs]

    def unrecorded(*args):
        previous = _core.set_grad_mode(False)
        try:
            return func(*args)
        finally:
            _core.set_grad_mode(previous)

    for i in wanted:
        if not inputs[i].numel():
            continue
        numerical = _numerical(unrecorded, inner, i, eps)
        for j, output in enumerate(outputs):
            if not output.numel():
                continue
            if not output.requires_grad:
                analytical = None
                for row in numerical:
                    for d in row:
                        where = f"output {j} (not recorded) with respect to input {i}"
                        _compare(np.zeros_like(d[j]), d[j], atol, rtol, where)
                continue
            analytical = _analytical(grad, output, inputs[i], nondet_tol)
            expected = _as_gradients(numerical, j, output.is_complex(), inputs[i].is_complex())
            _compare(analytical, expected, atol, rtol, f"output {j} with respect to input {i},")
            if check_grad_dtypes:
                (g,) = grad(output.sum(), inputs[i], retain_graph=True)
                if g.dtype is not inputs[i].dtype:
                    raise GradcheckError(
                        f"gradient of input {i} has dtype {g.dtype}, the input {inputs[i].dtype}"
                    )
    return True


def _analytical(grad, output, input, nondet_tol):
    """Gradients of each output element (real and imaginary part apart): (parts * output elements, input elements)."""
    shape = _core.array_of(output).shape
    rows: list[np.ndarray] = []
    for unit in (1, 1j) if output.is_complex() else (1,):
        for position in np.ndindex(shape):
            seed = np.zeros(shape, _core.array_of(output).dtype)
            seed[position] = unit
            results = []
            for _ in range(2 if not rows else 1):  # the first row twice: backward must be deterministic
                (g,) = grad(output, input, _core.make(seed.copy()), retain_graph=True, allow_unused=True)
                unused = g is None
                results.append(
                    np.zeros(_core.array_of(input).shape) if unused else np.array(_core.array_of(g.detach()))
                )
            if np.max(np.abs(results[0] - results[-1]), initial=0) > nondet_tol:
                raise GradcheckError(
                    "Backward is not reentrant, i.e., running backward with same input and grad_output multiple times "
                    "gives different values"
                )
            rows.append(results[0].reshape(-1))
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


def gradgradcheck(func, inputs, grad_outputs=None, *, eps=1e-6, atol=1e-5, rtol=1e-3, gen_non_contig_grad_outputs=False,
                  raise_exception=True, nondet_tol=0.0, **options):  # fmt: skip
    """gradgradcheck(func, inputs, grad_outputs=None, ...) -> bool: gradcheck of the gradients of func.

    grad_outputs (default: random, fixed) are the gradients that the first backward starts from.
    """
    from .engine import grad

    func, inputs = _through_values(func, _inputs(inputs))
    outputs = [o for o in _outputs(func(*inputs)) if o.requires_grad]
    if grad_outputs is None:
        generator = np.random.RandomState(0)
        grad_outputs = []
        for o in outputs:
            array = _core.array_of(o)
            seed = generator.standard_normal(array.shape)
            if array.dtype.kind == "c":
                seed = seed + 1j * generator.standard_normal(array.shape)
            grad_outputs.append(_core.make(np.asarray(seed, array.dtype)).requires_grad_())
    else:
        grad_outputs = [g.detach().requires_grad_() for g in _inputs(grad_outputs)]
    n = len(inputs)

    def gradients(*args):
        args, seeds = args[:n], args[n:]
        wanted = [t for t in args if isinstance(t, _core.TensorBase) and t.requires_grad]
        previous = _core.set_grad_mode(True)
        try:
            live = [o for o in _outputs(func(*args)) if o.requires_grad]
            results = grad(live, wanted, seeds, create_graph=True, allow_unused=True)
        finally:
            _core.set_grad_mode(previous)
        return tuple(g for g in results if g is not None)

    wanted = [i for i, t in enumerate(inputs) if isinstance(t, _core.TensorBase) and t.requires_grad]

    def fixed(*args):
        # finite differences move detached tensors: they must require grad for the inner backward
        moved = [i in wanted and not a.requires_grad for i, a in enumerate(args)]
        return gradients(*[a.detach().requires_grad_() if m else a for a, m in zip(args, moved, strict=True)])

    probe = gradients(*inputs, *grad_outputs)
    if not any(g.requires_grad for g in probe):
        return True  # linear in every input and independent of the seeds: nothing to differentiate
    options = dict(eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception, nondet_tol=nondet_tol)
    return gradcheck(fixed, (*inputs, *grad_outputs), **options)
