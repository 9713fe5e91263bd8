"""Checkpointing: what a part of a model saves for backward is dropped, and computed again when backward needs it."""

import contextlib
import traceback
import warnings
import weakref

from .. import _core, random
from ..autograd import Function, backward, enable_grad, is_grad_enabled, no_grad
from ..autograd.graph import saved_tensors_hooks
from ..ops import autocast
from ..tensor import Tensor

_NO_USE_REENTRANT = (
    "torch.utils.checkpoint: the use_reentrant parameter should be passed explicitly. Starting in PyTorch 2.9, calling "
    "checkpoint without use_reentrant will raise an exception. use_reentrant=False is recommended, but if you need to "
    "preserve the current default behavior, you can pass use_reentrant=True. Refer to docs for more details on the "
    "differences between the two variants."
)

_debug_setting: bool | None = None
_early_stop_setting: bool | None = None


class CheckpointError(RuntimeError):
    """The computation was not the same the second time."""


def noop_context_fn():
    """noop_context_fn() -> two context managers that do nothing."""
    return contextlib.nullcontext(), contextlib.nullcontext()


@contextlib.contextmanager
def set_checkpoint_debug_enabled(enabled):
    """with set_checkpoint_debug_enabled(True or False or None): overrides `debug=` of checkpoint; None does not."""
    global _debug_setting
    previous, _debug_setting = _debug_setting, enabled
    try:
        yield
    finally:
        _debug_setting = previous


@contextlib.contextmanager
def set_checkpoint_early_stop(enable):
    """with set_checkpoint_early_stop(True or False): overrides `early_stop=` of checkpoint: whether computing again
    ends as soon as all that backward needs is there."""
    global _early_stop_setting
    previous, _early_stop_setting = _early_stop_setting, enable
    try:
        yield
    finally:
        _early_stop_setting = previous


def checkpoint(function, *args, use_reentrant=None, context_fn=noop_context_fn, determinism_check="default",
               debug=False, early_stop=True, preserve_rng_state=True, **kwargs):  # fmt: skip
    """checkpoint(function, *args, use_reentrant, ...) -> function(*args, **kwargs), without keeping what backward needs

    Memory is traded for time: backward runs function a second time. The state of the random generators is kept, so that
    dropout draws the same (unless preserve_rng_state is False), and so is autocast. Checkpoints may be nested.

    use_reentrant: False is to be preferred; it works with `autograd.grad`, keyword arguments and tensors in any
    structure. True runs a backward pass inside the backward pass: at least one argument must require grad, only
    tensors given directly take part, and only `backward()` without `inputs=` works. None warns and means True.
    context_fn: returns two context managers, for the first and for the second run. determinism_check: "default"
    compares shapes, dtypes and devices of what is saved, "none" does not. debug: an error about a difference shows
    the operations of both runs. early_stop: see set_checkpoint_early_stop.

    CheckpointError when the second run saves other tensors than the first did.
    """
    if use_reentrant is None:
        warnings.warn(_NO_USE_REENTRANT, stacklevel=2)
        use_reentrant = True
    if use_reentrant:
        if kwargs:
            raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
        if context_fn is not noop_context_fn or debug:
            raise ValueError("Passing `context_fn` or `debug` is only supported when use_reentrant=False.")
        return CheckpointFunction.apply(function, preserve_rng_state, *args)
    if determinism_check not in _CHECKS:
        raise ValueError(f"determinism_check should be one of {list(_CHECKS)}, but got: {determinism_check}")
    if not is_grad_enabled():
        return function(*args, **kwargs)
    first_context, second_context = context_fn()
    debug = debug if _debug_setting is None else _debug_setting
    early_stop = early_stop if _early_stop_setting is None else _early_stop_setting
    check = _CHECKS[determinism_check]
    state = _RandomState(*args, *kwargs.values()) if preserve_rng_state else None
    frame = _Frame(function, _Inputs(args, kwargs), state, second_context, check, debug, early_stop)
    with frame.first_run(), first_context:
        result = function(*args, **kwargs)
    frame.forward_done = True
    return result


def checkpoint_sequential(functions, segments, input, use_reentrant=None, **kwargs):
    """checkpoint_sequential(functions, segments, input, use_reentrant) -> Tensor

    Runs a Sequential, or a list of functions, in `segments` parts, of which all but the last are checkpointed.
    """
    if use_reentrant is None:
        warnings.warn(
            _NO_USE_REENTRANT.replace("calling checkpoint", "calling checkpoint_sequential"), stacklevel=2
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    functions = list(functions.children()) if hasattr(functions, "children") else list(functions)
    size = len(functions) // segments

    def part(start, end):
        def run(x):
            for f in functions[start:end]:
                x = f(x)
            return x

        return run

    for start in range(0, size * (segments - 1), size or 1):
        run = part(start, start + size)
        input = checkpoint(run, input, use_reentrant=use_reentrant, preserve_rng_state=preserve)
    return part(size * (segments - 1), len(functions))(input)


# ---- the random generators


class _RandomState:
    """The state of the CPU's generator, and of the GPUs' that have one in use, at the time it is made."""

    def __init__(self, *args):
        self.cpu = random.get_rng_state()
        self.devices, self.states = get_device_states(*args)

    def restore(self):
        random.set_rng_state(self.cpu)
        if self.devices:
            set_device_states(self.devices, self.states)


@contextlib.contextmanager
def _random_state(state, *args):
    """Within the block the generators are in `state`; afterwards as they were. Nothing for None."""
    if state is None:
        yield
        return
    now = _RandomState(*args)
    state.restore()
    try:
        yield
    finally:
        now.restore()


def get_device_states(*args):
    """get_device_states(*args) -> the indices of the GPUs that the tensors in args are on, and their random states."""
    indices = sorted({a.get_device() for a in args if isinstance(a, Tensor) and a.is_cuda})
    if not indices:
        return [], []
    from ..cuda import get_rng_state

    return indices, [get_rng_state(i) for i in indices]


def set_device_states(devices, states, *, device_type="cuda"):
    """set_device_states(devices, states): gives GPUs back the random states of get_device_states."""
    if devices:
        from ..cuda import set_rng_state

        for index, state in zip(devices, states, strict=True):
            set_rng_state(state, index)


# ---- use_reentrant=True


def detach_variable(inputs):
    """detach_variable(tuple) -> tuple with detached tensors that require grad as the given ones do."""
    if not isinstance(inputs, tuple):
        raise RuntimeError(
            f"Only tuple of tensors is supported. Got Unsupported input type:  {type(inputs).__name__}"
        )
    return tuple(x.detach().requires_grad_(x.requires_grad) if isinstance(x, Tensor) else x for x in inputs)


def check_backward_validity(inputs):
    """Warns when none of the inputs requires grad."""
    if not any(x.requires_grad for x in inputs if isinstance(x, Tensor)):
        warnings.warn("None of the inputs have requires_grad=True. Gradients will be None", stacklevel=3)


class CheckpointFunction(Function):
    """Runs a function unrecorded; backward runs it recorded, and a backward pass through that."""

    @staticmethod
    def forward(ctx, run_function, preserve_rng_state, *args):
        check_backward_validity(args)
        ctx.run_function = run_function
        ctx.random = _RandomState(*args) if preserve_rng_state else None
        ctx.autocast = autocast.current()
        ctx.places = [i for i, a in enumerate(args) if isinstance(a, Tensor)]
        ctx.others = [None if isinstance(a, Tensor) else a for a in args]
        ctx.save_for_backward(*[args[i] for i in ctx.places])
        with no_grad():
            return run_function(*args)

    @staticmethod
    def backward(ctx, *grads):
        if _core.is_partial_backward():
            raise RuntimeError(
                "When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad() or passing an `inputs` "
                "parameter to .backward(). To resolve this error, you can either set use_reentrant=False, or call "
                ".backward() without passing the `inputs` argument."
            )
        args = list(ctx.others)
        for place, tensor in zip(ctx.places, ctx.saved_tensors, strict=True):
            args[place] = tensor
        args = detach_variable(tuple(args))
        with _random_state(ctx.random, *args), enable_grad(), autocast.as_with(ctx.autocast):
            outputs = ctx.run_function(*args)
        outputs = (outputs,) if isinstance(outputs, Tensor) else outputs
        pairs = [
            (o, g) for o, g in zip(outputs, grads, strict=True) if isinstance(o, Tensor) and o.requires_grad
        ]
        if not pairs:
            raise RuntimeError("none of output has requires_grad=True, this checkpoint() is not necessary")
        backward([o for o, _ in pairs], [g for _, g in pairs])
        return (None, None, *[a.grad if isinstance(a, Tensor) else None for a in args])


# ---- use_reentrant=False


class _KeepInputs(Function):
    """Saves the tensors among the arguments of a checkpoint as an operation does, so that of nested checkpoints the
    outer one drops what the inner ones got."""

    @staticmethod
    def forward(ctx, anchor, *tensors):
        ctx.save_for_backward(*tensors)
        return anchor.clone()

    @staticmethod
    def backward(ctx, *grads):
        raise RuntimeError("the anchor of a checkpoint has no gradient")


class _Inputs:
    """The arguments of a checkpointed function, its tensors kept by the graph."""

    def __init__(self, args, kwargs):
        names = [*range(len(args)), *kwargs]
        values = [*args, *kwargs.values()]
        self.tensors = [n for n, v in zip(names, values, strict=True) if isinstance(v, Tensor)]
        self.others = {n: v for n, v in zip(names, values, strict=True) if not isinstance(v, Tensor)}
        self.n_args = len(args)
        anchor = Tensor(1).zero_().requires_grad_()
        kept = [v for v in values if isinstance(v, Tensor)]
        self.node = _KeepInputs.apply(anchor, *kept).grad_fn

    def get(self):
        """The arguments and keyword arguments again; their tensors are where they were in the graph."""
        values = {**self.others, **dict(zip(self.tensors, self.node.saved_tensors, strict=True))}
        kwargs = {n: v for n, v in values.items() if isinstance(n, str)}
        return [values[i] for i in range(self.n_args)], kwargs


def _metadata(tensor):
    return {"shape": tensor.shape, "dtype": tensor.dtype, "device": tensor.device}


_CHECKS = {"default": _metadata, "none": lambda tensor: None}


class _Holder:
    """What the graph keeps in place of a saved tensor."""

    __slots__ = ("__weakref__", "frame", "number")

    def __init__(self, frame, number):
        self.frame, self.number = frame, number


class _EnoughError(Exception):
    """All that backward needs has been computed again."""


class _Frame:
    """One call of checkpoint. Its holders, in the order of saving, stand for what was dropped; the first that is
    opened runs the function again, which fills `values` for all that still live."""

    def __init__(self, function, inputs, state, context, check, debug, early_stop):
        self.function, self.inputs, self.random = function, inputs, state
        self.context, self.check, self.debug, self.early_stop = context, check, debug, early_stop
        self.holders = []  # weak references
        self.metadata = []
        self.stacks: list[list[str]] = [[], []]  # with debug: where tensors were saved, in both runs
        self.values: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()
        self.autocast = autocast.current()
        self.forward_done = False

    def first_run(self):
        def pack(tensor):
            holder = _Holder(self, len(self.holders))
            self.holders.append(weakref.ref(holder))
            self.metadata.append(self.check(tensor))
            self.note(0)
            return holder

        return saved_tensors_hooks(pack, _Frame.unpack)

    def note(self, run):
        if self.debug:
            self.stacks[run].append("".join(traceback.format_stack(limit=4)[:-2]))

    @staticmethod
    def unpack(holder):
        self = holder.frame
        if holder not in self.values:
            self.run_again()
        if holder not in self.values:
            raise CheckpointError(
                "torch.utils.checkpoint: Unpack is being triggered for a tensor that was not computed again."
            )
        return self.values[holder]

    def run_again(self):
        args, kwargs = self.inputs.get()
        saved: list = []
        self.stacks[1] = []

        def pack(tensor):
            number = len(saved)
            saved.append(self.check(tensor))
            self.note(1)
            if number < len(self.holders):
                holder = self.holders[number]()
                if holder is not None:
                    self.values[holder] = tensor
            if self.early_stop and self.forward_done and number + 1 == len(self.holders):
                raise _EnoughError
            return tensor

        random_state = _random_state(self.random, *args, *kwargs.values())
        with random_state, enable_grad(), autocast.as_with(self.autocast):
            try:
                with saved_tensors_hooks(pack, lambda tensor: tensor), self.context:
                    self.function(*_again(args), **dict(zip(kwargs, _again(kwargs.values()), strict=True)))
            except _EnoughError:
                pass
        if self.forward_done:
            self.compare(saved)

    def compare(self, saved):
        if len(saved) != len(self.holders):
            self.fail(
                "A different number of tensors was saved during the original forward and recomputation.\n"
                f"Number of tensors saved during forward: {len(self.holders)}\n"
                f"Number of tensors saved during recomputation: {len(saved)}."
            )
        differing = [i for i, (a, b) in enumerate(zip(self.metadata, saved, strict=True)) if a != b]
        if differing:
            lines = "".join(
                f"tensor at position {i}:\nsaved metadata: {self.metadata[i]}\nrecomputed metadata: {saved[i]}\n"
                for i in differing
            )
            self.fail(
                "Recomputed values for the following tensors have different metadata than during the forward pass.\n"
                + lines
            )

    def fail(self, text):
        if self.debug:
            for title, stacks in zip(("during forward", "during recomputation"), self.stacks, strict=True):
                places = "".join(f"tensor at position {i}:\n{stack}" for i, stack in enumerate(stacks))
                text += f"\nSaved {title}:\n{places}"
        else:
            text += "\nPass `debug=True` to checkpoint to see where each was saved."
        raise CheckpointError(f"torch.utils.checkpoint: {text}")


def _again(values):
    """The inputs for the second run: detached, so that the graph of that run ends here."""
    return [v.detach().requires_grad_(v.requires_grad) if isinstance(v, Tensor) else v for v in values]
