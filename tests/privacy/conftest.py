# SPDX-License-Identifier: Apache-2.0
from collections.abc import Iterator
from pathlib import Path

import pytest

from .making import Log, opened


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    """An empty log with the default consents."""
    with opened(tmp_path) as log:
        yield log
