"""Batch and instance normalisation: layers with running statistics."""

import sys
import warnings
from collections.abc import Callable

import flambeau as fb

from . import functional as F
from . import init
from ._functional.sync_batch_norm import SyncBatchNorm as SyncBatchNormFunction
from .module import Module
from .parameter import Parameter


class _NormBase(Module):
    """Scale and shift of each channel, and the running mean and variance."""

    _version = 2
    _input_dims: tuple
    track_running_stats = True  # of layers in files from before the option

    def __init__(self, num_features, eps, momentum, affine, track_running_stats, device, dtype, bias):
        super().__init__()
        options = {"device": device, "dtype": dtype}
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        self.register_parameter("weight", Parameter(fb.empty(num_features, **options)) if affine else None)
        self.register_parameter(
            "bias", Parameter(fb.empty(num_features, **options)) if affine and bias else None
        )
        tracked = track_running_stats
        self.register_buffer("running_mean", fb.zeros(num_features, **options) if tracked else None)
        self.register_buffer("running_var", fb.ones(num_features, **options) if tracked else None)
        count = fb.tensor(0, dtype=fb.int64, device=device) if tracked else None
        self.register_buffer("num_batches_tracked", count)
        self.reset_parameters()

    def reset_running_stats(self):
        """Forget the running statistics: mean 0, variance 1."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self):
        """Scale 1, shift 0, no statistics."""
        self.reset_running_stats()
        if self.affine:
            init.ones_(self.weight)
            if self.bias is not None:
                init.zeros_(self.bias)

    def _check_input_dim(self, input):
        if input.dim() not in self._input_dims:
            expected = " or ".join(f"{n}D" for n in self._input_dims)
            raise ValueError(f"expected {expected} input (got {input.dim()}D input)")

    def __setstate__(self, state):
        super().__setstate__(state)
        self._buffers.setdefault("num_batches_tracked", None)

    def extra_repr(self):
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, strict, *lists):
        version = local_metadata.get("version")
        if (version is None or version < 2) and self.track_running_stats:
            # Version 1 (0.3 and before) did not count the batches.
            key = prefix + "num_batches_tracked"
            if key not in state_dict:
                count = self.num_batches_tracked
                state_dict[key] = fb.tensor(0, dtype=fb.int64) if count is None else count
        super()._load_from_state_dict(state_dict, prefix, local_metadata, strict, *lists)


class _BatchNorm(_NormBase):
    def __init__(
        self,
        num_features,
        eps=1e-5,
        momentum=0.1,
        affine=True,
        track_running_stats=True,
        device=None,
        dtype=None,
        *,
        bias=True,
    ):
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias)

    def forward(self, input):
        self._check_input_dim(input)
        buffers = self._buffers
        mean, var = buffers["running_mean"], buffers["running_var"]
        momentum = 0.0 if self.momentum is None else self.momentum
        training = self.training
        if training and self.track_running_stats:
            count = buffers["num_batches_tracked"]
            if count is not None:
                count.add_(1)
                if self.momentum is None:  # the mean of all batches
                    momentum = 1.0 / float(count)
        params = self._parameters
        try:
            weight, bias = params["weight"], params["bias"]
        except KeyError:  # replaced by plain attributes
            weight, bias = self.weight, self.bias
        tracking = not training or self.track_running_stats
        return self._normalize(
            input,
            mean if tracking else None,
            var if tracking else None,
            weight,
            bias,
            training or (mean is None and var is None),  # without running statistics, always the batch's
            momentum,
            self.eps,
        )

    _normalize: Callable = staticmethod(F.batch_norm)


class BatchNorm1d(_BatchNorm):
    """BatchNorm1d(num_features, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True)

    (x - mean) / sqrt(var + eps) * weight + bias for each channel of (N, C) or (N, C, L) (Ioffe and Szegedy, 2015).
    Training takes mean and (biased) variance of the batch and moves the running ones, the variance unbiased, by
    `momentum` (None: their plain average); evaluation takes the running ones.
    """

    _input_dims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """BatchNorm2d(num_features, ...): as BatchNorm1d, for (N, C, H, W)."""

    _input_dims = (4,)


class BatchNorm3d(_BatchNorm):
    """BatchNorm3d(num_features, ...): as BatchNorm1d, for (N, C, D, H, W)."""

    _input_dims = (5,)


class SyncBatchNorm(_BatchNorm):
    """SyncBatchNorm(num_features, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True, process_group=None)

    BatchNorm of (N, C, *) in training over the batches of all processes of a group of `flambeau.distributed` (of all
    processes by default), which may be of different sizes. In a single process, and in evaluation, it computes what
    BatchNorm does.
    """

    def __init__(
        self,
        num_features,
        eps=1e-5,
        momentum=0.1,
        affine=True,
        track_running_stats=True,
        process_group=None,
        device=None,
        dtype=None,
        *,
        bias=True,
    ):
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)
        self.process_group = process_group

    def _check_input_dim(self, input):
        if input.dim() < 2:
            raise ValueError(f"expected at least 2D input (got {input.dim()}D input)")
        if input.size(1) == 0:
            raise ValueError("SyncBatchNorm number of input channels should be non-zero")

    def _normalize(self, input, mean, var, weight, bias, training, momentum, eps):
        group = self._group() if training and self.training else None
        if group is None:
            return F.batch_norm(input, mean, var, weight, bias, training, momentum, eps)
        return SyncBatchNormFunction.apply(input, weight, bias, mean, var, eps, momentum, group)

    def _group(self):
        """The group of processes to normalise over; None when this process is alone."""
        distributed = sys.modules.get("flambeau.distributed")  # not imported: not initialised
        if distributed is None or not distributed.is_initialized():
            return None
        group = distributed.group.WORLD if self.process_group is None else self.process_group
        return group if group.size() > 1 else None

    @classmethod
    def convert_sync_batchnorm(cls, module, process_group=None):
        """convert_sync_batchnorm(module, process_group=None) -> module with SyncBatchNorm layers in place of its
        BatchNorm layers, whose parameters and statistics they share; a new module when it is one itself."""
        converted = module
        if isinstance(module, _BatchNorm):
            converted = cls(
                module.num_features,
                module.eps,
                module.momentum,
                module.affine,
                module.track_running_stats,
                process_group,
                bias=module.bias is not None,
            )
            converted._parameters.update(module._parameters)
            converted._buffers.update(module._buffers)
            converted.training = module.training
        for name, child in module.named_children():
            converted.add_module(name, cls.convert_sync_batchnorm(child, process_group))
        return converted


class _InstanceNorm(_NormBase):
    def __init__(
        self,
        num_features,
        eps=1e-5,
        momentum=0.1,
        affine=False,
        track_running_stats=False,
        device=None,
        dtype=None,
        *,
        bias=True,
    ):
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias)

    def forward(self, input):
        self._check_input_dim(input)
        batched = input.dim() == max(self._input_dims)
        self._check_channels(input, 1 if batched else 0)
        return self._normalize(input) if batched else self._normalize(input.unsqueeze(0)).squeeze(0)

    def _check_channels(self, input, dim):
        if input.size(dim) == self.num_features:
            return
        if self.affine:
            raise ValueError(
                f"expected input's size at dim={dim} to match num_features ({self.num_features}), but got: "
                f"{input.size(dim)}."
            )
        warnings.warn(
            f"input's size at dim={dim} does not match num_features. You can silence this warning by not passing in "
            "num_features, which is not used because affine=False",
            stacklevel=3,
        )

    def _normalize(self, input):
        return F.instance_norm(
            input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )


class InstanceNorm1d(_InstanceNorm):
    """InstanceNorm1d(num_features, eps=1e-5, momentum=0.1, affine=False, track_running_stats=False)

    As BatchNorm1d, but with the statistics of each sample of (N, C, L) or (C, L) (Ulyanov et al., 2016).
    """

    _input_dims = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """InstanceNorm2d(num_features, ...): as InstanceNorm1d, for (N, C, H, W) or (C, H, W)."""

    _input_dims = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """InstanceNorm3d(num_features, ...): as InstanceNorm1d, for (N, C, D, H, W) or (C, D, H, W)."""

    _input_dims = (4, 5)
