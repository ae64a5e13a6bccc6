"""``python -m api.cli``: the same as ``gridwright``."""

import sys

from api.cli import main

sys.exit(main())
