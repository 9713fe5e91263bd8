"""The Tensor: state and protocols. Its mathematics is in `ops/`, whose classes register their methods here."""

import warnings

import numpy as np

from . import _core
from .device import CPU
from .device import device as Device
from .dtype import dtype as DType
from .dtype import get_default_dtype, uint64
from .hooks import RemovableHandle
from .layout import strided
from .memory_format import is_dense

_array, _make = _core.array_of, _core.make


class Tensor(_core.TensorBase):
    """A multi-dimensional array of one dtype on one device, that records what is computed from it.

    Made by `tensor(data)`, factories (`zeros`, `randn`, ...), `from_numpy`; views share memory with their base. See the
    documentation of each method; operators are those of NumPy.

    `Tensor(sizes...)`, `Tensor(sequence)`, `Tensor(storage)`: the older constructor, of the default float dtype.
    """

    _face = None  # the class of results; None: this class
    _face_rank = 0
    _noun = "Tensor"  # what errors call it
    _reduce_for_file = None  # of other faces: a method of a `serialization.pickling.Collector`, for `save`
    _adapt = None  # of other faces: a function of a result's array that gives its class and the array
    __array_priority__ = 1000
    is_sparse = is_sparse_csr = is_quantized = is_meta = is_mkldnn = is_nested = is_mps = is_xpu = False
    names = property(lambda self: (None,) * self.ndim)
    layout = strided

    def __init__(self, *args, device=None):
        from .typed import constructed

        if len(args) == 1 and isinstance(args[0], _core.TensorBase):
            _core.init_tensor(self, _array(args[0]))
            _core.share_version(self, args[0])
        else:
            _core.init_tensor(self, constructed(args, get_default_dtype(), "Tensor")[0])

    @staticmethod
    def _make_subclass(cls, data, require_grad=False):
        """A tensor of class cls over the memory of data; __init__ is not called."""
        if require_grad and not (data.is_floating_point() or data.is_complex()):
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        new = _core.TensorBase.__new__(cls)
        _core.init_tensor(new, _array(data), require_grad)
        _core.share_version(new, data)
        return new

    # ---- autograd

    def backward(
        self, gradient=None, retain_graph=None, create_graph=False, inputs=None, retain_variables=None
    ):
        """backward(gradient=None, retain_graph=None, create_graph=False, inputs=None)

        Adds the gradients of this tensor (times `gradient`; for a scalar, 1) to `.grad` of the leaves that it was
        computed from. Frees the buffers of the graph unless `retain_graph`.
        """
        if retain_variables is not None:
            warnings.warn(
                "retain_variables option is deprecated, use retain_graph instead", UserWarning, stacklevel=2
            )
            retain_graph = retain_variables
        if gradient is None and inputs is None and _core.backward_from_scalar(self, retain_graph, create_graph):
            return
        backward(self, gradient, retain_graph, create_graph, inputs=inputs)

    def register_hook(self, hook):
        """register_hook(fn(grad) -> Tensor or None) -> handle: called when the gradient of this tensor is computed;
        what it returns takes the gradient's place."""
        return _core.add_hook(_core.tensor_hooks(self), hook)

    def register_post_accumulate_grad_hook(self, hook):
        """register_post_accumulate_grad_hook(fn(tensor)) -> handle: called after `.grad` of this leaf was added to."""
        return _core.add_hook(_core.accumulated_hooks(self), hook)

    def retain_grad(self):
        """retain_grad(): backward also fills in `.grad` of this non-leaf tensor."""
        if not self.requires_grad:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        _core.retain_grad(self)

    def _clear_grad(self, set_to_none=True):
        """Forgets the gradient, or makes it zero: `zero_grad` of modules and optimizers."""
        if set_to_none or self.grad is None:
            self.grad = None
            return
        if self.grad.grad_fn is not None:
            self.grad.detach_()
        else:
            self.grad.requires_grad_(False)
        self.grad.zero_()

    def _for_state_dict(self):
        """What a state dictionary holds of this tensor: its values without history, over the same memory."""
        return self.detach()

    @property
    def retains_grad(self):
        """Whether retain_grad was asked for on this non-leaf tensor."""
        return _core.retains_grad(self)

    @property
    def volatile(self):
        """False: what 0.3 called volatile is `no_grad()` since 0.4. Reading and setting it warn."""
        warnings.warn("volatile was removed (Variable.volatile is always False)", UserWarning, stacklevel=2)
        return False

    @volatile.setter
    def volatile(self, value):
        warnings.warn(
            "volatile was removed and now has no effect. Use `with torch.no_grad():` instead, or "
            "`import flambeau.v03 as torch` for the behaviour of 0.3.",
            UserWarning,
            stacklevel=2,
        )

    def reinforce(self, reward):
        """reinforce(reward): RuntimeError that names what took its place."""
        raise RuntimeError(
            "reinforce() was removed: instead of action.reinforce(reward) and action.backward(), call "
            "(-log_prob * reward).backward(), where log_prob is the logarithm of the probability with which the action "
            "was drawn, such as probs.log()[action]."
        )

    def detach_(self):
        """detach_() -> self: makes this tensor a leaf without history."""
        if self._is_view():
            raise RuntimeError("Can't detach views in-place. Use detach() instead.")
        _core.detach_in_place(self)
        return self

    _grad = property(  # the name that code which shares gradients between processes assigns to
        lambda self: self.grad, lambda self, value: setattr(self, "grad", value)
    )

    @property
    def _base(self):
        return self._base_tensor

    # ---- NumPy and other libraries

    def numpy(self, *, force=False):
        """numpy(force=False) -> numpy.ndarray over the same memory.

        Raises for tensors that require grad, or are not on the CPU, unless force (then detached and copied to the CPU).
        """
        if force:
            return _array(self.detach().cpu())
        if self.requires_grad:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
            )
        if self.device.type != "cpu":
            raise TypeError(
                f"can't convert {self.device} device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host "
                "memory first."
            )
        return _array(self)

    def __array__(self, dtype=None, copy=None):
        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            if copy is False:
                raise ValueError(
                    f"a copy is needed to convert a tensor of {array.dtype} to {np.dtype(dtype)}"
                )
            return array.astype(dtype)
        return array.copy() if copy else array

    def __array_wrap__(self, array, context=None, return_scalar=False):
        from .numpy_functions import wrapped

        is_reduction = context is None
        return wrapped(array, keeps_uint64=not is_reduction or self.dtype is uint64)

    def __array_function__(self, func, types, args, kwargs):
        from .numpy_functions import array_function

        return array_function(func, types, args, kwargs)

    def __array_namespace__(self, *, api_version=None):
        from .array_api._info import namespace

        return namespace(api_version)

    def to_device(self, device, /, *, stream=None):
        """to_device(device, /, *, stream=None) -> Tensor: `to(device)`, by the name of the array API standard."""
        if stream is not None:
            raise ValueError(f"to_device(): streams are not supported, got stream={stream!r}; use Tensor.to")
        return self.to(Device(device))

    def __dlpack__(self, *, stream=None, max_version=None, dl_device=None, copy=None):
        if self.requires_grad:
            raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
        options = {} if max_version is None else dict(max_version=max_version)
        return _array(self).__dlpack__(stream=stream, dl_device=dl_device, copy=copy, **options)

    def __dlpack_device__(self):
        return _array(self).__dlpack_device__()

    @property
    def __cuda_array_interface__(self):
        """What other libraries read of the memory of a tensor on a GPU."""
        if self.requires_grad and self.is_cuda:
            raise RuntimeError(
                "Can't get __cuda_array_interface__ on Variable that requires grad. If gradients aren't required, use "
                "var.detach() to get Variable that doesn't require grad."
            )
        return _array(self).__cuda_array_interface__

    def tolist(self):
        """tolist() -> the elements as nested lists of Python numbers (a number for a 0-dim tensor)."""
        array = _array(self.detach().cpu())
        return (array.astype(np.float32) if array.dtype.kind == "V" else array).tolist()

    # ---- copying and pickling

    def __deepcopy__(self, memo):
        if id(self) in memo:
            return memo[id(self)]
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the "
                "moment. If you were attempting to deepcopy a module, this may be because of a "
                "torch.nn.utils.weight_norm usage, see https://github.com/pytorch/pytorch/pull/103001"
            )
        import copy

        new = type(self).__new__(type(self))
        _core.init_tensor(new, copy_storage(self, memo), self.requires_grad)
        memo[id(self)] = new
        if self.grad is not None:
            new.grad = copy.deepcopy(self.grad, memo)
        if self.__dict__:
            new.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return new

    def __copy__(self):
        new = type(self).__new__(type(self))
        _core.init_tensor(new, _array(self), self.requires_grad)
        _core.share_version(new, self)
        new.__dict__.update(self.__dict__)
        return new

    def __reduce_ex__(self, protocol):
        """What pickle writes: the elements; a tensor with history comes back as a leaf."""
        from .serialization.copies import rebuild_tensor

        array = np.ascontiguousarray(_array(self.detach().cpu())).reshape(self.shape)
        raw = array.view(np.uint16) if array.dtype.kind == "V" else array
        state = (type(self), raw, self.dtype, self.requires_grad, dict(self.__dict__))
        return rebuild_tensor, (state if self.device is CPU else (*state, self.device))

    def __setstate__(self, state):
        from .serialization.rebuild import set_state

        set_state(self, state)

    # ---- the older type system

    def type(self, dtype=None, non_blocking=False, **kwargs):
        """type() -> str such as 'torch.FloatTensor';  type(dtype) -> Tensor converted to a dtype or typed class."""
        if dtype is None:
            prefix = "torch." if self.device.type == "cpu" else f"torch.{self.device.type}."
            return f"{prefix}{self.dtype.title}Tensor"
        if isinstance(dtype, DType):
            return self.to(dtype)
        from .typed import typed_class

        if not isinstance(dtype, (str, type)):
            raise TypeError("dtype must be a type, str, or dtype object")
        cls = typed_class(dtype)
        if self.is_cuda == cls.is_cuda:
            return self.to(cls.dtype)
        return self.to(cls.device_type, cls.dtype, non_blocking=non_blocking or kwargs.get("async", False))

    def cuda(self, device=None, non_blocking=False):
        """cuda(device=None, non_blocking=False) -> Tensor on a GPU: the current one, or the one given."""
        return self.to(Device("cuda" if device is None else device), non_blocking=non_blocking)

    def cpu(self):
        """cpu() -> Tensor in host memory; self when it is there already."""
        return self if self.device is CPU else self.to(CPU)

    @property
    def is_cuda(self):
        """Whether the tensor is on a GPU."""
        return self.device.type == "cuda"

    @property
    def is_cpu(self):
        """Whether the tensor is in host memory."""
        return self.device.type == "cpu"

    def get_device(self):
        """get_device() -> index of the GPU; -1 on the CPU."""
        return -1 if self.device.index is None else self.device.index

    def is_pinned(self, device=None):
        """is_pinned() -> bool: whether the memory is host memory that GPUs read and write by themselves."""
        from .kernels.cuda.backend import backend, is_started

        array = _array(self)
        return type(array) is np.ndarray and is_started() and backend().devices.is_pinned(array)

    def pin_memory(self, device=None):
        """pin_memory() -> a copy in pinned memory, from and to which GPUs copy while the host goes on; self when it is
        pinned, and where there is no GPU. RuntimeError for a tensor on a GPU."""
        from .kernels.cuda.backend import unusable
        from .ops.convert import Pin

        if self.is_cuda:
            raise RuntimeError(f"cannot pin '{self.type()}' only dense CPU tensors can be pinned")
        return self if unusable() or self.is_pinned() else Pin.function(self)

    def record_stream(self, stream):
        """record_stream(stream): the memory, when this tensor is gone, is not reused before the work that a Stream has
        now is done: for tensors that another stream uses than the one that they were made in. RuntimeError on the CPU.
        """
        if not self.is_cuda:
            raise RuntimeError("record_stream: only tensors on a GPU are used in streams")
        _core.backend_for(self).hold(_array(self), stream._stream)

    # ---- storage

    def storage_offset(self):
        """storage_offset() -> elements from the start of the storage to the first element."""
        return (self.data_ptr() - _make(storage_array(self)).data_ptr()) // self.element_size()

    def storage(self):
        """storage() -> the storage of this tensor: all of the memory that it and its views share."""
        from .storage import Storage

        return Storage(storage_array(self), self.dtype)

    untyped_storage = typed_storage = storage

    def storage_type(self):
        """storage_type() -> the class of storages of this dtype, such as FloatStorage."""
        from .storage import TYPES

        return TYPES[f"{self.dtype.title}Storage"]

    def is_shared(self):
        """is_shared() -> bool: whether other processes can see the memory: after share_memory_(), for what came from
        another process, and on a GPU."""
        from .shared import is_shared

        return self.is_cuda or is_shared(_array(self))

    def share_memory_(self):
        """share_memory_() -> self, whose storage is moved to shared memory: forked processes, and those that it is sent
        to, see each other's changes. Its views and its base move with it. Nothing to do on a GPU."""
        from .shared import share

        if not self.is_cuda:
            share(self)
        return self

    @property
    def nbytes(self):
        """Bytes of the elements."""
        return self.numel() * self.element_size()

    @property
    def itemsize(self):
        """Bytes of one element."""
        return self.element_size()

    # ---- Python protocols

    def __iter__(self):
        if self.ndim == 0:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    def __reversed__(self):
        return self if self.ndim == 0 else self.flip(0)

    def __contains__(self, element):
        if isinstance(element, (_core.TensorBase, int, float, complex, bool, np.number)):
            return bool((self == element).any())
        raise RuntimeError(
            f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element)}."
        )

    def __repr__(self):
        from .printing import tensor_repr

        return tensor_repr(self)

    def _repr_html_(self):
        from .printing_html import tensor_html

        return tensor_html(self)

    def __format__(self, spec):
        if self.ndim == 0 and (spec or type(self) is Tensor):
            return self.item().__format__(spec)
        return object.__format__(self, spec)

    def __dir__(self):
        return sorted({*super().__dir__()})


def storage_array(t):
    """The array that owns the memory of t; on a GPU, its allocation as an array."""
    array = _array(t)
    if type(array) is not np.ndarray:
        return _core.backend_for(t).storage(array)
    while isinstance(array.base, type(array)):
        array = array.base
    return array


def copy_storage(t, memo):
    """A copy of the array of t; tensors that share a storage share the copy of it, as they do when pickled."""
    from .kernels.base.shape import strided

    array, owner = _array(t), storage_array(t)
    if type(array) is not np.ndarray:
        memory = _core.backend_for(t).memory_of(array)
        copied = memo.setdefault(("flambeau.storage", id(memory)), _core.array_of(_make(owner).clone()))
        return strided(copied, array.shape, array.strides, t.data_ptr() - _make(owner).data_ptr())
    key = ("flambeau.storage", id(owner))
    if owner is array or not is_dense(owner):
        copied = memo.get(key)
        if copied is not None and copied.shape == array.shape and copied.strides == array.strides:
            return copied
        new = _core.copy_of(array)
        if owner is array:
            memo[key] = new
        return new
    copied = memo.get(key)
    if copied is None:
        copied = memo[key] = _core.copy_of(owner)
    offset = array.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
    return _core.strided_view(copied, array.shape, array.strides, offset)


_core.set_tensor_type(Tensor)
_core.set_handle_type(RemovableHandle)

from .autograd.engine import backward  # noqa: E402  (needs nothing from here; named so that `backward` above finds it)

__all__ = ["DType", "Tensor"]
