# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.errors import BadInput
from segue.privacy import erasure
from segue.privacy.profiles import AudienceConfig, Profile, ProfileColumns, Profiles, profile, record_profile, stated
from segue.types import AgeBracket, Purpose, Tier

from .making import Log


def test_of_each_field_the_value_said_last_counts(log: Log) -> None:
    profiles = Profiles(log.door)
    log.say("profile", "ann", age_bracket="13-15", languages=["es"], region="ES", tier="ad-supported")
    log.say("profile", "ann", age_bracket="16-17", languages=["en", "es"], allows_explicit=False)
    expected = Profile(AgeBracket.YOUTH, False, Tier.AD_SUPPORTED, ("en", "es"), "ES", None)
    assert profiles("ann") == Profiles(log.door)("ann") == stated(log.door, "ann") == expected


def test_what_is_said_later_is_known_at_the_next_look(log: Log) -> None:
    profiles = Profiles(log.door)
    log.say("profile", "ann", age_bracket="13-15", region="ES")
    assert profiles("ann").age_bracket == AgeBracket.TEEN
    log.play("ann")
    log.say("profile", "bob", age_bracket="0-12")
    log.say("profile", "ann", age_bracket="18+")
    assert profiles("bob").age_bracket == AgeBracket.CHILD
    assert profiles("ann") == Profile(AgeBracket.ADULT, region="ES")


def test_of_nobody_and_of_a_stranger_nothing_is_known(log: Log) -> None:
    log.say("profile", "ann", age_bracket="13-15")
    profiles = Profiles(log.door)
    assert profiles(None) == profiles("a stranger") == Profile()


def test_an_erasure_forgets_and_what_is_said_afterwards_counts(log: Log) -> None:
    profiles = Profiles(log.door)
    log.say("profile", "ann", age_bracket="13-15", region="ES")
    log.say("profile", "bob", age_bracket="18+")
    assert profiles("ann").region == "ES"
    erasure.erase(log.folder, log.sink, "ann")
    assert profiles("ann") == stated(log.door, "ann") == Profile()
    assert profiles("bob") == Profile(AgeBracket.ADULT)
    log.say("profile", "ann", tier="premium")
    assert profiles("ann") == Profiles(log.door)("ann") == Profile(tier=Tier.PREMIUM)


def test_age_and_explicitness_hold_where_personalisation_is_not_allowed(log: Log) -> None:
    profiles = Profiles(log.door)
    log.say("profile", "ann", age_bracket="13-15", allows_explicit=False, languages=["es"], region="ES")
    assert profiles("ann").languages == ("es",)
    log.consent("ann", False)
    assert profiles("ann") == Profiles(log.door)("ann") == Profile(AgeBracket.TEEN, False)
    assert stated(log.door, "ann").region == "ES"
    log.consent("ann", True)
    assert profiles("ann").region == "ES"


def test_whoever_does_not_allow_to_operate_has_no_age_here(log: Log) -> None:
    profiles = Profiles(log.door)
    log.say("profile", "ann", age_bracket="18+", region="ES")
    log.consent("ann", False, Purpose.OPERATE)
    assert profiles("ann") == Profile(region="ES")


def test_an_empty_list_of_languages_takes_them_back(log: Log) -> None:
    profiles = Profiles(log.door)
    record_profile(log.sink, "ann", profile(languages=["es"]))
    record_profile(log.sink, "ann", profile(languages=[]))
    assert profiles("ann").languages == stated(log.door, "ann").languages == ()
    assert profiles.of(["ann"]).language_offsets.tolist() == [0, 0]


def test_columns_hold_codes_in_the_order_of_the_asked(log: Log) -> None:
    log.say("profile", "ann", age_bracket="13-15", allows_explicit=False, languages=["es", "en"], region="ES")
    log.say("profile", "bob", age_bracket="18+", allows_explicit=True, tier="premium", languages=["en"], region="DE")
    log.say("profile", "cem", timezone="Asia/Tokyo")
    told = Profiles(log.door).of(["bob", None, "ann", "a stranger", "cem", "bob"])
    assert told.age.tolist() == [3, -1, 1, -1, -1, 3]
    assert told.explicit.tolist() == [1, -1, 0, -1, -1, 1]
    assert told.tier.tolist() == [0, -1, -1, -1, -1, 0]
    assert (told.regions, told.region.tolist()) == (("DE", "ES"), [0, -1, 1, -1, -1, 0])
    assert (told.timezones, told.timezone.tolist()) == (("Asia/Tokyo",), [-1, -1, -1, -1, 0, -1])
    assert told.languages == ("en", "es")
    assert told.language_offsets.tolist() == [0, 1, 1, 3, 3, 3, 4]
    assert told.language.tolist() == [0, 1, 0, 0]


def columns(*said: tuple[int, int]) -> ProfileColumns:
    """Of listeners with a code of age and one of explicitness each."""
    nothing = np.zeros(0, np.int32)
    age, explicit = np.array(said, np.int8).reshape(-1, 2).T
    return ProfileColumns(
        age, explicit, nothing, np.zeros(len(said) + 1, np.int64), nothing, (), nothing, (), nothing, ()
    )


def test_the_unknown_count_as_old_as_the_setting_says() -> None:
    told = columns((-1, -1), (0, -1), (1, -1), (2, -1), (3, -1))
    assert told.years(AudienceConfig()).tolist() == [18, 0, 13, 16, 18]
    assert told.years(AudienceConfig(unknown_age=AgeBracket.TEEN)).tolist() == [13, 0, 13, 16, 18]


@given(st.integers(-1, 3), st.integers(-1, 1), st.sampled_from(AgeBracket), st.sampled_from(AgeBracket))
def test_explicit_tracks_are_for_those_old_enough_who_do_not_say_no(
    age: int, explicit: int, unknown: AgeBracket, least: AgeBracket
) -> None:
    config = AudienceConfig(unknown_age=unknown, explicit_for=least)
    order = list(AgeBracket)
    counts_as = unknown if age < 0 else order[age]
    expected = order.index(counts_as) >= order.index(least) and explicit != 0
    assert columns((age, explicit)).may_hear_explicit(config).tolist() == [expected]


def test_words_are_put_as_the_standards_write_them() -> None:
    made = profile(age_bracket="0-12", languages=[" ES", "en", "es"], region="es-ct", timezone="Europe/Madrid")
    assert made == Profile(AgeBracket.CHILD, None, None, ("es", "en"), "ES-CT", "Europe/Madrid")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"age_bracket": "14"}, r"no age '14'; it is one of \['0-12', '13-15', '16-17', '18\+'\]"),
        ({"tier": "gold"}, r"no tier 'gold'; it is one of \['premium', 'ad-supported'\]"),
        ({"languages": ["english"]}, "'english' is no language; write two letters"),
        ({"region": "Spain"}, "'Spain' is no region; write it as in ISO 3166"),
        ({"timezone": "Mars"}, "'Mars' is no time zone; write it as Europe/Berlin"),
    ],
)
def test_a_word_that_is_none_of_its_kind_is_refused(said: dict[str, str], told: str) -> None:
    with pytest.raises(BadInput, match=told):
        profile(**said)  # type: ignore[arg-type]


def test_a_profile_that_says_nothing_is_not_written(log: Log) -> None:
    with pytest.raises(BadInput, match="nothing is said of 'ann'; say one of: age_bracket"):
        record_profile(log.sink, "ann", Profile())
    assert log.door.position() == 0
