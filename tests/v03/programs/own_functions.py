"""Functions of one's own in both forms, and what hooks see of them."""
import torch
import torch.nn as nn
from torch.autograd import Function, Variable, gradcheck
from torch.autograd.function import once_differentiable

torch.manual_seed(5)


class Contrast(Function):
    def __init__(self, margin=2.0):
        super(Contrast, self).__init__()
        self.margin = margin

    def forward(self, d, label):
        self.save_for_backward(d, label)
        away = (self.margin - d).clamp(min=0)
        return d.new([((1 - label) * d * d + label * away * away).mean() / 2])

    def backward(self, grad_output):
        d, label = self.saved_tensors
        away = (self.margin - d).clamp(min=0)
        return ((1 - label) * d - label * away) * (grad_output[0] / d.numel()), None


class Normed(Function):
    @staticmethod
    def forward(ctx, x, scale, eps=1e-5):
        centred = x - x.mean(0)
        std = ((centred ** 2).mean(0) + eps).sqrt()
        ctx.save_for_backward(x, scale)
        ctx.normed, ctx.std = centred / std, std
        return ctx.normed * scale

    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        x, scale = ctx.saved_tensors
        inner = g - g.mean(0) - ctx.normed * (g * ctx.normed).mean(0)
        return scale / ctx.std * inner, (g * ctx.normed).sum(0), None


class Straight(Function):
    @staticmethod
    def forward(ctx, x, table):
        return x.sign() * table

    @staticmethod
    def backward(ctx, g):
        return g, None


class Checkpoint(Function):
    """Forgets what is between, and computes it again."""

    @staticmethod
    def forward(ctx, run, x):
        ctx.run = run
        ctx.save_for_backward(x)
        return run(Variable(x, volatile=True)).data

    @staticmethod
    def backward(ctx, g):
        x = Variable(ctx.saved_variables[0].data, requires_grad=True)
        ctx.run(x).backward(g.data)
        return None, x.grad


d = Variable(torch.rand(5, 1).double() + 0.2, requires_grad=True)
label = Variable(torch.DoubleTensor([[0], [1], [0], [1], [1]]))
print(gradcheck(lambda v: Contrast()(v, label), (d,)), Contrast()(d, label).size())

x = Variable(torch.randn(6, 3).double(), requires_grad=True)
scale = Variable(torch.rand(3).double() + 0.5, requires_grad=True)
print(gradcheck(Normed.apply, (x, scale)))
try:
    g, = torch.autograd.grad(Normed.apply(x, scale).sum(), x, create_graph=True)
    g.sum().backward()
except RuntimeError as e:
    print(type(e).__name__)

net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(inplace=True), nn.Linear(4, 2))
seen = []


def note(module, grad_input, grad_output):
    seen.append((module.__class__.__name__, [tuple(g.size()) for g in grad_input if g is not None]))


for module in net:
    module.register_backward_hook(note)
a = Variable(torch.randn(5, 3), requires_grad=True)
b = Variable(a.data.clone(), requires_grad=True)
net(a).pow(2).sum().backward()
plain = [p.grad.data.clone() for p in net.parameters()]
print(seen)
net.zero_grad()
Checkpoint.apply(net, b).pow(2).sum().backward()
print((a.grad.data - b.grad.data).abs().max() < 1e-6,
      all((p.grad.data - q).abs().max() < 1e-6 for p, q in zip(net.parameters(), plain)))

z = Variable(torch.randn(4), requires_grad=True)
kept = []
handle = z.register_hook(lambda g: kept.append(g.volatile))
h = Straight.apply(z * 2, torch.Tensor([1, 2, 3, 4]))
h.sum().backward()
handle.remove()
print(z.grad.data.tolist(), kept)
