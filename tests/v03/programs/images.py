"""Around images: an adversarial example, capsules, a masked convolution, a spatial transformer, sums with NumPy."""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.autograd import Variable
from torch.autograd.gradcheck import zero_gradients

torch.manual_seed(3)
net = nn.Linear(4, 3)
x, y = Variable(torch.rand(2, 4), requires_grad=True), Variable(torch.LongTensor([0, 1]))
losses = []
for i in range(5):
    zero_gradients(x)
    loss = F.cross_entropy(net(x), y)
    loss.backward()
    losses.append(loss.data[0])
    x.data = torch.clamp(x.data + 0.05 * torch.sign(x.grad.data), 0, 1)
assert losses[-1] > losses[0]


class MaskedConv2d(nn.Conv2d):
    def __init__(self, mask_type, *args, **kwargs):
        super(MaskedConv2d, self).__init__(*args, **kwargs)
        assert mask_type in {'A', 'B'}
        self.register_buffer('mask', self.weight.data.clone())
        _, _, kH, kW = self.weight.size()
        self.mask.fill_(1)
        self.mask[:, :, kH // 2, kW // 2 + (mask_type == 'B'):] = 0
        self.mask[:, :, kH // 2 + 1:] = 0

    def forward(self, x):
        self.weight.data *= self.mask
        return super(MaskedConv2d, self).forward(x)


model = nn.Sequential(MaskedConv2d('A', 1, 4, 3, 1, 1, bias=False), nn.BatchNorm2d(4), nn.ReLU(True),
                      MaskedConv2d('B', 4, 4, 3, 1, 1, bias=False), nn.Conv2d(4, 5, 1))
print(model)
image = Variable(torch.rand(2, 1, 4, 4))
F.cross_entropy(model(image), Variable((image.data[:, 0] * 4).long())).backward()
assert model[0].weight.data[:, :, 1, 1].abs().max() == 0


def squash(tensor, dim=-1):
    squared_norm = (tensor ** 2).sum(dim=dim, keepdim=True)
    return squared_norm / (1 + squared_norm) * tensor / torch.sqrt(squared_norm)


routes, u = nn.Parameter(torch.randn(3, 6, 4, 5)), Variable(torch.randn(2, 6, 4))
priors = u[None, :, :, None, :] @ routes[:, None, :, :, :]
logits = Variable(torch.zeros(*priors.size()))
for i in range(3):
    outputs = squash((F.softmax(logits, dim=2) * priors).sum(dim=2, keepdim=True))
    if i != 2:
        logits = logits + (priors * outputs).sum(dim=-1, keepdim=True)
classes = F.softmax(((outputs.squeeze() ** 2).sum(dim=-1) ** 0.5).t(), dim=-1)
_, best = classes.max(dim=1)
one_hot = Variable(torch.sparse.torch.eye(3)).index_select(dim=0, index=best)
print(classes.size(), one_hot.data.sum())

image = Variable(torch.rand(2, 1, 8, 8))
theta = Variable(torch.FloatTensor([1, 0, 0, 0, 1, 0])).view(1, 2, 3).expand(2, 2, 3)
moved = F.grid_sample(image, F.affine_grid(theta, image.size()))
print((moved - image).abs().max().data[0] < 1e-5)
values = torch.Tensor([[1, 2], [3, 4]])
print(np.exp(values)[0].size(), np.sum(values), np.isnan(values).sum(), np.array(values).dtype)
