"""A word language model: hidden states are repackaged, gradients clipped, the whole model saved and loaded."""
import io
import math

import torch
import torch.nn as nn
from torch.autograd import Variable

BPTT, BATCH = 6, 4
words = 'the quick brown fox jumps over the lazy dog <eos>'.split() * 20


class RNNModel(nn.Module):
    def __init__(self, rnn_type, ntoken, ninp, nhid, nlayers, dropout=0.0, tie_weights=True):
        super(RNNModel, self).__init__()
        self.drop = nn.Dropout(dropout)
        self.encoder = nn.Embedding(ntoken, ninp)
        self.rnn = getattr(nn, rnn_type)(ninp, nhid, nlayers, dropout=dropout)
        self.decoder = nn.Linear(nhid, ntoken)
        if tie_weights:
            self.decoder.weight = self.encoder.weight
        self.encoder.weight.data.uniform_(-0.1, 0.1)
        self.decoder.bias.data.fill_(0)
        self.rnn_type, self.nhid, self.nlayers = rnn_type, nhid, nlayers

    def forward(self, input, hidden):
        output, hidden = self.rnn(self.drop(self.encoder(input)), hidden)
        output = self.drop(output)
        decoded = self.decoder(output.view(output.size(0) * output.size(1), output.size(2)))
        return decoded.view(output.size(0), output.size(1), decoded.size(1)), hidden

    def init_hidden(self, bsz):
        weight = next(self.parameters()).data
        zeros = Variable(weight.new(self.nlayers, bsz, self.nhid).zero_())
        return (zeros, Variable(zeros.data.clone())) if self.rnn_type == 'LSTM' else zeros


def repackage_hidden(h):
    if type(h) == Variable:
        return Variable(h.data)
    return tuple(repackage_hidden(v) for v in h)


def get_batch(source, i, evaluation=False):
    seq_len = min(BPTT, len(source) - 1 - i)
    data = Variable(source[i:i + seq_len], volatile=evaluation)
    return data, Variable(source[i + 1:i + 1 + seq_len].view(-1))


def evaluate(model, source):
    model.eval()
    total, hidden = 0, model.init_hidden(BATCH)
    for i in range(0, source.size(0) - 1, BPTT):
        data, targets = get_batch(source, i, evaluation=True)
        output, hidden = model(data, hidden)
        total += len(data) * criterion(output.view(-1, len(vocabulary)), targets).data
        hidden = repackage_hidden(hidden)
    return total[0] / len(source)


torch.manual_seed(1111)
vocabulary = sorted(set(words))
ids = torch.LongTensor(len(words))
for i, word in enumerate(words):
    ids[i] = vocabulary.index(word)
data = ids.narrow(0, 0, ids.size(0) // BATCH * BATCH).view(BATCH, -1).t().contiguous()
criterion = nn.CrossEntropyLoss()
for kind, lr in (('LSTM', 5.0), ('GRU', 5.0), ('RNN', 1.0)):
    model = RNNModel(kind, len(vocabulary), 12, 12, 2)
    before = evaluate(model, data)
    for epoch in range(25):
        model.train()
        hidden = model.init_hidden(BATCH)
        for i in range(0, data.size(0) - 1, BPTT):
            batch, targets = get_batch(data, i)
            hidden = repackage_hidden(hidden)
            model.zero_grad()
            output, hidden = model(batch, hidden)
            loss = criterion(output.view(-1, len(vocabulary)), targets)
            loss.backward()
            torch.nn.utils.clip_grad_norm(model.parameters(), 0.25)
            for p in model.parameters():
                p.data.add_(-lr, p.grad.data)
    after = evaluate(model, data)
    assert after < before, (kind, before, after)
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    loaded = torch.load(file, map_location=lambda storage, loc: storage)
    assert abs(evaluate(loaded, data) - after) < 1e-6 and loaded.decoder.weight is loaded.encoder.weight
    print('%s | ppl %.2f -> %.2f' % (kind, math.exp(before), math.exp(after)))
    hidden = loaded.init_hidden(1)
    word = Variable(torch.rand(1, 1).mul(len(vocabulary)).long(), volatile=True)
    for i in range(5):
        output, hidden = loaded(word, hidden)
        weights = output.squeeze().data.div(1.0).exp().cpu()
        word.data.fill_(torch.multinomial(weights, 1)[0])
        print(vocabulary[word.data[0][0]])
