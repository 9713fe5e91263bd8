"""Programs as they were written in 2017: they train, and their numbers are those of the same program in today's words
with the same seed."""

# ruff: noqa: B007, UP008

import numpy as np
import pytest

import flambeau as today
import flambeau.nn
import flambeau.optim
import flambeau.v03 as torch
import flambeau.v03.nn as nn
import flambeau.v03.nn.functional as F
import flambeau.v03.optim as optim
from flambeau.v03 import era
from flambeau.v03.autograd import Function, Variable


@pytest.fixture
def todays_defaults():
    """A function that runs a program in today's words, which draws the numbers of 0.3 all the same."""

    def run(program):
        before = era.modules.set_defaults()
        try:
            return program()
        finally:
            era.modules.set_defaults(*before)

    return run


def test_linear_regression_by_hand(todays_defaults):
    def old():
        torch.manual_seed(0)
        x, w_true = torch.randn(64, 3), torch.Tensor([[1], [-2], [3]])
        y = x.mm(w_true) + 0.5
        w = Variable(torch.randn(3, 1), requires_grad=True)
        b = Variable(torch.zeros(1), requires_grad=True)
        losses = []
        for t in range(50):
            y_pred = Variable(x).mm(w) + b.expand(64, 1)
            loss = (y_pred - Variable(y)).pow(2).mean()
            losses.append(loss.data[0])
            loss.backward()
            w.data -= 0.1 * w.grad.data
            b.data -= 0.1 * b.grad.data
            w.grad.data.zero_()
            b.grad.data.zero_()
        return losses

    def new():
        today.manual_seed(0)
        x, w_true = today.randn(64, 3), today.tensor([[1.0], [-2], [3]])
        y = x.mm(w_true) + 0.5
        w = today.randn(3, 1, requires_grad=True)
        b = today.zeros(1, requires_grad=True)
        losses = []
        for t in range(50):
            loss = (x.mm(w) + b - y).pow(2).mean()
            losses.append(loss.item())
            gw, gb = today.autograd.grad(loss, [w, b])
            with today.no_grad():
                w -= 0.1 * gw
                b -= 0.1 * gb
        return losses

    losses = old()
    assert losses[-1] < 1e-3
    assert losses == pytest.approx(todays_defaults(new), rel=1e-5)


class MLP(nn.Module):
    def __init__(self):
        super(MLP, self).__init__()
        self.fc1 = nn.Linear(4, 16)
        self.fc2 = nn.Linear(16, 3)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        return F.log_softmax(self.fc2(x), dim=1)


class TodaysMLP(flambeau.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = flambeau.nn.Linear(4, 16)
        self.fc2 = flambeau.nn.Linear(16, 3)

    def forward(self, x):
        return flambeau.nn.functional.log_softmax(self.fc2(self.fc1(x).relu()), dim=1)


def labelled():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((90, 4)).astype(np.float32)
    return x, (x @ rng.standard_normal((4, 3))).argmax(1)


def test_mlp_with_sgd_and_an_evaluation_loop(todays_defaults):
    x, labels = labelled()

    def old():
        torch.manual_seed(1)
        model = MLP()
        optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        inputs, targets = torch.from_numpy(x), torch.from_numpy(labels)
        losses = []
        for epoch in range(30):
            model.train()
            for i in range(0, 90, 30):
                data, target = Variable(inputs[i:i + 30]), Variable(targets[i:i + 30])
                optimizer.zero_grad()
                output = model(data)
                loss = F.nll_loss(output, target)
                loss.backward()
                optimizer.step()
                losses.append(loss.data[0])
        model.eval()
        test_loss, correct = 0, 0
        for i in range(0, 90, 30):
            data, target = Variable(inputs[i:i + 30], volatile=True), Variable(targets[i:i + 30])
            output = model(data)
            test_loss += F.nll_loss(output, target, size_average=False).data[0]
            pred = output.data.max(1, keepdim=True)[1]
            correct += pred.eq(target.data.view_as(pred)).cpu().sum()
        return losses, test_loss / 90, correct

    def new():
        today.manual_seed(1)
        model = TodaysMLP()
        optimizer = flambeau.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        inputs, targets = today.from_numpy(x), today.from_numpy(labels)
        losses = []
        for epoch in range(30):
            for i in range(0, 90, 30):
                optimizer.zero_grad()
                loss = flambeau.nn.functional.nll_loss(model(inputs[i:i + 30]), targets[i:i + 30])
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
        with today.no_grad():
            output = model(inputs)
            test_loss = flambeau.nn.functional.nll_loss(output, targets).item()
            return losses, test_loss, (output.argmax(1) == targets).sum().item()

    losses, test_loss, correct = old()
    expected = todays_defaults(new)
    assert isinstance(correct, int) and correct > 85 and test_loss < 0.2
    assert losses == pytest.approx(expected[0], rel=1e-4)
    assert test_loss == pytest.approx(expected[1], rel=1e-4) and correct == expected[2]


class LeNet(nn.Module):
    def __init__(self):
        super(LeNet, self).__init__()
        self.conv1 = nn.Conv2d(1, 4, kernel_size=3)
        self.conv2 = nn.Conv2d(4, 6, kernel_size=3)
        self.conv2_drop = nn.Dropout2d()
        self.fc1 = nn.Linear(6 * 2 * 2, 10)
        self.fc2 = nn.Linear(10, 2)

    def forward(self, x):
        x = F.relu(F.max_pool2d(self.conv1(x), 2))
        x = F.relu(F.max_pool2d(self.conv2(x), 2))
        x = x.view(-1, 6 * 2 * 2)
        x = F.relu(self.fc1(x))
        x = F.dropout(x, training=False)
        x = self.fc2(x)
        return F.log_softmax(x, dim=1)


def test_lenet(todays_defaults):
    rng = np.random.default_rng(2)
    images = rng.standard_normal((16, 1, 14, 14)).astype(np.float32)
    images[8:, :, :7] += 1.5
    labels = np.repeat([0, 1], 8)

    def old():
        torch.manual_seed(3)
        model = LeNet()
        optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        data, target = Variable(torch.from_numpy(images)), Variable(torch.from_numpy(labels))
        losses = []
        for _ in range(25):
            optimizer.zero_grad()
            loss = F.nll_loss(model(data), target)
            loss.backward()
            optimizer.step()
            losses.append(loss.data[0])
        return losses

    def new():
        today.manual_seed(3)
        t = flambeau.nn
        model = t.Sequential(
            t.Conv2d(1, 4, 3), t.MaxPool2d(2), t.ReLU(), t.Conv2d(4, 6, 3), t.MaxPool2d(2), t.ReLU(), t.Flatten(),
            t.Linear(24, 10), t.ReLU(), t.Linear(10, 2), t.LogSoftmax(1),
        )  # fmt: skip
        optimizer = flambeau.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        losses = []
        for _ in range(25):
            optimizer.zero_grad()
            loss = t.functional.nll_loss(model(today.from_numpy(images)), today.from_numpy(labels))
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses

    losses = old()
    assert losses[-1] < 0.2 < losses[0]
    assert losses == pytest.approx(todays_defaults(new), rel=1e-3)


class CharRNN(nn.Module):
    """The recurrent network of the name classification tutorial of 2017."""

    def __init__(self, input_size, hidden_size, output_size):
        super(CharRNN, self).__init__()
        self.hidden_size = hidden_size
        self.i2h = nn.Linear(input_size + hidden_size, hidden_size)
        self.i2o = nn.Linear(input_size + hidden_size, output_size)
        self.softmax = nn.LogSoftmax(dim=1)

    def forward(self, input, hidden):
        combined = torch.cat((input, hidden), 1)
        return self.softmax(self.i2o(combined)), self.i2h(combined)

    def initHidden(self):
        return Variable(torch.zeros(1, self.hidden_size))


def test_character_rnn():
    torch.manual_seed(4)
    names, letters = ["anna", "otto", "ada", "bob"], "abdnot"
    rnn = CharRNN(len(letters), 8, 2)
    criterion = nn.NLLLoss()

    def line_to_tensor(line):
        tensor = torch.zeros(len(line), 1, len(letters))
        for i, letter in enumerate(line):
            tensor[i][0][letters.find(letter)] = 1
        return tensor

    def train(category_tensor, line_tensor):
        hidden = rnn.initHidden()
        rnn.zero_grad()
        for i in range(line_tensor.size()[0]):
            output, hidden = rnn(line_tensor[i], hidden)
        loss = criterion(output, category_tensor)
        loss.backward()
        for p in rnn.parameters():
            p.data.add_(-0.1, p.grad.data)
        return output, loss.data[0]

    losses = []
    for _ in range(60):
        total = 0
        for name, category in zip(names, [0, 1, 0, 1], strict=True):
            output, loss = train(Variable(torch.LongTensor([category])), Variable(line_to_tensor(name)))
            total += loss
        losses.append(total / 4)
    assert losses[-1] < 0.3 < losses[0]
    top_n, top_i = output.data.topk(1)
    assert top_i[0][0] == 1


def test_a_gan_step():
    torch.manual_seed(5)
    G = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
    D = nn.Sequential(nn.Linear(1, 8), nn.LeakyReLU(0.2, inplace=True), nn.Linear(8, 1), nn.Sigmoid())
    criterion = nn.BCELoss()
    d_optimizer = optim.Adam(D.parameters(), lr=0.01, betas=(0.5, 0.999))
    g_optimizer = optim.Adam(G.parameters(), lr=0.01, betas=(0.5, 0.999))
    noise, label = torch.FloatTensor(16, 2), torch.FloatTensor(16)
    means = []
    for _ in range(150):
        D.zero_grad()
        real = Variable(torch.randn(16, 1) * 0.1 + 3)
        output = D(real).view(-1)
        label.fill_(1)
        errD_real = criterion(output, Variable(label))
        errD_real.backward()
        fake = G(Variable(noise.normal_(0, 1)))
        output = D(fake.detach()).view(-1)
        errD_fake = criterion(output, Variable(label.clone().fill_(0)))
        errD_fake.backward()
        errD = errD_real + errD_fake
        d_optimizer.step()
        G.zero_grad()
        errG = criterion(D(fake).view(-1), Variable(label.fill_(1)))
        errG.backward()
        g_optimizer.step()
        means.append(fake.data.mean())
    assert errD.data[0] > 0 and np.isfinite(errG.data[0])
    assert abs(means[-1] - 3) < abs(means[0] - 3) and abs(means[-1] - 3) < 1.5


def test_detach_keeps_the_generator_out():
    G, D = nn.Linear(2, 2), nn.Linear(2, 1)
    fake = G(Variable(torch.ones(1, 2)))
    D(fake.detach()).backward()
    assert G.weight.grad is None and D.weight.grad is not None


class MyReLU(Function):
    """The custom function of the examples of 2017, which saves plain tensors."""

    def forward(self, input):
        self.save_for_backward(input)
        return input.clamp(min=0)

    def backward(self, grad_output):
        input, = self.saved_tensors
        grad_input = grad_output.clone()
        grad_input[input < 0] = 0
        return grad_input


def test_a_custom_function_in_a_two_layer_network():
    dtype = torch.FloatTensor
    torch.manual_seed(6)
    N, D_in, H, D_out = 16, 20, 10, 2
    x = Variable(torch.randn(N, D_in).type(dtype), requires_grad=False)
    y = Variable(torch.randn(N, D_out).type(dtype), requires_grad=False)
    w1 = Variable(torch.randn(D_in, H).type(dtype), requires_grad=True)
    w2 = Variable(torch.randn(H, D_out).type(dtype), requires_grad=True)
    losses = []
    for t in range(200):
        relu = MyReLU()
        y_pred = relu(x.mm(w1)).mm(w2)
        loss = (y_pred - y).pow(2).sum()
        losses.append(loss.data[0])
        loss.backward()
        if t == 0:
            check = torch.autograd.grad(((x.mm(w1).clamp(min=0)).mm(w2) - y).pow(2).sum(), [w1, w2])
            assert (check[0].data - w1.grad.data).abs().max() < 1e-3 * w1.grad.data.abs().max()
        w1.data -= 1e-4 * w1.grad.data
        w2.data -= 1e-4 * w2.grad.data
        w1.grad.data.zero_()
        w2.grad.data.zero_()
    assert losses[-1] < 0.1 * losses[0]


def test_loss_data_is_a_number_and_total_loss_adds_up():
    total = 0
    for _ in range(3):
        loss = F.mse_loss(Variable(torch.ones(2), requires_grad=True), Variable(torch.zeros(2)))
        total += loss.data[0]
    assert total == 3 and type(total) is float


def test_policy_gradient_with_distributions():
    torch.manual_seed(7)
    policy = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2), nn.Softmax(dim=1))
    optimizer = optim.Adam(policy.parameters(), lr=0.05)
    for _ in range(60):
        state = torch.randn(8, 2)
        m = torch.distributions.Categorical(policy(Variable(state)))
        action = m.sample()
        reward = (action.data == (state[:, 0] > 0).long()).float() * 2 - 1
        loss = -(m.log_prob(action) * Variable(reward)).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    probs = policy(Variable(torch.Tensor([[2, 0], [-2, 0]]), volatile=True)).data
    assert probs[0][1] > 0.8 and probs[1][0] > 0.8
