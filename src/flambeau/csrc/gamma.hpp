// The gamma function's logarithm and its derivative, in double precision.
#pragma once
#include <cmath>

namespace fb {

// log |Gamma(x)|; the C library's, which leaves the sign elsewhere than in a variable that threads share.
inline double log_gamma(double x) {
    int sign;
    return ::lgamma_r(x, &sign);
}

// The derivative of log Gamma (DLMF 5.11.2, 5.5.2; below 0 by reflection, 5.5.4): -+inf at +-0, NaN at -1, -2, ...
inline double digamma(double x) {
    if (x == 0.0) return std::copysign(INFINITY, -x);
    if (x < 0.0) {
        const double away = x - std::rint(x);
        if (away == 0.0 || std::isinf(x)) return NAN;
        return digamma(1.0 - x) - M_PI / std::tan(M_PI * away);
    }
    double total = 0.0;
    for (; x < 10.0; x += 1.0) total -= 1.0 / x;
    const double r = 1.0 / (x * x);
    const double series =
        r * (1.0 / 12 - r * (1.0 / 120 - r * (1.0 / 252 - r * (1.0 / 240 - r * (1.0 / 132 - r * (691.0 / 32760))))));
    return total + std::log(x) - 0.5 / x - series;
}

}  // namespace fb
