"""Attention over the edges of a graph (Velickovic et al., 2018) finds the communities of its nodes.

    python examples/gat.py

Edges are two lists of node numbers; sums over the edges of each node are `index_add` and `scatter_reduce`. A tenth of
the nodes are labelled.
"""

import flambeau as torch
from flambeau import nn, optim
from flambeau.nn import functional as F


def communities(nodes=120, groups=3, inside=0.2, between=0.02):
    """A random graph: features (nodes, 8), edges (2, E) with one from each node to itself, labels (nodes,)."""
    labels = torch.arange(nodes) % groups
    same = labels[:, None] == labels
    edges = torch.rand(nodes, nodes) < torch.where(same, inside, between)
    edges = (edges | edges.T | torch.eye(nodes, dtype=torch.bool)).nonzero().T
    return torch.randn(nodes, 8), edges, labels


class Attention(nn.Module):
    """Each node becomes the weighted mean of its neighbours' projections; (nodes, inputs) to (nodes, outputs)."""

    def __init__(self, inputs, outputs, heads):
        super().__init__()
        self.project = nn.Linear(inputs, outputs, bias=False)
        self.heads = heads
        self.sender, self.receiver = (nn.Parameter(torch.randn(heads, outputs // heads) * 0.3) for _ in range(2))

    def forward(self, x, edges):
        source, target = edges
        h = self.project(x).view(len(x), self.heads, -1)
        scores = F.leaky_relu((h * self.sender).sum(-1)[source] + (h * self.receiver).sum(-1)[target], 0.2)
        weights = softmax_by_node(scores, target, len(x))
        messages = h[source] * weights[..., None]
        return torch.zeros_like(h).index_add(0, target, messages).flatten(1)


def softmax_by_node(scores, target, nodes):
    """The softmax of scores (E, heads) over the edges with the same target."""
    index = target[:, None].expand_as(scores)
    largest = scores.new_zeros(nodes, scores.shape[1]).scatter_reduce(0, index, scores, "amax", include_self=False)
    exponentials = torch.exp(scores - largest.detach()[target])
    sums = torch.zeros_like(largest).index_add(0, target, exponentials)
    return exponentials / sums[target]


class GAT(nn.Module):
    """Two layers of attention."""

    def __init__(self, inputs, groups):
        super().__init__()
        self.first, self.second = Attention(inputs, 32, heads=4), Attention(32, groups, heads=1)

    def forward(self, x, edges):
        return self.second(F.elu(self.first(x, edges)), edges)


def run(steps=100, seed=0):
    """Trains on the labelled nodes; returns the share of the others that are recognised."""
    torch.manual_seed(seed)
    x, edges, labels = communities()
    x[torch.arange(len(x)), labels] += 1.0
    labelled = torch.rand(len(x)) < 0.1
    model = GAT(x.shape[1], int(labels.max()) + 1)
    optimizer = optim.Adam(model.parameters(), lr=0.02, weight_decay=5e-4)
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(model(x, edges)[labelled], labels[labelled]).backward()
        optimizer.step()
    with torch.no_grad():
        found = model(x, edges).argmax(1)
    return (found == labels)[~labelled].float().mean().item()


def main():
    """The program."""
    print(f"share of the unlabelled nodes in the right community: {run():.3f}")


if __name__ == "__main__":
    main()
