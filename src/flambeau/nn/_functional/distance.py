"""Distances, similarities and bilinear forms."""

import flambeau as fb
from flambeau.ops.autocast import install


def pairwise_distance(x1, x2, p=2.0, eps=1e-6, keepdim=False):
    """||x1 - x2 + eps||_p over the last dimension; x1, x2 (N, D) or (D) -> (N) or ()"""
    return (x1 - x2 + eps).norm(p, -1, keepdim=keepdim)


def cosine_similarity(x1, x2, dim=1, eps=1e-8):
    """x1 . x2 / (max(||x1||, eps) max(||x2||, eps)) along `dim`

    x1, x2 (*, D, *) with D at `dim`, broadcast -> (*, *).
    """
    dtype = fb.result_type(x1, x2)
    if not dtype.is_floating_point:
        raise RuntimeError(
            f"expected common dtype to be floating point, yet common dtype is {dtype.title}"
        )
    x1, x2 = fb.broadcast_tensors(x1.to(dtype), x2.to(dtype))
    unit1 = x1 / x1.norm(2, dim, keepdim=True).clamp(min=eps)
    unit2 = x2 / x2.norm(2, dim, keepdim=True).clamp(min=eps)
    return (unit1 * unit2).sum(dim)


def bilinear(input1, input2, weight, bias=None):
    """x1^T W_k x2 + b_k: input1 (*, I), input2 (*, J), weight (K, I, J), bias (K) -> (*, K)"""
    if not input1.dtype == input2.dtype == weight.dtype:
        raise RuntimeError(
            f"bilinear(): All tensors must have the same dtype, got input1: {input1.dtype}, input2: {input2.dtype}, "
            f"weight: {weight.dtype}"
        )
    outputs, in1, in2 = weight.shape
    _check_bilinear(input1.shape, input2.shape, in1, in2)
    lead = tuple(input1.shape[:-1])
    left = input1.reshape(-1, in1) @ weight.permute(1, 0, 2).reshape(in1, outputs * in2)
    result = (left.reshape(-1, outputs, in2) * input2.reshape(-1, 1, in2)).sum(-1, dtype=left.dtype)
    if bias is not None:
        result = result + bias
    return result.reshape(*lead, outputs)


def _check_bilinear(shape1, shape2, in1, in2):
    if len(shape1) != len(shape2):
        raise RuntimeError(
            f"bilinear(): input dimensions do not match: got {len(shape1)} and {len(shape2)}, expected (*, {in1}) and "
            f"(*, {in2})"
        )
    for dim, (m, n) in enumerate(zip(shape1[:-1], shape2[:-1], strict=True)):
        if m != n:
            raise RuntimeError(f"bilinear(): input batch dimensions do not match at dim {dim}: got {m} and {n}")
    for which, shape, expected in (("input1", shape1, in1), ("input2", shape2, in2)):
        if shape[-1] != expected:
            raise RuntimeError(
                f"bilinear(): {which} size does not match weight size: got {shape[-1]} but expected {expected}"
            )


install("nn.functional", globals())
