"""Plain tensors and Variables of 0.3 are sent like today's tensors."""

import subprocess
import sys
import textwrap

CODE = """
    import flambeau.v03 as torch
    from flambeau import multiprocessing as mp
    from flambeau.utils.data import DataLoader
    from flambeau.v03.faces import FloatTensor, LongTensor, Parameter, Variable

    ours, theirs = mp.Pipe()

    def sent(value):
        ours.send(value)
        return theirs.recv()

    x = FloatTensor(3).fill_(0)
    v = Variable(x, requires_grad=True)
    assert x.share_memory_() is x and v.is_shared() and v.data is x
    y = sent(x)
    assert type(y) is FloatTensor
    y.fill_(2)
    assert x.tolist() == v.data.tolist() == [2, 2, 2]

    w = sent(v)
    assert type(w) is Variable and w.requires_grad and type(w.data) is FloatTensor
    w.data.fill_(3)
    assert x.tolist() == [3, 3, 3]
    assert sent(Variable(LongTensor(2).fill_(1), volatile=True)).volatile

    p = Parameter(FloatTensor(2).fill_(1))
    p.sum().backward()
    q = sent(p)
    assert type(q) is Parameter and q.grad.data.tolist() == [1, 1]
    q.grad.data.fill_(5)
    q.data.fill_(6)
    assert p.grad.data.tolist() == [5, 5] and p.data.tolist() == [6, 6]

    class Samples:
        def __len__(self):
            return 4
        def __getitem__(self, index):
            return FloatTensor(40, 40).fill_(index)

    for workers in (0, 1):
        batches = list(DataLoader(Samples(), 2, num_workers=workers))
        assert [b.size() for b in batches] == [(2, 40, 40)] * 2 and batches[1][1].max() == 3, batches
        assert type(batches[0]) is FloatTensor
"""


def test_faces_are_sent():
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(CODE)], capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 0, result.stderr
