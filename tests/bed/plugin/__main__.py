"""`python -m tests.bed.plugin ENGINE_ADDRESS`: the stand-in plugin, as the engine starts it."""

from tests.bed.plugin.server import main

main()
