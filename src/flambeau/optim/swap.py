"""Other parameters and state for an optimizer, for a while."""

from collections import defaultdict
from contextlib import contextmanager

NAME = "swap_in_optimizer_params_and_state"


@contextmanager
def swap_in_optimizer_params_and_state(optimizer, swapin_parameters, swapin_optim_state):
    """with swap_in_optimizer_params_and_state(optimizer, swapin_parameters, swapin_optim_state): ...

    Inside, the optimizer has the tensors of the dictionary `swapin_parameters`, in the order of its parameters, and the
    state and options of `swapin_optim_state`, which has the form of `optimizer.state_dict()`; afterwards its own again.
    Its tensors are not copied: `step` changes those that were given. Other changes inside (options, new state) are
    lost. Unlike `load_state_dict` it replaces the parameters as well.

    Raises RuntimeError when the optimizer has no state yet, or another number of parameters, groups, or options.
    """
    params = list(swapin_parameters.values())
    groups = _checked(optimizer, params, swapin_optim_state)
    given = swapin_optim_state.get("state", {})
    state = defaultdict(dict, {param: dict(given.get(number, {})) for number, param in enumerate(params)})
    before = optimizer.state, [dict(group) for group in optimizer.param_groups]
    try:
        optimizer.state = state
        for own, group in zip(optimizer.param_groups, groups, strict=True):
            own.update({**group, "params": [params[number] for number in group["params"]]})
        yield
    finally:
        optimizer.state = before[0]
        for own, saved in zip(optimizer.param_groups, before[1], strict=True):
            own.clear()
            own.update(saved)


def _checked(optimizer, params, state_dict):
    """The groups of the state dictionary, once they fit the optimizer's."""
    groups = state_dict.get("param_groups")
    if not optimizer.state:
        raise RuntimeError(f"{NAME} requires initialized optimizer state.")
    if not isinstance(groups, list):
        raise RuntimeError(
            f"{NAME} requires swapin_optim_state['param_groups'] to be a list of param-group dicts, got "
            f"{type(groups).__name__}."
        )
    if len(groups) != len(optimizer.param_groups):
        raise RuntimeError("swapin_optim_state has a different number of parameter groups than the live optimizer.")
    for i, (own, given) in enumerate(zip(optimizer.param_groups, groups, strict=True)):
        if own.keys() != given.keys():
            raise RuntimeError(
                f"{NAME} requires optimizer.state_dict()-style param group keys to exactly match the live optimizer "
                f"group keys for group {i}. Keys only in swap-in: {[k for k in given if k not in own]}. Keys only in "
                f"live: {[k for k in own if k not in given]}."
            )
    fits = all(
        len(own["params"]) == len(given["params"])
        for own, given in zip(optimizer.param_groups, groups, strict=True)
    )
    if not fits or len(params) != sum(len(given["params"]) for given in groups):
        raise RuntimeError(
            f"{NAME} requires the explicit parameter state to match optimizer.param_groups ordering."
        )
    return groups
