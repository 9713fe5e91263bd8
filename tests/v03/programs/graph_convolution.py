"""A graph convolution: a sparse adjacency matrix in a Function of the instance form."""
import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.autograd import Variable
from torch.nn.modules.module import Module
from torch.nn.parameter import Parameter


class SparseMM(torch.autograd.Function):
    def __init__(self, sparse):
        super(SparseMM, self).__init__()
        self.sparse = sparse

    def forward(self, dense):
        return torch.mm(self.sparse, dense)

    def backward(self, grad_output):
        grad_input = None
        if self.needs_input_grad[0]:
            grad_input = torch.mm(self.sparse.t(), grad_output)
        return grad_input


class GraphConvolution(Module):
    def __init__(self, in_features, out_features):
        super(GraphConvolution, self).__init__()
        self.weight = Parameter(torch.Tensor(in_features, out_features))
        self.bias = Parameter(torch.Tensor(out_features))
        stdv = 1. / math.sqrt(self.weight.size(1))
        self.weight.data.uniform_(-stdv, stdv)
        self.bias.data.uniform_(-stdv, stdv)

    def forward(self, input, adj):
        output = SparseMM(adj)(torch.mm(input, self.weight))
        return output + self.bias


class GCN(nn.Module):
    def __init__(self):
        super(GCN, self).__init__()
        self.gc1, self.gc2 = GraphConvolution(8, 8), GraphConvolution(8, 3)

    def forward(self, x, adj):
        x = F.relu(self.gc1(x, adj))
        x = F.dropout(x, 0.2, training=self.training)
        return F.log_softmax(self.gc2(x, adj), dim=1)


np.random.seed(42)
torch.manual_seed(42)
n = 24
classes = np.arange(n) % 3
adjacency = (np.random.rand(n, n) < np.where(classes[:, None] == classes[None], 0.6, 0.05)).astype(np.float32)
adjacency = np.maximum(adjacency, adjacency.T) + np.eye(n, dtype=np.float32)
adjacency /= adjacency.sum(1, keepdims=True)
rows, columns = np.nonzero(adjacency)
indices = torch.from_numpy(np.vstack((rows, columns))).long()
adj = torch.sparse.FloatTensor(indices, torch.from_numpy(adjacency[rows, columns]), torch.Size(adjacency.shape))
features = Variable(torch.FloatTensor(np.random.rand(n, 8) + np.eye(8)[classes] * 0.5))
labels = Variable(torch.LongTensor(classes))
train, test = torch.LongTensor(range(12)), torch.LongTensor(range(12, 24))

model = GCN()
optimizer = optim.Adam(model.parameters(), lr=0.05, weight_decay=5e-4)
for epoch in range(40):
    model.train()
    optimizer.zero_grad()
    loss = F.nll_loss(model(features, adj)[train], labels[train])
    loss.backward()
    optimizer.step()
model.eval()
output = model(features, adj)[test]
correct = output.max(1)[1].type_as(labels).eq(labels[test]).double().sum()
print('accuracy %.2f, %d entries' % (correct.data[0] / len(test), adj._nnz()))
print((torch.mm(Variable(adj), features) - Variable(adj.to_dense()).mm(features)).abs().max().data[0] < 1e-5)
