"""Distances, similarities and bilinear forms."""

import flambeau as fb


def pairwise_distance(x1, x2, p=2.0, eps=1e-6, keepdim=False):
    """||x1 - x2 + eps||_p over the last dimension"""
    return (x1 - x2 + eps).norm(p, -1, keepdim=keepdim)


def cosine_similarity(x1, x2, dim=1, eps=1e-8):
    """x1 . x2 / (max(||x1||, eps) max(||x2||, eps)) along `dim`"""
    dtype = fb.result_type(x1, x2)
    if not dtype.is_floating_point:
        raise RuntimeError(
            f"cosine_similarity(): expected common dtype to be floating point, yet common dtype is {dtype.title}"
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
    if input1.shape[:-1] != input2.shape[:-1] or input1.size(-1) != in1 or input2.size(-1) != in2:
        raise RuntimeError(
            f"bilinear(): input1 {tuple(input1.shape)} and input2 {tuple(input2.shape)} do not fit weight "
            f"{tuple(weight.shape)}; expected (*, {in1}) and (*, {in2}) with the same leading dimensions"
        )
    lead = tuple(input1.shape[:-1])
    left = input1.reshape(-1, in1) @ weight.permute(1, 0, 2).reshape(in1, outputs * in2)
    result = (left.reshape(-1, outputs, in2) * input2.reshape(-1, 1, in2)).sum(-1, dtype=left.dtype)
    if bias is not None:
        result = result + bias
    return result.reshape(*lead, outputs)
