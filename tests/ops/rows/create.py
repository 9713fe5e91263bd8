"""Factories have no gradient and no array input: `tests/test_create.py` tests them."""

ROWS = []

ELSEWHERE = {
    **dict.fromkeys(
        [
            "arange",
            "as_tensor",
            "asarray",
            "empty",
            "empty_like",
            "eye",
            "from_numpy",
            "frombuffer",
            "full",
            "full_like",
            "is_tensor",
            "linspace",
            "logspace",
            "new_empty",
            "new_full",
            "new_ones",
            "new_tensor",
            "new_zeros",
            "ones",
            "ones_like",
            "range",
            "scalar_tensor",
            "tensor",
            "zeros",
            "zeros_like",
        ],
        "tests/test_create.py",
    ),
    "from_dlpack": "tests/test_dlpack.py",
}
