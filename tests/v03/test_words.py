"""What 0.3's errors say: their types and words, on which programs matched."""

import re

import pytest

import flambeau.v03 as torch
import flambeau.v03.nn.functional as F
from flambeau.v03 import nn, optim
from flambeau.v03.autograd import Function, Variable, grad

FLOATS, LONGS, BYTES = torch.FloatTensor, torch.LongTensor, torch.ByteTensor


def ones(*sizes):
    return torch.ones(*sizes)


# call of a tensor's method (or, as a lambda of a face, of anything) -> the words
RUNTIME_ERRORS = [
    (lambda w: torch.mm(w(ones(2, 3)), w(ones(2, 3))), "size mismatch, m1: [2 x 3], m2: [2 x 3]"),
    (lambda w: w(ones(2, 3)).matmul(w(ones(2, 3))), "size mismatch, m1: [2 x 3], m2: [2 x 3]"),
    (lambda w: w(ones(2, 2)).addmm_(w(ones(2, 3)), w(ones(2, 2))), "size mismatch, m1: [2 x 3], m2: [2 x 2]"),
    (lambda w: torch.mm(w(ones(2, 3)), w(ones(3))), "matrices expected, got 2D, 1D tensors"),
    (lambda w: torch.addmm(w(ones(2, 3)), w(ones(2, 3)), w(ones(3))), "matrices expected, got 2D, 1D tensors"),
    (lambda w: torch.addmm(w(ones(5, 5)), w(ones(2, 3)), w(ones(3, 4))),
     "The expanded size of the tensor (2) must match the existing size (5) at non-singleton dimension 0."),
    (lambda w: torch.mv(w(ones(2, 3)), w(ones(2))), "size mismatch, [2 x 3], [2]"),
    (lambda w: torch.mv(w(ones(3)), w(ones(3))), "matrix and vector expected, got 1D, 1D"),
    (lambda w: torch.bmm(w(ones(2, 3, 4)), w(ones(2, 3, 4))),
     "invalid argument 2: wrong matrix size, batch1: 3x4, batch2: 3x4"),
    (lambda w: torch.baddbmm(w(ones(2, 3, 3)), w(ones(2, 3, 4)), w(ones(2, 3, 5))),
     "invalid argument 2: wrong matrix size, batch1: 3x4, batch2: 3x5"),
    (lambda w: torch.bmm(w(ones(2, 3, 4)), w(ones(3, 4, 2))),
     "invalid argument 2: equal number of batches expected, got 2, 3"),
    (lambda w: torch.bmm(w(ones(3, 4)), w(ones(3, 4, 2))), "invalid argument 1: expected 3D tensor, got 2D"),
    (lambda w: torch.bmm(w(ones(3, 4, 2)), w(ones(3, 4))), "invalid argument 2: expected 3D tensor, got 2D"),
    (lambda w: torch.dot(w(ones(3)), w(ones(4))),
     "inconsistent tensor size, expected tensor [3] and src [4] to have the same number of elements, but got 3 and 4 "
     "elements respectively"),
    (lambda w: torch.ger(w(ones(2, 3)), w(ones(2))), "vector and vector expected, got 2D, 1D tensors"),
    (lambda w: torch.cat([w(ones(2, 3)), w(ones(2))]),
     "invalid argument 0: Tensors must have same number of dimensions: got 2 and 1"),
    (lambda w: torch.cat([w(ones(2, 3)), w(ones(5, 4))], 0),
     "invalid argument 0: Sizes of tensors must match except in dimension 0. Got 3 and 4 in dimension 1"),
    (lambda w: torch.cat([w(ones(2, 3)), w(ones(5, 4))], 1),
     "invalid argument 0: Sizes of tensors must match except in dimension 1. Got 2 and 5 in dimension 0"),
    (lambda w: torch.cat([w(ones(2)), w(ones(2))], 1),
     "dimension out of range (expected to be in range of [-1, 0], but got 1)"),
    (lambda w: torch.stack([w(ones(2, 3)), w(ones(2, 4))]),
     "invalid argument 0: Sizes of tensors must match except in dimension 0. Got 3 and 4 in dimension 2"),
    (lambda w: w(ones(2, 3)).sum(2), "dimension out of range (expected to be in range of [-2, 1], but got 2)"),
    (lambda w: w(ones(2, 3)).size(2), "dimension out of range (expected to be in range of [-2, 1], but got 2)"),
    (lambda w: w(ones(3)).transpose(0, 1), "dimension out of range (expected to be in range of [-1, 0], but got 1)"),
    (lambda w: w(ones(3)).unsqueeze(2), "dimension out of range (expected to be in range of [-2, 1], but got 2)"),
    (lambda w: w(FLOATS()).sum(0), "dimension specified as 0 but tensor has no dimensions"),
    (lambda w: w(FLOATS()).size(1), "dimension specified as 1 but tensor has no dimensions"),
    (lambda w: w(FLOATS()).max(), "invalid argument 1: tensor must have one dimension"),
    (lambda w: w(FLOATS()).mean(), "invalid argument 1: empty Tensor"),
    (lambda w: w(ones(2, 3)).view(4), "invalid argument 2: size '[4]' is invalid for input of with 6 elements"),
    (lambda w: w(ones(2, 3)).view(-1, 4),
     "invalid argument 2: size '[-1 x 4]' is invalid for input of with 6 elements"),
    (lambda w: w(ones(2, 3)).view(-1, -1), "invalid argument 1: only one dimension can be inferred"),
    (lambda w: w(ones(2, 3)).t().view(6),
     "invalid argument 2: view size is not compatible with input tensor's size and stride (at least one dimension "
     "spans across two contiguous subspaces). Call .contiguous() before .view()."),
    (lambda w: w(ones(2, 3)).expand(4, 3),
     "The expanded size of the tensor (4) must match the existing size (2) at non-singleton dimension 0."),
    (lambda w: w(ones(2, 3)).expand(3),
     "the number of sizes provided (1) must be greater or equal to the number of dimensions in the tensor (2)"),
    (lambda w: w(ones(2, 3, 4)).t(), "t() expects a 2D tensor, but self is 3D"),
    (lambda w: w(ones(2, 3)).permute(0, 0), "repeated dim in permute"),
    (lambda w: w(ones(2, 3)).permute(0), "number of dims don't match in permute"),
    (lambda w: w(ones(2, 3)).narrow(0, 1, 4), "invalid argument 4: out of range"),
    (lambda w: w(ones(2, 3)).narrow(0, 0, 0), "invalid argument 4: out of range"),
    (lambda w: w(ones(2, 3)).select(0, 4), "invalid argument 3: out of range"),
    (lambda w: w(ones(2, 3)).index_select(0, w(LONGS([5]))), "index out of range"),
    (lambda w: w(ones(2, 3)).index_select(0, w(LONGS([[0]]))), "invalid argument 3: Index is supposed to be a vector"),
    (lambda w: w(ones(2, 3)).index_fill_(0, w(LONGS([5])), 1), "invalid argument 3: out of range"),
    (lambda w: w(ones(2, 3)).index_copy_(0, w(LONGS([5])), w(ones(1, 3))), "invalid argument 3: out of range"),
    (lambda w: w(ones(2, 3)).gather(0, w(LONGS([[7, 1, 1]]))), "Invalid index in gather"),
    (lambda w: w(ones(2, 3)).gather(0, w(LONGS([7]))),
     "invalid argument 4: Index tensor must have same dimensions as input tensor"),
    (lambda w: w(ones(2, 3)).gather(0, w(LONGS([[0, 1, 1, 1]]))),
     "Expected tensor [1 x 4], src [2 x 3] and index [1 x 4] to have the same size apart from dimension 0"),
    (lambda w: w(ones(2, 3)).scatter_(0, w(LONGS([[7, 1, 1]])), 1), "Invalid index in scatter"),
    (lambda w: w(ones(2, 3)).scatter_(0, w(LONGS([0])), 1),
     "invalid argument 3: Index tensor must have same dimensions as output tensor"),
    (lambda w: w(ones(2, 3)).scatter_add_(0, w(LONGS([[7, 1, 1]])), w(ones(1, 3))), "Invalid index in scatterAdd"),
    (lambda w: w(ones(3)).masked_scatter_(w(BYTES([1, 0, 1])), w(ones(1))),
     "Number of elements of src < number of ones in mask"),
    (lambda w: w(ones(2, 3)).take(w(LONGS([9]))), "invalid argument 2: out of range: 9 out of 6"),
    (lambda w: w(ones(2, 3)).topk(5), "invalid argument 3: k not in range for dimension"),
    (lambda w: w(ones(2, 3)).kthvalue(5), "invalid argument 2: selected index out of range"),
    (lambda w: w(ones(2, 3, 4)).diag(), "invalid argument 1: matrix or a vector expected"),
    (lambda w: w(ones(3)).trace(), "invalid argument 1: expected a matrix"),
    (lambda w: w(ones(3)).tril(), "invalid argument 1: expected a matrix"),
    (lambda w: torch.cross(w(ones(4)), w(ones(4))), "no dimension of size 3 in a: [4]"),
    (lambda w: torch.cross(w(ones(2, 3)), w(ones(2, 3)), 0), "invalid argument 3: dimension 0 does not have size 3"),
    (lambda w: w(ones(2, 3)) + w(ones(2, 4)),
     "The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1"),
    (lambda w: w(ones(2, 3)).add_(w(ones(2, 4))),
     "The expanded size of the tensor (3) must match the existing size (4) at non-singleton dimension 1."),
    (lambda w: w(ones(3)).add_(w(ones(2, 3))),
     "The expanded size of the tensor (1) must match the existing size (2) at non-singleton dimension 0."),
    (lambda w: w(ones(3)).renorm(2, 0, 1), "invalid argument 1: need at least 2 dimensions, got 1 dimensions"),
    (lambda w: torch.inverse(w(torch.zeros(2, 2))), "Lapack Error getrf : U(1,1) is 0, U is singular"),
    (lambda w: torch.inverse(w(ones(2, 3))), "invalid argument 1: A should be square"),
    (lambda w: torch.potrf(w(-torch.eye(2))),
     "Lapack Error in potrf : the leading minor of order 1 is not positive definite"),
    (lambda w: torch.gesv(w(ones(2, 1)), w(torch.zeros(2, 2))),
     "Lapack Error in gesv : U is zero at a place of its diagonal, singular U."),
    (lambda w: torch.gesv(w(ones(3, 1)), w(torch.eye(2))), "invalid argument 1: A,b size incompatible"),
    (lambda w: torch.eig(w(ones(2, 3))), "invalid argument 1: A should be square"),
    (lambda w: w(torch.zeros(2, 3, 3)).btrifact(), "failed to factorize batch element 0 (info == 1)"),
    (lambda w: torch.svd(w(ones(3))), "invalid argument 1: A should be 2 dimensional"),
    (lambda w: torch.multinomial(w(torch.zeros(3)), 1),
     "invalid argument 2: invalid multinomial distribution (sum of probabilities <= 0)"),
    (lambda w: torch.multinomial(w(ones(3)), 5),
     "invalid argument 2: cannot sample n_sample > prob_dist:size(1) samples without replacement"),
    (lambda w: torch.bernoulli(w(ones(3) * 2)), "invalid argument 1: must be >= 0 and <= 1"),
    (lambda w: w(ones(2, 3)).__setitem__(0, w(ones(5))),
     "The expanded size of the tensor (3) must match the existing size (5) at non-singleton dimension 0."),
]  # fmt: skip


@pytest.mark.parametrize("face", [lambda x: x, Variable], ids=["plain", "Variable"])
@pytest.mark.parametrize(("call", "words"), RUNTIME_ERRORS, ids=[words for _, words in RUNTIME_ERRORS])
def test_runtime_error(call, words, face):
    with pytest.raises(RuntimeError) as caught:
        call(face)
    assert type(caught.value) is RuntimeError and str(caught.value) == words
    error = caught.value
    assert error.__suppress_context__ or error.__context__ is None  # today's words are not shown above


def test_index_errors():
    for x in (ones(2, 3), Variable(ones(2, 3))):
        with pytest.raises(IndexError, match=re.escape("index 4 is out of range for dimension 0 (of size 2)")):
            x[4]
        with pytest.raises(IndexError, match=re.escape("index 4 is out of range for dimension 1 (of size 3)")):
            x[0, 4]
        with pytest.raises(IndexError, match=re.escape("index 4 is out of range for dimension 1 (of size 3)")):
            x[0, 4] = 1


def test_joining_other_things():
    with pytest.raises(TypeError, match="expected Variable as element 1 in argument 0, but got FloatTensor"):
        torch.cat([Variable(ones(2)), ones(2)])
    with pytest.raises(ValueError, match="stack expects a non-empty sequence"):
        torch.stack([])


# ------------------------------------------------------------------------------------------------ layers


def V(*sizes):
    return Variable(ones(*sizes))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: nn.Linear(3, 4)(V(2, 5)), RuntimeError, "size mismatch, m1: [2 x 5], m2: [3 x 4]"),
        (lambda: F.linear(V(2, 5), V(4, 3)), RuntimeError, "size mismatch, m1: [2 x 5], m2: [3 x 4]"),
        (lambda: nn.Conv2d(1, 6, 5)(V(1, 3, 32, 32)), RuntimeError,
         "Given groups=1, weight[6, 1, 5, 5], so expected input[1, 3, 32, 32] to have 1 channels, but got 3 channels "
         "instead"),
        (lambda: F.conv2d(V(1, 3, 32, 32), V(6, 1, 5, 5)), RuntimeError,
         "Given groups=1, weight[6, 1, 5, 5], so expected input[1, 3, 32, 32] to have 1 channels, but got 3 channels "
         "instead"),
        (lambda: nn.ConvTranspose2d(2, 3, 2)(V(1, 4, 5, 5)), RuntimeError,
         "Given transposed=1, weight[2, 3, 2, 2], so expected input[1, 4, 5, 5] to have 2 channels, but got 4 channels "
         "instead"),
        (lambda: nn.Conv2d(1, 6, 5)(V(1, 32, 32)), ValueError, "Expected 4D tensor as input, got 3D tensor instead."),
        (lambda: F.conv1d(V(2, 5), V(3, 2, 1)), ValueError, "Expected 3D tensor as input, got 2D tensor instead."),
        (lambda: nn.Embedding(5, 3)(Variable(LONGS([5]))), RuntimeError, "index out of range"),
        (lambda: F.softmax(V(2, 3), dim=2), RuntimeError,
         "dimension out of range (expected to be in range of [-2, 1], but got 2)"),
        (lambda: F.nll_loss(V(2, 3), Variable(LONGS([0, 5]))), RuntimeError,
         "Assertion `cur_target >= 0 && cur_target < n_classes' failed. "),
        (lambda: F.cross_entropy(V(2, 3), Variable(LONGS([[0], [1]]))), RuntimeError, "multi-target not supported"),
        (lambda: F.nll_loss(V(2, 3), Variable(LONGS([0, 1, 2]))), RuntimeError,
         "Assertion `THIndexTensor_(size)(target, 0) == batch_size' failed. "),
        (lambda: F.nll_loss(V(3), Variable(LONGS([0]))), ValueError, "Expected 2 or more dimensions (got 1)"),
        (lambda: F.mse_loss(V(2, 3), V(2, 4)), RuntimeError,
         "mse_loss: input and target have different number of elements: input[2 x 3] has 6 elements, while "
         "target[2 x 4] has 8 elements"),
        (lambda: nn.LSTM(3, 4)(V(2, 3, 3), (V(1, 3, 5), V(1, 3, 5))), RuntimeError,
         "Expected hidden[0] size (1, 3, 4), got (1, 3, 5)"),
        (lambda: nn.GRU(3, 4)(V(2, 3, 3), V(1, 3, 5)), RuntimeError, "Expected hidden size (1, 3, 4), got (1, 3, 5)"),
        (lambda: nn.LSTMCell(3, 4)(V(2, 5)), RuntimeError, "input has inconsistent input_size: got 5, expected 3"),
        (lambda: nn.LSTMCell(3, 4)(V(2, 3), (V(3, 4), V(3, 4))), RuntimeError,
         "Input batch size 2 doesn't match hidden[0] batch size 3"),
        (lambda: nn.GRUCell(3, 4)(V(2, 3), V(2, 5)), RuntimeError,
         "hidden has inconsistent hidden_size: got 5, expected 4"),
        (lambda: nn.BatchNorm1d(3)(V(1, 3)), ValueError,
         "Expected more than 1 value per channel when training, got input size [1, 3]"),
        (lambda: F.binary_cross_entropy(V(3) * 2, V(3)), RuntimeError,
         "Assertion `x >= 0. && x <= 1.' failed. input value should be between 0~1, but got 2.000000"),
    ],
)  # fmt: skip
def test_layer(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert type(caught.value) is error and str(caught.value) == words


# ----------------------------------------------------------------------------------- modules and optimizers


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 4)
        self.bn = nn.BatchNorm1d(4)


def state(net, without=(), **more):
    return {**{k: v.clone() for k, v in net.state_dict().items() if k not in without}, **more}


def test_load_state_dict_with_other_names():
    net = Net()
    with pytest.raises(KeyError) as caught:
        net.load_state_dict(state(net, foo=ones(2)))
    assert caught.value.args == ('unexpected key "foo" in state_dict',)
    with pytest.raises(KeyError) as caught:
        net.load_state_dict(state(net, without=["fc.bias"]))
    assert caught.value.args == ("missing keys in state_dict: \"{'fc.bias'}\"",)
    assert net.load_state_dict({"foo": ones(2), "fc.bias": ones(4)}, strict=False) is None
    assert net.fc.bias.data.equal(ones(4))


def test_load_state_dict_with_another_size():
    net = Net()
    with pytest.raises(RuntimeError) as caught:
        net.load_state_dict(state(net, **{"fc.weight": ones(5, 3)}))
    assert str(caught.value) == (
        "While copying the parameter named fc.weight, whose dimensions in the model are torch.Size([4, 3]) and whose "
        "dimensions in the checkpoint are torch.Size([5, 3])."
    )
    with pytest.raises(RuntimeError, match="expected a tensor, got int"):
        net.load_state_dict(state(net, **{"fc.weight": 3}))


def test_load_state_dict_copies_as_tensors_do():
    net = Net()
    net.load_state_dict(state(net, **{"fc.weight": FLOATS([[1, 2, 3]])}))  # it broadcasts
    assert net.fc.weight.data.tolist() == [[1, 2, 3]] * 4
    with pytest.warns(UserWarning, match="Falling back to deprecated pointwise behavior"):
        net.load_state_dict(state(net, **{"fc.weight": torch.arange(0, 12).view(3, 4)}))
    assert net.fc.weight.data.view(12).tolist() == list(range(12))
    net.load_state_dict(state(net, **{"fc.weight": nn.Parameter(torch.zeros(4, 3))}))
    net.load_state_dict(state(net, **{"fc.bias": torch.ones(4).double()}))
    assert not net.fc.weight.data.sum() and type(net.fc.bias.data) is FLOATS


def test_todays_modules_load_as_today():
    from flambeau.v03 import era

    era_before = era.leave()
    try:
        import flambeau as fb

        with pytest.raises(RuntimeError, match="Missing key"):
            fb.nn.Linear(2, 2).load_state_dict({})
    finally:
        era.leave(era_before)


VARIABLE = "torch.autograd.variable.Variable"


def test_registering():
    net = Net()
    for call, words in (
        (lambda: net.add_module("x", 3), "int is not a Module subclass"),
        (lambda: net.add_module("x", V(2)), f"{VARIABLE} is not a Module subclass"),
        (lambda: net.register_parameter("p", V(2)),
         f"cannot assign '{VARIABLE}' object to parameter 'p' (torch.nn.Parameter or None required)"),
        (lambda: net.register_parameter("p", ones(2)),
         "cannot assign 'torch.FloatTensor' object to parameter 'p' (torch.nn.Parameter or None required)"),
        (lambda: setattr(net.fc, "weight", V(2)),
         f"cannot assign '{VARIABLE}' as parameter 'weight' (torch.nn.Parameter or None expected)"),
        (lambda: setattr(net, "fc", ones(2)),
         "cannot assign 'torch.FloatTensor' as child module 'fc' (torch.nn.Module or None expected)"),
    ):  # fmt: skip
        with pytest.raises(TypeError) as caught:
            call()
        assert str(caught.value) == words
    with pytest.raises(KeyError, match="attribute 'forward' already exists"):
        net.add_module("forward", nn.ReLU())
    with pytest.raises(KeyError, match="attribute 'forward' already exists"):
        net.register_buffer("forward", ones(2))


def test_registering_before_init():
    class Early(nn.Module):
        def __init__(self, value):
            self.value = value

    for value, kind in ((nn.ReLU(), "module"), (nn.Parameter(ones(1)), "parameters")):
        with pytest.raises(AttributeError, match=re.escape(f"cannot assign {kind} before Module.__init__() call")):
            Early(value)


def test_optimizers():
    p = nn.Parameter(ones(2))
    with pytest.raises(TypeError, match="an iterable of Variables or dicts, but got torch.nn.parameter.Parameter"):
        optim.SGD(p, lr=1)
    with pytest.raises(TypeError, match="an iterable of Variables or dicts, but got torch.FloatTensor"):
        optim.Adam(ones(2))
    with pytest.raises(TypeError, match="can only optimize Variables, but one of the params is torch.FloatTensor"):
        optim.SGD([ones(2)], lr=1)


# ------------------------------------------------------------------------------------------------ autograd


def test_backward_twice():
    x = Variable(ones(2), requires_grad=True)
    loss = (x * x).sum()
    loss.backward()
    for again in (loss.backward, lambda: grad(loss, x)):
        with pytest.raises(RuntimeError) as caught:
            again()
        assert str(caught.value) == (
            "Trying to backward through the graph a second time, but the buffers have already been freed. Specify "
            "retain_graph=True when calling backward the first time."
        )


def test_backward_of_a_constant():
    with pytest.raises(RuntimeError, match="^element 0 of variables does not require grad and does not have a grad_fn"):
        Variable(ones(1)).backward()


class Doubling(Function):
    """A static Function whose forward calls `note(ctx, x)`."""

    note = staticmethod(lambda ctx, x: None)

    @classmethod
    def forward(cls, ctx, x):
        cls.note(ctx, x)
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        return Variable(ones(5))


@pytest.mark.parametrize(
    ("note", "error", "words"),
    [
        (lambda ctx, x: ctx.save_for_backward(x + 1), RuntimeError,
         "save_for_backward can only save input or output tensors, but argument 0 doesn't satisfy this condition"),
        (lambda ctx, x: ctx.save_for_backward(x, 3), TypeError,
         "save_for_backward can only save tensors, but argument 1 is of type int"),
        (lambda ctx, x: ctx.mark_dirty(x + 1), RuntimeError,
         "mark_dirty only accepts input tensors, but argument 0 isn't one"),
        (lambda ctx, x: ctx.mark_non_differentiable(x + 1), RuntimeError,
         "mark_non_differentiable only accepts output tensors, but argument 0 isn't one"),
    ],
)  # fmt: skip
def test_notes_of_a_function(note, error, words):
    function = type("Noting", (Doubling,), {"note": staticmethod(note)})
    with pytest.raises(error) as caught:
        function.apply(Variable(ones(2), requires_grad=True))
    assert str(caught.value) == words


def test_results_of_a_function():
    y = Doubling.apply(Variable(ones(2), requires_grad=True))
    with pytest.raises(RuntimeError, match=re.escape("gradient at index 0 - expected shape [2] but got [5]")):
        y.sum().backward()

    class Three(Doubling):
        @staticmethod
        def forward(ctx, x):
            return 3

    with pytest.raises(TypeError, match=r"Three.forward: expected Variable or tensor \(got int\) for return value 0"):
        Three.apply(y)
