"""`python -m canary`: the few commands beside `pulumi`."""

import sys

from canary.cli import main

sys.exit(main(sys.argv[1:]))
