"""A DenseNet, whose layers have dots in their names, and a class activation map by hooks."""
from collections import OrderedDict

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.nn.init as init
from torch.autograd import Variable


class DenseLayer(nn.Sequential):
    def __init__(self, num_input_features, growth_rate, drop_rate):
        super(DenseLayer, self).__init__()
        self.add_module('norm.1', nn.BatchNorm2d(num_input_features)),
        self.add_module('relu.1', nn.ReLU(inplace=True)),
        self.add_module('conv.1', nn.Conv2d(num_input_features, growth_rate, kernel_size=3, padding=1, bias=False)),
        self.drop_rate = drop_rate

    def forward(self, x):
        new_features = super(DenseLayer, self).forward(x)
        if self.drop_rate > 0:
            new_features = F.dropout(new_features, p=self.drop_rate, training=self.training)
        return torch.cat([x, new_features], 1)


class DenseNet(nn.Module):
    def __init__(self):
        super(DenseNet, self).__init__()
        self.features = nn.Sequential(OrderedDict([
            ('conv0', nn.Conv2d(3, 4, kernel_size=3, padding=1, bias=False)),
            ('norm0', nn.BatchNorm2d(4)),
            ('relu0', nn.ReLU(inplace=True)),
            ('pool0', nn.MaxPool2d(kernel_size=3, stride=2, padding=1)),
        ]))
        block = nn.Sequential()
        for i in range(2):
            block.add_module('denselayer%d' % (i + 1), DenseLayer(4 + 4 * i, 4, 0.1))
        self.features.add_module('denseblock1', block)
        self.features.add_module('norm5', nn.BatchNorm2d(12))
        self.classifier = nn.Linear(12, 3)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                init.kaiming_normal(m.weight.data)
            elif isinstance(m, nn.BatchNorm2d):
                m.weight.data.fill_(1)
                m.bias.data.zero_()

    def forward(self, x):
        out = F.relu(self.features(x), inplace=True)
        return self.classifier(F.avg_pool2d(out, kernel_size=4).view(x.size(0), -1))


torch.manual_seed(0)
net = DenseNet()
print(net.features.denseblock1)
x, y = Variable(torch.randn(4, 3, 8, 8)), Variable(torch.LongTensor([0, 1, 2, 0]))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-4)
losses = []
for i in range(8):
    loss = F.cross_entropy(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.data[0])
assert losses[-1] < losses[0]
print(list(net.state_dict().keys())[5])
other = DenseNet()
other.load_state_dict(net.state_dict())
other.eval()

features, gradients = [], []
norm5 = other.features._modules.get('norm5')
norm5.register_forward_hook(lambda module, input, output: features.append(output.data.clone()))
norm5.register_backward_hook(lambda module, grad_in, grad_out: gradients.append((grad_in[1], grad_out[0])))
scores = other(x)
probs, idx = F.softmax(scores, dim=1).data[0].sort(0, True)
one_hot = torch.zeros(4, 3)
one_hot[0][idx[0]] = 1
other.zero_grad()
scores.backward(gradient=one_hot, retain_graph=True)
(scale_grad, grad), = gradients
assert (scale_grad.data - norm5.weight.grad.data).abs().max() < 1e-6
weights = grad.data[0].mean(2).mean(1)
cam = (features[0][0] * weights.unsqueeze(1).unsqueeze(2).expand_as(features[0][0])).sum(0).clamp(min=0)
print(cam.size(), len(probs))
