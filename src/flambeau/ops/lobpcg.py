"""Some eigenpairs of large symmetric matrices, by products with them alone.

A. V. Knyazev, "Toward the optimal preconditioned eigensolver: locally optimal block preconditioned conjugate gradient
method", SIAM J. Sci. Comput. 23 (2001). The basis of each step is made orthonormal by the eigenvectors of its Gram
matrix (A. Stathopoulos, K. Wu, "A block orthogonalization procedure with constant synchronization requirements", 2002),
which drops directions that the others span.
"""

import math

from .. import _core
from ..dtype import finfo
from ._args import check_int, check_number, check_tensor
from .decomposition import cholesky, eigh
from .linalg import adjoint
from .op import FUNCTIONS, composite
from .solve import solve_triangular

_METHODS = ("basic", "ortho")


class LOBPCG:
    """The state of an iteration, which a tracker gets after each step: the matrices A, B and iK; the approximations E
    (n) and X (m, n) with the residuals R; iparams (m, n, k, niter), fparams (tol), bparams (largest); ivars (istep,
    iterations_left, converged_count), fvars (the norms of A and B), tvars (rerr, the relative residuals). A tracker may
    set bvars["force_stop"] to end the iteration."""

    def __init__(self, A, B, X, iK, iparams, fparams, bparams, method, tracker):
        self.A, self.B, self.X, self.iK = A, B, X, iK
        self.iparams, self.fparams, self.bparams = iparams, fparams, bparams
        self.method, self.tracker = method, tracker
        self.ivars = {"istep": 0, "iterations_left": iparams["niter"], "converged_count": 0}
        self.fvars = self._norms()
        self.bvars = {"force_stop": False}
        self.tvars = {}

    def _times_B(self, X):
        return X if self.B is None else self.B @ X

    def _norms(self):
        """The norms of A and B, estimated from what they make of the first X."""
        norm = FUNCTIONS["norm"]
        size = norm(self.X).item() or 1.0
        return {"A_norm": norm(self.A @ self.X).item() / size, "B_norm": norm(self._times_B(self.X)).item() / size}

    def run(self):
        """Iterates until the first k pairs have converged, or as often as niter says."""
        n = self.X.shape[1]
        self.E, self.X, _ = self._best(self._orthonormal(self.X), n)
        P = None
        while True:
            self._measure()
            if self.tracker is not None and self.ivars["istep"]:
                self.tracker(self)
            if self._done():
                return
            W = self.R if self.iK is None else self.iK @ self.R
            directions = W if P is None else FUNCTIONS["cat"]([W, P], 1)
            directions = self._apart(self._orthonormal(self._apart(directions)))
            if not directions.shape[1]:  # nothing is left to improve
                return
            S = FUNCTIONS["cat"]([self.X, self._orthonormal(directions)], 1)
            self.E, self.X, P = self._best(S, n, self.X)
            self.ivars["istep"] += 1
            self.ivars["iterations_left"] -= 1

    def _measure(self):
        """The residuals, relative to what rounding leaves of them."""
        norm = FUNCTIONS["norm"]
        BX = self._times_B(self.X)
        self.R = self.A @ self.X - BX * self.E
        scale = norm(self.X, 2, 0) * (self.fvars["A_norm"] + self.E.abs() * self.fvars["B_norm"])
        lengths = norm(self.R, 2, 0)
        self.tvars["rerr"] = lengths / scale
        converged = (lengths <= scale * self.fparams["tol"]).tolist()
        self.ivars["converged_count"] = (converged + [False]).index(False)

    def _done(self):
        if self.ivars["converged_count"] >= self.iparams["k"] or self.bvars["force_stop"]:
            return True
        return self.ivars["iterations_left"] == 0

    def _apart(self, S):
        """The columns of S without what X spans."""
        return S - self.X @ (adjoint(self.X) @ self._times_B(S))

    def _orthonormal(self, S):
        """Columns that span those of S, orthonormal in the inner product of B."""
        tiny = finfo(S.dtype).eps
        for _ in range(2):  # the second pass mends what the first one rounds
            lengths = (S * self._times_B(S)).sum(0).clamp(min=0).sqrt()
            S = S[:, lengths > 0] / lengths[lengths > 0]
            if not S.shape[1]:
                return S
            squares, V = eigh(adjoint(S) @ self._times_B(S))
            kept = squares > tiny * S.shape[1] * squares.max()
            S = (S @ V[:, kept]) / squares[kept].sqrt()
        return S

    def _best(self, S, n, before=None):
        """The n best pairs in the span of S (Rayleigh and Ritz), and the part of their step that `before` does not
        span."""
        E, C = eigh(adjoint(S) @ (self.A @ S))
        if self.bparams["largest"]:
            E, C = E.flip(0), C.flip(1)
        E, X = E[:n], S @ C[:, :n]
        return E, X, None if before is None else X - before @ (adjoint(before) @ self._times_B(X))


def _exact(A, B, k, largest):
    """The pairs from the whole decomposition, which can be differentiated."""
    A, B = [None if t is None else t.to_dense() for t in (A, B)]
    A = (A + adjoint(A)) / 2
    if B is not None:
        L = cholesky(B)
        half = solve_triangular(L, A, upper=False)
        A = solve_triangular(L, adjoint(half), upper=False)
    E, X = eigh(A)
    if largest:
        E, X = E.flip(-1), X.flip(-1)
    E, X = E[..., :k], X[..., :k]
    return E, X if B is None else solve_triangular(adjoint(L), X, upper=True)


def _check_types(A, B, X, iK, niter, tol):
    for position, (name, matrix) in enumerate((("A", A), ("B", B), ("X", X), ("iK", iK)), 1):
        if matrix is not None or name == "A":
            check_tensor(matrix, "lobpcg", name, position)
            if matrix.ndim < 2:
                raise ValueError(f"lobpcg: {name} must be a matrix, got shape {tuple(matrix.shape)}")
            if matrix.dtype is not A.dtype:
                raise RuntimeError(
                    f"lobpcg: expected {name} to have the dtype of A, got {matrix.dtype.title} and {A.dtype.title}"
                )
    if niter is not None:
        check_int(niter, "lobpcg", "niter", 7)
    if tol is not None:
        check_number(tol, "lobpcg", "tol", 8)


def _check(A, B, X, iK, k, n, method):
    if A.shape[-1] != A.shape[-2]:
        raise ValueError(f"lobpcg: A must be square, got shape {A.shape}")
    if not A.is_floating_point():
        raise RuntimeError(f"lobpcg: A must be a real floating-point matrix, got {A.dtype.title}")
    if B is not None and B.shape != A.shape:
        raise ValueError(f"lobpcg: A and B must have same shape, got {A.shape} vs {B.shape}")
    m = A.shape[-1]
    if k < 1 or n < 1:
        raise ValueError(f"lobpcg: expected at least one eigenpair, got {k=} and {n=}")
    if m < 3 * n:
        raise ValueError(
            f"LOBPCG algorithm is not applicable when the number of A rows (={m}) is smaller than 3 x the number of "
            f"requested eigenpairs (={n})"
        )
    lead = tuple(A.shape[:-2])
    for name, matrix, size in (("X", X, (m, n)), ("iK", iK, (m, m))):
        if matrix is not None and tuple(matrix.shape) not in (size, (*lead, *size)):
            raise ValueError(
                f"lobpcg: {name} shape mismatch: got {tuple(matrix.shape)}, expected {(*lead, *size)}"
            )
    if method not in _METHODS:
        raise ValueError(f"lobpcg: method must be one of {_METHODS}, got {method!r}")


def _transformed(matrices, others):
    """Whether the matrices have a gradient, or a tensor stands for another inside a transformation."""
    if _core.is_grad_enabled() and any(t is not None and t.requires_grad for t in matrices):
        return True
    owner = _core.interpreter_of(matrices, others)
    return owner is not None and owner._level >= 1


@composite()
def lobpcg(
    A,
    k=None,
    B=None,
    X=None,
    n=None,
    iK=None,
    niter=None,
    tol=None,
    largest=None,
    method=None,
    tracker=None,
    ortho_iparams=None,
    ortho_fparams=None,
    ortho_bparams=None,
):
    """lobpcg(A, k=None, B=None, X=None, n=None, iK=None, niter=None, tol=None, largest=None, method=None, tracker=None)
    -> (E, X): the k largest eigenvalues (*, k) of A x = e B x, in descending order, and their vectors (*, m, k)

    A (*, m, m): symmetric, dense or sparse, float32 or float64, with m >= 3 n; B: symmetric and positive definite, None
    for the identity: X^T B X = 1. k: as many as X has columns, or 1. X (*, m, n): where the iteration starts, n (k)
    random vectors when None. iK: an approximation of the inverse of A. niter: 1000; -1 for no limit. tol: of the
    residuals' norms relative to A's and B's (default: sqrt(eps)). largest=False: the k smallest ones, in ascending
    order. tracker: called with the `LOBPCG` after each step. 'basic' and 'ortho', the methods, are one computation, and
    the ortho_... arguments change nothing. ValueError for sizes that do not fit. Where a gradient is recorded, and
    inside vmap and forward mode, the pairs come from the whole decomposition by `linalg.eigh`.
    """
    _check_types(A, B, X, iK, niter, tol)
    if X is not None:
        n = X.shape[-1]
    k = (1 if X is None else n) if k is None else check_int(k, "lobpcg", "k", 2)
    n = k if n is None else check_int(n, "lobpcg", "n", 5)
    _check(A, B, X, iK, k, n, "ortho" if method is None else method)
    k, largest = min(k, n), largest is None or bool(largest)
    if _transformed((A, B), (X, iK)):
        return _exact(A, B, k, largest)
    m, lead = A.shape[-1], tuple(A.shape[:-2])
    if X is None:
        X = FUNCTIONS["randn"](*lead, m, n, dtype=A.dtype, device=A.device)
    iparams = {"m": m, "n": n, "k": k, "niter": 1000 if niter is None else niter}
    fparams = {"tol": finfo(A.dtype).eps ** 0.5 if tol is None else tol}
    pairs = []
    for i in range(math.prod(lead)):
        one = [
            None if t is None else t.reshape(-1, *t.shape[-2:])[i] if lead and t.ndim > 2 else t
            for t in (A, B, X, iK)
        ]
        A_i, B_i, X_i, iK_i = [None if t is None else t.detach() for t in one]
        worker = LOBPCG(A_i, B_i, X_i, iK_i, dict(iparams), dict(fparams), {"largest": largest},
                        "ortho" if method is None else method, tracker)  # fmt: skip
        worker.run()
        pairs.append((worker.E[:k], worker.X[:, :k]))
    if not lead:
        return pairs[0]
    stack = FUNCTIONS["stack"]
    return (
        stack([E for E, _ in pairs]).reshape(*lead, k),
        stack([V for _, V in pairs]).reshape(*lead, m, k),
    )
