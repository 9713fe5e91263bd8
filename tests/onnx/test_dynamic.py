"""Sizes that vary: functions that are exported for one number of rows give the same for others."""

import pytest

import flambeau as fb
from flambeau import nn, onnx
from flambeau.nn import functional as F

from .checks import check

W = fb.rand(4, 3)
FUNCTIONS = {
    "einsum": lambda x: fb.einsum("bij,kj->bik", x, W),
    "einsum of a batch": lambda x: fb.einsum("bij, bkj -> bik", x, x),
    "unflatten": lambda x: x.unflatten(1, (2, 2)),
    "flatten": lambda x: x.flatten(0, 1),
    "view": lambda x: x.view(-1, 3),
    "reshape": lambda x: x.reshape(x.shape[0], -1),
    "split": lambda x: fb.cat(x.split(2, 1), 2),
    "chunk": lambda x: x.chunk(2, 1)[1],
    "stack": lambda x: fb.stack([x, x], 1).unbind(1)[0],
    "normalize": lambda x: F.normalize(x, dim=1),
    "cosine_similarity": lambda x: F.cosine_similarity(x, x * 2, dim=1),
    "tile": lambda x: x.tile(1, 2, 1),
    "roll of a known size": lambda x: x.roll(1, 1),
    "attention": lambda x: F.scaled_dot_product_attention(x, x, x),
    "glu": lambda x: F.glu(x, 1),
    "group_norm": lambda x: F.group_norm(x, 2),
    "instance_norm": lambda x: F.instance_norm(x),
    "adaptive_avg_pool1d": lambda x: F.adaptive_avg_pool1d(x, 2),
    "matmul": lambda x: x @ x.transpose(1, 2) @ x @ fb.ones(3),
    "outer": lambda x: fb.outer(x[:, 0, 0], x[0, 0]),
    "one_hot": lambda x: F.one_hot(x.argmax(1), 4),
    "tensordot": lambda x: fb.tensordot(x, W, dims=([2], [1])),
    "expand_as": lambda x: x[:, :1].expand_as(x),
    "expand": lambda x: x[:, :1].expand(-1, 4, -1),
    "movedim": lambda x: x.movedim(0, 1),
    "pad": lambda x: F.pad(x, (1, 1), mode="replicate"),
    "cdist": lambda x: fb.cdist(x, x * 2),
    "indices": lambda x: x[:, fb.tensor([0, 2])],
    "indices of all rows": lambda x: x[fb.arange(x.size(0)), 0],
    "slices": lambda x: x[..., -1] + x[:, -2:].sum(1)[:, :1],
    "half of the rows": lambda x: x[: x.size(0) // 2],
    "layer_norm": lambda x: F.layer_norm(x, (3,)),
    "repeat_interleave": lambda x: x.repeat_interleave(2, 1),
    "topk": lambda x: x.topk(2, 1)[0],
    "sort and gather": lambda x: x.gather(1, x.argsort(1)),
    "tril": lambda x: x.tril() + x.masked_fill(x > 0.5, 0),
    "interpolate": lambda x: F.interpolate(x, scale_factor=2.0, mode="linear"),
    "avg_pool1d": lambda x: F.avg_pool1d(x, 2, ceil_mode=True),
    "kl_div": lambda x: F.kl_div(x.log(), x, reduction="batchmean"),
    "cross_entropy": lambda x: F.cross_entropy(x.mean(2), x.mean(2).argmax(1)),
    "zeros of its size": lambda x: fb.cat([x.new_zeros(x.size(0), 1, 3), x, fb.full_like(x, 2.0)], 1),
    "pixel_shuffle": lambda x: F.pixel_shuffle(x.unsqueeze(3), 2),
    "numel": lambda x: x / x.numel() + x.size(0) - 1,
    "multihead attention": lambda x, net=nn.MultiheadAttention(3, 1): net(x, x, x)[0],
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_other_numbers_of_rows(name):
    others = [(fb.rand(5, 4, 3),), (fb.rand(1, 4, 3),)]
    check(FUNCTIONS[name], fb.rand(2, 4, 3), others=others, dynamic_axes={"x": {0: "rows"}})


@pytest.mark.parametrize("function", [lambda x: x.diagonal(dim1=1, dim2=2), lambda x: x.unfold(1, 2, 1)])
def test_what_needs_sizes_that_are_known_says_so(function):
    check(function, fb.rand(2, 4, 3))
    with pytest.raises(onnx.UnsupportedOperatorError, match="no counterpart .* for sizes that vary"):
        onnx.export(function, fb.rand(2, 4, 3), dynamic_axes={"x": [0]})
