"""A recurrent network of an own cell, built on the private Functions of 0.3, as research code of 2017 did; its weights
are loaded from a checkpoint of another size, whose error is read."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.autograd import Variable
from torch.autograd._functions import Resize
from torch.nn._functions.rnn import Recurrent, StackedRNN, variable_recurrent_factory
from torch.nn._functions.thnn import rnnFusedPointwise as fusedBackend
from torch.nn._functions.thnn.auto import Threshold
from torch.nn.parameter import Parameter
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence


def multiplicative_cell(input, hidden, w_ih, w_hh, w_mx, w_mh):
    hx, cx = hidden
    m = F.linear(input, w_mx) * F.linear(hx, w_mh)
    return fusedBackend.LSTMFused.apply(F.linear(input, w_ih), F.linear(m, w_hh), cx)


class MultiplicativeLSTM(nn.Module):
    def __init__(self, input_size, hidden_size):
        super(MultiplicativeLSTM, self).__init__()
        self.hidden_size = hidden_size
        sizes = ((4 * hidden_size, input_size), (4 * hidden_size, hidden_size), (hidden_size, input_size),
                 (hidden_size, hidden_size))
        for name, size in zip(("w_ih", "w_hh", "w_mx", "w_mh"), sizes):
            self.register_parameter(name, Parameter(torch.Tensor(*size).uniform_(-0.2, 0.2)))

    def forward(self, input):
        packed = isinstance(input, PackedSequence)
        data, batch_sizes = input if packed else (input, None)
        runs = variable_recurrent_factory(batch_sizes) if packed else Recurrent
        batch = batch_sizes[0] if packed else data.size(1)
        zeros = Variable(data.data.new(1, batch, self.hidden_size).zero_())
        run = StackedRNN([runs(multiplicative_cell)], 1, lstm=True)
        hidden, output = run(data, (zeros, zeros), [[self.w_ih, self.w_hh, self.w_mx, self.w_mh]])
        return (PackedSequence(output, batch_sizes) if packed else output), hidden


torch.manual_seed(1)
net, readout = MultiplicativeLSTM(3, 5), nn.Linear(5, 1)
optimizer = torch.optim.Adam(list(net.parameters()) + list(readout.parameters()), lr=0.02)
x = Variable(torch.randn(6, 4, 3))
lengths = [6, 5, 3, 2]
target = Variable(torch.cumsum(x.data, 0)[:, :, :1].contiguous())

with torch.autograd.profiler.profile() as prof:
    for step in range(40):
        optimizer.zero_grad()
        output, lens = pad_packed_sequence(net(pack_padded_sequence(x, lengths))[0])
        loss = F.mse_loss(Resize.apply(readout(output.view(-1, 5)), (6, 4, 1)), target)
        loss.backward()
        optimizer.step()
        if step % 13 == 0:
            print("%d %.4f" % (step, loss.data[0]))

assert lens == lengths and output.data[5, 1].abs().sum() == 0
names = [row.split()[0] for row in str(prof.key_averages()).splitlines()[3:]]
print("mul" in names, "MulBackward0" in names, len(prof.function_events) > 1000)
print(Threshold.apply(net(x)[0], 0, 0, False).data.min() >= 0)

checkpoint = dict((k, v.clone()) for k, v in net.state_dict().items())
checkpoint["w_mx"] = torch.zeros(4, 3)
for broken in (checkpoint, {"w_ih": checkpoint["w_ih"]}, dict(checkpoint, w_mx=net.w_mx.data, other=torch.ones(1))):
    try:
        net.load_state_dict(broken)
    except RuntimeError as error:
        print("RuntimeError", error)
    except KeyError as error:
        print("KeyError", error.args[0][:26])
try:
    net(Variable(torch.randn(6, 4, 2)))
except RuntimeError as error:
    print(error)
