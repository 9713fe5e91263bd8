"""Dropout of whole words, of recurrent weights, and one mask for all steps, as in language models of 2017."""
import torch
import torch.nn as nn
from torch.autograd import Variable


def embedded_dropout(embed, words, dropout=0.1, scale=None):
    mask = embed.weight.data.new().resize_((embed.weight.size(0), 1)).bernoulli_(1 - dropout)
    mask = Variable(mask.expand_as(embed.weight) / (1 - dropout))
    masked_embed_weight = mask * embed.weight
    padding_idx = embed.padding_idx
    if padding_idx is None:
        padding_idx = -1
    return embed._backend.Embedding.apply(words, masked_embed_weight, padding_idx, embed.max_norm, embed.norm_type,
                                          embed.scale_grad_by_freq, embed.sparse)


class LockedDropout(nn.Module):
    def forward(self, x, dropout=0.5):
        if not self.training or not dropout:
            return x
        m = x.data.new(1, x.size(1), x.size(2)).bernoulli_(1 - dropout)
        mask = Variable(m, requires_grad=False) / (1 - dropout)
        return mask.expand_as(x) * x


class WeightDrop(nn.Module):
    def __init__(self, module, weights, dropout=0):
        super(WeightDrop, self).__init__()
        self.module, self.weights, self.dropout = module, weights, dropout
        if issubclass(type(self.module), torch.nn.RNNBase):
            self.module.flatten_parameters = lambda *args: None
        for name in self.weights:
            w = getattr(self.module, name)
            del self.module._parameters[name]
            self.module.register_parameter(name + '_raw', nn.Parameter(w.data))

    def forward(self, *args):
        for name in self.weights:
            raw = getattr(self.module, name + '_raw')
            setattr(self.module, name, nn.functional.dropout(raw, p=self.dropout, training=self.training))
        return self.module.forward(*args)


torch.manual_seed(4)
embed, locked, rnn = nn.Embedding(10, 6), LockedDropout(), WeightDrop(nn.LSTM(6, 5), ['weight_hh_l0'], dropout=0.5)
decoder = nn.Linear(5, 10)
params = list(embed.parameters()) + list(rnn.parameters()) + list(decoder.parameters())
print(sorted(name for name, _ in rnn.named_parameters()))
words = Variable(torch.LongTensor(7, 3).random_(0, 10))
optimizer = torch.optim.ASGD(params, lr=1.0, t0=0, lambd=0., weight_decay=1e-6)
for step in range(20):
    optimizer.zero_grad()
    output, _ = rnn(locked(embedded_dropout(embed, words[:-1]), 0.3))
    loss = nn.CrossEntropyLoss()(decoder(locked(output, 0.2).view(-1, 5)), words[1:].view(-1))
    loss = loss + sum(1e-3 * output.pow(2).mean() for output in [output])
    loss.backward()
    torch.nn.utils.clip_grad_norm(params, 0.25)
    optimizer.step()
    if 't0' in optimizer.param_groups[0]:  # the averaged weights for evaluation
        tmp = dict((prm, prm.data.clone()) for prm in params)
        for prm in params:
            prm.data = optimizer.state[prm]['ax'].clone()
        for prm in params:
            prm.data = tmp[prm].clone()
rnn.eval(), locked.eval()
first, again = (rnn(locked(embed(words)))[0] for _ in range(2))
assert (first.data - again.data).abs().max() == 0 and isinstance(optimizer.state[params[0]]['step'], int)
print('%.3f' % loss.data[0])
