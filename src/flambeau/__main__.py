"""`python -m flambeau COMMAND` is `flambeau COMMAND`."""

import sys

from flambeau.cli import main

sys.exit(main())
