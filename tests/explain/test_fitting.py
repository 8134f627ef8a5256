# SPDX-License-Identifier: Apache-2.0
from segue.explain.fitting import fitting


def test_a_fit_is_said_in_the_words_that_were_asked_for() -> None:
    assert fitting(["calm", "jazz"], "sunday") == "Calm, jazz, and suits playlists called “sunday”"
    assert fitting(["calm"], None) == "Calm"
    assert fitting([], "sunday") == "Suits playlists called “sunday”"
    assert fitting([], None) == ""
