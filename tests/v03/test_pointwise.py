"""Pointwise operations: masks of bytes, division of ints, shifts, signatures with the number first."""

import numpy as np
import pytest

import flambeau.v03 as torch
from flambeau.v03.faces import Variable


def test_comparisons_give_bytes():
    x = torch.FloatTensor([1, 2, 3])
    for mask in (x > 1, x.gt(1), torch.gt(x, 1), x >= 2, x != 1):
        assert type(mask) is torch.ByteTensor and mask.tolist() == [0, 1, 1]
    assert (x == torch.FloatTensor([1, 0, 3])).tolist() == [1, 0, 1]
    v = Variable(x) > 1
    assert type(v) is Variable and v.data.tolist() == [0, 1, 1] and v.type() == "torch.ByteTensor"
    assert (x == None) is False  # noqa: E711  (what == does is what is tested)


def test_masks_add_and_invert():
    mask = torch.ByteTensor([0, 1, 1])
    assert (mask + mask).tolist() == [0, 2, 2] and (~mask).tolist() == [1, 0, 0]
    assert (mask & torch.ByteTensor([1, 1, 0])).tolist() == [0, 1, 0]
    assert (mask | torch.ByteTensor([1, 1, 0])).tolist() == [1, 1, 1]
    assert (mask ^ torch.ByteTensor([1, 1, 0])).tolist() == [1, 0, 1]
    assert (Variable(mask) + Variable(mask)).data.sum() == 4
    mask &= torch.ByteTensor([0, 0, 1])
    assert mask.tolist() == [0, 0, 1]
    assert (~Variable(mask)).data.tolist() == [1, 1, 0]
    with pytest.raises(RuntimeError, match="only implemented on byte tensors"):
        ~torch.LongTensor([1])


def test_bytes_wrap_around():
    x = torch.ByteTensor([250, 2])
    assert (x + 10).tolist() == [4, 12] and (1 - x).tolist() == [7, 255] and (-torch.CharTensor([5])).tolist() == [-5]
    assert (x * 2).tolist() == [244, 4]


def test_division_of_ints_is_cut_off():
    x = torch.LongTensor([7, -7])
    for quotient in (x / 2, x.div(2), torch.div(x, 2), x / torch.LongTensor([2, 2]), x.clone().div_(2)):
        assert type(quotient) is torch.LongTensor and quotient.tolist() == [3, -3]
    assert (Variable(x) / 2).data.tolist() == [3, -3]
    assert (7 / torch.LongTensor([2, -2])).tolist() == [3, -3]
    assert (torch.FloatTensor([7]) / 2).tolist() == [3.5]
    x /= 2
    assert x.tolist() == [3, -3]
    with pytest.raises(ZeroDivisionError):
        x / 0
    with pytest.raises(TypeError):
        x // 2


def test_remainder_and_fmod():
    x = torch.LongTensor([7, -7])
    assert (x % 3).tolist() == [1, 2] and x.remainder(3).tolist() == [1, 2] and x.fmod(3).tolist() == [1, -1]
    f = torch.FloatTensor([7, -7])
    assert (f % 3).tolist() == [1, 2] and torch.fmod(f, 3).tolist() == [1, -1]
    assert (Variable(f) % 3).data.tolist() == [1, 2]


def test_shifts():
    x = torch.LongTensor([1, 4])
    assert (x << 2).tolist() == [4, 16] and (x >> 1).tolist() == [0, 2]
    assert (torch.FloatTensor([1, 4]) << 1).tolist() == [2, 8] and (torch.FloatTensor([1, 4]) >> 1).tolist() == [0.5, 2]
    x <<= 1
    assert x.tolist() == [2, 8]


def test_numbers_on_the_left():
    x = torch.FloatTensor([1, 4])
    assert (2 + x).tolist() == [3, 6] and (2 - x).tolist() == [1, -2] and (2 * x).tolist() == [2, 8]
    assert (2 / x).tolist() == [2, 0.5] and (2**x).tolist() == [2, 16] and torch.pow(2, x).tolist() == [2, 16]
    assert (np.float32(2) * x).tolist() == [2, 8] and (x**2).tolist() == [1, 16]
    v = Variable(x, requires_grad=True)
    ((2 - v) + 2 / v + 2**v).sum().backward()
    expected = -1 - 2 / np.array([1, 16]) + np.log(2) * np.array([2, 16])
    np.testing.assert_allclose(v.grad.data.numpy(), expected, rtol=1e-6)


def test_number_before_the_tensor():
    a, b, c = torch.FloatTensor([1, 2]), torch.FloatTensor([10, 20]), torch.FloatTensor([2, 2])
    assert torch.add(a, 2, b).tolist() == [21, 42] and a.add(2, b).tolist() == [21, 42]
    assert a.sub(2, b).tolist() == [-19, -38]
    assert torch.addcmul(a, 0.5, b, c).tolist() == [11, 22] and a.addcdiv(2, b, c).tolist() == [11, 22]
    assert a.clone().addcmul_(0.5, b, c).tolist() == [11, 22] and torch.addcmul(a, b, c).tolist() == [21, 42]
    assert Variable(a).add(2, Variable(b)).data.tolist() == [21, 42]
    assert Variable(a).add(Variable(b), alpha=2).data.tolist() == [21, 42]
    assert Variable(a).clone().sub_(Variable(b), alpha=2).data.tolist() == [-19, -38]
    assert Variable(a).addcmul(Variable(b), Variable(c), value=0.5).data.tolist() == [11, 22]
    m, i = torch.ones(2, 2), torch.eye(2)
    assert Variable(m).addmm(Variable(i), Variable(i), beta=0.5, alpha=3).data.tolist() == [[3.5, 0.5], [0.5, 3.5]]
    assert a.add(value=2, other=b).tolist() == [21, 42]
    assert torch.addmm(0.5, m, 3, i, i).tolist() == [[3.5, 0.5], [0.5, 3.5]]
    assert torch.addmm(0.5, m, i, i).tolist() == [[1.5, 0.5], [0.5, 1.5]]
    assert m.addmm(0.5, 3, i, i).tolist() == [[3.5, 0.5], [0.5, 3.5]]
    assert torch.addmv(2, a, 3, i, a).tolist() == [5, 10] and torch.addr(2, i, 1, a, a).tolist() == [[3, 2], [2, 6]]
    assert Variable(m).addmm(0.5, 3, Variable(i), Variable(i)).data.tolist() == [[3.5, 0.5], [0.5, 3.5]]
    assert m.clone().addmm_(0, 1, i, i).equal(i)


def test_masked():
    x, mask = torch.FloatTensor([1, 2, 3]), torch.ByteTensor([0, 1, 1])
    assert x.masked_select(mask).tolist() == [2, 3] and torch.masked_select(x, mask).tolist() == [2, 3]
    assert x.clone().masked_fill_(mask, 0).tolist() == [1, 0, 0]
    assert x.clone().masked_scatter_(mask, torch.FloatTensor([8, 9])).tolist() == [1, 8, 9]
    assert Variable(x).masked_fill(Variable(mask), 0).data.tolist() == [1, 0, 0]
    assert x.masked_select(torch.ByteTensor([0, 0, 0])).dim() == 0
    with pytest.raises(RuntimeError, match="0 and 1 values only"):
        x.masked_select(torch.ByteTensor([0, 2, 1]))
    with pytest.raises(RuntimeError, match="Number of elements of src < number of ones"):
        x.masked_scatter_(mask, torch.FloatTensor([8]))


def test_clamp_lerp_sign():
    x = torch.FloatTensor([-2, 0, 2])
    assert x.clamp(-1, 1).tolist() == [-1, 0, 1] and x.clamp(min=0).tolist() == [0, 0, 2]
    assert torch.clamp(x, max=0).tolist() == [-2, 0, 0] and x.lerp(torch.zeros(3), 0.5).tolist() == [-1, 0, 1]
    assert x.sign().tolist() == [-1, 0, 1] and abs(x).tolist() == [2, 0, 2]
    assert torch.LongTensor([-2, 5]).clamp(0, 3).tolist() == [0, 3]


def test_in_place_returns_self():
    x = torch.ones(2)
    assert x.add_(1) is x and x.mul_(2) is x and x.tolist() == [4, 4]
    x += 1
    x *= 2
    x -= 4
    x /= 3
    assert x.tolist() == [2, 2]
