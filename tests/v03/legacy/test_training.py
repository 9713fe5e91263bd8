"""Small problems, solved in the manner of Lua's Torch."""

import flambeau.v03 as torch
import flambeau.v03.legacy.nn as nn
import flambeau.v03.legacy.optim as optim


def spirals(n):
    """Points on two arms of a spiral, and the number of the arm of each."""
    t = torch.rand(n) * 3 + 0.5
    arm = torch.LongTensor(n).random_(2)
    angle = t * 2 + arm.float() * 3.14159
    return torch.stack([t * angle.cos(), t * angle.sin()], 1) + torch.randn(n, 2) * 0.05, arm


def accuracy(net, x, t):
    net.evaluate()
    _, best = net.forward(x).max(1)
    net.training()
    return best.eq(t).sum() / t.numel()


def test_a_classifier_learns_with_sgd():
    torch.manual_seed(1)
    net = nn.Sequential()
    net.add(nn.Linear(2, 32))
    net.add(nn.BatchNormalization(32))
    net.add(nn.ReLU(True))
    net.add(nn.Linear(32, 32))
    net.add(nn.Tanh())
    net.add(nn.Dropout(0.1))
    net.add(nn.Linear(32, 2))
    net.add(nn.LogSoftMax())
    criterion = nn.ClassNLLCriterion()
    params, grads = net.flattenParameters()
    config = {"learningRate": 0.1, "momentum": 0.9, "dampening": 0}
    x, t = spirals(400)
    losses = []
    for _ in range(40):
        for start in range(0, 400, 50):
            input, target = x[start : start + 50], t[start : start + 50]

            def feval(w, input=input, target=target):
                assert w is params
                grads.zero_()
                loss = criterion.forward(net.forward(input), target)
                net.backward(input, criterion.backward(net.output, target))
                return loss, grads

            _, loss = optim.sgd(feval, params, config)
        losses.append(loss)
    assert losses[-1] < 0.2 * losses[0]
    assert accuracy(net, *spirals(300)) > 0.95


def test_images_are_classified_with_adam():
    torch.manual_seed(2)
    net = nn.Sequential()
    net.add(nn.SpatialConvolution(1, 4, 3, 3, 1, 1, 1)).add(nn.ReLU(True)).add(nn.SpatialMaxPooling(2, 2))
    net.add(nn.Reshape(4 * 4 * 4)).add(nn.Linear(64, 2))
    criterion = nn.CrossEntropyCriterion()

    def images(n):
        """Vertical and horizontal bars."""
        t = torch.LongTensor(n).random_(2)
        x = torch.randn(n, 1, 8, 8) * 0.3
        for i in range(n):
            x[i][0].select(t[i], i % 8).add_(1.5)
        return x, t

    x, t = images(200)
    params, grads = net.getParameters()

    def feval(w):
        net.zeroGradParameters()
        loss = criterion.forward(net.forward(x), t)
        net.backward(x, criterion.backward(net.output, t))
        return loss, grads

    config = {"learningRate": 0.01}
    values = [optim.adam(feval, params, config)[1] for _ in range(60)]
    assert values[-1] < 0.3 * values[0]
    assert accuracy(net, *images(100)) > 0.95


def test_two_branches_and_two_losses():
    torch.manual_seed(3)
    net = nn.Sequential().add(nn.Linear(4, 8)).add(nn.Tanh())
    net.add(nn.ConcatTable().add(nn.Linear(8, 1)).add(nn.Sequential().add(nn.Linear(8, 3)).add(nn.LogSoftMax())))
    loss = nn.ParallelCriterion().add(nn.MSECriterion()).add(nn.ClassNLLCriterion(), 0.5)
    x = torch.randn(64, 4)
    targets = [x.sum(1).unsqueeze(1), x.narrow(1, 0, 3).max(1)[1]]
    values = []
    for _ in range(300):
        net.zeroGradParameters()
        values.append(loss.forward(net.forward(x), targets))
        net.backward(x, loss.backward(net.output, targets))
        net.updateParameters(0.2)
    assert values[-1] < 0.2 * values[0]
