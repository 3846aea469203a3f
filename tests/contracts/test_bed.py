"""Runs the cluster adapters' contracts inside the real cluster."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.bed.cluster import Bed

ROOT = Path(__file__).parents[2]


@pytest.mark.bed
def test_the_contracts_hold_on_the_real_cluster(bed: Bed) -> None:
    inside = [sys.executable, "-m", "pytest", "tests/contracts/on_bed.py", "-q", "--no-header"]
    process = bed.popen(
        inside, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    output, _ = process.communicate(timeout=560)
    assert process.returncode == 0, output
