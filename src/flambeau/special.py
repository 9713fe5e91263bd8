"""Special functions, in the names of `torch.special`: the ops of several families under one roof."""

from .ops import FUNCTIONS
from .ops.bessel import (
    I1,
    AiryAi,
    BesselJ0,
    BesselJ1,
    BesselY0,
    BesselY1,
    I0e,
    I1e,
    ModifiedBesselK0,
    ModifiedBesselK1,
    ScaledModifiedBesselK0,
    ScaledModifiedBesselK1,
    SphericalBesselJ0,
)
from .ops.special import (
    Entr,
    Erfcx,
    LogNdtr,
    Ndtr,
    Ndtri,
    XLog1PY,
    Zeta,
    chebyshev_polynomial_t,
    chebyshev_polynomial_u,
    chebyshev_polynomial_v,
    chebyshev_polynomial_w,
    hermite_polynomial_h,
    hermite_polynomial_he,
    laguerre_polynomial_l,
    legendre_polynomial_p,
    shifted_chebyshev_polynomial_t,
    shifted_chebyshev_polynomial_u,
    shifted_chebyshev_polynomial_v,
    shifted_chebyshev_polynomial_w,
)

airy_ai = AiryAi.function
bessel_j0 = BesselJ0.function
bessel_j1 = BesselJ1.function
bessel_y0 = BesselY0.function
bessel_y1 = BesselY1.function
digamma = psi = FUNCTIONS["digamma"]
entr = Entr.function
erf = FUNCTIONS["erf"]
erfc = FUNCTIONS["erfc"]
erfcx = Erfcx.function
erfinv = FUNCTIONS["erfinv"]
exp2 = FUNCTIONS["exp2"]
expit = FUNCTIONS["sigmoid"]
expm1 = FUNCTIONS["expm1"]
gammainc = FUNCTIONS["igamma"]
gammaincc = FUNCTIONS["igammac"]
gammaln = FUNCTIONS["lgamma"]
i0 = modified_bessel_i0 = FUNCTIONS["i0"]
i0e = I0e.function
i1 = modified_bessel_i1 = I1.function
i1e = I1e.function
log1p = FUNCTIONS["log1p"]
log_ndtr = LogNdtr.function
log_softmax = FUNCTIONS["log_softmax"]
logit = FUNCTIONS["logit"]
logsumexp = FUNCTIONS["logsumexp"]
modified_bessel_k0 = ModifiedBesselK0.function
modified_bessel_k1 = ModifiedBesselK1.function
multigammaln = FUNCTIONS["mvlgamma"]
ndtr = Ndtr.function
ndtri = Ndtri.function
polygamma = FUNCTIONS["polygamma"]
round = FUNCTIONS["round"]
scaled_modified_bessel_k0 = ScaledModifiedBesselK0.function
scaled_modified_bessel_k1 = ScaledModifiedBesselK1.function
sinc = FUNCTIONS["sinc"]
softmax = FUNCTIONS["softmax"]
spherical_bessel_j0 = SphericalBesselJ0.function
xlog1py = XLog1PY.function
xlogy = FUNCTIONS["xlogy"]
zeta = Zeta.function

__all__ = [
    "airy_ai",
    "bessel_j0",
    "bessel_j1",
    "bessel_y0",
    "bessel_y1",
    "chebyshev_polynomial_t",
    "chebyshev_polynomial_u",
    "chebyshev_polynomial_v",
    "chebyshev_polynomial_w",
    "digamma",
    "entr",
    "erf",
    "erfc",
    "erfcx",
    "erfinv",
    "exp2",
    "expit",
    "expm1",
    "gammainc",
    "gammaincc",
    "gammaln",
    "hermite_polynomial_h",
    "hermite_polynomial_he",
    "i0",
    "i0e",
    "i1",
    "i1e",
    "laguerre_polynomial_l",
    "legendre_polynomial_p",
    "log1p",
    "log_ndtr",
    "log_softmax",
    "logit",
    "logsumexp",
    "modified_bessel_i0",
    "modified_bessel_i1",
    "modified_bessel_k0",
    "modified_bessel_k1",
    "multigammaln",
    "ndtr",
    "ndtri",
    "polygamma",
    "psi",
    "round",
    "scaled_modified_bessel_k0",
    "scaled_modified_bessel_k1",
    "shifted_chebyshev_polynomial_t",
    "shifted_chebyshev_polynomial_u",
    "shifted_chebyshev_polynomial_v",
    "shifted_chebyshev_polynomial_w",
    "sinc",
    "softmax",
    "spherical_bessel_j0",
    "xlog1py",
    "xlogy",
    "zeta",
]
