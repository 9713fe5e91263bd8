"""Lazy layers: they learn the size of their input from the first one, and then become ordinary layers."""

from typing import Any

import flambeau as fb

from .batchnorm import (
    BatchNorm1d,
    BatchNorm2d,
    BatchNorm3d,
    InstanceNorm1d,
    InstanceNorm2d,
    InstanceNorm3d,
)
from .conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from .linear import Linear
from .parameter import UninitializedBuffer, UninitializedParameter, is_lazy


class LazyModuleMixin:
    """Makes a Module lazy: its parameters are UninitializedParameters until the first call.

    A subclass defines `initialize_parameters(*args, **kwargs)`, which gets the arguments of the first call and
    materialises all of them. Then the module becomes an instance of `cls_to_become`, unless that is None. Loading a
    state dictionary materialises what it has.
    """

    cls_to_become: type | None = None
    _parameters: Any
    _buffers: Any
    _get_name: Any
    _register_load_state_dict_pre_hook: Any
    register_forward_pre_hook: Any

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._load_hook = self._register_load_state_dict_pre_hook(self._lazy_load_hook)
        self._initialize_hook = self.register_forward_pre_hook(self._infer_parameters, with_kwargs=True)

    def _lazy_load_hook(
        self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
    ):
        for name, own in (*self._parameters.items(), *self._buffers.items()):
            given = state_dict.get(prefix + name)
            if is_lazy(own) and given is not None and not is_lazy(given):
                own.materialize(given.shape)

    def initialize_parameters(self, *args, **kwargs):
        """Materialises the parameters, given the arguments of the first call. To be defined by subclasses."""
        raise NotImplementedError(f"initialize_parameters is not implemented for {type(self).__name__}")

    def has_uninitialized_params(self):
        """has_uninitialized_params() -> bool: whether a parameter or buffer (not of a child) has no shape yet."""
        return any(is_lazy(own) for own in (*self._parameters.values(), *self._buffers.values()))

    def _infer_parameters(self, module, args, kwargs=None):
        """The hook of the first call."""
        module.initialize_parameters(*args, **(kwargs or {}))
        if module.has_uninitialized_params():
            raise RuntimeError(f"module {self._get_name()} has not been fully initialized")
        module._initialize_hook.remove()
        module._load_hook.remove()
        del module._initialize_hook
        del module._load_hook
        if module.cls_to_become is not None:
            module.__class__ = module.cls_to_become


class _Lazy(LazyModuleMixin):
    """What the lazy layers share."""

    _size_of_input: str  # the attribute that is learned from it

    def reset_parameters(self):
        """Draws the parameters anew, once they have a shape."""
        if not self.has_uninitialized_params() and getattr(self, self._size_of_input) != 0:
            super().reset_parameters()  # type: ignore[misc]


def _materialise(*pairs):
    """Gives those of the tensors that have none their shape."""
    for tensor, shape in pairs:
        if is_lazy(tensor):
            tensor.materialize(shape)


class LazyLinear(_Lazy, Linear):
    """LazyLinear(out_features, bias=True, device=None, dtype=None): a Linear whose in_features is the last size of the
    first input; (*, H_in) -> (*, H_out)"""

    cls_to_become = Linear
    _size_of_input = "in_features"
    weight: Any
    bias: Any

    def __init__(self, out_features, bias=True, device=None, dtype=None):
        options = {"device": device, "dtype": dtype}
        super().__init__(0, 0, False)
        self.weight = UninitializedParameter(**options)
        self.out_features = out_features
        if bias:
            self.bias = UninitializedParameter(**options)

    def initialize_parameters(self, input):
        """Gives weight and bias the shapes that the input asks for, and draws them."""
        if self.has_uninitialized_params():
            self.in_features = input.shape[-1]
            _materialise(
                (self.weight, (self.out_features, self.in_features)), (self.bias, (self.out_features,))
            )
            self.reset_parameters()
        if self.in_features == 0:  # loaded
            self.in_features = self.weight.shape[-1]


class _LazyConvXdMixin(_Lazy):
    """A convolution whose in_channels is the number of channels of the first input."""

    _size_of_input = "in_channels"
    _dims: int
    transposed: Any
    kernel_size: Any
    groups: Any
    weight: Any
    bias: Any

    def _make_lazy(self, out_channels, bias, device, dtype):
        self.out_channels = out_channels
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def _weight_shape(self):
        if self.transposed:
            return (self.in_channels, self.out_channels // self.groups, *self.kernel_size)
        return (self.out_channels, self.in_channels // self.groups, *self.kernel_size)

    def _channels_of(self, input):
        n = self._dims
        if input.dim() not in (n + 1, n + 2):
            raise RuntimeError(
                f"Expected {n + 1}D (unbatched) or {n + 2}D (batched) input to {type(self).__name__}, but got input of "
                f"size: {input.shape}"
            )
        return input.shape[-n - 1]

    def initialize_parameters(self, input, *args, **kwargs):
        """Gives weight and bias the shapes that the input asks for, and draws them."""
        if self.has_uninitialized_params():
            self.in_channels = self._channels_of(input)
            if self.in_channels % self.groups:
                raise ValueError("in_channels must be divisible by groups")
            _materialise((self.weight, self._weight_shape()), (self.bias, (self.out_channels,)))
            self.reset_parameters()
        if self.in_channels == 0:  # loaded
            self.in_channels = self._channels_of(input)


class _LazyConvForward(_LazyConvXdMixin):
    def __init__(
        self,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        dilation=1,
        groups=1,
        bias=True,
        padding_mode="zeros",
        device=None,
        dtype=None,
    ):
        super().__init__(0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode)
        self._make_lazy(out_channels, bias, device, dtype)


class _LazyConvTranspose(_LazyConvXdMixin):
    def __init__(
        self,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        output_padding=0,
        groups=1,
        bias=True,
        dilation=1,
        padding_mode="zeros",
        device=None,
        dtype=None,
    ):
        super().__init__(
            0, 0, kernel_size, stride, padding, output_padding, groups, False, dilation, padding_mode
        )
        self._make_lazy(out_channels, bias, device, dtype)


class LazyConv1d(_LazyConvForward, Conv1d):
    """LazyConv1d(out_channels, kernel_size, ...): a Conv1d whose in_channels is that of the first input,
    (N, C, L) or (C, L)"""

    cls_to_become = Conv1d


class LazyConv2d(_LazyConvForward, Conv2d):
    """LazyConv2d(out_channels, kernel_size, ...): a Conv2d whose in_channels is that of the first input,
    (N, C, H, W) or (C, H, W)"""

    cls_to_become = Conv2d


class LazyConv3d(_LazyConvForward, Conv3d):
    """LazyConv3d(out_channels, kernel_size, ...): a Conv3d whose in_channels is that of the first input,
    (N, C, D, H, W) or (C, D, H, W)"""

    cls_to_become = Conv3d


class LazyConvTranspose1d(_LazyConvTranspose, ConvTranspose1d):
    """LazyConvTranspose1d(out_channels, kernel_size, ...): a ConvTranspose1d that takes in_channels from its first
    input, (N, C, L) or (C, L)"""

    cls_to_become = ConvTranspose1d


class LazyConvTranspose2d(_LazyConvTranspose, ConvTranspose2d):
    """LazyConvTranspose2d(out_channels, kernel_size, ...): a ConvTranspose2d that takes in_channels from its first
    input, (N, C, H, W) or (C, H, W)"""

    cls_to_become = ConvTranspose2d


class LazyConvTranspose3d(_LazyConvTranspose, ConvTranspose3d):
    """LazyConvTranspose3d(out_channels, kernel_size, ...): a ConvTranspose3d that takes in_channels from its first
    input, (N, C, D, H, W) or (C, D, H, W)"""

    cls_to_become = ConvTranspose3d


class _LazyNormBase(_Lazy):
    """A normalisation whose num_features is the number of channels of the first input."""

    _size_of_input = "num_features"
    _input_dims: tuple
    weight: Any
    bias: Any
    running_mean: Any
    running_var: Any

    def __init__(
        self,
        eps=1e-5,
        momentum=0.1,
        affine=True,
        track_running_stats=True,
        device=None,
        dtype=None,
        *,
        bias=True,
    ):
        options = {"device": device, "dtype": dtype}
        super().__init__(0, eps, momentum, False, False)
        self.affine = affine
        self.track_running_stats = track_running_stats
        if affine:
            self.weight = UninitializedParameter(**options)
            if bias:
                self.bias = UninitializedParameter(**options)
        if track_running_stats:
            self.running_mean = UninitializedBuffer(**options)
            self.running_var = UninitializedBuffer(**options)
            self.num_batches_tracked = fb.tensor(0, dtype=fb.int64, device=device)

    def _per_feature(self):
        tensors = self.weight, self.bias, self.running_mean, self.running_var
        return [tensor for tensor in tensors if tensor is not None]

    def initialize_parameters(self, input):
        """Gives parameters and statistics the shapes that the input asks for."""
        if self.has_uninitialized_params():
            batched = input.dim() == max(self._input_dims) or isinstance(self, BatchNorm1d)
            self.num_features = input.shape[1 if batched else 0]
            _materialise(*[(tensor, (self.num_features,)) for tensor in self._per_feature()])
            self.reset_parameters()
        if self.num_features == 0:  # loaded
            self.num_features = next((len(tensor) for tensor in self._per_feature()), 0)


class LazyBatchNorm1d(_LazyNormBase, BatchNorm1d):
    """LazyBatchNorm1d(...): a BatchNorm1d whose num_features is that of the first input,
    (N, C) or (N, C, L)"""

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(_LazyNormBase, BatchNorm2d):
    """LazyBatchNorm2d(...): a BatchNorm2d whose num_features is that of the first input,
    (N, C, H, W)"""

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(_LazyNormBase, BatchNorm3d):
    """LazyBatchNorm3d(...): a BatchNorm3d whose num_features is that of the first input,
    (N, C, D, H, W)"""

    cls_to_become = BatchNorm3d


class LazyInstanceNorm1d(_LazyNormBase, InstanceNorm1d):
    """LazyInstanceNorm1d(...): an InstanceNorm1d whose num_features is that of the first input,
    (N, C, L) or (C, L)"""

    cls_to_become = InstanceNorm1d


class LazyInstanceNorm2d(_LazyNormBase, InstanceNorm2d):
    """LazyInstanceNorm2d(...): an InstanceNorm2d whose num_features is that of the first input,
    (N, C, H, W) or (C, H, W)"""

    cls_to_become = InstanceNorm2d


class LazyInstanceNorm3d(_LazyNormBase, InstanceNorm3d):
    """LazyInstanceNorm3d(...): an InstanceNorm3d whose num_features is that of the first input,
    (N, C, D, H, W) or (C, D, H, W)"""

    cls_to_become = InstanceNorm3d
