# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from segue.catalog.serials import serials
from segue.dataset.build import DatasetConfig, build, read
from segue.dataset.serials import build_serials
from segue.errors import NotReady
from segue.workspace import Workspace
from tests.spoken import ANNA, CLEO, chapter, episode


def test_each_serial_counts_once_for_a_listener_and_what_is_not_liked_not_at_all(spoken: Workspace) -> None:
    catalog = spoken.catalog()
    data = build_serials(read(spoken.door), catalog, serials(catalog), DatasetConfig())
    assert data.listeners is not None
    assert not catalog.music[data.items.numbers].any()
    whose = data.listeners.rows.to_list()
    own = data.listeners.row(whose.index(ANNA))
    assert {data.items.ids[int(item)].rpartition(":")[0] for item in own} == {"pod:alps", "pod:birds", "book:whales"}
    assert (np.diff(own) > 0).all()
    assert CLEO not in whose


def test_the_dataset_of_music_has_no_podcasts_and_does_not_call_them_unknown(spoken: Workspace) -> None:
    catalog = spoken.catalog()
    data = build(read(spoken.door), catalog, DatasetConfig())
    assert catalog.music[data.items.numbers].all()
    assert data.catalogue is not None
    assert not set(data.catalogue.ids) & {episode("alps", 1), chapter("whales", 1)}
    assert not data.dropped


def test_where_nobody_hears_anything_spoken_there_is_none(world: Workspace) -> None:
    catalog = world.catalog()
    with pytest.raises(NotReady):
        build_serials(read(world.door), catalog, serials(catalog), DatasetConfig())
