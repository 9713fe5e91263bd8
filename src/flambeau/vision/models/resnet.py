"""Residual networks (K. He et al., "Deep residual learning for image recognition", 2015, arXiv:1512.03385), with the
stride of a bottleneck in its 3x3 convolution; ResNeXt (S. Xie et al., 2016, arXiv:1611.05431) and wide residual
networks (S. Zagoruyko and N. Komodakis, 2016, arXiv:1605.07146)."""

from ... import flatten
from ...nn import init
from . import _layers as nn
from ._weights import build, urls, weights_enum

__all__ = [
    "ResNet", "ResNet18_Weights", "ResNet34_Weights", "ResNet50_Weights", "ResNet101_Weights", "ResNet152_Weights",
    "ResNeXt50_32X4D_Weights", "ResNeXt101_32X8D_Weights", "ResNeXt101_64X4D_Weights", "Wide_ResNet50_2_Weights",
    "Wide_ResNet101_2_Weights", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "resnext50_32x4d",
    "resnext101_32x8d", "resnext101_64x4d", "wide_resnet50_2", "wide_resnet101_2",
]  # fmt: skip

_V2 = dict(resize_size=232)


def _two(name, first, second):
    return weights_enum(name, __name__, "IMAGENET1K_V2", IMAGENET1K_V1=first, IMAGENET1K_V2=(second, _V2))


ResNet18_Weights = weights_enum(
    "ResNet18_Weights", __name__, IMAGENET1K_V1=("resnet18-f37072fd", "resnet18-5c106cde")
)
ResNet34_Weights = weights_enum(
    "ResNet34_Weights", __name__, IMAGENET1K_V1=("resnet34-b627a593", "resnet34-333f7ec4")
)
ResNet50_Weights = _two("ResNet50_Weights", ("resnet50-0676ba61", "resnet50-19c8e357"), "resnet50-11ad3fa6")
ResNet101_Weights = _two(
    "ResNet101_Weights", ("resnet101-63fe2227", "resnet101-5d3b4d8f"), "resnet101-cd907fc2"
)
ResNet152_Weights = _two(
    "ResNet152_Weights", ("resnet152-394f9c45", "resnet152-b121ed2d"), "resnet152-f82ba261"
)
ResNeXt50_32X4D_Weights = _two(
    "ResNeXt50_32X4D_Weights", ("resnext50_32x4d-7cdf4587",), "resnext50_32x4d-1a0047aa"
)
ResNeXt101_32X8D_Weights = _two(
    "ResNeXt101_32X8D_Weights", ("resnext101_32x8d-8ba56ff5",), "resnext101_32x8d-110c445d"
)
ResNeXt101_64X4D_Weights = weights_enum(
    "ResNeXt101_64X4D_Weights", __name__, IMAGENET1K_V1=("resnext101_64x4d-173b62eb", _V2)
)
Wide_ResNet50_2_Weights = _two(
    "Wide_ResNet50_2_Weights", ("wide_resnet50_2-95faca4d",), "wide_resnet50_2-9ba9bcbe"
)
Wide_ResNet101_2_Weights = _two(
    "Wide_ResNet101_2_Weights", ("wide_resnet101_2-32ee1156",), "wide_resnet101_2-d733dc28"
)
model_urls = urls(
    resnet18=ResNet18_Weights, resnet34=ResNet34_Weights, resnet50=ResNet50_Weights, resnet101=ResNet101_Weights,
    resnet152=ResNet152_Weights, resnext50_32x4d=ResNeXt50_32X4D_Weights, resnext101_32x8d=ResNeXt101_32X8D_Weights,
    resnext101_64x4d=ResNeXt101_64X4D_Weights, wide_resnet50_2=Wide_ResNet50_2_Weights,
    wide_resnet101_2=Wide_ResNet101_2_Weights,
)  # fmt: skip


def conv3x3(in_planes, out_planes, stride=1, groups=1, dilation=1):
    """conv3x3(in_planes, out_planes, stride=1, groups=1, dilation=1) -> Conv2d without bias that keeps the size."""
    return nn.Conv2d(
        in_planes, out_planes, kernel_size=3, stride=stride, padding=dilation, groups=groups, bias=False,
        dilation=dilation,
    )  # fmt: skip


def conv1x1(in_planes, out_planes, stride=1):
    """conv1x1(in_planes, out_planes, stride=1) -> Conv2d without bias."""
    return nn.Conv2d(in_planes, out_planes, kernel_size=1, stride=stride, bias=False)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside the identity (or `downsample`)."""

    expansion = 1

    def __init__(
        self, inplanes, planes, stride=1, downsample=None, groups=1, base_width=64, dilation=1, norm_layer=None
    ):  # fmt: skip
        super().__init__()
        norm_layer = norm_layer or nn.BatchNorm2d
        if groups != 1 or base_width != 64:
            raise ValueError("BasicBlock only supports groups=1 and base_width=64")
        if dilation > 1:
            raise NotImplementedError("Dilation > 1 not supported in BasicBlock")
        self.conv1 = conv3x3(inplanes, planes, stride)
        self.bn1 = norm_layer(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = conv3x3(planes, planes)
        self.bn2 = norm_layer(planes)
        self.downsample = downsample
        self.stride = stride

    def forward(self, x):
        """[N, inplanes, H, W] -> [N, planes, H / stride, W / stride]."""
        identity = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return self.relu(out + identity)


class Bottleneck(nn.Module):
    """A 1x1, a 3x3 and a 1x1 convolution beside the identity (or `downsample`)."""

    expansion = 4

    def __init__(
        self, inplanes, planes, stride=1, downsample=None, groups=1, base_width=64, dilation=1, norm_layer=None
    ):  # fmt: skip
        super().__init__()
        norm_layer = norm_layer or nn.BatchNorm2d
        width = int(planes * (base_width / 64.0)) * groups
        self.conv1 = conv1x1(inplanes, width)
        self.bn1 = norm_layer(width)
        self.conv2 = conv3x3(width, width, stride, groups, dilation)
        self.bn2 = norm_layer(width)
        self.conv3 = conv1x1(width, planes * self.expansion)
        self.bn3 = norm_layer(planes * self.expansion)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample
        self.stride = stride

    def forward(self, x):
        """[N, inplanes, H, W] -> [N, 4 planes, H / stride, W / stride]."""
        identity = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        return self.relu(out + identity)


class ResNet(nn.Module):
    """ResNet(block, layers, num_classes=1000, zero_init_residual=False, groups=1, width_per_group=64,
    replace_stride_with_dilation=None, norm_layer=None): images [N, 3, H, W] -> scores [N, num_classes].

    block: BasicBlock or Bottleneck; layers: how many of them in each of the four stages. zero_init_residual: every
    block begins as the identity. groups and width_per_group: of the 3x3 convolutions of Bottleneck.
    replace_stride_with_dilation: for each of the last three stages, whether it dilates instead of halving the size.
    """

    def __init__(
        self, block, layers, num_classes=1000, zero_init_residual=False, groups=1, width_per_group=64,
        replace_stride_with_dilation=None, norm_layer=None,
    ):  # fmt: skip
        super().__init__()
        self._norm_layer = norm_layer or nn.BatchNorm2d
        dilate = [False] * 3 if replace_stride_with_dilation is None else replace_stride_with_dilation
        if len(dilate) != 3:
            raise ValueError(
                f"replace_stride_with_dilation should be None or a 3-element tuple, got {replace_stride_with_dilation}"
            )
        self.inplanes = 64
        self.dilation = 1
        self.groups = groups
        self.base_width = width_per_group
        self.conv1 = nn.Conv2d(3, self.inplanes, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = self._norm_layer(self.inplanes)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.layer1 = self._make_layer(block, 64, layers[0])
        self.layer2 = self._make_layer(block, 128, layers[1], stride=2, dilate=dilate[0])
        self.layer3 = self._make_layer(block, 256, layers[2], stride=2, dilate=dilate[1])
        self.layer4 = self._make_layer(block, 512, layers[3], stride=2, dilate=dilate[2])
        self.avgpool = nn.last_pool((1, 1), 7)
        self.fc = nn.Linear(512 * block.expansion, num_classes)
        self._initialize_weights(zero_init_residual)

    def _initialize_weights(self, zero_init_residual):
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(m, (nn.BatchNorm2d, nn.GroupNorm)):
                init.ones_(m.weight)
                init.zeros_(m.bias)
        if zero_init_residual:
            for m in self.modules():
                if isinstance(m, (BasicBlock, Bottleneck)):
                    last = m.bn3 if isinstance(m, Bottleneck) else m.bn2
                    init.zeros_(last.weight)

    def _make_layer(self, block, planes, blocks, stride=1, dilate=False):
        norm_layer = self._norm_layer
        downsample = None
        previous_dilation = self.dilation
        if dilate:
            self.dilation *= stride
            stride = 1
        if stride != 1 or self.inplanes != planes * block.expansion:
            downsample = nn.Sequential(
                conv1x1(self.inplanes, planes * block.expansion, stride), norm_layer(planes * block.expansion)
            )
        options = dict(groups=self.groups, base_width=self.base_width, norm_layer=norm_layer)
        first = block(self.inplanes, planes, stride, downsample, dilation=previous_dilation, **options)
        self.inplanes = planes * block.expansion
        rest = [block(self.inplanes, planes, dilation=self.dilation, **options) for _ in range(1, blocks)]
        return nn.Sequential(first, *rest)

    def forward(self, x):
        """Scores of the classes."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(flatten(self.avgpool(x), 1))


def _resnet(enum, pretrained, weights, options, block, layers, **fixed):
    return build(ResNet, enum, pretrained, weights, options, block=block, layers=layers, **fixed)


def resnet18(pretrained=False, progress=True, *, weights=None, **options):
    """resnet18(pretrained=False, progress=True, *, weights=None, **options) -> ResNet of 18 layers."""
    return _resnet(ResNet18_Weights, pretrained, weights, options, BasicBlock, [2, 2, 2, 2])


def resnet34(pretrained=False, progress=True, *, weights=None, **options):
    """resnet34(...) -> ResNet of 34 layers."""
    return _resnet(ResNet34_Weights, pretrained, weights, options, BasicBlock, [3, 4, 6, 3])


def resnet50(pretrained=False, progress=True, *, weights=None, **options):
    """resnet50(...) -> ResNet of 50 layers."""
    return _resnet(ResNet50_Weights, pretrained, weights, options, Bottleneck, [3, 4, 6, 3])


def resnet101(pretrained=False, progress=True, *, weights=None, **options):
    """resnet101(...) -> ResNet of 101 layers."""
    return _resnet(ResNet101_Weights, pretrained, weights, options, Bottleneck, [3, 4, 23, 3])


def resnet152(pretrained=False, progress=True, *, weights=None, **options):
    """resnet152(...) -> ResNet of 152 layers."""
    return _resnet(ResNet152_Weights, pretrained, weights, options, Bottleneck, [3, 8, 36, 3])


def resnext50_32x4d(pretrained=False, progress=True, *, weights=None, **options):
    """resnext50_32x4d(...) -> ResNet of 50 layers with 32 groups of 4 channels."""
    fixed = dict(groups=32, width_per_group=4)
    return _resnet(ResNeXt50_32X4D_Weights, pretrained, weights, options, Bottleneck, [3, 4, 6, 3], **fixed)


def resnext101_32x8d(pretrained=False, progress=True, *, weights=None, **options):
    """resnext101_32x8d(...) -> ResNet of 101 layers with 32 groups of 8 channels."""
    fixed = dict(groups=32, width_per_group=8)
    return _resnet(ResNeXt101_32X8D_Weights, pretrained, weights, options, Bottleneck, [3, 4, 23, 3], **fixed)


def resnext101_64x4d(pretrained=False, progress=True, *, weights=None, **options):
    """resnext101_64x4d(...) -> ResNet of 101 layers with 64 groups of 4 channels."""
    fixed = dict(groups=64, width_per_group=4)
    return _resnet(ResNeXt101_64X4D_Weights, pretrained, weights, options, Bottleneck, [3, 4, 23, 3], **fixed)


def wide_resnet50_2(pretrained=False, progress=True, *, weights=None, **options):
    """wide_resnet50_2(...) -> ResNet of 50 layers, twice as wide inside the blocks."""
    fixed = dict(width_per_group=128)
    return _resnet(Wide_ResNet50_2_Weights, pretrained, weights, options, Bottleneck, [3, 4, 6, 3], **fixed)


def wide_resnet101_2(pretrained=False, progress=True, *, weights=None, **options):
    """wide_resnet101_2(...) -> ResNet of 101 layers, twice as wide inside the blocks."""
    fixed = dict(width_per_group=128)
    return _resnet(Wide_ResNet101_2_Weights, pretrained, weights, options, Bottleneck, [3, 4, 23, 3], **fixed)
