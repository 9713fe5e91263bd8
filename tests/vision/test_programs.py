"""Programs as they were written for torchvision, through `flambeau run`."""

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from PIL import Image

from .files import write

ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "FLAMBEAU_TORCH"}


def run(folder, *arguments):
    """What a program of the folder writes to stdout and stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "flambeau", "run", *arguments], capture_output=True, text=True,
        timeout=240, cwd=folder, env={**ENVIRONMENT, "TORCH_HOME": str(folder)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def program(folder, name, text):
    (folder / name).write_text(textwrap.dedent(text))


# A digit classifier of 2017.
DIGITS = """
    from __future__ import print_function
    import argparse
    import torch
    import torch.nn as nn
    import torch.nn.functional as F
    import torch.optim as optim
    from torchvision import datasets, transforms
    from torch.autograd import Variable

    parser = argparse.ArgumentParser(description='digits')
    parser.add_argument('--epochs', type=int, default=10)
    parser.add_argument('--no-cuda', action='store_true', default=False)
    args = parser.parse_args()
    args.cuda = not args.no_cuda and torch.cuda.is_available()
    torch.manual_seed(1)
    kwargs = {'num_workers': 1, 'pin_memory': True} if args.cuda else {'num_workers': 1}
    prepare = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    train_loader = torch.utils.data.DataLoader(
        datasets.MNIST('data', train=True, download=True, transform=prepare), batch_size=4, shuffle=True, **kwargs)
    test_loader = torch.utils.data.DataLoader(
        datasets.MNIST('data', train=False, transform=prepare), batch_size=2, **kwargs)


    class Net(nn.Module):
        def __init__(self):
            super(Net, self).__init__()
            self.conv = nn.Conv2d(1, 4, kernel_size=5)
            self.drop = nn.Dropout2d(p=0.1)
            self.fc = nn.Linear(576, 10)

        def forward(self, x):
            x = F.relu(F.max_pool2d(self.drop(self.conv(x)), 2))
            x = x.view(-1, 576)
            return F.log_softmax(self.fc(x))


    model = Net()
    if args.cuda:
        model.cuda()
    optimizer = optim.SGD(model.parameters(), lr=0.02, momentum=0.5)


    def train(epoch):
        model.train()
        total = 0.0
        for batch_idx, (data, target) in enumerate(train_loader):
            if args.cuda:
                data, target = data.cuda(async=True), target.cuda(async=True)
            data, target = Variable(data), Variable(target)
            optimizer.zero_grad()
            loss = F.nll_loss(model(data), target)
            loss.backward()
            optimizer.step()
            total += loss.data[0] * len(data)
        print('epoch {} loss {:.4f}'.format(epoch, total / len(train_loader.dataset)))


    def test():
        model.eval()
        test_loss, correct = 0, 0
        for data, target in test_loader:
            data, target = Variable(data, volatile=True), Variable(target)
            output = model(data)
            test_loss += F.nll_loss(output, target, size_average=False).data[0]
            pred = output.data.max(1, keepdim=True)[1]
            correct += pred.eq(target.data.view_as(pred)).cpu().sum()
        print('test {:.4f} {}/{}'.format(test_loss / len(test_loader.dataset), correct, len(test_loader.dataset)))


    for epoch in range(1, args.epochs + 1):
        train(epoch)
    test()
    print(datasets.MNIST('data').train_data.size(), type(train_loader.dataset[0][0]).__name__)
"""


def test_a_classifier_of_digits_of_2017(tmp_path):
    write(tmp_path / "data" / "raw")
    program(tmp_path, "main.py", DIGITS)
    out, err = run(tmp_path, "main.py", "--epochs", "6")
    assert err.startswith("flambeau: running as PyTorch 0.3: ") and "Downloading" not in err
    *epochs, test, last = out.splitlines()
    losses = [float(line.split()[-1]) for line in epochs]
    assert len(losses) == 6 and losses[-1] < 0.3 * losses[0], losses
    assert test.endswith("/3") and last == "torch.Size([7, 28, 28]) FloatTensor"


def test_the_same_without_its_data_says_what_to_fetch(tmp_path):
    program(tmp_path, "main.py", "import torch\nfrom torchvision import datasets\ndatasets.MNIST('data')\n")
    done = subprocess.run(
        [sys.executable, "-m", "flambeau", "run", "main.py"], capture_output=True, text=True, timeout=120, cwd=tmp_path,
        env=ENVIRONMENT,
    )  # fmt: skip
    assert done.returncode == 1
    assert "RuntimeError: Dataset not found: MNIST is not in data. Fetch into data/MNIST/raw" in done.stderr
    assert "train-images-idx3-ubyte.gz  (MD5 f68b3c2dcbeaaa9fbdd348bbdeb94873)" in done.stderr


# A fine-tuning of 2017: the idioms with which programs list, load, freeze and change torchvision's models.
FINE_TUNING = """
    import os
    import torch
    import torch.nn as nn
    import torch.optim as optim
    import torchvision
    import torchvision.datasets as datasets
    import torchvision.models as models
    import torchvision.transforms as transforms
    from torch.autograd import Variable
    from torchvision.models.squeezenet import model_urls

    model_names = sorted(name for name in models.__dict__
                         if name.islower() and not name.startswith("__") and callable(models.__dict__[name]))
    assert 'resnet18' in model_names and 'squeezenet1_1' in model_urls
    torch.manual_seed(2)
    model = models.__dict__['squeezenet1_1'](pretrained=True)
    for param in model.parameters():
        param.requires_grad = False
    model.classifier = nn.Sequential(nn.Dropout(0.1), nn.Conv2d(512, 2, kernel_size=1), nn.AvgPool2d(3))
    print(sum(isinstance(m, nn.Conv2d) for m in model.modules()), type(model.features[0].weight).__name__)

    normalize = transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])
    train = datasets.ImageFolder('images', transforms.Compose([
        transforms.RandomSizedCrop(64), transforms.RandomHorizontalFlip(), transforms.ToTensor(), normalize]))
    val = datasets.ImageFolder('images', transforms.Compose([
        transforms.Scale(72), transforms.CenterCrop(64), transforms.ToTensor(), normalize]))
    loader = torch.utils.data.DataLoader(train, batch_size=4, shuffle=True, num_workers=2)
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.Adam(model.classifier[1].parameters(), lr=0.003)
    for epoch in range(10):
        for images, target in loader:
            output = model(Variable(images))
            loss = criterion(output, Variable(target))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    assert model.features[0].weight.grad is None
    model.eval()
    right = 0
    for images, target in torch.utils.data.DataLoader(val, batch_size=8):
        right += (model(Variable(images, volatile=True)).data.max(1)[1] == target).sum()
    print(right, val.classes)
    torchvision.utils.save_image(images, 'grid.png', nrow=4, normalize=True, range=(-2, 2))
"""


def test_fine_tuning_of_2017(tmp_path):
    import flambeau as fb
    from flambeau.vision import models

    fb.manual_seed(0)
    (tmp_path / "models").mkdir()
    fb.save(models.squeezenet1_1().state_dict(), tmp_path / "models" / "squeezenet1_1-f364aa15.pth")
    rng = np.random.RandomState(0)
    for i in range(8):
        folder = tmp_path / "images" / ("dark" if i % 2 else "light")
        folder.mkdir(parents=True, exist_ok=True)
        pixels = rng.randint(0, 60, (80, 90, 3)) + (0 if i % 2 else 190)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{i}.png")
    program(tmp_path, "main.py", FINE_TUNING)
    out, err = run(tmp_path, "main.py")
    assert "running as PyTorch 0.3" in err
    assert out.splitlines() == ["26 Parameter", "8 ['dark', 'light']"]
    with Image.open(tmp_path / "grid.png") as grid:
        assert grid.size == (4 * 66 + 2, 2 * 66 + 2)


# A child that multiprocessing starts afresh imports torchvision by itself.
CHILDREN = """
    import torch
    import torch.multiprocessing as mp

    def work(n):
        import torchvision.transforms as transforms
        return transforms.__name__, type(transforms.ToTensor()(torch.zeros(n, n, 1).numpy())).__name__

    if __name__ == '__main__':
        with mp.get_context('%s').Pool(1) as pool:
            print(pool.map(work, [2]))
"""


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("era, name", [("0.3", "FloatTensor"), ("today", "Tensor")])
def test_child_processes_have_it_too(tmp_path, era, name, method):
    program(tmp_path, "main.py", CHILDREN % method)
    out, _ = run(tmp_path, "--torch", era, "main.py")
    assert out == f"[('flambeau.vision.transforms', '{name}')]\n"
