"""SciPy on Tensors or, with the argument "Array", on Arrays: run as a script with SCIPY_ARRAY_API=1 (see
test_dispatch.py)."""

import sys

import numpy as np
from scipy import cluster, differentiate, fft, integrate, ndimage, optimize, signal, spatial, special, stats

import flambeau as fb
import flambeau.array_api as xp

made = xp.asarray if sys.argv[1:] == ["Array"] else fb.asarray
generator = np.random.default_rng(0)
V = generator.uniform(0.2, 0.8, 24)
X = generator.normal(size=(12, 3))
B, A = np.array([0.2, 0.3]), np.array([1.0, -0.4])

UNARY_SPECIAL = """
    gammaln erf erfc i0 i0e i1 i1e expit logit ndtr ndtri log_ndtr entr logsumexp softmax log_softmax
""".split()
STATISTICS = """
    moment skew kurtosis zscore gmean hmean sem variation iqr entropy rankdata skewtest normaltest jarque_bera
""".split()
BINARY_SPECIAL = "xlogy rel_entr gammainc gammaincc betaln chdtrc".split()
CALLS = {
    **{f"special.{n}": (getattr(special, n), (V,)) for n in UNARY_SPECIAL},
    **{f"special.{n}": (getattr(special, n), (V + 1, V)) for n in BINARY_SPECIAL},
    **{f"fft.{n}": (getattr(fft, n), (V,)) for n in "fft ifft rfft irfft fftn fftshift dct".split()},
    "signal.fftconvolve": (signal.fftconvolve, (V, V[:5])),
    "signal.convolve": (signal.convolve, (V, V[:5])),
    "signal.hilbert": (signal.hilbert, (V,)),
    "signal.detrend": (signal.detrend, (V,)),
    "signal.lfilter": (signal.lfilter, (B, A, V)),
    "signal.savgol_filter": (signal.savgol_filter, (V, 5, 2)),
    "signal.resample": (signal.resample, (V, 10)),
    **{f"stats.{n}": (getattr(stats, n), (V,)) for n in STATISTICS},
    "stats.ttest_1samp": (stats.ttest_1samp, (V, 0.5)),
    "stats.ttest_ind": (stats.ttest_ind, (V, V[::2] + 0.1)),
    "stats.pearsonr": (stats.pearsonr, (V, V**2)),
    "integrate.trapezoid": (integrate.trapezoid, (V,)),
    "integrate.cumulative_trapezoid": (integrate.cumulative_trapezoid, (V,)),
    "cluster.vq.whiten": (cluster.vq.whiten, (X,)),
    "cluster.vq.vq": (cluster.vq.vq, (X, X[:3])),
    "cluster.hierarchy.linkage": (cluster.hierarchy.linkage, (X,)),
    "ndimage.gaussian_filter": (ndimage.gaussian_filter, (X, 1.0)),
    "optimize.rosen": (optimize.rosen, (V,)),
    "Rotation": (lambda q: spatial.transform.Rotation.from_quat(q).as_matrix(), (X[:, [0, 1, 2, 0]],)),
    "differentiate.derivative": (lambda x: differentiate.derivative(lambda t: t**3, x).df, (V,)),
    "integrate.tanhsinh": (lambda x: integrate.tanhsinh(lambda t: t**2, x * 0, x).integral, (V,)),
}  # fmt: skip


def same(name, ours, theirs):
    if isinstance(theirs, tuple) or type(theirs).__name__.endswith("Result"):
        names = [f for f in ("statistic", "pvalue") if hasattr(theirs, f)]
        pairs = (
            [(getattr(ours, f), getattr(theirs, f)) for f in names]
            if names
            else zip(ours, theirs, strict=True)
        )
        for a, b in pairs:
            same(name, a, b)
        return
    if not isinstance(ours, fb.Tensor):
        raise AssertionError(f"{name}: expected a Tensor, got {type(ours).__name__}")
    np.testing.assert_allclose(np.asarray(ours), theirs, 1e-6, 1e-9, err_msg=name)


for name, (function, arguments) in CALLS.items():
    tensors = [made(np.ascontiguousarray(a)) if isinstance(a, np.ndarray) else a for a in arguments]
    same(name, function(*tensors), function(*arguments))
print(len(CALLS), "functions")
