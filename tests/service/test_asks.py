import json

import pytest

from segue.errors import BadInput
from segue.service.asks import check, parse
from segue.types import Ask, Kind, Refusal
from tests.conftest import NOW


def read(line: str) -> Ask | Refusal:
    return parse(line, 7, NOW)


def test_a_line_becomes_the_ask_that_it_spells() -> None:
    line = {"id": "a", "kind": "continue", "tracks": ["x", "y"], "title": "Rain", "listener": "ann", "limit": 500}
    wishes = {"language": "pt-BR", "dial": 0.25, "minutes": 45.0}
    asked = Ask("a", Kind.CONTINUE, ("x", "y"), "Rain", "ann", {}, 500, NOW, arc=(0.0, 1.0), **wishes)  # type: ignore[arg-type]
    assert read(json.dumps({**line, **wishes, "arc": [0, 1]})) == asked


def test_a_line_without_an_id_is_called_by_its_number() -> None:
    asked = read('{"kind": "radio", "tracks": ["x"]}')
    assert asked == Ask("line 7", Kind.RADIO, ("x",), now=NOW)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"kind": "dance"}, "'dance'"),
        ({}, "kind is None"),
        ({"kind": ["radio"]}, "['radio']"),
        ({"kind": "radio"}, "at least one track"),
        ({"kind": "continue", "tracks": []}, "at least one track"),
        ({"kind": "weekly"}, "needs a listener"),
        ({"kind": "weekly", "listener": ""}, "needs a listener"),
        ({"kind": "weekly", "listener": 5}, "listener is 5"),
        ({"kind": "radio", "tracks": "x"}, "list of track ids"),
        ({"kind": "radio", "tracks": ["x"], "language": 1}, "language is 1; it must be text"),
        ({"kind": "radio", "tracks": ["x"], "language": "x" * 36}, "the language has 36 characters"),
        ({"kind": "radio", "tracks": ["x"], "language": ""}, "the language has 0 characters"),
        ({"kind": "radio", "tracks": [1]}, "list of track ids"),
        ({"kind": "radio", "tracks": ["x"], "dial": 0.5}, "needs a listener"),
        ({"kind": "radio", "tracks": ["x"], "listener": "ann", "dial": 1.5}, "dial is 1.5"),
        ({"kind": "radio", "tracks": ["x"], "listener": "ann", "dial": "new"}, "dial is 'new'"),
        ({"kind": "radio", "tracks": ["x"], "minutes": 0}, "minutes is 0"),
        ({"kind": "radio", "tracks": ["x"], "minutes": True}, "minutes is True"),
        ({"kind": "radio", "tracks": ["x"], "arc": "zigzag"}, "there are flat"),
        ({"kind": "radio", "tracks": ["x"], "arc": [1, "2"]}, "a name or a list of numbers"),
        ({"kind": "radio", "tracks": ["x"], "context": {"age_bracket": "5"}}, "age_bracket is '5'"),
        ({"kind": "radio", "tracks": ["x"], "limit": 0}, "limit is 0; it must be from 1 to 1000"),
        ({"kind": "radio", "tracks": ["x"], "limit": -1}, "limit is -1"),
        ({"kind": "radio", "tracks": ["x"], "limit": 10000}, "limit is 10000"),
        ({"kind": "radio", "tracks": ["x"], "limit": 2.5}, "2.5"),
        ({"kind": "radio", "tracks": ["x"], "limit": "30"}, "'30'"),
        ({"kind": "radio", "tracks": ["x"], "limit": True}, "True"),
        ({"kind": "radio", "tracks": ["x"], "limit": float("nan")}, "nan"),
        ({"kind": "radio", "tracks": ["x"] * 1001}, "1001 tracks"),
        ({"kind": "radio", "tracks": ["x"], "colour": 1}, "unknown field 'colour'"),
    ],
)
def test_a_line_that_cannot_be_answered_says_which_value_is_wrong(fields: dict[str, object], says: str) -> None:
    refused = read(json.dumps({"id": "me", **fields}))
    assert isinstance(refused, Refusal)
    assert refused.id == "me"
    assert says in refused.error


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("nonsense", "not JSON"),
        ('{"id": "cut', "not JSON"),
        ("[1, 2]", "not a JSON object"),
        ("null", "not a JSON object"),
        ('{"a": "' + "x" * (1 << 20) + '"}', "at most 1048576"),
        ("9" * 5000, "not JSON"),
        ("[" * 100_000, "not JSON"),
    ],
    ids=["words", "cut short", "array", "null", "long", "a number of 5000 digits", "nested too deeply"],
)
def test_a_line_that_is_no_object_is_called_by_its_number(line: str, says: str) -> None:
    refused = read(line)
    assert isinstance(refused, Refusal)
    assert refused.id == "line 7"
    assert says in refused.error
    assert len(refused.error) < 300


@pytest.mark.parametrize("limit", [1, 30, 1000])
def test_limits_within_bounds_are_taken(limit: int) -> None:
    ask = Ask("a", Kind.RADIO, ("x",), limit=limit)
    assert check(ask) is ask


@pytest.mark.parametrize("limit", [0, -1, 1001, 10000])
def test_limits_out_of_bounds_are_refused_with_the_bounds(limit: int) -> None:
    with pytest.raises(BadInput, match=f"limit is {limit}; it must be from 1 to 1000"):
        check(Ask("a", Kind.RADIO, ("x",), limit=limit))
