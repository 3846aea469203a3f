"""`python -m canary`: the few commands beside `pulumi`."""

import sys

from canary import cli, convert

if sys.argv[1:2] == ["convert"]:  # works on files alone, so it is no command for a cluster
    sys.exit(convert.main(sys.argv[2:]))
sys.exit(cli.main(sys.argv[1:]))
