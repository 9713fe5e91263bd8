"""Hooks of modules: registration, the slow path of `Module.__call__` that runs them, and the gates that turn
"gradient with respect to a module's inputs and outputs" into ordinary autograd nodes.

A module without hooks never comes here: `Module.__call__` tests the one flag `_hooked`. A registration sets it on
the module (for a global hook: on the class); the slow path takes it back once it finds every table empty.
"""

import functools
import warnings
from collections import OrderedDict
from collections.abc import Callable

import flambeau as fb
from flambeau import Tensor
from flambeau.autograd import Function
from flambeau.hooks import RemovableHandle

from .parameter import older_rules


class HookTables:
    """The tables that a module, and the set of global hooks, has: from the id of a handle to the hook."""

    _backward_pre_hooks: OrderedDict
    _backward_hooks: OrderedDict
    _forward_hooks: OrderedDict
    _forward_hooks_with_kwargs: OrderedDict
    _forward_hooks_always_called: OrderedDict
    _forward_pre_hooks: OrderedDict
    _forward_pre_hooks_with_kwargs: OrderedDict
    _state_dict_hooks: OrderedDict
    _state_dict_pre_hooks: OrderedDict
    _load_state_dict_pre_hooks: OrderedDict
    _load_state_dict_post_hooks: OrderedDict


HOOK_TABLES = tuple(HookTables.__annotations__)
# The tables that Module.__call__ has to look at.
CALL_TABLES = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


def add_hook(table, hook, *marks, prepend=False):
    """Put `hook` into `table`; each table of `marks` marks its id (with_kwargs, always_call)."""
    handle = RemovableHandle(table, extra_dict=marks)
    table[handle.id] = hook
    for mark in marks:
        mark[handle.id] = True
    if prepend:
        table.move_to_end(handle.id, last=False)
    return handle


class _GlobalHooks(HookTables):
    """Hooks of every module: the same tables as a module has, and the registration hooks."""

    def __init__(self):
        for name in HOOK_TABLES:
            setattr(self, name, OrderedDict())
        self._is_full_backward_hook: bool | None = None
        self.parameter_registration: OrderedDict = OrderedDict()
        self.buffer_registration: OrderedDict = OrderedDict()
        self.module_registration: OrderedDict = OrderedDict()


global_hooks = _GlobalHooks()


def _any_hooks(owner):
    return any(getattr(owner, name) for name in CALL_TABLES)


# ---------------------------------------------------------------- global registration


def register_module_forward_pre_hook(hook):
    """Call `hook(module, args)` before the forward of every module; not None replaces the arguments."""
    HookMethods._hooked = True
    return add_hook(global_hooks._forward_pre_hooks, hook)


def register_module_forward_hook(hook, *, with_kwargs=False, always_call=False):
    """Call `hook(module, args, output)` after the forward of every module; not None replaces the output."""
    HookMethods._hooked = True
    marks = _forward_marks(global_hooks, with_kwargs, always_call)
    return add_hook(global_hooks._forward_hooks, hook, *marks)


def register_module_backward_hook(hook):
    """Call `hook(module, grad_input, grad_output)` in the backward of every module (older name)."""
    if global_hooks._is_full_backward_hook is True:
        raise RuntimeError(
            "Cannot use both regular backward hooks and full backward hooks as a global Module hook. "
            "Please use only one of them."
        )
    global_hooks._is_full_backward_hook = False
    HookMethods._hooked = True
    return add_hook(global_hooks._backward_hooks, hook)


def register_module_full_backward_pre_hook(hook):
    """Call `hook(module, grad_output)` before the backward of every module; not None replaces grad_output."""
    HookMethods._hooked = True
    return add_hook(global_hooks._backward_pre_hooks, hook)


def register_module_full_backward_hook(hook):
    """Call `hook(module, grad_input, grad_output)` in the backward of every module; not None replaces grad_input."""
    if global_hooks._is_full_backward_hook is False:
        raise RuntimeError(
            "Cannot use both regular backward hooks and full backward hooks as a global Module hook. "
            "Please use only one of them."
        )
    global_hooks._is_full_backward_hook = True
    HookMethods._hooked = True
    return add_hook(global_hooks._backward_hooks, hook)


def register_module_parameter_registration_hook(hook):
    """Call `hook(module, name, parameter)` when a parameter is registered; not None replaces it."""
    return add_hook(global_hooks.parameter_registration, hook)


def register_module_buffer_registration_hook(hook):
    """Call `hook(module, name, buffer)` when a buffer is registered; not None replaces it."""
    return add_hook(global_hooks.buffer_registration, hook)


def register_module_module_registration_hook(hook):
    """Call `hook(module, name, submodule)` when a submodule is registered; not None replaces it."""
    return add_hook(global_hooks.module_registration, hook)


def run_registration_hooks(table, module, name, value):
    for hook in table.values():
        replaced = hook(module, name, value)
        if replaced is not None:
            value = replaced
    return value


def _forward_marks(owner, with_kwargs, always_call):
    marks = []
    if with_kwargs:
        marks.append(owner._forward_hooks_with_kwargs)
    if always_call:
        marks.append(owner._forward_hooks_always_called)
    return marks


# ---------------------------------------------------------------- per module


class HookMethods(HookTables):
    """The part of Module that registers hooks and runs them."""

    _hooked = False
    _is_full_backward_hook: bool | None
    forward: Callable

    def register_forward_pre_hook(self, hook, *, prepend=False, with_kwargs=False):
        """Call `hook(module, args)` (with_kwargs: `hook(module, args, kwargs)`) before forward.

        A result that is not None replaces the arguments (with_kwargs: it must be a pair of args and kwargs).
        """
        self._hooked = True
        marks = (self._forward_pre_hooks_with_kwargs,) if with_kwargs else ()
        return add_hook(self._forward_pre_hooks, hook, *marks, prepend=prepend)

    def register_forward_hook(self, hook, *, prepend=False, with_kwargs=False, always_call=False):
        """Call `hook(module, args, output)` (with_kwargs: `hook(module, args, kwargs, output)`) after forward.

        A result that is not None replaces the output. With `always_call` the hook also runs when forward raised.
        """
        self._hooked = True
        marks = _forward_marks(self, with_kwargs, always_call)
        return add_hook(self._forward_hooks, hook, *marks, prepend=prepend)

    def register_full_backward_pre_hook(self, hook, prepend=False):
        """Call `hook(module, grad_output)` before the module's backward; not None replaces grad_output."""
        self._hooked = True
        return add_hook(self._backward_pre_hooks, hook, prepend=prepend)

    def register_full_backward_hook(self, hook, prepend=False):
        """Call `hook(module, grad_input, grad_output)` once the gradients of the module's inputs are known.

        Both are tuples, with None where an input or output is no tensor or takes no gradient. A result that is
        not None replaces grad_input.
        """
        if self._is_full_backward_hook is False:
            raise RuntimeError(
                "Cannot use both regular backward hooks and full backward hooks on a single Module. "
                "Please use only one of them."
            )
        self._is_full_backward_hook = True
        self._hooked = True
        return add_hook(self._backward_hooks, hook, prepend=prepend)

    def register_backward_hook(self, hook):
        """Call `hook(module, grad_input, grad_output)` when backward has passed the last operation of the module.

        The older hook: grad_input are the gradients of all arguments of that operation, those of parameters too; for
        the first tensor of the output only. A result that is not None replaces grad_input.
        """
        if self._is_full_backward_hook is True:
            raise RuntimeError(
                "Cannot use both regular backward hooks and full backward hooks on a single Module. "
                "Please use only one of them."
            )
        self._is_full_backward_hook = False
        self._hooked = True
        return add_hook(self._backward_hooks, hook)

    def _call_with_hooks(self, args, kwargs):
        if not _any_hooks(self):
            self.__dict__.pop("_hooked", None)
            if not _any_hooks(global_hooks):
                HookMethods._hooked = False
                return self.forward(*args, **kwargs)
        pending = {
            key: (hook, key in owner._forward_hooks_with_kwargs)
            for owner in (global_hooks, self)
            for key, hook in owner._forward_hooks.items()
            if key in owner._forward_hooks_always_called
        }
        result = None
        try:
            args, kwargs = self._run_forward_pre_hooks(args, kwargs)
            gate = BackwardGate.of(self)
            if gate is not None:
                args = gate.enter(args)
            result = self.forward(*args, **kwargs)
            for owner in (global_hooks, self):
                for key, hook in list(owner._forward_hooks.items()):
                    pending.pop(key, None)
                    replaced = _call_forward_hook(
                        hook, key in owner._forward_hooks_with_kwargs, self, args, kwargs, result
                    )
                    if replaced is not None:
                        result = replaced
            _hook_last_operation(self, result)
            return result if gate is None else gate.leave(result)
        except Exception:
            for hook, with_kwargs in pending.values():
                try:
                    replaced = _call_forward_hook(hook, with_kwargs, self, args, kwargs, result)
                    if replaced is not None:
                        result = replaced
                except Exception as error:
                    warnings.warn(
                        "module forward hook with ``always_call=True`` raised an exception that was silenced as "
                        f"another error was raised in forward: {error}",
                        stacklevel=2,
                    )
            raise

    def _run_forward_pre_hooks(self, args, kwargs):
        for owner in (global_hooks, self):
            for key, hook in list(owner._forward_pre_hooks.items()):
                if key in owner._forward_pre_hooks_with_kwargs:
                    replaced = hook(self, args, kwargs)
                    if replaced is not None:
                        if not isinstance(replaced, tuple) or len(replaced) != 2:
                            raise RuntimeError(
                                "forward pre-hook must return None or a tuple of (new_args, new_kwargs), "
                                f"but got {replaced}."
                            )
                        args, kwargs = replaced
                else:
                    replaced = hook(self, args)
                    if replaced is not None and not older_rules():
                        args = replaced if isinstance(replaced, tuple) else (replaced,)
        return args, kwargs


def _call_forward_hook(hook, with_kwargs, module, args, kwargs, result):
    if with_kwargs:
        return hook(module, args, kwargs, result)
    replaced = hook(module, args, result)
    if replaced is not None and older_rules():
        raise RuntimeError(f"forward hooks should never return any values, but '{hook}'didn't return None")
    return replaced


# ---------------------------------------------------------------- backward


def _backward_hooks(module, full):
    """The hooks of a call of a module that are full ones, or the older ones, the global hooks first."""
    owners = [o for o in (global_hooks, module) if (o._is_full_backward_hook is not False) is full]
    return [hook for owner in owners for hook in owner._backward_hooks.values()]


def _hook_last_operation(module, result):
    hooks = _backward_hooks(module, False)
    while hooks and isinstance(result, (tuple, list, dict)) and result:
        result = next(iter(result.values())) if isinstance(result, dict) else result[0]
    node = result.grad_fn if hooks and isinstance(result, Tensor) else None
    if node is not None:
        for hook in hooks:
            node.register_hook(functools.update_wrapper(functools.partial(hook, module), hook))


class BackwardGate:
    """One call of a module seen from backward: gradients come in by the outputs and go out by the inputs.

    `leave` puts an identity node behind the outputs, whose backward runs the pre-hooks and remembers grad_output;
    `enter` puts one before the inputs, whose backward runs the hooks with (grad_input, grad_output).
    """

    def __init__(self, module, pre_hooks, hooks):
        self.module = module
        self.pre_hooks = pre_hooks
        self.hooks = hooks
        self.n_inputs = self.n_outputs = 0
        self.input_slots: tuple[int, ...] = ()
        self.output_slots: tuple[int, ...] = ()
        self.grad_output = None

    @classmethod
    def of(cls, module):
        """The gate for this call, or None when the module has no backward hooks."""
        pre_hooks = [*global_hooks._backward_pre_hooks.values(), *module._backward_pre_hooks.values()]
        hooks = _backward_hooks(module, True)
        return cls(module, pre_hooks, hooks) if pre_hooks or hooks else None

    def enter(self, args):
        self.n_inputs = len(args)
        args, self.input_slots = _through(_Enter, self, args)
        return args

    def leave(self, result):
        single = not isinstance(result, tuple)
        outputs = (result,) if single else result
        if single and not isinstance(result, Tensor):
            warnings.warn(
                "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors "
                f"but received {type(result)}",
                stacklevel=4,
            )
            return result
        self.n_outputs = len(outputs)
        outputs, self.output_slots = _through(_Leave, self, outputs)
        if single:
            return outputs[0]
        # A named tuple keeps its type.
        return type(result)(*outputs) if hasattr(result, "_fields") else outputs

    def on_grad_output(self, grads):
        grad_output = _scatter(grads, self.output_slots, self.n_outputs)
        for hook in self.pre_hooks:
            grad_output = self._replaced(
                hook(self.module, grad_output), grad_output, "pre hook", "grad_output"
            )
        if self.input_slots:
            self.grad_output = grad_output
        else:
            nothing = (None,) * self.n_inputs
            for hook in self.hooks:
                result = hook(self.module, nothing, grad_output)
                if result is not None and not (isinstance(result, tuple) and all(g is None for g in result)):
                    raise RuntimeError(
                        "Backward hook for Modules where no input requires gradient should always return None "
                        "or None for all gradients."
                    )
        return [grad_output[slot] for slot in self.output_slots]

    def on_grad_input(self, grads):
        grad_input = _scatter(grads, self.input_slots, self.n_inputs)
        if self.grad_output is not None:
            grad_output, self.grad_output = self.grad_output, None
            for hook in self.hooks:
                result = hook(self.module, grad_input, grad_output)
                grad_input = self._replaced(result, grad_input, "hook", "grad_input")
        return [grad_input[slot] for slot in self.input_slots]

    @staticmethod
    def _replaced(result, grads, kind, what):
        if result is None:
            return grads
        if not isinstance(result, (tuple, list)):
            result = (result,)
        if len(result) != len(grads):
            raise RuntimeError(
                f"Backward {kind} returned an invalid number of {what}, got {len(result)}, but expected {len(grads)}"
            )
        return tuple(result)


def _through(function, gate, values):
    """Pass the tensors of `values` that take gradients through `function`; returns the tuple and their slots."""
    if not fb.is_grad_enabled():
        return values, ()
    slots = tuple(i for i, v in enumerate(values) if isinstance(v, Tensor) and v.requires_grad)
    if not slots:
        return values, ()
    values = list(values)
    passed = function.apply(gate, *[values[i] for i in slots])
    for slot, tensor in zip(slots, passed, strict=True):
        values[slot] = tensor
    return tuple(values), slots


def _scatter(grads, slots, n):
    full = [None] * n
    for slot, grad in zip(slots, grads, strict=True):
        full[slot] = grad
    return tuple(full)


class _Enter(Function):
    """Identity before a module's inputs."""

    @staticmethod
    def forward(ctx, gate, *tensors):
        ctx.set_materialize_grads(False)
        ctx.gate = gate
        return tuple(t.detach() for t in tensors)  # no views: those may not be changed in place

    @staticmethod
    def backward(ctx, *grads):
        return None, *ctx.gate.on_grad_input(grads)


class _Leave(Function):
    """Identity behind a module's outputs."""

    @staticmethod
    def forward(ctx, gate, *tensors):
        ctx.set_materialize_grads(False)
        ctx.gate = gate
        return tuple(t.detach() for t in tensors)  # no views: those may not be changed in place

    @staticmethod
    def backward(ctx, *grads):
        return None, *ctx.gate.on_grad_output(grads)
