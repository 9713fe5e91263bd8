"""Hogwild (Niu et al., 2011): processes train one model in shared memory without locks.

    python examples/hogwild.py --processes 2 --epochs 8

Each process goes through the digits in an order of its own and writes its updates into the shared parameters. The
program ends with the accuracy on the held-out digits.
"""

import argparse

import flambeau as torch
import flambeau.multiprocessing as mp
from flambeau import nn, optim
from flambeau.nn import functional as F
from flambeau.utils.data import DataLoader, TensorDataset
from flambeau.vision import Digits


class Net(nn.Module):
    """Two layers; digits [N, 1, 8, 8] to scores [N, 10]."""

    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(64, 48)
        self.out = nn.Linear(48, 10)

    def forward(self, x):
        return self.out(F.relu(self.hidden(x.view(-1, 64))))


def train(rank, seed, model, epochs, lr):
    """What each process does."""
    torch.set_num_threads(1)
    torch.manual_seed(seed + rank)
    digits = Digits(train=True)
    loader = DataLoader(TensorDataset(digits.images, digits.labels), batch_size=32, shuffle=True)
    optimizer = optim.SGD(model.parameters(), lr=lr, momentum=0.5)
    for _ in range(epochs):
        for images, labels in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(images), labels).backward()
            optimizer.step()


def accuracy(model):
    """The share of held-out digits that are recognised."""
    digits = Digits(train=False)
    with torch.no_grad():
        return (model(digits.images).argmax(1) == digits.labels).float().mean().item()


def run(processes=2, epochs=8, lr=0.1, seed=1, start_method="fork"):
    """Trains, and returns the model."""
    torch.manual_seed(seed)
    model = Net().share_memory()
    mp.start_processes(train, (seed, model, epochs, lr), nprocs=processes, start_method=start_method)
    return model


def main():
    """The program."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--lr", type=float, default=0.1)
    arguments = parser.parse_args()
    model = run(arguments.processes, arguments.epochs, arguments.lr)
    print(f"accuracy on the held-out digits: {accuracy(model):.3f}")


if __name__ == "__main__":
    main()
