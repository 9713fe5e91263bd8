"""Tests say themselves where they want virtual GPUs, whatever the environment of the run says."""

import os

os.environ.pop("FLAMBEAU_VIRTUAL_CUDA", None)
