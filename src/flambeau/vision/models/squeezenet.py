"""SqueezeNet (F. Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters", 2016,
arXiv:1602.07360)."""

from ... import cat, flatten
from ...nn import init
from . import _layers as nn
from ._weights import build, urls, weights_enum

__all__ = ["SqueezeNet", "SqueezeNet1_0_Weights", "SqueezeNet1_1_Weights", "squeezenet1_0", "squeezenet1_1"]

SqueezeNet1_0_Weights = weights_enum(
    "SqueezeNet1_0_Weights", __name__, IMAGENET1K_V1=("squeezenet1_0-b66bff10", "squeezenet1_0-a815701f")
)
SqueezeNet1_1_Weights = weights_enum(
    "SqueezeNet1_1_Weights", __name__, IMAGENET1K_V1=("squeezenet1_1-b8a52dc0", "squeezenet1_1-f364aa15")
)
model_urls = urls(squeezenet1_0=SqueezeNet1_0_Weights, squeezenet1_1=SqueezeNet1_1_Weights)


class Fire(nn.Module):
    """A 1x1 convolution to few channels, and from them a 1x1 and a 3x3 side by side."""

    def __init__(self, inplanes, squeeze_planes, expand1x1_planes, expand3x3_planes):
        super().__init__()
        self.inplanes = inplanes
        self.squeeze = nn.Conv2d(inplanes, squeeze_planes, kernel_size=1)
        self.squeeze_activation = nn.ReLU(inplace=True)
        self.expand1x1 = nn.Conv2d(squeeze_planes, expand1x1_planes, kernel_size=1)
        self.expand1x1_activation = nn.ReLU(inplace=True)
        self.expand3x3 = nn.Conv2d(squeeze_planes, expand3x3_planes, kernel_size=3, padding=1)
        self.expand3x3_activation = nn.ReLU(inplace=True)

    def forward(self, x):
        """[N, inplanes, H, W] -> [N, expand1x1_planes + expand3x3_planes, H, W]."""
        x = self.squeeze_activation(self.squeeze(x))
        small = self.expand1x1_activation(self.expand1x1(x))
        large = self.expand3x3_activation(self.expand3x3(x))
        return cat([small, large], 1)


def _pool():
    return nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True)


class SqueezeNet(nn.Module):
    """SqueezeNet(version="1_0", num_classes=1000, dropout=0.5): images [N, 3, H, W] -> scores [N, num_classes].

    Version "1_0" is the paper's, "1_1" one of its authors' with 2.4 times less arithmetic.
    """

    def __init__(self, version="1_0", num_classes=1000, dropout=0.5):
        super().__init__()
        self.num_classes = num_classes
        if version in ("1_0", 1.0):
            self.features = nn.Sequential(
                nn.Conv2d(3, 96, kernel_size=7, stride=2), nn.ReLU(inplace=True), _pool(),
                Fire(96, 16, 64, 64), Fire(128, 16, 64, 64), Fire(128, 32, 128, 128), _pool(),
                Fire(256, 32, 128, 128), Fire(256, 48, 192, 192), Fire(384, 48, 192, 192), Fire(384, 64, 256, 256),
                _pool(), Fire(512, 64, 256, 256),
            )  # fmt: skip
        elif version in ("1_1", 1.1):
            self.features = nn.Sequential(
                nn.Conv2d(3, 64, kernel_size=3, stride=2), nn.ReLU(inplace=True), _pool(),
                Fire(64, 16, 64, 64), Fire(128, 16, 64, 64), _pool(),
                Fire(128, 32, 128, 128), Fire(256, 32, 128, 128), _pool(),
                Fire(256, 48, 192, 192), Fire(384, 48, 192, 192), Fire(384, 64, 256, 256), Fire(512, 64, 256, 256),
            )  # fmt: skip
        else:
            raise ValueError(f"Unsupported SqueezeNet version {version}: 1_0 or 1_1 expected")
        final_conv = nn.Conv2d(512, num_classes, kernel_size=1)
        self.classifier = nn.Sequential(
            nn.Dropout(p=dropout), final_conv, nn.ReLU(inplace=True), nn.last_pool((1, 1), 13)
        )
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                if m is final_conv:
                    init.normal_(m.weight, mean=0.0, std=0.01)
                else:
                    init.kaiming_uniform_(m.weight)
                init.zeros_(m.bias)

    def forward(self, x):
        """Scores of the classes."""
        return flatten(self.classifier(self.features(x)), 1)


def squeezenet1_0(pretrained=False, progress=True, *, weights=None, **options):
    """squeezenet1_0(pretrained=False, progress=True, *, weights=None, **options) -> SqueezeNet of the paper."""
    return build(SqueezeNet, SqueezeNet1_0_Weights, pretrained, weights, options, version="1_0")


def squeezenet1_1(pretrained=False, progress=True, *, weights=None, **options):
    """squeezenet1_1(...) -> SqueezeNet of version 1.1."""
    return build(SqueezeNet, SqueezeNet1_1_Weights, pretrained, weights, options, version="1_1")
