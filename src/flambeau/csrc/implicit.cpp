// Derivatives of gamma and beta numbers by the parameters of their distribution, at a fixed probability: the implicit
// reparameterisation of M. Figurnov, S. Mohamed, A. Mnih (NeurIPS 2018). For a distribution function F and density p
// it is -(dF/da) / p; each expansion of F below is differentiated term by term, and p divides out of it.
//
// Formulas by their numbers in the NIST Digital Library of Mathematical Functions (https://dlmf.nist.gov).
#include <cmath>

#include "flambeau.h"
#include "gamma.hpp"
#include "threads.hpp"

namespace {

using fb::digamma;

constexpr double kEps = 0x1p-53;
constexpr int kSteps = 200000;

// A continued fraction b0 + a1/(b1 + a2/(b2 + ...)) and its derivative by a parameter of the a and b, evaluated forward
// (I. J. Thompson, A. R. Barnett, 1986): the fraction is a product of factors c d, whose logarithms are differentiated.
struct Fraction {
    double c, dc, d = 0.0, dd = 0.0, value, log_slope;

    Fraction(double b, double db) : c(b), dc(db), value(b), log_slope(db / b) {}

    // Takes a further a and b with their derivatives; true when nothing changes any more.
    bool next(double a, double da, double b, double db) {
        constexpr double kTiny = 1e-300;
        const double old_c = c, denominator = b + a * d, slope = db + da * d + a * dd;
        d = 1.0 / (denominator == 0.0 ? kTiny : denominator);
        dd = -slope * d * d;
        c = b + a / old_c;
        if (c == 0.0) c = kTiny;
        dc = db + (da - a * dc / old_c) / old_c;
        const double factor = c * d, step = dc / c + dd / d;
        value *= factor;
        log_slope += step;
        return std::abs(factor - 1.0) < 4 * kEps && std::abs(step) <= 4 * kEps * std::abs(log_slope);
    }
};

// P(a, z) by its series (DLMF 8.7.1): of one sign up to about z = a + 1/2.
double gamma_by_series(double a, double z) {
    double term = 1.0, total = 1.0, harmonic = 0.0, slope = 0.0;
    for (int n = 1; n < kSteps; ++n) {
        term *= z / (a + n);
        harmonic += 1.0 / (a + n);
        total += term;
        slope += term * harmonic;
        if (term * (1.0 + harmonic) <= kEps * slope) break;
    }
    return z / a * (total * (digamma(a + 1.0) - std::log(z)) + slope);
}

// 1 - P(a, z) by its continued fraction (DLMF 8.9.2): of one sign above.
double gamma_by_fraction(double a, double z) {
    const double b = z + 1.0 - a;
    Fraction f(b == 0.0 ? 1e-300 : b, -1.0);
    for (int n = 1; n < kSteps; ++n)
        if (f.next(-n * (n - a), n, b + 2.0 * n, -1.0)) break;
    return z / f.value * (std::log(z) - digamma(a) - f.log_slope);
}

// c_0, c_1, c_2 of DLMF 8.12.9-12 as power series in eta.
constexpr double kC0[] = {-0.3333333333333333,     0.08333333333333333,    -0.014814814814814815,  0.0011574074074074073,
                          0.0003527336860670194,   -0.0001787551440329218, 3.919263178522438e-05,  -2.185448510679992e-06,
                          -1.85406221071516e-06,   8.296711340953087e-07,  -1.7665952736826078e-07, 6.707853543401498e-09,
                          1.0261809784240309e-08,  -4.382036018453353e-09, 9.14769958223679e-10,   -2.5514193994946248e-11};
constexpr double kC1[] = {-0.001851851851851852,  -0.003472222222222222, 0.0026455026455026454,   -0.0009902263374485596,
                          0.00020576131687242798, -4.018775720164609e-07, -1.8098550334489977e-05, 7.64916091608111e-06,
                          -1.6120900894563446e-06};
constexpr double kC2[] = {0.004133597883597883, -0.0026813271604938273, 0.0007716049382716049, 2.0093878600823047e-06,
                          -0.0001073665322636516};

template <int N>
double polynomial(const double (&coefficients)[N], double x, double* slope) {
    double value = 0.0;
    *slope = 0.0;
    for (int i = N - 1; i >= 0; --i) {
        *slope = *slope * x + value;
        value = value * x + coefficients[i];
    }
    return value;
}

// P(a, z) for large a and z near a (Temme's uniform expansion, DLMF 8.12.3 and 8.12.7), with lambda = z / a and
// eta^2 / 2 = lambda - 1 - log(lambda). At fixed z, a d(eta)/da = -(lambda - 1) / eta.
double gamma_uniform(double a, double z) {
    const double mu = (z - a) / a;
    double ratio;  // eta^2 / (2 mu^2)
    if (std::abs(mu) < 0.05) {
        ratio = 0.0;
        for (int k = 14; k > 1; --k) ratio = ratio * mu + (k % 2 ? -1.0 : 1.0) / k;
    } else {
        ratio = (mu - std::log1p(mu)) / (mu * mu);
    }
    const double scale = std::sqrt(2.0 * ratio), eta = mu * scale;
    double slope0, slope1, slope2;
    const double c0 = polynomial(kC0, eta, &slope0), c1 = polynomial(kC1, eta, &slope1);
    const double c2 = polynomial(kC2, eta, &slope2);
    const double sum = c0 + (c1 + c2 / a) / a, by_eta = slope0 + (slope1 + slope2 / a) / a;
    const double by_a = -(c1 + 2.0 * c2 / a) / (a * a) - by_eta / (a * scale);
    const double stirling = std::exp((1.0 / 12 - (1.0 / 360 - 1.0 / (1260 * a * a)) / (a * a)) / a);
    return stirling * (1.0 + mu) * (1.0 / scale - 0.5 * eta + sum * (std::log1p(mu) - 0.5 / a) + by_a);
}

double gamma_slope(double a, double z) {
    if (std::isnan(a) || std::isnan(z) || a <= 0.0 || z < 0.0) return NAN;
    if (z == 0.0) return 0.0;
    if (a > 400.0 && std::abs(z - a) < 0.25 * a) return gamma_uniform(a, z);
    return z > a + 0.5 ? gamma_by_fraction(a, z) : gamma_by_series(a, z);
}

// The incomplete beta function's fraction 1/(1 + d1/(1 + d2/...)) of DLMF 8.17.22 and its derivative by a or by b.
Fraction beta_fraction(double x, double a, double b, bool by_a) {
    Fraction f(1.0, 0.0);
    const double ga = by_a ? 1.0 : 0.0, gb = by_a ? 0.0 : 1.0;
    for (int m = 0; m < kSteps; ++m) {
        const double low = a + 2.0 * m, s = a + m, t = s + b;
        const double odd = -s * t * x / (low * (low + 1.0));
        const double odd_slope = -x * ((ga * t + s * (ga + gb)) / (low * (low + 1.0)) -
                                       s * t * ga * (2.0 * low + 1.0) / (low * low * (low + 1.0) * (low + 1.0)));
        f.next(odd, odd_slope, 1.0, 0.0);
        const double n = m + 1.0, high = low + 2.0;  // 2 n + a
        const double even = n * (b - n) * x / ((high - 1.0) * high);
        const double even_slope =
            n * x * (gb / ((high - 1.0) * high) -
                     (b - n) * ga * (2.0 * high - 1.0) / ((high - 1.0) * (high - 1.0) * high * high));
        if (f.next(even, even_slope, 1.0, 0.0)) break;
    }
    return f;
}

// For x of Beta(a, b): (dx/da at fixed b) / (1 - x).
double beta_slope(double x, double a, double b) {
    if (std::isnan(x) || !(a > 0.0) || !(b > 0.0) || x < 0.0 || x > 1.0) return NAN;
    if (x == 0.0) return 0.0;
    const double whole = digamma(a + b);
    if (x <= (a + 1.0) / (a + b + 2.0)) {
        const Fraction f = beta_fraction(x, a, b, true);  // I_x(a, b) = x^a (1 - x)^b / (a B(a, b)) / f
        return -x / (a * f.value) * (std::log(x) + whole - digamma(a + 1.0) - f.log_slope);
    }
    const Fraction f = beta_fraction(1.0 - x, b, a, false);  // 1 - I_x(a, b) = I_{1-x}(b, a)
    return x / (b * f.value) * (std::log(x) + whole - digamma(a) - f.log_slope);
}

}  // namespace

extern "C" {

void fb_gamma_implicit(const double* shapes, const double* x, double* out, int64_t n) {
    fb::parallel_for(n, 256, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) out[i] = gamma_slope(shapes[i], x[i]);
    });
}

void fb_beta_implicit(const double* x, const double* a, const double* b, double* out, int64_t n) {
    fb::parallel_for(n, 256, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) out[i] = beta_slope(x[i], a[i], b[i]);
    });
}

}  // extern "C"
