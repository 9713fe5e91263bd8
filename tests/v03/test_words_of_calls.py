"""What a Variable's methods, and functions of it, say of calls with too few or too many arguments."""

import pytest

import flambeau.v03 as torch
from flambeau.v03.autograd import Variable

V = Variable(torch.ones(2, 2))
CASES = [
    (lambda: V.multinomial(), 'multinomial() missing 1 required positional arguments: "num_samples"'),
    (lambda: V.gather(), 'gather() missing 2 required positional argument: "dim", "index"'),
    (lambda: torch.mm(V), 'mm() missing 1 required positional arguments: "mat2"'),
    (lambda: V.gather(1, V.long(), 3), "gather() takes 2 positional arguments but 3 were given"),
    (lambda: torch.unsqueeze(V, 0, 1), "unsqueeze() takes 2 positional arguments but 3 were given"),
    (lambda: V.multinomial(1, False, None, 2), "multinomial() takes from 1 to 3 positional arguments but 4 were given"),
    (lambda: V.t(1), "t() takes no arguments (1 given)"),
    (lambda: V.unsqueeze(dim=0, other=1), "unsqueeze() got an unexpected keyword argument 'other'"),
    (lambda: V.index_select(V, 0), "index_select(): argument 'dim' (position 1) must be int, not Variable"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "words"), CASES)
def test_error(call, words):
    with pytest.raises(TypeError) as caught:
        call()
    assert str(caught.value) == words
