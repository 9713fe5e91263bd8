"""DenseNet (G. Huang et al., "Densely connected convolutional networks", 2016, arXiv:1608.06993)."""

import re
from collections import OrderedDict

from ... import cat, flatten
from ...nn import functional as F
from ...nn import init
from ...utils.checkpoint import checkpoint
from . import _layers as nn
from ._weights import build, urls, weights_enum

__all__ = ["DenseNet", "DenseNet121_Weights", "DenseNet161_Weights", "DenseNet169_Weights", "DenseNet201_Weights",
           "densenet121", "densenet161", "densenet169", "densenet201"]  # fmt: skip

DenseNet121_Weights = weights_enum(
    "DenseNet121_Weights", __name__, IMAGENET1K_V1=("densenet121-a639ec97", "densenet121-241335ed")
)
DenseNet161_Weights = weights_enum(
    "DenseNet161_Weights", __name__, IMAGENET1K_V1=("densenet161-8d451a50", "densenet161-17b70270")
)
DenseNet169_Weights = weights_enum(
    "DenseNet169_Weights", __name__, IMAGENET1K_V1=("densenet169-b2777c0a", "densenet169-6f0f7f60")
)
DenseNet201_Weights = weights_enum(
    "DenseNet201_Weights", __name__, IMAGENET1K_V1=("densenet201-c1103571", "densenet201-4c113574")
)
model_urls = urls(
    densenet121=DenseNet121_Weights, densenet161=DenseNet161_Weights, densenet169=DenseNet169_Weights,
    densenet201=DenseNet201_Weights,
)  # fmt: skip

# In the published files: `norm.1.weight` for norm1.weight.
_OLD_NAME = re.compile(r"(norm|relu|conv)\.([12])\.")


class _DenseLayer(nn.Module):
    """growth_rate new channels from all that came before, through a bottleneck of bn_size * growth_rate."""

    def __init__(self, num_input_features, growth_rate, bn_size, drop_rate, memory_efficient=False):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(num_input_features)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv1 = nn.Conv2d(num_input_features, bn_size * growth_rate, kernel_size=1, stride=1, bias=False)
        self.norm2 = nn.BatchNorm2d(bn_size * growth_rate)
        self.relu2 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(
            bn_size * growth_rate, growth_rate, kernel_size=3, stride=1, padding=1, bias=False
        )
        self.drop_rate = float(drop_rate)
        self.memory_efficient = memory_efficient

    def bn_function(self, *inputs):
        """What the 3x3 convolution begins with, from the maps of all layers before."""
        return self.conv1(self.relu1(self.norm1(cat(inputs, 1))))

    def forward(self, input):
        """One map [N, C, H, W], or a list of maps that are joined -> [N, growth_rate, H, W]."""
        maps = list(input) if isinstance(input, (list, tuple)) else [input]
        if self.memory_efficient and any(m.requires_grad for m in maps):
            narrow = checkpoint(self.bn_function, *maps, use_reentrant=False)
        else:
            narrow = self.bn_function(*maps)
        new = self.conv2(self.relu2(self.norm2(narrow)))
        return F.dropout(new, self.drop_rate, self.training) if self.drop_rate > 0 else new

    def _load_from_state_dict(self, state_dict, prefix, *rest):
        for key in [k for k in state_dict if k.startswith(prefix)]:
            name = _OLD_NAME.sub(r"\1\2.", key[len(prefix) :])
            if prefix + name != key:
                state_dict[prefix + name] = state_dict.pop(key)
        super()._load_from_state_dict(state_dict, prefix, *rest)


class _DenseBlock(nn.Module):
    """num_layers dense layers, each on the maps of all before; its result is all maps joined."""

    def __init__(
        self, num_layers, num_input_features, bn_size, growth_rate, drop_rate, memory_efficient=False
    ):
        super().__init__()
        for i in range(num_layers):
            layer = _DenseLayer(
                num_input_features + i * growth_rate, growth_rate, bn_size, drop_rate, memory_efficient
            )
            self.add_module(f"denselayer{i + 1}", layer)

    def forward(self, init_features):
        """[N, C, H, W] -> [N, C + num_layers * growth_rate, H, W]."""
        maps = [init_features]
        for layer in self.children():
            maps.append(layer(maps))
        return cat(maps, 1)


class _Transition(nn.Module):
    """Fewer channels and half the size."""

    def __init__(self, num_input_features, num_output_features):
        super().__init__()
        self.norm = nn.BatchNorm2d(num_input_features)
        self.relu = nn.ReLU(inplace=True)
        self.conv = nn.Conv2d(num_input_features, num_output_features, kernel_size=1, stride=1, bias=False)
        self.pool = nn.AvgPool2d(kernel_size=2, stride=2)

    def forward(self, x):
        """[N, num_input_features, H, W] -> [N, num_output_features, H / 2, W / 2]."""
        return self.pool(self.conv(self.relu(self.norm(x))))


class DenseNet(nn.Module):
    """DenseNet(growth_rate=32, block_config=(6, 12, 24, 16), num_init_features=64, bn_size=4, drop_rate=0,
    num_classes=1000, memory_efficient=False): images [N, 3, H, W] -> scores [N, num_classes].

    growth_rate: new channels of a layer (k in the paper); block_config: layers per block; bn_size: bottlenecks have
    bn_size * growth_rate channels; memory_efficient: they are computed again in backward instead of kept.
    """

    def __init__(
        self, growth_rate=32, block_config=(6, 12, 24, 16), num_init_features=64, bn_size=4, drop_rate=0,
        num_classes=1000, memory_efficient=False,
    ):  # fmt: skip
        super().__init__()
        first = [
            ("conv0", nn.Conv2d(3, num_init_features, kernel_size=7, stride=2, padding=3, bias=False)),
            ("norm0", nn.BatchNorm2d(num_init_features)),
            ("relu0", nn.ReLU(inplace=True)),
            ("pool0", nn.MaxPool2d(kernel_size=3, stride=2, padding=1)),
        ]
        self.features = nn.Sequential(OrderedDict(first))
        channels = num_init_features
        for i, num_layers in enumerate(block_config):
            block = _DenseBlock(num_layers, channels, bn_size, growth_rate, drop_rate, memory_efficient)
            self.features.add_module(f"denseblock{i + 1}", block)
            channels += num_layers * growth_rate
            if i != len(block_config) - 1:
                self.features.add_module(f"transition{i + 1}", _Transition(channels, channels // 2))
                channels //= 2
        self.features.add_module("norm5", nn.BatchNorm2d(channels))
        self.classifier = nn.Linear(channels, num_classes)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                init.kaiming_normal_(m.weight)
            elif isinstance(m, nn.BatchNorm2d):
                init.ones_(m.weight)
                init.zeros_(m.bias)
            elif isinstance(m, nn.Linear):
                init.zeros_(m.bias)

    def forward(self, x):
        """Scores of the classes."""
        x = F.relu(self.features(x), inplace=True)
        x = F.adaptive_avg_pool2d(x, (1, 1))
        return self.classifier(flatten(x, 1))


def _densenet(enum, pretrained, weights, options, growth_rate, block_config, num_init_features):
    return build(
        DenseNet, enum, pretrained, weights, options,
        growth_rate=growth_rate, block_config=block_config, num_init_features=num_init_features,
    )  # fmt: skip


def densenet121(pretrained=False, progress=True, *, weights=None, **options):
    """densenet121(pretrained=False, progress=True, *, weights=None, **options) -> DenseNet of 121 layers."""
    return _densenet(DenseNet121_Weights, pretrained, weights, options, 32, (6, 12, 24, 16), 64)


def densenet161(pretrained=False, progress=True, *, weights=None, **options):
    """densenet161(...) -> DenseNet of 161 layers, with growth rate 48."""
    return _densenet(DenseNet161_Weights, pretrained, weights, options, 48, (6, 12, 36, 24), 96)


def densenet169(pretrained=False, progress=True, *, weights=None, **options):
    """densenet169(...) -> DenseNet of 169 layers."""
    return _densenet(DenseNet169_Weights, pretrained, weights, options, 32, (6, 12, 32, 32), 64)


def densenet201(pretrained=False, progress=True, *, weights=None, **options):
    """densenet201(...) -> DenseNet of 201 layers."""
    return _densenet(DenseNet201_Weights, pretrained, weights, options, 32, (6, 12, 48, 32), 64)
