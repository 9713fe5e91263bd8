"""A randomised comparison with PyTorch: one call, random shapes (0-dim and empty ones too), dtypes, memory layouts and
keyword combinations; values, dtypes, shapes, the layout of views, gradients, and whether which error is raised must
agree.

    python -m tests.differential [CALLS] [SEED] [--families NAME ...] [--survey]

prints the seed; a difference is shrunk to a small call, or all are listed in a survey.

`families/` has a function per group of ops that draws a call (`case.py`, `draw.py`); `compare.py` makes it under both
libraries; `deliberate.py` lists where they differ on purpose.
"""

from .families import FAMILIES
from .runner import run, survey
