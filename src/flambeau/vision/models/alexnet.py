"""AlexNet (A. Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014, arXiv:1404.5997)."""

from ... import flatten
from . import _layers as nn
from ._weights import build, urls, weights_enum

__all__ = ["AlexNet", "AlexNet_Weights", "alexnet"]

AlexNet_Weights = weights_enum(
    "AlexNet_Weights", __name__, IMAGENET1K_V1=("alexnet-owt-7be5be79", "alexnet-owt-4df8aa71")
)
model_urls = urls(alexnet=AlexNet_Weights)


class AlexNet(nn.Module):
    """AlexNet(num_classes=1000, dropout=0.5): images [N, 3, H, W], H and W from 63 -> scores [N, num_classes]."""

    def __init__(self, num_classes=1000, dropout=0.5):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, kernel_size=11, stride=4, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(64, 192, kernel_size=5, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(192, 384, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 256, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(256, 256, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
        )
        self.avgpool = nn.last_pool((6, 6))
        self.classifier = nn.Sequential(
            nn.Dropout(p=dropout),
            nn.Linear(256 * 6 * 6, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(p=dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Linear(4096, num_classes),
        )

    def forward(self, x):
        """Scores of the classes."""
        x = self.features(x)
        avgpool = getattr(self, "avgpool", None)  # those of 0.3, also in files, have none
        return self.classifier(flatten(x if avgpool is None else avgpool(x), 1))


def alexnet(pretrained=False, progress=True, *, weights=None, **options):
    """alexnet(pretrained=False, progress=True, *, weights=None, **options) -> AlexNet

    See `flambeau.vision.models` for pretrained and weights; options are AlexNet's.
    """
    return build(AlexNet, AlexNet_Weights, pretrained, weights, options)
