"""Modules as functions of their parameters and buffers."""

import contextlib

from ..ops import FUNCTIONS
from ..tensor import Tensor


def _one_dict(given):
    """The tensors of one or several dicts under their names."""
    if isinstance(given, dict):
        return given
    if not isinstance(given, (list, tuple)):
        raise ValueError(
            f"Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got {type(given)}"
        )
    merged: dict[str, Tensor] = {}
    for part in given:
        if not isinstance(part, dict):
            raise ValueError("Expected all elements of parameter_and_buffer_dicts to be dictionaries")
        repeated = [name for name in part if name in merged]
        if repeated:
            raise ValueError(
                f"{repeated} appeared in multiple dictionaries; behavior of functional call is ambiguous"
            )
        merged.update(part)
    return merged


def _owner(module, name):
    """(table of parameters or buffers, key) of a dotted name; the table is None for a name that is not registered."""
    *path, key = name.split(".")
    for part in path:
        child = module._modules.get(part)
        if child is None:
            raise AttributeError(f"{type(module).__name__} has no attribute `{part}`")
        module = child
    for table in (module._parameters, module._buffers):
        if key in table:
            return table, key
    return None, key


def _registered(module):
    return [
        *module.named_parameters(remove_duplicate=False),
        *module.named_buffers(remove_duplicate=False),
    ]


def _tied(module, tensors):
    """The same tensors, under each of the names by which the module knows the one replaced."""
    names: dict[int, list[str]] = {}
    for name, t in _registered(module):
        names.setdefault(id(t), []).append(name)
    full = dict(tensors)
    for group in names.values():
        given = [name for name in group if name in tensors]
        if len({id(tensors[name]) for name in given}) > 1:
            raise ValueError(
                f"functional_call got multiple values for keys {sorted(given)}, which are tied. Consider using "
                "tie_weights=False"
            )
        for name in group if given else ():
            full[name] = tensors[given[0]]
    return full


@contextlib.contextmanager
def _replaced(module, tensors):
    """The module with these tensors in the places of its own, which come back at the end."""
    saved = []
    try:
        for name, t in tensors.items():
            table, key = _owner(module, name)
            if table is not None:
                saved.append((table, key, table[key]))
                table[key] = t
        yield
    finally:
        for table, key, t in reversed(saved):
            table[key] = t


def functional_call(
    module, parameter_and_buffer_dicts, args=None, kwargs=None, *, tie_weights=True, strict=False
):
    """functional_call(module, parameter_and_buffer_dicts, args=None, kwargs=None, *, tie_weights=True, strict=False)

    The result of module(*args, **kwargs) with the given tensors (a dict by name, or several) in the places of its
    parameters and buffers; the module keeps its own. Names that are not given use the module's tensors; with strict,
    missing and unknown names raise RuntimeError. A parameter that the module knows under two names is replaced under
    both, unless tie_weights is False. args may be a single argument.
    """
    tensors = _one_dict(parameter_and_buffer_dicts)
    for t in tensors.values():
        if not isinstance(t, Tensor):
            raise TypeError(f"{t} is not an instance of torch.Tensor")
    if tie_weights:
        tensors = _tied(module, tensors)
    if strict:
        known = {name for name, _ in _registered(module)}
        problems = [("Missing", known - tensors.keys()), ("Unexpected", tensors.keys() - known)]
        lines = [
            f"\n\t{what} key(s): {', '.join(repr(k) for k in sorted(keys))}."
            for what, keys in problems
            if keys
        ]
        if lines:
            raise RuntimeError(f"Error(s) in reparametrizing for {type(module).__name__}:{''.join(lines)}")
    args = () if args is None else args if isinstance(args, tuple) else (args,)
    with _replaced(module, tensors):
        return module(*args, **(kwargs or {}))


def stack_module_state(models):
    """stack_module_state(models) -> (params, buffers): dicts by name of the models' tensors, stacked along dim 0

    For `vmap` of `functional_call`: an ensemble in one call. The models are of one class and mode. Parameters that
    require grad are stacked to leaves that do.
    """
    models = list(models)
    if not models:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if any(m.training != models[0].training for m in models):
        raise RuntimeError("stack_module_state: Expected all models to have the same training/eval mode.")
    if any(type(m) is not type(models[0]) for m in models):
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")
    params = {name: _stacked([dict(m.named_parameters())[name] for m in models]) for name, _ in
              models[0].named_parameters()}  # fmt: skip
    buffers = {name: _stacked([dict(m.named_buffers())[name] for m in models]) for name, _ in
               models[0].named_buffers()}  # fmt: skip
    return params, buffers


def _stacked(tensors):
    wanted = [t.requires_grad for t in tensors]
    if any(wanted) and not all(wanted):
        raise RuntimeError(
            f"Expected parameters from each model to have the same .requires_grad, got {wanted}; set them alike"
        )
    return FUNCTIONS["stack"]([t.detach() for t in tensors]).requires_grad_(all(wanted))


def replace_all_batch_norm_modules_(root):
    """replace_all_batch_norm_modules_(root) -> root, whose batch norms keep no running statistics: the form that vmap
    takes, since they are one for all examples."""
    from ..nn.batchnorm import _BatchNorm

    for module in root.modules():
        if isinstance(module, _BatchNorm):
            module.running_mean = module.running_var = module.num_batches_tracked = None
            module.track_running_stats = False
    return root
