"""Optimizer: parameter groups, state, hooks and state dictionaries."""

import contextlib
import functools
import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from copy import deepcopy
from itertools import chain

import flambeau as fb
from flambeau import Tensor
from flambeau.autograd.profiler import is_profiling, record_function
from flambeau.nn.hooks import add_hook
from flambeau.nn.module import _typename


class _Required:
    """The default of an option that every parameter group has to give."""

    def __repr__(self):
        return "<required parameter>"


required = _Required()

_global_step_pre_hooks: OrderedDict = OrderedDict()
_global_step_post_hooks: OrderedDict = OrderedDict()


def register_optimizer_step_pre_hook(hook):
    """Call `hook(optimizer, args, kwargs)` before the step of every optimizer; not None replaces both. args begins with
    the optimizer."""
    return add_hook(_global_step_pre_hooks, hook)


def register_optimizer_step_post_hook(hook):
    """Call `hook(optimizer, args, kwargs)` after the step of every optimizer."""
    return add_hook(_global_step_post_hooks, hook)


_no_range = contextlib.nullcontext()


def _range(optimizer, method):
    """The range of the profiler around a method of an optimizer: Optimizer.step#SGD.step."""
    if not is_profiling():
        return _no_range
    return record_function(f"Optimizer.{method}#{type(optimizer).__name__}.{method}")


def _with_hooks(step):
    """`step` as every optimizer class gets it: the hooks around it, a range of the profiler, a mark that it was
    called."""

    def run(self, args, kwargs):  # args begin with the optimizer, as hooks see them
        if not (
            _global_step_pre_hooks
            or self._optimizer_step_pre_hooks
            or _global_step_post_hooks
            or self._optimizer_step_post_hooks
        ):
            return step(*args, **kwargs)
        for hook in chain(_global_step_pre_hooks.values(), self._optimizer_step_pre_hooks.values()):
            replaced = hook(self, args, kwargs)
            if replaced is not None:
                if not isinstance(replaced, tuple) or len(replaced) != 2:
                    raise RuntimeError(
                        f"{step} must return None or a tuple of (new_args, new_kwargs), but got {replaced}."
                    )
                args, kwargs = replaced
        result = step(*args, **kwargs)
        for hook in chain(self._optimizer_step_post_hooks.values(), _global_step_post_hooks.values()):
            hook(self, args, kwargs)
        return result

    @functools.wraps(step)
    def hooked(self, *args, **kwargs):
        self._opt_called = True
        with _range(self, "step"):
            return run(self, (self, *args), kwargs)

    hooked.hooked = True  # type: ignore[attr-defined]
    return hooked


class Optimizer:
    """Optimizer(params, defaults): base class of all optimizers.

    params: an iterable of Tensors, of (name, Tensor) pairs, or of dictionaries, each a group with its own options
    ({"params": [...], "lr": 0.1}). defaults: the options of groups that do not give them. `param_groups` is the list
    of groups, `state` maps each parameter to its dictionary of state.

    A subclass may say which options state dictionaries lack that were written before these existed, with their values
    (`_since`), and which states are float32 tensors of one element, Python numbers in older files (`_float32_states`).
    """

    _since: dict = {}
    _float32_states: tuple[str, ...] = ()

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        step = cls.__dict__.get("step")
        if step is not None and not hasattr(step, "hooked"):
            cls.step = _with_hooks(step)  # type: ignore[method-assign]

    def __init__(self, params, defaults):
        self.defaults = defaults
        self._add_hook_tables()
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                + _typename(params)
            )
        self.state: defaultdict = defaultdict(dict)
        self.param_groups = []
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(dict(group) if isinstance(group, dict) else group)

    def _add_hook_tables(self):
        self._optimizer_step_pre_hooks = OrderedDict()
        self._optimizer_step_post_hooks = OrderedDict()
        self._optimizer_state_dict_pre_hooks = OrderedDict()
        self._optimizer_state_dict_post_hooks = OrderedDict()
        self._optimizer_load_state_dict_pre_hooks = OrderedDict()
        self._optimizer_load_state_dict_post_hooks = OrderedDict()

    def __getstate__(self):
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state):
        self.__dict__.update(state)
        if "_optimizer_step_pre_hooks" not in self.__dict__:
            self._add_hook_tables()
        self.defaults.setdefault("differentiable", False)
        for group in self.param_groups:
            for name, value in self._since.items():
                group.setdefault(name, value)
        for name in self._float32_states:
            for values in self.state.values():
                # Loading casts all but the count of steps to the parameter's dtype.
                if name in values and (not isinstance(values[name], Tensor) or name != "step"):
                    values[name] = fb.tensor(float(_number(values[name])), dtype=fb.float32)

    def __repr__(self):
        groups = []
        for i, group in enumerate(self.param_groups):
            options = [f"    {key}: {group[key]}\n" for key in sorted(group) if key != "params"]
            groups.append(f"\nParameter Group {i}\n{''.join(options)}")
        return f"{type(self).__name__} ({''.join(groups)})"

    # -------------------------------------------------------- groups

    def add_param_group(self, param_group):
        """Add a group: a dictionary with "params" (a Tensor or an ordered collection) and its options.

        Raises TypeError for what is no Tensor or has no order, ValueError for a parameter that is no leaf or already
        in another group and for a missing option without default.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        group = dict(param_group)
        params = group["params"]
        if isinstance(params, Tensor):
            params = [params]
        elif isinstance(params, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in "
                "sets will change between runs. Please use a list instead."
            )
        elif not isinstance(params, Iterable):
            raise TypeError(
                f"param_group['params'] must be a Tensor or an iterable of Tensors, got {type(params)}"
            )
        params, names = _split_names(list(params))
        for param in params:
            if not isinstance(param, Tensor):
                raise TypeError(
                    "optimizer can only optimize Tensors, but one of the params is " + _typename(param)
                )
            if not self.defaults.get("differentiable") and not (param.is_leaf or param.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor")
        for name, default in self.defaults.items():
            if default is required and name not in group:
                raise ValueError(
                    f"parameter group didn't specify a value of required optimization parameter {name}"
                )
            group.setdefault(name, default)
        if len({id(p) for p in params}) != len(params):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this will cause an error; "
                "see github.com/pytorch/pytorch/issues/40967 for more information",
                stacklevel=3,
            )
        taken = {id(p) for other in self.param_groups for p in other["params"]}
        if not taken.isdisjoint(id(p) for p in params):
            raise ValueError("some parameters appear in more than one parameter group")
        if self.param_groups and ("param_names" in self.param_groups[0]) != (names is not None):
            raise ValueError(
                "all optimizer param groups should be with/without names. cannot add param group without names to the "
                "optimizer"
                if names is None
                else "all optimizer param groups should be with/without names. cannot add param group with names to "
                "the optimizer"
            )
        group["params"] = params
        if names is not None:
            group["param_names"] = names
        self.param_groups.append(group)
        param_group.update(group)

    def zero_grad(self, set_to_none=True):
        """Forget the gradients of all parameters (set_to_none=False: set them to zero)."""
        with _range(self, "zero_grad"):
            for group in self.param_groups:
                for param in group["params"]:
                    param._clear_grad(set_to_none)

    # -------------------------------------------------------- stepping

    @_with_hooks
    def step(self, closure=None):
        """Change all parameters once by their gradients.

        closure: computes the loss anew, calls backward and returns the loss, which step then returns.
        """
        loss = None
        if closure is not None:
            with fb.enable_grad():
                loss = closure()
        with fb.set_grad_enabled(bool(self.defaults.get("differentiable"))):
            for group in self.param_groups:
                params = [p for p in group["params"] if p.grad is not None]
                if params:
                    self._update(group, params)
        return loss

    def _update(self, group, params):
        """One step of the parameters of a group that have gradients: the optimizer's formula. Recording is off, unless
        the optimizer was made with differentiable=True."""
        raise NotImplementedError(
            f"Optimizer [{type(self).__name__}] has to define step() or _update(group, params)"
        )

    def register_step_pre_hook(self, hook):
        """Call `hook(optimizer, args, kwargs)` before each step; not None replaces both. args begins with the
        optimizer."""
        return add_hook(self._optimizer_step_pre_hooks, hook)

    def register_step_post_hook(self, hook):
        """Call `hook(optimizer, args, kwargs)` after each step."""
        return add_hook(self._optimizer_step_post_hooks, hook)

    # -------------------------------------------------------- saving and loading

    def register_state_dict_pre_hook(self, hook, prepend=False):
        """Call `hook(optimizer)` before `state_dict`."""
        return add_hook(self._optimizer_state_dict_pre_hooks, hook, prepend=prepend)

    def register_state_dict_post_hook(self, hook, prepend=False):
        """Call `hook(optimizer, state_dict)` after; not None replaces the result."""
        return add_hook(self._optimizer_state_dict_post_hooks, hook, prepend=prepend)

    def register_load_state_dict_pre_hook(self, hook, prepend=False):
        """Call `hook(optimizer, state_dict)` before loading; not None replaces what is loaded."""
        return add_hook(self._optimizer_load_state_dict_pre_hooks, hook, prepend=prepend)

    def register_load_state_dict_post_hook(self, hook, prepend=False):
        """Call `hook(optimizer)` after loading."""
        return add_hook(self._optimizer_load_state_dict_post_hooks, hook, prepend=prepend)

    def state_dict(self):
        """{"state": {number: state}, "param_groups": [options, with "params" a list of numbers]}

        Parameters are numbered in the order of the groups. The tensors of the state are not copied.
        """
        for hook in self._optimizer_state_dict_pre_hooks.values():
            hook(self)
        numbers: dict[int, int] = {}
        groups = []
        for group in self.param_groups:
            packed = {key: value for key, value in group.items() if key != "params"}
            packed["params"] = [numbers.setdefault(id(p), len(numbers)) for p in group["params"]]
            groups.append(packed)
        state = {numbers[id(k)] if isinstance(k, Tensor) else k: v for k, v in self.state.items()}
        result = {"state": state, "param_groups": groups}
        for hook in self._optimizer_state_dict_post_hooks.values():
            replaced = hook(self, result)
            if replaced is not None:
                result = replaced
        return result

    def load_state_dict(self, state_dict):
        """Take options and state from what `state_dict` returned, cast to each parameter's dtype and device.

        Raises ValueError when the groups do not fit this optimizer's.
        """
        state_dict = dict(state_dict)
        for hook in self._optimizer_load_state_dict_pre_hooks.values():
            replaced = hook(self, state_dict)
            if replaced is not None:
                state_dict = replaced
        saved_groups = deepcopy(state_dict["param_groups"])
        if len(saved_groups) != len(self.param_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        for own, saved in zip(self.param_groups, saved_groups, strict=True):
            if len(own["params"]) != len(saved["params"]):
                raise ValueError(
                    "loaded state dict contains a parameter group that doesn't match the size of optimizer's group"
                )
        numbered: dict[int, Tensor] = {}
        for own, saved in zip(self.param_groups, saved_groups, strict=True):
            numbered.update(zip(saved["params"], own["params"], strict=True))
        state: defaultdict = defaultdict(dict)
        for key, value in state_dict["state"].items():
            if key in numbered:
                state[numbered[key]] = _cast_state(numbered[key], value)
            else:
                state[key] = value
        groups = []
        for own, saved in zip(self.param_groups, saved_groups, strict=True):
            if "param_names" in own and "param_names" not in saved:
                saved["param_names"] = own["param_names"]
            groups.append({**saved, "params": own["params"]})
        self.__setstate__({"state": state, "param_groups": groups})
        for hook in self._optimizer_load_state_dict_post_hooks.values():
            hook(self)


def _split_names(params):
    """(parameters, names) of a list of Tensors (names None) or of (name, Tensor) pairs."""
    named = [isinstance(p, tuple) for p in params]
    if not any(named):
        return params, None
    if not all(named):
        raise ValueError("all optimizer params should be with/without names. Some param names are missing")
    return [p for _, p in params], [name for name, _ in params]


def _cast_state(param, value, key=None):
    """`value` with all tensors in the parameter's dtype (if floating) and on its device; "step" counts as it is."""
    if isinstance(value, Tensor):
        if key == "step":
            return value
        if param.is_floating_point():
            return value.to(dtype=param.dtype, device=param.device)
        return value.to(device=param.device)
    if isinstance(value, dict):
        return {k: _cast_state(param, v, k) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_cast_state(param, v) for v in value)
    return value


def _number(value):
    """An option such as lr as a Python number; it may be given as a tensor of one element."""
    return value.item() if isinstance(value, Tensor) else value


def _rate(lr):
    """A learning rate as a Python number; ValueError for a tensor of several."""
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    return _number(lr)


def _check_not_negative(options):
    """ValueError for a value below zero (or NaN) in {name in the message: value}."""
    for name, value in options.items():
        if not _number(value) >= 0.0:
            raise ValueError(f"Invalid {name}: {_number(value)}")


def _check_lr(lr, foreach=None, capturable=False):
    """ValueError for a rate below zero, or a tensor that is not a number or not for the given kind of step."""
    if isinstance(lr, Tensor) and foreach and not capturable:
        raise ValueError("lr as a Tensor is not supported for capturable=False and foreach=True")
    _check_not_negative({"learning rate": _rate(lr)})


def _check_betas(betas):
    """ValueError for decay rates out of [0, 1)."""
    for i in (0, 1):
        beta = _number(betas[i])
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Invalid beta parameter at index {i}: {beta}")


def _check_fused(optimizer):
    """RuntimeError for fused=True together with what excludes it."""
    options = optimizer.defaults
    if options["fused"] and options["differentiable"]:
        raise RuntimeError("`fused` does not support `differentiable`")
    if options["fused"] and options["foreach"]:
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")


def _count_step(state):
    """Count one more step in `state`; the number of steps."""
    state["step"] += 1
    return state["step"].item()


def _as_reals(*tensors):
    """Complex tensors as views with a last dimension of two reals, which are optimised each on its own."""
    return [fb.view_as_real(t) if t.is_complex() else t for t in tensors]


def _check_dense(optimizer, params):
    """RuntimeError when a gradient is sparse."""
    if any(p.grad.layout is not fb.strided for p in params):
        raise RuntimeError(f"{type(optimizer).__name__} does not support sparse gradients")


def _check_real(optimizer, params):
    """RuntimeError when a parameter is complex."""
    if any(p.is_complex() for p in params):
        raise RuntimeError(f"{type(optimizer).__name__} does not support complex parameters")
