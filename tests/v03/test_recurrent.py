"""Recurrent modules of 0.3: states and gradients are Variables, packed sequences have two parts."""

import numpy as np
import pytest

import flambeau.v03 as torch
from flambeau.v03 import nn
from flambeau.v03.autograd import Variable
from flambeau.v03.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence


def steps(*size):
    return Variable(torch.randn(*size), requires_grad=True)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_lstm_has_the_numbers_of_pytorch(bidirectional):
    theirs = pytest.importorskip("torch")
    torch.manual_seed(3)
    net = nn.LSTM(3, 4, num_layers=2, bidirectional=bidirectional)
    x, directions = steps(5, 2, 3), 1 + bidirectional
    states = tuple(Variable(torch.randn(2 * directions, 2, 4), requires_grad=True) for _ in range(2))
    output, (h, c) = net(x, states)
    (output.sum() + (h * c).sum()).backward()

    oracle = theirs.nn.LSTM(3, 4, num_layers=2, bidirectional=bidirectional)
    oracle.load_state_dict({k: theirs.tensor(v.numpy()) for k, v in net.state_dict().items()})
    inputs = [theirs.tensor(v.data.numpy(), requires_grad=True) for v in (x, *states)]
    their_output, (their_h, their_c) = oracle(inputs[0], tuple(inputs[1:]))
    (their_output.sum() + (their_h * their_c).sum()).backward()
    for ours, wanted in ((output, their_output), (h, their_h), (c, their_c)):
        assert type(ours) is Variable
        np.testing.assert_allclose(ours.data.numpy(), wanted.detach().numpy(), rtol=1e-4, atol=1e-6)
    for ours, wanted in zip((x, *states, *net.parameters()), (*inputs, *oracle.parameters()), strict=True):
        assert type(ours.grad) is Variable
        np.testing.assert_allclose(ours.grad.data.numpy(), wanted.grad.numpy(), rtol=1e-4, atol=1e-5)


def test_parameters_and_weights_saved():
    net = nn.GRU(3, 4)
    assert [type(p) for p in net.parameters()] == [nn.Parameter] * 4
    assert {type(v) for v in net.state_dict().values()} == {torch.FloatTensor}
    assert net.weight_hh_l0.size() == (12, 4) and net.all_weights[0][0] is net.weight_ih_l0
    assert repr(nn.LSTM(3, 4, 2, dropout=0.5)) == "LSTM(3, 4, num_layers=2, dropout=0.5)"


def test_packed_sequence_has_two_parts():
    x = steps(3, 2, 4)
    data, batch_sizes = packed = pack_padded_sequence(x, [3, 1])
    assert type(packed) is PackedSequence and batch_sizes == [2, 1, 1]
    assert data.data.tolist() == [x.data[t][b].tolist() for t, b in ((0, 0), (0, 1), (1, 0), (2, 0))]
    padded, lengths = pad_packed_sequence(packed, padding_value=7)
    assert lengths == [3, 1] and padded.data[1][1].tolist() == [7] * 4
    padded.sum().backward()
    assert x.grad.data[:, 1].tolist() == [[1] * 4, [0] * 4, [0] * 4]


def test_packed_sequence_through_a_gru():
    net, x = nn.GRU(3, 4, bidirectional=True, batch_first=True), steps(2, 5, 3)
    output, h = net(pack_padded_sequence(x, [5, 3], batch_first=True))
    assert type(output) is PackedSequence and output.batch_sizes == [2, 2, 2, 1, 1]
    padded, lengths = pad_packed_sequence(output, batch_first=True)
    assert lengths == [5, 3] and padded.size() == (2, 5, 8)
    alone, h_alone = net(x[1:, :3])
    np.testing.assert_allclose(padded.data[1, :3].numpy(), alone.data[0].numpy(), rtol=1e-5)
    np.testing.assert_allclose(h.data[:, 1].numpy(), h_alone.data[:, 0].numpy(), rtol=1e-5)
    h.sum().backward()
    assert (x.grad.data[1, 3:] == 0).all() and (x.grad.data[1, :3] != 0).any()


@pytest.mark.parametrize("lengths,message", [
    ([1, 3], "sorted in decreasing order"), ([3, 0], "length of all samples has to be greater than 0"),
])  # fmt: skip
def test_lengths_that_do_not_fit(lengths, message):
    with pytest.raises(ValueError, match=message):
        pack_padded_sequence(steps(3, 2, 1), lengths)


def test_only_batches():
    with pytest.raises(RuntimeError, match="input must have 3 dimensions, got 2"):
        nn.RNN(3, 4)(steps(5, 3))


def test_volatile_goes_through():
    output, h = nn.RNN(3, 4)(Variable(torch.ones(2, 1, 3), volatile=True))
    assert output.volatile and h.volatile


def test_cells_over_time():
    torch.manual_seed(0)
    cell, net, x = nn.LSTMCell(3, 4), nn.LSTM(3, 4), steps(5, 2, 3)
    for p, q in zip(net.parameters(), cell.parameters(), strict=True):
        p.data.copy_(q.data)
    h = c = Variable(torch.zeros(2, 4))
    for t in range(5):
        h, c = cell(x[t], (h, c))
    output, _ = net(x)
    assert type(h) is Variable
    np.testing.assert_allclose(h.data.numpy(), output.data[-1].numpy(), rtol=1e-5)
    h.sum().backward()
    assert (cell.weight_ih.grad.data != 0).any() and (x.grad.data[0] != 0).any()
    assert nn.GRUCell(3, 4)(x[0]).size() == nn.RNNCell(3, 4, nonlinearity="relu")(x[0]).size() == (2, 4)


@pytest.mark.parametrize(("mode", "layer"), [("LSTM", nn.LSTM), ("GRU", nn.GRU), ("RNN_TANH", nn.RNN)])
def test_the_base_class_is_the_network_of_its_mode(mode, layer):
    torch.manual_seed(1)
    base = nn.RNNBase(mode, 3, 4, num_layers=2, bidirectional=True)
    torch.manual_seed(1)
    same, x = layer(3, 4, num_layers=2, bidirectional=True), Variable(torch.randn(5, 2, 3))
    assert isinstance(same, nn.RNNBase) and (base(x)[0].data == same(x)[0].data).all()
    packed = nn.utils.rnn.pack_padded_sequence(x, [5, 3])
    assert (base(packed)[0].data == same(packed)[0].data).all()


def test_a_hidden_state_without_layers():
    x = Variable(torch.ones(5, 2, 3))
    with pytest.raises(RuntimeError, match=r"Expected hidden\[0\] size \(1, 2, 4\), got \(2, 3\)"):
        nn.LSTM(3, 4)(x, x)
    with pytest.raises(RuntimeError, match=r"Expected hidden size \(1, 2, 4\), got \(2, 4\)"):
        nn.GRU(3, 4)(x, Variable(torch.zeros(2, 4)))
