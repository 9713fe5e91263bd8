"""Programs as they were written in 2017 that load data, read sequences or train in several processes."""

# ruff: noqa: B007

import math

import flambeau.v03 as torch
import flambeau.v03.multiprocessing as mp
import flambeau.v03.nn as nn
import flambeau.v03.nn.functional as F
import flambeau.v03.optim as optim
import flambeau.v03.utils.data as data
from flambeau.v03.autograd import Variable


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()  # noqa: UP008
        self.fc1 = nn.Linear(2, 16)
        self.fc2 = nn.Linear(16, 2)

    def forward(self, x):
        return F.log_softmax(self.fc2(F.relu(self.fc1(x))), dim=1)


def moons(n):
    """Points inside a circle, and outside it."""
    x = torch.randn(n, 2)
    return x, (x.norm(2, 1) > 1.2).long()


def accuracy(model, x, y):
    model.eval()
    output = model(Variable(x, volatile=True))
    pred = output.data.max(1, keepdim=True)[1]
    return pred.eq(y.view_as(pred)).cpu().sum() / len(y)


def test_training_with_a_loader():
    torch.manual_seed(1)
    train = data.TensorDataset(*moons(300))
    loader = data.DataLoader(train, batch_size=32, shuffle=True, num_workers=1)
    model = Net()
    optimizer = optim.SGD(model.parameters(), lr=0.2, momentum=0.9)
    for epoch in range(6):
        model.train()
        for batch_idx, (x, target) in enumerate(loader):
            x, target = Variable(x), Variable(target)
            optimizer.zero_grad()
            loss = F.nll_loss(model(x), target)
            loss.backward()
            optimizer.step()
    assert batch_idx == 9 and loss.data[0] < 0.5
    assert accuracy(model, *moons(200)) > 0.9


class LanguageModel(nn.Module):
    def __init__(self, ntoken, nhid):
        super(LanguageModel, self).__init__()  # noqa: UP008
        self.encoder = nn.Embedding(ntoken, nhid)
        self.rnn = nn.LSTM(nhid, nhid, 1)
        self.decoder = nn.Linear(nhid, ntoken)
        self.decoder.weight = self.encoder.weight
        self.nhid = nhid
        self.encoder.weight.data.uniform_(-0.5, 0.5)
        self.decoder.bias.data.fill_(0)

    def forward(self, input, hidden):
        output, hidden = self.rnn(self.encoder(input), hidden)
        decoded = self.decoder(output.view(output.size(0) * output.size(1), output.size(2)))
        return decoded.view(output.size(0), output.size(1), decoded.size(1)), hidden

    def init_hidden(self, bsz):
        weight = next(self.parameters()).data
        return (Variable(weight.new(1, bsz, self.nhid).zero_()), Variable(weight.new(1, bsz, self.nhid).zero_()))


def repackage_hidden(h):
    """Wraps hidden states in new Variables, to detach them from their history."""
    if type(h) is Variable:
        return Variable(h.data)
    return tuple(repackage_hidden(v) for v in h)


def test_language_model():
    torch.manual_seed(2)
    text = torch.LongTensor([1, 2, 3, 4, 5, 6, 7, 0] * 24)  # the next word follows from the last one
    bsz, bptt, ntoken = 4, 8, 8
    source = text.narrow(0, 0, len(text) // bsz * bsz).view(bsz, -1).t().contiguous()
    model, criterion = LanguageModel(ntoken, 12), nn.CrossEntropyLoss()
    losses = []
    for epoch in range(8):
        hidden = model.init_hidden(bsz)
        for i in range(0, source.size(0) - 1, bptt):
            seq_len = min(bptt, len(source) - 1 - i)
            words, targets = Variable(source[i : i + seq_len]), Variable(source[i + 1 : i + 1 + seq_len].view(-1))
            hidden = repackage_hidden(hidden)
            model.zero_grad()
            output, hidden = model(words, hidden)
            loss = criterion(output.view(-1, ntoken), targets)
            loss.backward()
            torch.nn.utils.clip_grad_norm(model.parameters(), 1.0)
            for p in model.parameters():
                p.data.add_(-1.0, p.grad.data)
            losses.append(loss.data[0])
    assert abs(losses[0] - math.log(ntoken)) < 0.3 and losses[-1] < 0.3
    word, hidden = Variable(torch.LongTensor([[3]]), volatile=True), model.init_hidden(1)
    said = []
    for i in range(4):
        output, hidden = model(word, hidden)
        word.data.fill_(output.squeeze().data.max(0)[1][0])
        said.append(word.data[0][0])
    assert said == [4, 5, 6, 7]


def train_in_a_process(rank, model, x, y):
    torch.manual_seed(10 + rank)
    torch.set_num_threads(1)
    loader = data.DataLoader(data.TensorDataset(x, y), batch_size=32, shuffle=True)
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.5)
    for epoch in range(6):
        for x_, y_ in loader:
            optimizer.zero_grad()
            F.nll_loss(model(Variable(x_)), Variable(y_)).backward()
            optimizer.step()


def test_hogwild():
    torch.manual_seed(3)
    x, y = moons(300)
    model = Net()
    before = accuracy(model, x, y)
    model.share_memory()
    processes = []
    for rank in range(2):
        p = mp.Process(target=train_in_a_process, args=(rank, model, x, y))
        p.start()
        processes.append(p)
    for p in processes:
        p.join(120)
    assert [p.exitcode for p in processes] == [0, 0]
    assert accuracy(model, x, y) > max(0.85, before)
