"""Recurrent networks against PyTorch: first weights, outputs, gradients, states, packed sequences, errors."""

import copy
import pickle

import numpy as np
import pytest

import flambeau as fb

from .parity import assert_close, raised, run

torch = pytest.importorskip("torch")

NETWORKS = [
    ("RNN", {}),
    ("RNN", {"nonlinearity": "relu", "num_layers": 2, "bias": False}),
    ("RNN", {"bidirectional": True, "batch_first": True}),
    ("GRU", {}),
    ("GRU", {"num_layers": 3, "bidirectional": True}),
    ("GRU", {"bias": False, "batch_first": True}),
    ("LSTM", {}),
    ("LSTM", {"num_layers": 2, "bidirectional": True, "batch_first": True}),
    ("LSTM", {"num_layers": 2, "bidirectional": True, "proj_size": 2}),
    ("LSTM", {"proj_size": 3, "bias": False}),
]
by_network = pytest.mark.parametrize("name,options", NETWORKS, ids=str)


def both(name, *args, **options):
    made = []
    for lib in (fb, torch):
        lib.manual_seed(7)
        made.append(getattr(lib.nn, name)(*args, **options))
    return made


def doubles(name, options):
    """The two networks with the same weights in float64."""
    ours, theirs = both(name, 3, 4, **options)
    ours.load_state_dict({k: fb.from_numpy(v.numpy().copy()) for k, v in theirs.state_dict().items()})
    return ours.double(), theirs.double()


def states_of(net, batch):
    n, out = net.num_layers * (2 if net.bidirectional else 1), net.proj_size or net.hidden_size
    random = np.random.default_rng(1)
    h, c = random.normal(size=(n, batch, out)), random.normal(size=(n, batch, net.hidden_size))
    return [h, c] if net.mode == "LSTM" else [h]


def flat(result):
    output, last = result
    return [output, *(last if isinstance(last, tuple) else [last])]


def caller(net):
    """The network as a function of its input and states."""

    def call(x, *states):
        return flat(net(x, (states if net.mode == "LSTM" else states[0]) if states else None))

    return call


def gradients_agree(ours, theirs):
    for (name, p), q in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        assert_close(p.grad, q.grad), name


@by_network
def test_same_seed_same_weights(name, options):
    ours, theirs = both(name, 3, 4, **options)
    assert repr(ours) == repr(theirs)
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_array_equal(p.detach().numpy(), q.detach().numpy())
    shapes = [[tuple(w.shape) for w in direction] for direction in ours.all_weights]
    assert shapes == [[tuple(w.shape) for w in direction] for direction in theirs.all_weights]


@by_network
@pytest.mark.parametrize("given", [False, True], ids=["zeros", "states"])
def test_outputs_and_gradients(name, options, given):
    ours, theirs = doubles(name, options)
    x = np.random.default_rng(0).normal(size=(5, 2, 3))
    arrays = [x, *(states_of(ours, 5 if ours.batch_first else 2) if given else [])]
    assert_close(run(fb, caller(ours), arrays), run(torch, caller(theirs), arrays))
    gradients_agree(ours, theirs)


@by_network
def test_unbatched(name, options):
    ours, theirs = doubles(name, options)
    arrays = [np.random.default_rng(0).normal(size=(5, 3)), *[s[:, 0] for s in states_of(ours, 1)]]
    assert_close(run(fb, caller(ours), arrays), run(torch, caller(theirs), arrays))


@by_network
@pytest.mark.parametrize("given", [False, True], ids=["zeros", "states"])
def test_packed_sequences(name, options, given):
    ours, theirs = doubles(name, options)
    x = np.random.default_rng(0).normal(size=(3, 5, 3) if ours.batch_first else (5, 3, 3))
    arrays = [x, *(states_of(ours, 3) if given else [])]

    def packed(lib, net):
        def call(x, *states):
            rnn = lib.nn.utils.rnn
            sequence = rnn.pack_padded_sequence(x, [2, 5, 3], net.batch_first, enforce_sorted=False)
            hx = (states if net.mode == "LSTM" else states[0]) if states else None
            output, last = net(sequence, hx)
            padded, _ = rnn.pad_packed_sequence(output, net.batch_first)
            return flat((padded, last))

        return call

    assert_close(run(fb, packed(fb, ours), arrays), run(torch, packed(torch, theirs), arrays))
    gradients_agree(ours, theirs)


def test_dropout_draws_the_same_masks():
    x = np.random.default_rng(0).normal(size=(5, 2, 3)).astype(np.float32)
    for options in ({"dropout": 0.5}, {"dropout": 0.3, "bidirectional": True, "batch_first": True}):
        ours, theirs = both("LSTM", 3, 4, num_layers=3, **options)
        results = []
        for lib, net in ((fb, ours), (torch, theirs)):
            lib.manual_seed(1)
            results.append(flat(net(lib.from_numpy(x))))
        assert_close(*results, rtol=1e-5, atol=1e-6)
        trained = ours(fb.from_numpy(x))[0]
        still = ours.eval()(fb.from_numpy(x))[0]
        assert not fb.equal(trained, still)
        assert_close(still, theirs.eval()(torch.from_numpy(x))[0], rtol=1e-5, atol=1e-6)


@by_network
@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")  # PyTorch's
def test_state_dicts_load_both_ways(name, options):
    ours, theirs = both(name, 3, 4, **options)
    fresh_ours, fresh_theirs = getattr(fb.nn, name)(3, 4, **options), getattr(torch.nn, name)(3, 4, **options)
    fresh_ours.load_state_dict({k: fb.from_numpy(v.numpy()) for k, v in theirs.state_dict().items()})
    fresh_theirs.load_state_dict(
        {k: torch.from_numpy(v.numpy().copy()) for k, v in ours.state_dict().items()}
    )
    x = np.random.default_rng(0).normal(size=(4, 2, 3)).astype(np.float32)
    assert_close(
        flat(fresh_ours(fb.from_numpy(x))), flat(fresh_theirs(torch.from_numpy(x))), rtol=1e-5, atol=1e-6
    )


@by_network
def test_gradcheck(name, options):
    net = getattr(fb.nn, name)(2, 4, **options).double()
    names, weights = zip(*net.named_parameters(), strict=True)
    x = fb.randn(2, 2, 2, dtype=fb.float64, requires_grad=True)

    def call(x, *weights):
        return tuple(flat(fb.func.functional_call(net, dict(zip(names, weights, strict=True)), (x,))))

    assert fb.autograd.gradcheck(call, (x, *weights), fast_mode=True)
    assert fb.autograd.gradgradcheck(call, (x, *weights), fast_mode=True)


def test_copies_and_pickles():
    net = fb.nn.GRU(3, 4, bidirectional=True)
    x = fb.rand(2, 1, 3)
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert_close(other(x), net(x))
    net.flatten_parameters()  # is there, and changes nothing
    assert_close(other(x), net(x))


def test_weights_replaced_by_plain_tensors():
    """What weight-drop does."""
    net = fb.nn.LSTM(3, 4)
    raw = net.weight_hh_l0
    del net._parameters["weight_hh_l0"]
    net.weight_hh_l0 = raw * 2
    x = fb.rand(2, 1, 3)
    net(x)[0].sum().backward()
    assert raw.grad is not None
    assert net.all_weights[0][1] is net.weight_hh_l0


CELLS = [
    ("RNNCell", {}),
    ("RNNCell", {"nonlinearity": "relu", "bias": False}),
    ("GRUCell", {}),
    ("GRUCell", {"bias": False}),
    ("LSTMCell", {}),
    ("LSTMCell", {"bias": False}),
]


@pytest.mark.parametrize("name,options", CELLS, ids=str)
@pytest.mark.parametrize("shape", [(2,), ()], ids=["batch", "single"])
@pytest.mark.parametrize("given", [False, True], ids=["zeros", "states"])
def test_cells(name, options, shape, given):
    ours, theirs = both(name, 3, 4, **options)
    assert repr(ours) == repr(theirs)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_array_equal(p.detach().numpy(), q.detach().numpy())
    random, n = np.random.default_rng(0), (2 if name == "LSTMCell" else 1) * given
    arrays = [random.normal(size=(*shape, 3)), *[random.normal(size=(*shape, 4)) for _ in range(n)]]

    def call(cell):
        def function(x, *states):
            return cell(x, (states if n == 2 else states[0]) if states else None)

        return function

    assert_close(run(fb, call(ours.double()), arrays), run(torch, call(theirs.double()), arrays))
    gradients_agree(ours, theirs)


def pair(lib, name, *shape):
    return (lib.zeros(shape), lib.zeros(shape)) if name.startswith("LSTM") else lib.zeros(shape)


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize(
    "call",
    [
        lambda lib, net, name: net(lib.zeros(2, 2, 2, 3)),
        lambda lib, net, name: net(lib.zeros(5, 2, 7)),
        lambda lib, net, name: net(lib.zeros(5, 2, 3).double()),
        lambda lib, net, name: net(lib.zeros(0, 2, 3)),
        lambda lib, net, name: net(lib.zeros(5, 2, 3), pair(lib, name, 2, 3, 4)),
        lambda lib, net, name: net(lib.zeros(5, 2, 3), pair(lib, name, 2, 4)),
        lambda lib, net, name: net(lib.zeros(5, 3), pair(lib, name, 2, 3, 4)),
        lambda lib, net, name: net(lib.zeros(5, 3), pair(lib, name, 1, 4)),
    ],
)
def test_call_errors(name, call):
    ours, theirs = (raised(lambda n=lib: call(n, getattr(n.nn, name)(3, 4, 2), name)) for lib in (fb, torch))
    assert ours == theirs


@pytest.mark.parametrize(
    "make",
    [
        lambda nn: nn.LSTM(3, 4, proj_size=-1),
        lambda nn: nn.LSTM(3, 4, proj_size=4),
        lambda nn: nn.GRU(3, 4, proj_size=2),
        lambda nn: nn.RNN(3, 4, proj_size=2),
        lambda nn: nn.RNN(3, 4, nonlinearity="x"),
        lambda nn: nn.RNNBase("X", 3, 4),
        lambda nn: nn.RNNBase("GRU", 3, 4)(None),
        lambda nn: nn.GRU(3, 0),
        lambda nn: nn.GRU(0, 3),
        lambda nn: nn.GRU(3, 4, 0),
        lambda nn: nn.GRU(3.0, 4),
        lambda nn: nn.GRU(3, 4.0),
        lambda nn: nn.GRU(3, 4, dropout=2),
        lambda nn: nn.GRU(3, 4, dropout=True),
        lambda nn: nn.GRU(3, 4, dropout="a"),
    ],
)
def test_constructor_errors(make):
    assert raised(lambda: make(fb.nn)) == raised(lambda: make(torch.nn))


def test_dropout_of_a_single_layer_warns():
    with pytest.warns(UserWarning, match="dropout option adds dropout after all but last recurrent layer"):
        fb.nn.GRU(3, 4, dropout=0.5)


@pytest.mark.parametrize("name", ["RNNCell", "LSTMCell", "GRUCell"])
@pytest.mark.parametrize(
    "call",
    [
        lambda lib, cell, name: cell(lib.zeros(2, 2, 3)),
        lambda lib, cell, name: cell(lib.zeros(2, 5)),
        lambda lib, cell, name: cell(lib.zeros(2, 3), pair(lib, name, 3, 4)),
        lambda lib, cell, name: cell(lib.zeros(2, 3), pair(lib, name, 2, 5)),
        lambda lib, cell, name: cell(lib.zeros(2, 3), pair(lib, name, 2, 2, 4)),
    ],
)
def test_cell_errors(name, call):
    ours, theirs = (raised(lambda n=lib: call(n, getattr(n.nn, name)(3, 4), name)) for lib in (fb, torch))
    assert ours == theirs


def test_unknown_nonlinearity_of_a_cell():
    with pytest.raises(RuntimeError, match="Unknown nonlinearity: x"):
        fb.nn.RNNCell(3, 4, nonlinearity="x")(fb.zeros(2, 3))
