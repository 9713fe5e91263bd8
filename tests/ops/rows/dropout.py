"""Dropout is random: its tests are in a file of their own."""

ROWS = []
ELSEWHERE = dict.fromkeys(
    [f"{kind}dropout{form}" for kind in ("", "alpha_", "feature_", "feature_alpha_") for form in ("", "_")]
    + ["native_dropout", "rrelu", "rrelu_"],
    "tests/ops/test_dropout.py",
)
