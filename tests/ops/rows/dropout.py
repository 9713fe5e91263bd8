"""Dropout is random: its tests are in a file of their own."""

ROWS = []
ELSEWHERE = {"dropout": "tests/ops/test_dropout.py", "dropout_": "tests/ops/test_dropout.py"}
