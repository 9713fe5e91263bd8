"""What 0.3's layers and functions said of sizes and arguments that do not fit."""

import pytest

import flambeau.v03 as torch
import flambeau.v03.nn.functional as F
from flambeau.v03 import nn
from flambeau.v03.autograd import Variable
from flambeau.v03.utils.data import default_collate


def V(*sizes):
    return Variable(torch.ones(*sizes))


HALF = "invalid argument 2: pad should be smaller than half of kernel size"
FEW = "Fan in and fan out can not be computed for tensor with less than 2 dimensions"
CASES = [
    (lambda: F.max_pool2d(V(1, 5, 2, 2), 3), RuntimeError,
     "Given input size: (5x2x2). Calculated output size: (5x0x0). Output size is too small"),
    (lambda: nn.MaxPool2d(3)(V(1, 5, 2, 2)), RuntimeError,
     "Given input size: (5x2x2). Calculated output size: (5x0x0). Output size is too small"),
    (lambda: F.avg_pool2d(V(1, 5, 2, 2), 3), RuntimeError,
     "Given input size: (5x2x2). Calculated output size: (5x0x0). Output size is too small"),
    (lambda: nn.MaxPool2d(2, padding=2)(V(1, 1, 4, 4)), RuntimeError, HALF),
    (lambda: F.avg_pool2d(V(1, 1, 4, 4), 2, padding=2), RuntimeError, HALF),
    (lambda: F.max_pool2d(V(2, 2), 2), RuntimeError,
     "invalid argument 2: 3D or 4D input tensor expected but got: [2 x 2]"),
    (lambda: F.avg_pool2d(V(2, 2), 2), RuntimeError,
     "invalid argument 2: 3D or 4D input tensor expected but got: [2 x 2]"),
    (lambda: F.max_pool3d(V(2, 2), 2), RuntimeError,
     "invalid argument 2: 4D or 5D input tensor expected but got: [2 x 2]"),
    (lambda: F.adaptive_avg_pool2d(V(2, 2), 2), RuntimeError,
     "invalid argument 2: 3D or 4D (batch mode) tensor expected for input, but got: [2 x 2]"),
    (lambda: F.adaptive_max_pool2d(V(2, 2), 2), RuntimeError,
     "invalid argument 2: 3D or 4D (batch mode) tensor expected for input, but got: [2 x 2]"),
    (lambda: F.glu(V(2, 3)), RuntimeError, "invalid argument 2: Halving dimension must be even. Dim 1 is size 3"),
    (lambda: F.grid_sample(V(1, 1, 2, 2), V(1, 2, 2, 3)), RuntimeError,
     "Need grid of dimension 4 and grid.size[3] == 2 but got grid to be of shape: [1 x 2 x 2 x 3]"),
    (lambda: F.grid_sample(V(2, 1, 2, 2), V(1, 2, 2, 2)), RuntimeError,
     "Need grid of dimension 4 and grid.size[0] == 2 but got grid to be of shape: [1 x 2 x 2 x 2]"),
    (lambda: F.grid_sample(V(1, 1, 2, 2), V(1, 2, 2, 2), padding_mode="x"), ValueError,
     "padding_mode needs to be 'zeros' or 'border', but got x"),
    (lambda: F.pad(V(2, 2), (1, 1, 1)), AssertionError, "Padding length must be divisible by 2"),
    (lambda: F.pad(V(2), (1, 1, 1, 1)), AssertionError, "Padding length too large"),
    (lambda: F.pad(V(1, 1, 2), (1, 1, 1, 1), mode="reflect"), AssertionError, "3D tensors expect 2 values for padding"),
    (lambda: F.pad(V(1, 1, 2, 2), (1, 1), mode="replicate"), AssertionError, "4D tensors expect 4 values for padding"),
    (lambda: F.pad(V(2, 2), (1, 1), mode="reflect"), NotImplementedError,
     "Only 3D, 4D, 5D padding with non-constant padding are supported for now"),
    (lambda: F.pixel_shuffle(V(3, 2, 2), 2), ValueError, "not enough values to unpack (expected 4, got 3)"),
    (lambda: nn.PixelShuffle(2)(V(1, 5, 2, 2)), RuntimeError,
     "invalid argument 2: size '[1 x 1 x 2 x 2 x 2 x 2]' is invalid for input of with 20 elements"),
    (lambda: nn.Embedding(3, 2)(V(1)), TypeError,
     "torch.index_select received an invalid combination of arguments - got (torch.FloatTensor, int, "
     "torch.FloatTensor), but expected (torch.FloatTensor source, int dim, torch.LongTensor index)"),
    (lambda: F.batch_norm(V(1, 2), V(2), V(2), training=True), ValueError,
     "Expected more than 1 value per channel when training, got input size [1, 2]"),
    (lambda: F.nll_loss(V(1, 2, 3, 3), Variable(torch.zeros(1, 2, 2).long())), RuntimeError,
     "Assertion `input0 == target0 && input2 == target1 && input3 == target2' failed. size mismatch (got input: "
     "1x2x3x3, target: 1x2x2)"),
    (lambda: F.poisson_nll_loss(V(2), V(3)), RuntimeError,
     "The size of tensor a (3) must match the size of tensor b (2) at non-singleton dimension 0"),
    (lambda: torch.mm(torch.sparse.FloatTensor(2, 3), torch.ones(2, 2)), RuntimeError,
     "invalid argument 3: Expected dim 0 size 3, got 2"),
    (lambda: default_collate([torch.ones(2), torch.ones(3)]), RuntimeError,
     "invalid argument 0: Sizes of tensors must match except in dimension 0. Got 2 and 3 in dimension 1"),
    (lambda: default_collate([None]), TypeError,
     "batch must contain tensors, numbers, dicts or lists; found <class 'NoneType'>"),
    (lambda: nn.init.xavier_uniform(torch.ones(2)), ValueError, FEW),
    (lambda: nn.init.kaiming_normal(V(2)), ValueError, FEW),
    (lambda: nn.init.orthogonal(torch.ones(2)), ValueError, "Only tensors with 2 or more dimensions are supported"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "words"), CASES)
def test_error(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert type(caught.value) is error and str(caught.value) == words


def test_what_fits_is_computed():
    x = Variable(torch.arange(0, 16).view(1, 4, 2, 2))
    assert F.pixel_shuffle(x, 2).size() == nn.PixelShuffle(2)(x).size() == (1, 1, 4, 4)
    assert F.pixel_shuffle(x, 2).data[0][0][0].tolist() == [0, 4, 1, 5]
    assert F.pad(x, (1, 0, 0, 2), value=7).data[0, 0].tolist() == [[7, 0, 1], [7, 2, 3], [7, 7, 7], [7, 7, 7]]
    assert F.pad(x, (1, 0, 0, 1), mode="replicate").data[0, 0].tolist() == [[0, 0, 1], [2, 2, 3], [2, 2, 3]]
