"""A training program of 2017 for several GPUs, as `flambeau run` runs it on virtual ones."""

import os
import re
import subprocess
import sys

import pytest

# As the large examples did it: DataParallel, pinned batches, copies with `async=True`.
PROGRAM = r"""import argparse

import torch
import torch.backends.cudnn as cudnn
import torch.nn as nn
import torch.nn.parallel
import torch.optim
import torch.utils.data

parser = argparse.ArgumentParser(description='Training on several GPUs')
parser.add_argument('--epochs', default=3, type=int)
parser.add_argument('--checkpoint', default='checkpoint.pth.tar')


class AverageMeter(object):
    # Computes and stores the average
    def __init__(self):
        self.sum = 0
        self.count = 0

    def update(self, val, n=1):
        self.sum += val * n
        self.count += n
        self.avg = self.sum / self.count


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(True), nn.MaxPool2d(2))
        self.fc = nn.Linear(8 * 9, 2)

    def forward(self, x):
        x = self.features(x)
        return self.fc(x.view(x.size(0), -1))


def accuracy(output, target, topk=(1,)):
    maxk = max(topk)
    _, pred = output.topk(maxk, 1, True, True)
    pred = pred.t()
    correct = pred.eq(target.view(1, -1).expand_as(pred))
    return [correct[:k].view(-1).float().sum(0).mul_(100.0 / target.size(0)) for k in topk]


def main():
    args = parser.parse_args()
    torch.manual_seed(0)
    model = torch.nn.DataParallel(Net()).cuda()
    criterion = nn.CrossEntropyLoss().cuda()
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9, weight_decay=1e-4)
    cudnn.benchmark = True

    images = torch.randn(64, 1, 8, 8)
    labels = (images[:, 0, :4].contiguous().view(64, -1).mean(1) > 0).long()
    dataset = torch.utils.data.TensorDataset(images, labels)
    train_loader = torch.utils.data.DataLoader(dataset, batch_size=16, shuffle=True, num_workers=1, pin_memory=True)

    for epoch in range(args.epochs):
        losses, top1 = AverageMeter(), AverageMeter()
        model.train()
        for i, (input, target) in enumerate(train_loader):
            target = target.cuda(async=True)
            input_var = torch.autograd.Variable(input)
            target_var = torch.autograd.Variable(target)
            output = model(input_var)
            loss = criterion(output, target_var)
            prec1, = accuracy(output.data, target)
            losses.update(loss.data[0], input.size(0))
            top1.update(prec1[0], input.size(0))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print('Epoch: [{0}]\tLoss {1:.4f}\tPrec@1 {2:.3f}'.format(epoch, losses.avg, top1.avg))

    model.eval()
    input_var = torch.autograd.Variable(images, volatile=True)
    before = model(input_var)
    torch.save({'epoch': epoch, 'state_dict': model.state_dict()}, args.checkpoint)
    saved = torch.load(args.checkpoint, map_location=lambda storage, location: storage)
    alone = Net()
    alone.load_state_dict({name[len('module.'):]: value for name, value in saved['state_dict'].items()})
    alone.eval()
    print('from {0} GPUs to the CPU: {1}'.format(
        torch.cuda.device_count(), (alone(input_var).data - before.data.cpu()).abs().max() < 1e-5))


if __name__ == '__main__':
    main()
"""


@pytest.mark.parametrize("gpus", [2, 4])
def test_training_on_several_gpus(tmp_path, gpus):
    (tmp_path / "program.py").write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-m", "flambeau", "run", "program.py", "--epochs", "4"],
        capture_output=True, text=True, cwd=tmp_path, timeout=240,
        env={**os.environ, "FLAMBEAU_VIRTUAL_CUDA": str(gpus), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    losses = [float(value) for value in re.findall(r"Loss (\S+)", done.stdout)]
    assert len(losses) == 4 and losses[-1] < 0.7 * losses[0]
    assert done.stdout.endswith(f"from {gpus} GPUs to the CPU: True\n")
