"""A small GPT (Radford et al., 2018) learns a text character by character, and continues it.

    python examples/char_gpt.py --steps 300

The text is this file, or the one given by --text.
"""

import argparse
import math
import pathlib

import flambeau as torch
from flambeau import nn, optim
from flambeau.nn import functional as F

CONTEXT = 32


class Block(nn.Module):
    """Causal self-attention and a network of two layers, each added to its input; (batch, time, dim) to the same."""

    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList([nn.LayerNorm(dim), nn.LayerNorm(dim)])
        self.qkv = nn.Linear(dim, 3 * dim)
        self.project = nn.Linear(dim, dim)
        self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))

    def forward(self, x):
        batch, time, dim = x.shape
        q, k, v = (
            part.view(batch, time, self.heads, -1).transpose(1, 2)
            for part in self.qkv(self.norms[0](x)).split(dim, dim=2)
        )
        attended = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.project(attended.transpose(1, 2).reshape(batch, time, dim))
        return x + self.mlp(self.norms[1](x))


class GPT(nn.Module):
    """Tokens (batch, time) to the scores of the next one (batch, time, vocabulary)."""

    def __init__(self, vocabulary, dim=64, layers=2, heads=4):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, dim)
        self.positions = nn.Embedding(CONTEXT, dim)
        self.blocks = nn.Sequential(*[Block(dim, heads) for _ in range(layers)])
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, vocabulary, bias=False)
        for embedding in (self.tokens, self.positions):
            nn.init.normal_(embedding.weight, std=0.02)
        self.head.weight = self.tokens.weight  # one matrix reads tokens and scores them

    def forward(self, tokens):
        x = self.tokens(tokens) + self.positions(torch.arange(tokens.shape[1]))
        return self.head(self.norm(self.blocks(x)))

    @torch.no_grad()
    def generate(self, tokens, count, top_k=10):
        """Appends `count` tokens to `tokens` (1, time), each drawn from the `top_k` likeliest."""
        for _ in range(count):
            scores = self(tokens[:, -CONTEXT:])[:, -1]
            best = scores.topk(min(top_k, scores.shape[-1])).values
            scores = scores.masked_fill(scores < best[:, -1:], -math.inf)
            tokens = torch.cat([tokens, torch.multinomial(scores.softmax(-1), 1)], dim=1)
        return tokens


def run(text, steps=300, lr=3e-3, batch_size=32, seed=1):
    """Trains; returns the model, the characters it knows and the losses."""
    torch.manual_seed(seed)
    characters = sorted(set(text))
    data = torch.tensor([characters.index(c) for c in text])
    model = GPT(len(characters))
    decayed = [p for p in model.parameters() if p.dim() >= 2]
    others = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    optimizer = optim.AdamW(groups, lr=lr, betas=(0.9, 0.95))
    scheduler = optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps, pct_start=0.1)
    losses = []
    for _ in range(steps):
        starts = torch.randint(len(data) - CONTEXT, (batch_size, 1))
        windows = data[starts + torch.arange(CONTEXT + 1)]
        scores = model(windows[:, :-1])
        loss = F.cross_entropy(scores.flatten(0, 1), windows[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
    return model, characters, losses


def main():
    """The program."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--text", type=pathlib.Path, default=pathlib.Path(__file__))
    parser.add_argument("--steps", type=int, default=300)
    arguments = parser.parse_args()
    model, characters, losses = run(arguments.text.read_text(), arguments.steps)
    print(f"loss at the beginning {losses[0]:.2f}, at the end {losses[-1]:.2f}")
    written = model.generate(torch.zeros(1, 1, dtype=torch.long), 200)
    print("".join(characters[i] for i in written[0]))


if __name__ == "__main__":
    main()
