"""Batch normalisation over the batches of several processes."""

import flambeau as fb
from flambeau.autograd.function import Function, once_differentiable

from .primitives import op


class SyncBatchNorm(Function):
    """Normalises each channel of (N, C, *) by mean and variance over the batches of all processes of a group, which may
    be of different sizes.

    The processes exchange mean, sum of squared deviations and count of their batches, and combine them as Chan, Golub
    and LeVeque do (1983, "Algorithms for computing the sample variance"); backward exchanges two sums per channel.
    Weight and bias get the gradients of this process's batch only: DistributedDataParallel adds them up.
    """

    @staticmethod
    def forward(ctx, input, weight, bias, running_mean, running_var, eps, momentum, group):
        mean, squares, count = _gathered(input, group)
        if count == 1:
            raise ValueError(
                f"Expected more than 1 value per channel when training, got input size {list(input.shape)} on one "
                "process and nothing on the others"
            )
        var = squares / count
        if running_mean is not None:
            running_mean.lerp_(mean.to(running_mean.dtype), momentum)
            running_var.lerp_((squares / (count - 1)).to(running_var.dtype), momentum)
        ctx.save_for_backward(input, weight, mean, (var + eps).rsqrt())
        ctx.count, ctx.group = count, group
        wide, scale, shift = (t if t is None else t.to(mean.dtype) for t in (input, weight, bias))
        return op.batch_norm(wide, mean, var, scale, shift, False, 0.0, eps).to(input.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        input, weight, mean, invstd = ctx.saved_tensors
        channels, dims, shape = input.shape[1], _all_but_channels(input), _as_channels(input)
        wide = grad.to(mean.dtype)
        xhat = (input.to(mean.dtype) - mean.view(shape)) * invstd.view(shape)
        to_bias, to_weight = wide.sum(dims), (wide * xhat).sum(dims)
        sums = fb.cat([to_bias, to_weight])
        fb.distributed.all_reduce(sums, group=ctx.group)
        mean_grad, along = (sums / ctx.count).split(channels)
        to_input = (wide - mean_grad.view(shape) - xhat * along.view(shape)) * invstd.view(shape)
        if weight is not None:
            to_input = to_input * weight.view(shape)
        return (
            to_input.to(input.dtype),
            to_weight.to(weight.dtype) if ctx.needs_input_grad[1] else None,
            to_bias.to(grad.dtype if weight is None else weight.dtype) if ctx.needs_input_grad[2] else None,
            None, None, None, None, None,
        )  # fmt: skip


def _all_but_channels(input):
    return (0, *range(2, input.dim()))


def _as_channels(input):
    return (1, -1, *(1,) * (input.dim() - 2))


def _gathered(input, group):
    """Mean (C), sum of squared deviations from it (C) and count of the elements of each channel over all processes."""
    wide = input.float() if input.element_size() == 2 else input
    channels, dims = input.shape[1], _all_but_channels(input)
    count = input.numel() // channels
    own = fb.zeros(2 * channels + 1, dtype=wide.dtype, device=input.device)
    if count:
        mean = wide.mean(dims)
        own[:channels] = mean
        own[channels:-1] = (wide - mean.view(_as_channels(input))).square().sum(dims)
    own[-1] = count
    everyones = own.new_empty(group.size(), own.numel())
    fb.distributed.all_gather_into_tensor(everyones, own, group)
    means, squares, counts = everyones.split([channels, channels, 1], 1)
    total = counts.sum()
    mean = (means * counts).sum(0) / total
    return mean, (squares + counts * (means - mean).square()).sum(0), int(total)
