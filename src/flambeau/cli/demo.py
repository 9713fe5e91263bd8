"""`flambeau demo`: train a small convolutional network on the digits, save it, and prove the checkpoint.

Also an example of a whole training script: model, training loop, evaluation, checkpoint.
"""

import argparse
import hashlib
import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tqdm import tqdm

import flambeau
from flambeau import nn, optim
from flambeau.nn import functional as F
from flambeau.vision import Digits

from . import CommandError, plots

OUT = "flambeau-demo"
EVALUATION_BATCH = 256
SHOWN = 48  # the most misread digits that the picture shows


def _positive(kind):
    def parse(text):
        value = kind(text)
        if not (value > 0 and math.isfinite(value)):
            raise ValueError(text)
        return value

    parse.__name__ = f"positive {kind.__name__}"  # argparse names it in its message
    return parse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where to compute (cpu)")
    parser.add_argument(
        "--epochs", type=_positive(int), default=15, help="passes over the training part (15)"
    )
    parser.add_argument(
        "--batch-size", type=_positive(int), default=32, help="images in a training step (32)"
    )
    parser.add_argument(
        "--lr", type=_positive(float), default=3e-3, help="Adam's first learning rate (0.003)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of weights, order and dropout (0)")
    parser.add_argument("--out", type=Path, default=Path(OUT), help=f"folder of the results ({OUT})")
    parser.add_argument("--evaluate", type=Path, metavar="CHECKPOINT", help="only evaluate, and print JSON")


class DigitNet(nn.Module):
    """Two convolutions, each with batch-norm, max-pool, two linear layers: [N, 1, 8, 8] -> [N, 10]."""

    def __init__(self, channels: int = 16, hidden: int = 64, dropout: float = 0.3):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, channels, 3, padding=1),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, 2 * channels, 3, padding=1),
            nn.BatchNorm2d(2 * channels),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(2 * channels * 4 * 4, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, 10),
        )

    def forward(self, x):
        x = self.features(x)
        return self.classifier(x.reshape(x.shape[0], -1))


def train(model, images, labels, args, bar) -> list[float]:
    """Train with Adam, its learning rate falling linearly to zero; returns the loss of every step."""
    optimizer = optim.Adam(model.parameters(), lr=args.lr)
    count = len(labels)
    losses: list[float] = []
    model.train()
    for epoch in range(args.epochs):
        correct = 0
        for batch in flambeau.randperm(count).split(args.batch_size):
            batch = batch.to(labels.device)
            for group in optimizer.param_groups:
                group["lr"] = args.lr * (1 - len(losses) / bar.total)
            optimizer.zero_grad()
            output = model(images[batch])
            loss = F.cross_entropy(output, labels[batch])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            if not math.isfinite(losses[-1]):
                raise CommandError(
                    f"demo: the loss became {losses[-1]} at step {len(losses)}; try a smaller --lr"
                )
            correct += (output.argmax(1) == labels[batch]).sum().item()
            bar.update()
            bar.set_postfix(loss=f"{losses[-1]:.3f}", refresh=False)
        bar.set_description(f"epoch {epoch + 1}/{args.epochs}, accuracy {correct / count:.1%}")
    return losses


def predict(model, images):
    """The logits of all images, without dropout and with the running statistics."""
    model.eval()
    with flambeau.no_grad():
        return flambeau.cat([model(batch) for batch in images.split(EVALUATION_BATCH)]).cpu()


def score(logits, labels) -> dict:
    """What two evaluations of the same weights must agree on."""
    correct = (logits.argmax(1) == labels.cpu()).sum().item()
    digest = hashlib.sha256(logits.numpy().tobytes()).hexdigest()
    return {"correct": correct, "total": len(labels), "logits_sha256": digest}


def evaluate(checkpoint: Path, device) -> dict:
    """Load a checkpoint and evaluate it on the held-out part."""
    try:
        saved = flambeau.load(checkpoint)
    except OSError as error:
        raise CommandError(f"demo: cannot read the checkpoint {checkpoint} ({error.strerror})") from None
    model = DigitNet(**saved["config"])
    model.load_state_dict(saved["model"])
    model.to(device)
    test = Digits(train=False)
    return score(predict(model, test.images.to(device)), test.labels)


def evaluate_afresh(checkpoint: Path, device: str) -> dict:
    """`evaluate` in a new process."""
    arguments = ["demo", "--evaluate", str(checkpoint), "--device", device]
    result = subprocess.run(
        [sys.executable, "-m", "flambeau.cli", *arguments], capture_output=True, text=True
    )
    if result.returncode != 0:
        raise CommandError(f"demo: the evaluation in a fresh process failed: {result.stderr.strip()}")
    return json.loads(result.stdout)


def save_whole(state: dict, path: Path) -> None:
    """Save so that `path` holds either the whole checkpoint or what it held before."""
    partial = path.with_name(path.name + ".part")
    try:
        flambeau.save(state, partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def draw_misread(path: Path, data: Digits, logits) -> None:
    guesses = logits.argmax(1)
    confidence = F.softmax(logits, 1)
    wrong = [i for i, right in enumerate((guesses == data.labels).tolist()) if not right]
    shown = wrong[:SHOWN]
    captions = []
    for i in shown:
        label, guess = data.labels[i].item(), guesses[i].item()
        captions.append(f"a {label}, read as {guess} ({confidence[i, guess].item():.0%})")
    title = f"{len(wrong)} of {len(data)} held-out digits misread"
    if len(shown) < len(wrong):
        title += f", the first {len(shown)}"
    plots.image_grid(path, [data.images[i, 0].numpy() for i in shown], captions, title)


def run(args: argparse.Namespace) -> int:
    if args.device == "cuda":
        try:
            flambeau.cuda.current_device()
        except RuntimeError as error:
            raise CommandError(f"demo: {error}") from None
    if args.evaluate is not None:
        print(json.dumps(evaluate(args.evaluate, args.device)))
        return 0
    try:
        args.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f"demo: cannot make the folder {args.out} ({error.strerror})") from None

    train_part, test_part = Digits(train=True), Digits(train=False)
    print(f"{len(train_part):,} handwritten digits, {len(test_part)} more held out, device {args.device}")

    flambeau.manual_seed(args.seed)
    config: dict[str, Any] = {"channels": 16, "hidden": 64, "dropout": 0.3}
    model = DigitNet(**config).to(args.device)
    images, labels = train_part.images.to(args.device), train_part.labels.to(args.device)
    started = time.perf_counter()
    with tqdm(total=args.epochs * math.ceil(len(labels) / args.batch_size), unit="step") as bar:
        losses = train(model, images, labels, args, bar)
    seconds = time.perf_counter() - started

    logits = predict(model, test_part.images.to(args.device))
    expected = score(logits, test_part.labels)
    checkpoint = args.out / "model.pt"
    save_whole({"model": model.state_dict(), "config": config}, checkpoint)
    found = evaluate_afresh(checkpoint, args.device)
    compared = {"accuracy": "correct"}
    if args.device == "cpu":  # a GPU may add up a convolution in another order in another process
        compared["logits"] = "logits_sha256"
    if any(found[key] != expected[key] for key in compared.values()):
        raise CommandError(f"demo: {checkpoint} in a fresh process gave {found} instead of {expected}")

    plots.line_chart(args.out / "loss.png", losses, title="Training loss (cross-entropy)", x_label="step")
    draw_misread(args.out / "misclassified.png", test_part, logits)
    accuracy = f"{expected['correct'] / expected['total']:.2%} ({expected['correct']} of {expected['total']})"
    print(f"trained in {seconds:.1f} s; held-out accuracy {accuracy}")
    print(f"a fresh process loaded the checkpoint and found the same {' and '.join(compared)}")
    for name in ("model.pt", "loss.png", "misclassified.png"):
        print(f"  {args.out / name}")
    return 0
