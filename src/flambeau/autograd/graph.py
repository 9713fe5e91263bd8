"""The graph as programs see it: hooks on what is saved for backward, nodes and edges."""

import functools
import threading
from typing import Any, NamedTuple

from .. import _core

Node = _core.Node

_disabled = threading.local()  # .messages: why saved-tensor hooks are refused in this thread


class saved_tensors_hooks:
    """with saved_tensors_hooks(pack_hook, unpack_hook): what operations save for backward goes through the hooks.

    pack_hook(tensor) is called when a tensor is saved and returns anything; unpack_hook(packed) is called when backward
    needs it and must return a tensor of the same values. The innermost pair counts. A saved tensor gets no version
    check then. The hooks run unrecorded and must not change their input in place.
    """

    def __init__(self, pack_hook, unpack_hook):
        self.pack_hook, self.unpack_hook = pack_hook, unpack_hook

    def __enter__(self):
        messages = getattr(_disabled, "messages", ())
        if messages:
            raise RuntimeError(messages[-1])
        _core.push_saved_hooks(self.pack_hook, self.unpack_hook)

    def __exit__(self, *exception):
        _core.pop_saved_hooks()


class save_on_cpu(saved_tensors_hooks):
    """with save_on_cpu(pin_memory=False): what is saved for backward waits in host memory and returns to its device.

    Tensors that are on the CPU are kept as they are. Host memory of this library is never pinned; `pin_memory` and
    `device_type` are accepted for the sake of PyTorch's signature.
    """

    def __init__(self, pin_memory=False, device_type="cuda"):
        super().__init__(lambda tensor: (tensor.device, tensor.cpu()), lambda packed: packed[1].to(packed[0]))


class disable_saved_tensors_hooks:
    """with disable_saved_tensors_hooks(error_message): using saved-tensor hooks raises RuntimeError(error_message)."""

    def __init__(self, error_message):
        self.message = error_message

    def __enter__(self):
        if not hasattr(_disabled, "messages"):
            _disabled.messages = []
        _disabled.messages.append(self.message)

    def __exit__(self, *exception):
        _disabled.messages.pop()


class GradientEdge(NamedTuple):
    """A place in the graph: the gradient of output `output_nr` of `node`."""

    node: Any
    output_nr: int


def get_gradient_edge(tensor):
    """get_gradient_edge(tensor) -> GradientEdge: where the gradient of tensor goes (for a leaf, its accumulator)."""
    if not tensor.requires_grad:
        raise RuntimeError(
            "It is not possible to get the gradient edge for a Tensor that does not require gradients"
        )
    return GradientEdge(_core.gradient_node(tensor), tensor.output_nr)


def increment_version(tensor):
    """increment_version(tensor or iterable of tensors): says that the elements were changed in place."""
    _core.bump_versions([tensor] if isinstance(tensor, _core.TensorBase) else tensor)


class _MultiHandle:
    """The handles of several hooks as one."""

    def __init__(self, handles):
        self.handles = handles

    def remove(self):
        for handle in self.handles:
            handle.remove()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.remove()


def register_multi_grad_hook(tensors, fn, *, mode="all"):
    """register_multi_grad_hook(tensors, fn, *, mode="all") -> handle

    mode "all": fn(gradients) is called in each backward pass once the gradients of all tensors that take part are there
    (None for the others). mode "any": fn(gradient) is called with the first gradient.
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of 'all', 'any' but got {mode}")
    _core.set_extra("watch_runs", True)
    lock = threading.Lock()
    passes: dict[int, Any] = {}  # number of a backward pass -> gradients so far, or None once called
    nodes = [_core.gradient_node(t) for t in tensors]

    def arrived(index, grad):
        run = _core.current_run()
        with lock:
            if mode == "any":
                first = run not in passes
                passes[run] = []
            else:
                if run not in passes:
                    passes[run] = [None] * len(tensors), sum(_core.is_reached(n) for n in nodes)
                grads, missing = passes[run]
                grads[index] = grad
                passes[run] = grads, missing - 1
                first = missing == 1
            if first and mode == "all":
                del passes[run]
        if first:
            fn(grads if mode == "all" else grad)

    return _MultiHandle([t.register_hook(functools.partial(arrived, i)) for i, t in enumerate(tensors)])
