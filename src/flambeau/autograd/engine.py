"""The Python face of the engine: backward and grad."""

from .. import _core


def _tensors(value, what):
    if isinstance(value, _core.TensorBase):
        return [value]
    tensors = list(value)
    for t in tensors:
        if not isinstance(t, _core.TensorBase):
            raise TypeError(f"{what} must be a Tensor or a sequence of Tensors, found {type(t).__name__}")
    return tensors


def _ones(*args, **kwargs):
    from ..ops import FUNCTIONS

    return FUNCTIONS["ones"](*args, **kwargs)


def _start_gradients(tensors, grads, create_graph):
    """The gradients that backward starts from: ones for scalars, else what was given, checked."""
    if grads is None:
        grads = [None] * len(tensors)
    elif isinstance(grads, _core.TensorBase):
        grads = [grads]
    elif hasattr(type(grads), "__iter__"):
        grads = list(grads)
    else:
        raise TypeError(f"gradients can be either Tensors or None, but got {type(grads).__name__}")
    if len(grads) != len(tensors):
        raise RuntimeError(f"got {len(tensors)} tensors and {len(grads)} gradients")
    started = []
    for i, (t, g) in enumerate(zip(tensors, grads, strict=True)):
        if not t.requires_grad:
            raise RuntimeError(f"element {i} of tensors does not require grad and does not have a grad_fn")
        if g is None:
            if t.numel() != 1:
                raise RuntimeError("grad can be implicitly created only for scalar outputs")
            if t.is_complex():
                raise RuntimeError(
                    f"grad can be implicitly created only for real scalar outputs but got {t.dtype}"
                )
            if _core.interpreter_of(t) is not None:
                g = _ones(t.shape, dtype=t.dtype, device=t.device)
            else:
                g = _core.make(_core.ones_like(_core.array_of(t)), type(t)._face or type(t))
        elif not isinstance(g, _core.TensorBase):
            raise TypeError(f"gradients can be either Tensors or None, but got {type(g).__name__}")
        elif tuple(g.shape) != tuple(t.shape):
            raise RuntimeError(
                f"Mismatch in shape: grad_output[{i}] has a shape of {g.shape} and output[{i}] has a shape of "
                f"{t.shape}."
            )
        elif g.is_complex() != t.is_complex():
            raise RuntimeError(
                f"For complex Tensors, both grad_output and output are required to have the same dtype. Mismatch in "
                f"dtype: grad_output[{i}] has a dtype of {g.dtype} and output[{i}] has a dtype of {t.dtype}."
            )
        elif g.dtype is not t.dtype:
            g = g.to(t.dtype)
        started.append(g)
    return started


def backward(
    tensors, grad_tensors=None, retain_graph=None, create_graph=False, grad_variables=None, inputs=None
):
    """backward(tensors, grad_tensors=None, retain_graph=None, create_graph=False, inputs=None)

    Adds the gradients of the tensors (times grad_tensors, ones for scalars) to `.grad` of the leaves, or of `inputs`
    only. Buffers are freed unless retain_graph (default: create_graph).
    """
    if grad_variables is not None:
        if grad_tensors is not None:
            raise RuntimeError("backward: give grad_tensors or its older name grad_variables, not both")
        grad_tensors = grad_variables
    tensors = _tensors(tensors, "backward: tensors")
    if inputs is not None:
        inputs = _tensors(inputs, "backward: inputs")
        if not inputs:
            raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    retain_graph = create_graph if retain_graph is None else retain_graph
    grads = _start_gradients(tensors, grad_tensors, create_graph)
    wrapped = _core.interpreter_of(tensors, inputs, grads)
    if wrapped is not None:
        wrapped._accumulate(tensors, inputs, grads, retain_graph, create_graph)
    else:
        _core.run_backward(tensors, grads, retain_graph, create_graph, inputs)


def grad(outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=False, only_inputs=True, allow_unused=None,
         is_grads_batched=False, materialize_grads=False):  # fmt: skip
    """grad(outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=False, allow_unused=False) -> tuple

    The gradients of the sum of outputs (each times its grad_output) with respect to inputs; `.grad` is left alone.
    An input that was not used raises RuntimeError unless allow_unused (then None, or zeros with materialize_grads).
    With is_grads_batched, grad_outputs have a leading batch dimension, and so do the results.
    """
    outputs, inputs = _tensors(outputs, "grad: outputs"), _tensors(inputs, "grad: inputs")
    if not inputs:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    if not only_inputs:
        import warnings

        warnings.warn(
            "only_inputs argument is deprecated and is ignored now (defaults to True).",
            FutureWarning,
            stacklevel=2,
        )
    if allow_unused is None:
        allow_unused = materialize_grads
    if materialize_grads and not allow_unused:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False."
        )
    if is_grads_batched:
        return _batched(
            outputs, inputs, grad_outputs, retain_graph, create_graph, allow_unused, materialize_grads
        )
    for t in inputs:
        if not t.requires_grad:
            raise RuntimeError("One of the differentiated Tensors does not require grad")
    grads = _start_gradients(outputs, grad_outputs, create_graph)
    retain_graph = create_graph if retain_graph is None else retain_graph
    wrapped = _core.interpreter_of(outputs, inputs, grads)
    if wrapped is not None:
        results = list(wrapped._gradients(outputs, inputs, grads, retain_graph, create_graph))
    else:
        results = _core.run_backward(outputs, grads, retain_graph, create_graph, inputs, accumulate=False)
    for i, (t, g) in enumerate(zip(inputs, results, strict=True)):
        if g is None:
            if not allow_unused:
                raise RuntimeError(
                    "One of the differentiated Tensors appears to not have been used in the graph. Set "
                    f"allow_unused=True if this is the desired behavior. It is the Tensor at index {i} of inputs."
                )
            if materialize_grads:
                results[i] = t.new_zeros(t.shape)
    return tuple(results)


def _batched(outputs, inputs, grad_outputs, retain_graph, create_graph, allow_unused, materialize_grads):
    """One backward pass for the whole batch, inside vmap; where the formulas look at elements, one for each of them."""
    from ..func.vmap import vmap

    if grad_outputs is None:
        raise RuntimeError("grad can be implicitly created only for scalar outputs: give batches as grad_outputs")
    batches = _tensors(grad_outputs, "grad: grad_outputs")
    reached: list[bool] = []

    def once(*seeds):
        options = create_graph, True, allow_unused, False, materialize_grads
        grads = grad(outputs, inputs, seeds, True, *options)  # the graph is kept: this may be tried again
        reached[:] = [g is not None for g in grads]
        return [g for g in grads if g is not None]

    try:
        found = iter(vmap(once, randomness="different")(*batches))
    except (RuntimeError, NotImplementedError):
        found = iter(_one_by_one(once, batches))
    if not (create_graph if retain_graph is None else retain_graph):
        _core.free_graph(outputs)
    return tuple([next(found) if r else None for r in reached])


def _one_by_one(once, batches):
    from ..ops import FUNCTIONS

    rows = [once(*[b[i] for b in batches]) for i in range(len(batches[0]))]
    return [FUNCTIONS["stack"](column) for column in zip(*rows, strict=True)]
