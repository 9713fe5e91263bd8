"""Estimators and metrics of scikit-learn on Tensors or, with the argument "Array", on Arrays: run as a script with
SCIPY_ARRAY_API=1 (see test_dispatch.py)."""

import sys

import numpy as np
import sklearn
from sklearn import metrics
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import Ridge
from sklearn.metrics import pairwise
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, Normalizer, StandardScaler

import flambeau as fb
import flambeau.array_api as xp

made = xp.asarray if sys.argv[1:] == ["Array"] else fb.asarray
generator = np.random.default_rng(0)
X = generator.normal(size=(60, 5))
Y = (X[:, 0] + X[:, 1] > 0).astype("i8")
GUESS = np.where(generator.uniform(size=60) < 0.2, 1 - Y, Y)
ESTIMATORS = [
    PCA(n_components=2, svd_solver="full"),
    PCA(n_components=2, svd_solver="covariance_eigh", whiten=True),
    PCA(n_components=2, svd_solver="randomized", random_state=0),
    LinearDiscriminantAnalysis(),
    Ridge(solver="svd"),
    GaussianNB(),
    GaussianMixture(n_components=2, init_params="random_from_data", random_state=0),
    MaxAbsScaler(),
    MinMaxScaler(),
    Normalizer(),
    StandardScaler(),
]
CLASSES = """
    accuracy_score balanced_accuracy_score confusion_matrix f1_score hamming_loss jaccard_score precision_score
    recall_score zero_one_loss
""".split()
VALUES = "explained_variance_score max_error mean_absolute_error mean_squared_error r2_score".split()
PAIRWISE = "cosine_similarity euclidean_distances linear_kernel polynomial_kernel rbf_kernel".split()


def close(name, ours, theirs):
    np.testing.assert_allclose(np.asarray(ours), theirs, 1e-6, 1e-8, err_msg=str(name))


def dispatched(function, *arguments):
    with sklearn.config_context(array_api_dispatch=True):
        return function(*[made(a) for a in arguments])


def is_tensor(name, value):
    if not isinstance(value, fb.Tensor):
        raise AssertionError(f"{name}: expected a Tensor, got {type(value).__name__}")


for estimator in ESTIMATORS:
    targets = [Y.astype(X.dtype)] if isinstance(estimator, Ridge) else [Y]
    theirs = sklearn.clone(estimator).fit(X, *targets)
    ours = dispatched(sklearn.clone(estimator).fit, X, *targets)
    for method in ("transform", "predict", "predict_proba"):
        if hasattr(theirs, method):
            result = dispatched(getattr(ours, method), X)
            is_tensor(estimator, result)
            close(estimator, abs(result), abs(getattr(theirs, method)(X)))  # the sign of a component is free
for name in CLASSES:
    close(name, dispatched(getattr(metrics, name), Y, GUESS), getattr(metrics, name)(Y, GUESS))
for name in VALUES:
    close(
        name, dispatched(getattr(metrics, name), X[:, 0], X[:, 1]), getattr(metrics, name)(X[:, 0], X[:, 1])
    )
for name in PAIRWISE:
    result = dispatched(getattr(pairwise, name), X)
    is_tensor(name, result)
    close(name, result, getattr(pairwise, name)(X))
for part in dispatched(lambda x, y: train_test_split(x, y, random_state=0), X, Y):
    is_tensor("train_test_split", part)
scores = dispatched(lambda x, y: cross_val_score(LinearDiscriminantAnalysis(), x, y), X, Y)
close("cross_val_score", scores, cross_val_score(LinearDiscriminantAnalysis(), X, Y))
print(len(ESTIMATORS), "estimators")
