"""Padding, pooling and convolution windows."""

from ..case import Case
from ..draw import COMPLEX, FLOATS, HALVES, INTS
from . import family


@family
def pad(d):
    mode = d.pick("constant", "constant", "reflect", "replicate", "circular")
    if mode == "constant":
        x = d.tensor(d.shape(), d.dtype())
        widths = tuple(d.integer(-1, 2) for _ in range(2 * d.integer(0, len(x.shape)) + d.rarely()))
        return Case("nn.functional.pad", (x, widths), {"mode": mode, **d.options(value=(2, 0.5, None))})
    spatial = d.integer(1, 3)
    x = d.tensor(d.shape(spatial, spatial + 2), d.dtype(*FLOATS, *HALVES, *COMPLEX, "int64"))
    widths = tuple(d.integer(-1, 3) for _ in range(2 * spatial))
    return Case("nn.functional.pad", (x, widths), {"mode": mode})


def _geometry(d, n):
    """A size of a window: one number or one per dimension."""
    return lambda *options: d.pick(d.pick(*options), tuple(d.pick(*options) for _ in range(n)))


@family
def pooling(d):
    n = d.integer(1, 3)
    shape = (*d.shape(1, 2), *[d.pick(0, 1, 3, 5, 6) for _ in range(n)])
    x = d.tensor(shape, d.dtype(*FLOATS, *FLOATS, *HALVES, "int64"), d.pick("distinct", "normal", "special"))
    one = _geometry(d, n)
    options = {k: one(*v) for k, v in {"stride": (1, 2, 3), "padding": (0, 1)}.items() if d.flag()}
    options |= d.options(ceil_mode=(True, False))
    if d.flag():
        if n > 0 and d.flag():
            options |= d.options(count_include_pad=(True, False))
            if n > 1:
                options |= d.options(divisor_override=(2, -3, 0))
        return Case(f"nn.functional.avg_pool{n}d", (x, one(1, 2, 3)), options, ulps=128)
    if d.flag():
        options["dilation"] = one(1, 2)
        if 1 in shape[-n:]:  # for a window of padding alone, PyTorch's max_pool1d writes where it must not
            options.pop("padding", None)
    options |= d.options(return_indices=(True, False))
    return Case(f"nn.functional.max_pool{n}d", (x, one(1, 2, 3)), options)


@family
def adaptive_pooling(d):
    n = d.integer(1, 3)
    shape = (*d.shape(1, 2), *[d.pick(1, 3, 5, 6, 0) for _ in range(n)])
    x = d.tensor(shape, d.dtype(*FLOATS, *HALVES), d.pick("distinct", "normal"))
    size = _geometry(d, n)(1, 2, 4, 0)
    if d.flag():
        return Case(f"nn.functional.adaptive_avg_pool{n}d", (x, size), ulps=128)
    return Case(f"nn.functional.adaptive_max_pool{n}d", (x, size), d.options(return_indices=(True, False)))


@family
def convolution(d):
    n = d.integer(1, 2)
    groups = d.pick(1, 1, 2)
    cin, cout = groups * d.pick(1, 2), groups * d.pick(1, 3)
    dtype = d.dtype(*FLOATS, *FLOATS, "complex64", "float16", "int64")
    size = tuple(d.pick(1, 3, 5, 6) for _ in range(n))
    x = d.tensor((*d.pick((), (1,), (2,), (0,)), cin, *size), dtype)
    kernel = tuple(d.pick(1, 2, 3) for _ in range(n))
    one = _geometry(d, n)
    options = {
        k: one(*v)
        for k, v in {"stride": (1, 2), "padding": (0, 1, 2), "dilation": (1, 2)}.items()
        if d.flag()
    }
    if groups > 1 or d.flag():
        options["groups"] = groups
    if d.flag():
        options["bias"] = d.tensor((cout,), dtype)
    if d.flag():
        if d.rarely():
            options["padding"] = d.pick("same", "valid")
        weight = d.tensor((cout, cin // groups + d.rarely() * d.rarely(), *kernel), dtype)
        return Case(f"nn.functional.conv{n}d", (x, weight), options, ulps=512)
    options |= d.options(output_padding=(0, 1))
    weight = d.tensor((cin, cout // groups, *kernel), dtype)
    return Case(f"nn.functional.conv_transpose{n}d", (x, weight), options, ulps=512)


@family
def patches(d):
    """pixel_shuffle and its like."""
    name = d.pick("pixel_shuffle", "pixel_unshuffle", "channel_shuffle")
    shape = d.shape(2, 5)
    if name.startswith("pixel"):
        shape = (*d.shape(0, 1), d.pick(4, 8, 3), d.pick(2, 4), d.pick(2, 4, 3))
        return Case(f"nn.functional.{name}", (d.tensor(shape, d.dtype(*FLOATS, *INTS)), d.pick(2, 1, 3, 0)))
    return Case(f"nn.functional.{name}", (d.tensor(shape, d.dtype(*FLOATS)), d.pick(1, 2, 3)))


@family
def blocks(d):
    """im2col and col2im."""
    one = _geometry(d, 2)
    options = {
        k: one(*v)
        for k, v in {"stride": (1, 2, 3), "padding": (0, 1, 2), "dilation": (1, 2)}.items()
        if d.flag()
    }
    dtype = d.dtype(*FLOATS, *FLOATS, *HALVES, *COMPLEX, "bool", "int64")
    kernel = one(1, 2, 3, 0) if d.rarely() else one(1, 2, 3)
    if d.flag():
        x = d.tensor((*d.shape(1, 2), d.pick(1, 3, 5, 6), d.pick(2, 4, 0)), dtype)
        return Case("nn.functional.unfold", (x, kernel), options)
    size = d.pick(1, 3, 5, 6), d.pick(2, 4)
    pairs = [v if isinstance(v, tuple) else (v, v) for v in (kernel, *(options.get(k, e) for k, e in
             (("padding", 0), ("dilation", 1), ("stride", 1))))]  # fmt: skip
    k, p, s, t = pairs
    columns = [(n + 2 * p[i] - s[i] * (k[i] - 1) - 1) // t[i] + 1 for i, n in enumerate(size)]
    count = max(columns[0] * columns[1], 0) + d.rarely() * d.rarely()
    rows = d.pick(1, 2) * k[0] * k[1] + d.rarely() * d.rarely()
    x = d.tensor((*d.pick((), (1,), (2,), (0,)), rows, count), dtype)
    return Case("nn.functional.fold", (x, size, kernel), options, ulps=64)


@family
def resampling(d):
    """interpolate in all modes."""
    n = d.integer(1, 3)
    smooth = {1: ("linear",), 2: ("bilinear", "bicubic"), 3: ("trilinear",)}[n]
    mode = d.pick("nearest", "nearest-exact", "area", *smooth, *smooth)
    dtype = d.dtype(*FLOATS, *FLOATS, *HALVES, "uint8") if mode != "area" else d.dtype(*FLOATS, *HALVES)
    space = [d.pick(1, 2, 3, 5, 6) for _ in range(n)]
    long, size = d.integer(0, n - 1), [d.pick(1, 2, 4, 7) for _ in range(n)]
    if mode.startswith("nearest") and d.flag():  # rounding decides, and other kernels run
        space[long], size[long] = d.integer(1, 90), d.integer(1, 200)
    x = d.tensor((d.pick(1, 2, 0), d.pick(1, 3, 4), *space), dtype)
    if n > 1 and d.flag():
        x.layout = "channels_last"
    one = _geometry(d, n)
    options = {"mode": mode}
    if d.flag():
        options["size"] = d.pick(tuple(size), size[long])
    else:
        options |= {"scale_factor": one(2, 1.5, 0.6, 1, 3.3, 2.01)} | d.options(recompute_scale_factor=(True, False))
    if mode in smooth:
        options |= d.options(align_corners=(True, False))
        if n == 2 and dtype not in HALVES:
            options |= d.options(antialias=(True, False))
    return Case("nn.functional.interpolate", (x,), options, ulps=4096)


@family
def alignments(d):
    """ctc_loss, of any numbers in place of log-probabilities. PyTorch reads strided targets wrongly, and its gradient
    is wrong where a target is the blank."""
    steps, batch, classes, longest = d.pick(1, 3, 5), d.pick(1, 2, 3), d.pick(2, 4), d.pick(0, 1, 2, 3)
    x = d.tensor((steps, batch, classes), d.dtype(*FLOATS))
    lengths = tuple(d.integer(0, steps + d.rarely() * d.rarely()) for _ in range(batch))
    sizes = tuple(d.integer(0, longest + d.rarely() * d.rarely()) for _ in range(batch))
    blank = d.pick(0, classes - 1)
    targets = d.indices(classes, d.pick((batch, longest), (sum(sizes),)), bad=False)
    targets.values[targets.values == blank] = (blank + 1) % classes
    targets.layout = "plain"
    options = d.options(reduction=("none", "mean", "sum"), zero_infinity=(True, False))
    options["blank"] = blank + classes * d.rarely() * d.rarely()
    return Case("nn.functional.ctc_loss", (x, targets, lengths, sizes), options, ulps=4096)


@family
def sampling(d):
    """grid_sample and affine_grid."""
    n, dtype = d.pick(2, 2, 3), d.dtype(*FLOATS)
    batch, aligned = d.pick(1, 2), {"align_corners": d.flag()}
    if d.rarely() or d.rarely():
        size = batch, d.pick(1, 3), *d.filled(n, n)
        return Case("nn.functional.affine_grid", (d.tensor((batch, n, n + 1), dtype), size), aligned, ulps=256)
    x = d.tensor((batch, d.pick(1, 2, 0), *d.filled(n, n)), dtype)
    grid = d.tensor((batch - d.rarely() * d.rarely(), *d.filled(n, n), n), dtype, d.pick("normal", "unit"))
    options = d.options(mode=("bilinear", "nearest", "bicubic"), padding_mode=("zeros", "border", "reflection"))
    return Case("nn.functional.grid_sample", (x, grid), aligned | options, ulps=2048)


@family
def normalization(d):
    shape = (d.pick(1, 2, 0), d.pick(2, 4), *d.shape(0, 2))
    dtype = d.dtype(*FLOATS, *FLOATS, "float16")
    x = d.tensor(shape, dtype)
    name = d.pick("layer_norm", "group_norm", "batch_norm", "rms_norm", "instance_norm")
    # PyTorch's kernels read strided statistics and weights as if they were contiguous
    affine = lambda s: {k: d.tensor(s, dtype, layout="plain") for k in ("weight", "bias") if d.flag()}  # noqa: E731
    eps = d.options(eps=(1e-3, 1e-1))
    if name == "layer_norm":
        tail = shape[d.integer(1, len(shape) - 1) :]
        return Case("nn.functional.layer_norm", (x, tail), affine(tail) | eps, ulps=4096)
    if name == "rms_norm":
        return Case("nn.functional.rms_norm", (x, shape[-1:]), eps, ulps=4096)
    if name == "group_norm":
        weights = affine(shape[1:2]) if d.rarely() or d.flag() else {}
        return Case("nn.functional.group_norm", (x, d.pick(1, 2, 3)), weights | eps, ulps=4096)
    if name == "instance_norm":
        return Case("nn.functional.instance_norm", (x,), eps, ulps=4096)
    x = d.tensor(shape, dtype, layout="plain")  # nor is its gradient right for transposed inputs
    mean, var = d.tensor(shape[1:2], dtype, layout="plain"), d.tensor(shape[1:2], dtype, "positive", "plain")
    mean.constant = var.constant = True
    return Case("nn.functional.batch_norm", (x, mean, var), affine(shape[1:2]) | eps, ulps=4096)
