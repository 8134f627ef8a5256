# SPDX-License-Identifier: Apache-2.0
"""The folder of the benchmark data."""

import os
from pathlib import Path

import pytest


@pytest.fixture
def datasets() -> Path:
    """Return the folder that SEGUE_DATASETS names; without it skip, but fail in CI."""
    folder = os.environ.get("SEGUE_DATASETS")
    if folder is None:
        if os.environ.get("CI") == "true":
            pytest.fail("SEGUE_DATASETS is not set; it names the folder of the benchmark data")
        pytest.skip("SEGUE_DATASETS is not set")
    return Path(folder)
