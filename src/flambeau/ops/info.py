"""Questions about tensors that are functions as well as methods, and Python functions applied to each element."""

import math

from .. import _core
from ._args import check_tensor, ints
from .op import composite

TensorBase, _array = _core.TensorBase, _core.array_of


@composite()
def numel(input):
    """numel(input) -> int: the number of elements."""
    check_tensor(input, "numel")
    return input.numel()


@composite()
def is_floating_point(input):
    """is_floating_point(input) -> bool: whether the dtype is a real floating-point one."""
    check_tensor(input, "is_floating_point")
    return input.is_floating_point()


@composite()
def is_complex(input):
    """is_complex(input) -> bool: whether the dtype is complex."""
    check_tensor(input, "is_complex")
    return input.is_complex()


@composite("is_nonzero")
def is_nonzero(input):
    """is_nonzero(input) -> bool: whether the only element is not zero. RuntimeError unless there is one element."""
    check_tensor(input, "is_nonzero")
    return bool(input)


@composite("is_signed")
def is_signed(input):
    """is_signed(input) -> bool: whether the dtype holds negative numbers."""
    check_tensor(input, "is_signed")
    return input.dtype.is_signed


@composite("is_same_size")
def is_same_size(input, other):
    """is_same_size(input, other) -> bool: whether two tensors have the same shape."""
    check_tensor(input, "is_same_size")
    check_tensor(other, "is_same_size", "other", 2)
    return input.shape == other.shape


@composite("is_set_to", name="_is_set_to")
def is_set_to(self, tensor):
    """is_set_to(tensor) -> bool: whether two tensors are over the same memory with the same sizes and strides."""
    check_tensor(self, "is_set_to")
    check_tensor(tensor, "is_set_to", "tensor", 2)
    same = self.data_ptr() == tensor.data_ptr() and self.shape == tensor.shape
    return same and self.stride() == tensor.stride()


@composite("ndimension", name="_ndimension")
def ndimension(self):
    """ndimension() -> int: the number of dimensions."""
    return self.ndim


@composite("sum_to_size", name="_sum_to_size")
def sum_to_size(self, *size):
    """sum_to_size(*size) -> Tensor: the sum over broadcast dimensions, which leaves a tensor of that size.

    RuntimeError when a tensor of that size cannot be broadcast to this one.
    """
    check_tensor(self, "sum_to_size")
    size, shape = ints(size, "sum_to_size"), tuple(self.shape)
    lead = len(shape) - len(size)
    if lead < 0 or any(s not in (1, n) for s, n in zip(size, shape[lead:], strict=True)):
        raise RuntimeError(f"size {{{list(size)}}} is not expandable to size {{{list(shape)}}}.")
    dims = [d for d, n in enumerate(shape) if d < lead or (size[d - lead] == 1 and n != 1)]
    return self.sum(dims, keepdim=True).reshape(size) if dims else self


def _each(name, self, function, *others):
    """Writes function(element, ...) over each element of a CPU tensor."""
    if self.requires_grad:
        raise TypeError(f"{name}() can't be called on a tensor that requires grad: use detach() first")
    if self.device.type != "cpu":
        raise TypeError(f"{name}() works on CPU tensors only; this one is on {self.device}")
    arrays = [_array(t) for t in (self, *others)]
    values = [
        function(*[v.item() for v in row]) for row in zip(*[a.reshape(-1) for a in arrays], strict=True)
    ]
    arrays[0][...] = _core.make(arrays[0]).new_tensor(values).reshape(self.shape).numpy()
    _core.bump_version(self)
    return self


@composite("apply_", name="_apply_")
def apply_(self, callable):
    """apply_(function) -> self: each element replaced by function(element), a Python number. Slow."""
    return _each("apply_", self, callable)


@composite("map_", name="_map_")
def map_(self, tensor, callable):
    """map_(tensor, function) -> self: each element replaced by function(element, element of tensor). Slow.

    RuntimeError unless tensor can be broadcast to this one.
    """
    check_tensor(self, "map_")
    check_tensor(tensor, "map_", "tensor", 2)
    return _each("map_", self, callable, tensor.expand(self.shape))


@composite("map2_", name="_map2_")
def map2_(self, tensor1, tensor2, callable):
    """map2_(tensor1, tensor2, function) -> self: each element replaced by function(element, element of tensor1, element
    of tensor2). Slow. RuntimeError unless the tensors can be broadcast to this one."""
    check_tensor(self, "map2_")
    check_tensor(tensor1, "map2_", "tensor1", 2)
    check_tensor(tensor2, "map2_", "tensor2", 3)
    return _each("map2_", self, callable, tensor1.expand(self.shape), tensor2.expand(self.shape))


@composite()
def get_device(input):
    """get_device(input) -> int: the index of the GPU that a tensor is on; -1 for the CPU."""
    check_tensor(input, "get_device")
    return input.get_device()


@composite()
def is_inference(input):
    """is_inference(input) -> bool: whether the tensor was made in inference mode."""
    check_tensor(input, "is_inference")
    return input.is_inference()


@composite("is_distributed")
def is_distributed(input):
    """is_distributed(input) -> bool: False: a tensor is on one device."""
    check_tensor(input, "is_distributed")
    return False


@composite("dim_order", name="_dim_order")
def dim_order(self):
    """dim_order() -> tuple of ints: the dims from the one with the largest stride to the one with the smallest."""
    return tuple(sorted(range(self.ndim), key=lambda d: -self.stride(d)))


@composite("const_data_ptr", name="_const_data_ptr")
def const_data_ptr(self):
    """const_data_ptr() -> int: data_ptr(), for reading."""
    return self.data_ptr()


@composite("as_subclass", name="_as_subclass")
def as_subclass(self, cls):
    """as_subclass(cls) -> a tensor of that subclass of Tensor over the same memory, without history."""
    if not (isinstance(cls, type) and issubclass(cls, TensorBase)):
        raise TypeError("cls must be a type that derives from Tensor")
    return self._make_subclass(cls, self)


@composite()
def to_dlpack(tensor):
    """to_dlpack(tensor) -> a DLPack capsule over the memory of tensor, which `from_dlpack` takes once."""
    check_tensor(tensor, "to_dlpack", "tensor")
    return tensor.__dlpack__()


@composite()
def detach_(input):
    """detach_(input) -> input without history."""
    check_tensor(input, "detach_")
    return input.detach_()


@composite()
def detach(input):
    """detach(input) -> Tensor over the same memory that needs no gradient."""
    check_tensor(input, "detach")
    return input.detach()


@composite()
def unravel_index(indices, shape):
    """unravel_index(indices, shape) -> tuple of int64 Tensors: where the elements at these row-major
    positions of a tensor of that shape are, per dimension."""
    check_tensor(indices, "unravel_index", "indices")
    if indices.dtype.category != "int":
        raise TypeError(f"expected 'indices' to be integer dtype, but got {indices.dtype}")
    shape = ints((shape,), "unravel_index", "shape")
    found = []
    for d in range(len(shape)):
        found.append(indices // math.prod(shape[d + 1 :]) % shape[d])
    return tuple(found)
