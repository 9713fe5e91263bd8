"""VGG networks (K. Simonyan and A. Zisserman, "Very deep convolutional networks for large-scale image recognition",
2014, arXiv:1409.1556)."""

from ... import flatten
from ...nn import init
from . import _layers as nn
from ._weights import build, urls, weights_enum

__all__ = ["VGG", "VGG11_Weights", "VGG11_BN_Weights", "VGG13_Weights", "VGG13_BN_Weights", "VGG16_Weights",
           "VGG16_BN_Weights", "VGG19_Weights", "VGG19_BN_Weights", "vgg11", "vgg11_bn", "vgg13", "vgg13_bn", "vgg16",
           "vgg16_bn", "vgg19", "vgg19_bn"]  # fmt: skip

_CAFFE = dict(mean=(0.48235, 0.45882, 0.40784), std=(1 / 255, 1 / 255, 1 / 255))
VGG11_Weights = weights_enum("VGG11_Weights", __name__, IMAGENET1K_V1=("vgg11-8a719046", "vgg11-bbd30ac9"))
VGG11_BN_Weights = weights_enum("VGG11_BN_Weights", __name__, IMAGENET1K_V1=("vgg11_bn-6002323d",))
VGG13_Weights = weights_enum("VGG13_Weights", __name__, IMAGENET1K_V1=("vgg13-19584684", "vgg13-c768596a"))
VGG13_BN_Weights = weights_enum("VGG13_BN_Weights", __name__, IMAGENET1K_V1=("vgg13_bn-abd245e5",))
VGG16_Weights = weights_enum(
    "VGG16_Weights", __name__,
    IMAGENET1K_V1=("vgg16-397923af",), IMAGENET1K_FEATURES=("vgg16_features-amdegroot-88682ab5", _CAFFE),
)  # fmt: skip
VGG16_BN_Weights = weights_enum("VGG16_BN_Weights", __name__, IMAGENET1K_V1=("vgg16_bn-6c64b313",))
VGG19_Weights = weights_enum("VGG19_Weights", __name__, IMAGENET1K_V1=("vgg19-dcbb9e9d",))
VGG19_BN_Weights = weights_enum("VGG19_BN_Weights", __name__, IMAGENET1K_V1=("vgg19_bn-c79401a0",))
model_urls = urls(
    vgg11=VGG11_Weights, vgg13=VGG13_Weights, vgg16=VGG16_Weights, vgg19=VGG19_Weights,
    vgg11_bn=VGG11_BN_Weights, vgg13_bn=VGG13_BN_Weights, vgg16_bn=VGG16_BN_Weights, vgg19_bn=VGG19_BN_Weights,
)  # fmt: skip


class VGG(nn.Module):
    """VGG(features, num_classes=1000, init_weights=True, dropout=0.5): images [N, 3, H, W] -> scores [N, num_classes].

    features: a module that gives 512 channels, see `make_layers`; H and W are at least 32.
    """

    def __init__(self, features, num_classes=1000, init_weights=True, dropout=0.5):
        super().__init__()
        self.features = features
        self.avgpool = nn.last_pool((7, 7))
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096),
            nn.ReLU(True),
            nn.Dropout(p=dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(True),
            nn.Dropout(p=dropout),
            nn.Linear(4096, num_classes),
        )
        if init_weights:
            self._initialize_weights()

    def forward(self, x):
        """Scores of the classes."""
        x = self.features(x)
        avgpool = getattr(self, "avgpool", None)  # those of 0.3, also in files, have none
        return self.classifier(flatten(x if avgpool is None else avgpool(x), 1))

    def _initialize_weights(self):
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
                if m.bias is not None:
                    init.zeros_(m.bias)
            elif isinstance(m, nn.BatchNorm2d):
                init.ones_(m.weight)
                init.zeros_(m.bias)
            elif isinstance(m, nn.Linear):
                init.normal_(m.weight, 0, 0.01)
                init.zeros_(m.bias)


def make_layers(cfg, batch_norm=False):
    """make_layers(cfg, batch_norm=False) -> Sequential: 3x3 convolutions of as many channels as a number of cfg says,
    each with its ReLU (and batch normalisation before it), and max pooling of 2x2 for "M"."""
    layers = []
    in_channels = 3
    for v in cfg:
        if v == "M":
            layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
            continue
        layers.append(nn.Conv2d(in_channels, v, kernel_size=3, padding=1))
        if batch_norm:
            layers.append(nn.BatchNorm2d(v))
        layers.append(nn.ReLU(inplace=True))
        in_channels = v
    return nn.Sequential(*layers)


cfgs = {
    "A": [64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
    "B": [64, 64, "M", 128, 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
    "D": [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"],
    "E": [64, 64, "M", 128, 128, "M", *[256] * 4, "M", *[512] * 4, "M", *[512] * 4, "M"],
}  # the columns of table 1 of the paper
cfg = cfgs  # as it was called at first


def _vgg(column, batch_norm, enum, pretrained, weights, options):
    if pretrained or weights is not None:
        options.setdefault("init_weights", False)

    def made(**arguments):
        return VGG(make_layers(cfgs[column], batch_norm), **arguments)

    return build(made, enum, pretrained, weights, options)


def vgg11(pretrained=False, progress=True, *, weights=None, **options):
    """vgg11(pretrained=False, progress=True, *, weights=None, **options) -> VGG: column A, 11 layers."""
    return _vgg("A", False, VGG11_Weights, pretrained, weights, options)


def vgg11_bn(pretrained=False, progress=True, *, weights=None, **options):
    """vgg11_bn(...) -> VGG: column A with batch normalisation."""
    return _vgg("A", True, VGG11_BN_Weights, pretrained, weights, options)


def vgg13(pretrained=False, progress=True, *, weights=None, **options):
    """vgg13(...) -> VGG: column B, 13 layers."""
    return _vgg("B", False, VGG13_Weights, pretrained, weights, options)


def vgg13_bn(pretrained=False, progress=True, *, weights=None, **options):
    """vgg13_bn(...) -> VGG: column B with batch normalisation."""
    return _vgg("B", True, VGG13_BN_Weights, pretrained, weights, options)


def vgg16(pretrained=False, progress=True, *, weights=None, **options):
    """vgg16(...) -> VGG: column D, 16 layers."""
    return _vgg("D", False, VGG16_Weights, pretrained, weights, options)


def vgg16_bn(pretrained=False, progress=True, *, weights=None, **options):
    """vgg16_bn(...) -> VGG: column D with batch normalisation."""
    return _vgg("D", True, VGG16_BN_Weights, pretrained, weights, options)


def vgg19(pretrained=False, progress=True, *, weights=None, **options):
    """vgg19(...) -> VGG: column E, 19 layers."""
    return _vgg("E", False, VGG19_Weights, pretrained, weights, options)


def vgg19_bn(pretrained=False, progress=True, *, weights=None, **options):
    """vgg19_bn(...) -> VGG: column E with batch normalisation."""
    return _vgg("E", True, VGG19_BN_Weights, pretrained, weights, options)
