from tests.limits import time_limit  # noqa: F401  (a fixture that all tests here use)
