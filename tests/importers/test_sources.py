# SPDX-License-Identifier: Apache-2.0
import subprocess
import sys
from pathlib import Path

import pytest

from segue.errors import UsageError
from segue.importers.sources import SOURCES, build


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_is_built_under_its_name(name: str) -> None:
    assert build(name, listener=None).name == name


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_takes_the_options_that_it_states(name: str) -> None:
    values = {"listener": "ann", "mapping": {}, "type": "play", "kind": "artist", "model": Path("m.onnx")}
    values |= {"model_rate": 16_000, "jobs": 2, "memory": Path("m.sqlite")}
    build(name, **{option: values[option] for option in SOURCES[name].options})


def test_a_source_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UsageError, match=r"no source 'napster'; the sources are: spotify"):
        build("napster")


def test_an_option_that_a_source_does_not_take_is_refused() -> None:
    with pytest.raises(UsageError, match="'mpd' takes no options; leave 'listener' out"):
        build("mpd", listener="ann")


def test_naming_the_sources_loads_no_data_frame() -> None:
    program = "import sys, segue.importers.sources; print('polars' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout == "False\n"
    )
