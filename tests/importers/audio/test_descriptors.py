# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.importers.audio.decoding import RATE
from segue.importers.audio.descriptors import describe

from .sounds import Sound, chords, clicks, drums, noise, silence, tone

TONICS = range(12)


@pytest.mark.parametrize("bpm", range(60, 181, 10))
def test_the_tempo_of_clicks_is_found_to_half_a_percent(bpm: int) -> None:
    assert describe(clicks(bpm, 20.0))["tempo_bpm"] == pytest.approx(bpm, rel=0.005)


@pytest.mark.parametrize("bpm", range(60, 181, 10))
def test_the_tempo_of_drums_with_hi_hats_in_eighths_is_that_of_the_beat(bpm: int) -> None:
    assert describe(drums(bpm, 20.0))["tempo_bpm"] == pytest.approx(bpm, rel=0.005)


@settings(max_examples=10)
@given(st.floats(60, 180), st.integers(0, 100))
def test_no_tempo_of_clicks_is_an_octave_off(bpm: float, seed: int) -> None:
    assert describe(clicks(bpm, 20.0, seed))["tempo_bpm"] == pytest.approx(bpm, rel=0.005)


@pytest.mark.parametrize("minor", [False, True])
@pytest.mark.parametrize("tonic", TONICS)
def test_key_and_mode_of_chords_are_found(tonic: int, minor: bool) -> None:
    said = describe(chords(tonic, minor, 12.0))
    assert (said["key"], said["mode"]) == (tonic, 0 if minor else 1)


@pytest.mark.parametrize("cents", [-40, -20, 20, 40])
def test_an_instrument_out_of_tune_has_its_own_key(cents: float) -> None:
    found = [describe(chords(tonic, False, 12.0, cents)) for tonic in (0, 7)]
    assert [(said["key"], said["mode"]) for said in found] == [(0, 1), (7, 1)]


@pytest.mark.parametrize("tonic", [2, 9])
def test_noise_bursts_do_not_hide_the_key(tonic: int) -> None:
    said = describe(chords(tonic, True, 16.0) + clicks(110, 16.0) * 0.5)
    assert (said["key"], said["mode"]) == (tonic, 0)


def test_silence_has_no_loudness_and_no_energy_and_nothing_else() -> None:
    assert describe(silence(20.0)) == {
        "tempo_bpm": None, "key": None, "mode": None, "energy": 0.0, "loudness_db": None, "timbre": None,
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_noise_has_neither_tempo_nor_key(seed: int) -> None:
    said = describe(noise(20.0, seed=seed))
    assert (said["tempo_bpm"], said["key"], said["mode"]) == (None, None, None)


def test_a_steady_tone_has_no_tempo() -> None:
    assert describe(tone(997, 20.0))["tempo_bpm"] is None


def test_clicks_have_no_key() -> None:
    assert describe(clicks(100, 20.0))["key"] is None


@pytest.mark.parametrize("level_db", [-33.0, -23.0, -13.0])
def test_loudness_is_that_of_the_standard(level_db: float) -> None:
    """EBU Tech 3341, case 1: a tone of 997 Hz on both channels, its peak at -23 dB, has -23 LUFS within 0.1."""
    sound = np.repeat(tone(997, 20.0, 10 ** (level_db / 20)), 2, axis=0)
    assert describe(sound)["loudness_db"] == pytest.approx(level_db, abs=0.1)


def test_one_channel_is_as_loud_as_the_same_on_both() -> None:
    mono = chords(0, False, 8.0)
    one, both = (describe(sound) for sound in (mono, np.repeat(mono, 2, axis=0)))
    assert one == both


@pytest.mark.parametrize("sound", [drums(120, 15.0), chords(4, True, 15.0), noise(15.0, 0.2)], ids=["d", "c", "n"])
def test_a_softer_copy_has_less_energy_and_is_otherwise_the_same(sound: Sound) -> None:
    loud, soft, softest = (describe(sound * gain) for gain in (1.0, 0.3, 0.05))
    assert loud["energy"] > soft["energy"] + 0.01 > softest["energy"] + 0.02
    for one in (soft, softest):
        assert (one["key"], one["mode"]) == (loud["key"], loud["mode"])
        assert one["tempo_bpm"] == pytest.approx(loud["tempo_bpm"], rel=0.01) if loud["tempo_bpm"] else True
        assert one["timbre"] == pytest.approx(loud["timbre"], abs=0.5)


def test_more_onsets_a_second_at_the_same_loudness_are_more_energy() -> None:
    slow, fast = (drums(bpm, 20.0) for bpm in (60, 160))
    slow_db, fast_db = (describe(sound)["loudness_db"] for sound in (slow, fast))
    assert slow_db is not None
    assert fast_db is not None
    even = fast * np.float32(10 ** ((slow_db - fast_db) / 20))
    assert describe(even)["loudness_db"] == pytest.approx(slow_db, abs=0.05)
    assert describe(even)["energy"] > describe(slow)["energy"] + 0.03


def test_energy_and_timbre_keep_their_bounds() -> None:
    for sound in (noise(10.0, 1.0), drums(180, 10.0) * 4, tone(100, 10.0, 1e-3), noise(0.05)):
        said = describe(sound)
        assert 0 < said["energy"] < 1
        assert len(said["timbre"] or ()) == 20
        assert np.isfinite(said["timbre"] or ()).all()


def test_timbres_of_one_instrument_are_nearer_than_those_of_two() -> None:
    low, high, hiss = (
        np.array(describe(sound)["timbre"]) for sound in (chords(0, False, 10.0), chords(7, False, 10.0), noise(10.0))
    )
    assert np.linalg.norm(low - high) < np.linalg.norm(low - hiss) / 2


@given(st.integers(1, RATE // 2), st.floats(1e-5, 2), st.integers(0, 9))
@settings(max_examples=20)
def test_the_shortest_sounds_are_described(length: int, level: float, seed: int) -> None:
    said = describe(noise(length / RATE, level, seed))
    assert said["tempo_bpm"] is said["key"] is None
    assert 0 <= said["energy"] <= 1
