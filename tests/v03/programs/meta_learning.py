"""Learning to learn sines by gradients through steps of gradient descent."""
from collections import OrderedDict

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.autograd import Variable, grad

torch.manual_seed(3)


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.body = nn.Sequential(OrderedDict([('first', nn.Linear(1, 12)), ('act', nn.Tanh()), ('last', nn.Linear(12, 1))]))

    def forward(self, x, weights=None):
        if weights is None:
            return self.body(x)
        x = F.tanh(F.linear(x, weights['body.first.weight'], weights['body.first.bias']))
        return F.linear(x, weights['body.last.weight'], weights['body.last.bias'])


def task():
    amplitude, phase = torch.rand(2) * 3
    x = torch.rand(10, 1) * 6 - 3
    return Variable(x), Variable(torch.sin(x + phase) * amplitude)


net = Net()
meta = torch.optim.Adam(net.parameters(), lr=1e-2)
losses = []
for epoch in range(60):
    loss = 0
    for _ in range(4):
        x, y = task()
        fast = OrderedDict(net.named_parameters())
        for k in range(2):
            inner = F.mse_loss(net(x, fast), y)
            gradients = grad(inner, list(fast.values()), create_graph=True)
            fast = OrderedDict((n, w - 0.1 * g) for (n, w), g in zip(fast.items(), gradients))
        loss += F.mse_loss(net(x, fast), y) / 4
    meta.zero_grad()
    loss.backward()
    total = torch.nn.utils.clip_grad_norm(net.parameters(), 10.)
    meta.step()
    losses.append(loss.data[0])
    if epoch % 20 == 19:
        print('%3d %.3f %.3f' % (epoch, loss.data[0], total))
print(sum(losses[-20:]) < sum(losses[:20]), all(p.grad.volatile for p in net.parameters()))
