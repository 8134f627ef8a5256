# SPDX-License-Identifier: Apache-2.0
import json
from pathlib import Path

import pytest

from segue.errors import BadInput, TooLarge
from segue.importers import archives
from segue.importers.records import RECORD_LIMIT, Record, batched, read


def records(path: Path, content: str | bytes, key: str | None = None) -> list[Record]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with archives.opened(path) as members:
        return list(read(members[0], key=key))


def test_an_array_and_lines_and_values_in_a_row_give_the_same_records(tmp_path: Path) -> None:
    values = [{"n": number, "é": "ü" * number} for number in range(40)]
    wanted = [(row, value) for row, value in enumerate(values, 1)]
    shapes = {
        "a.json": json.dumps(values, indent=3),
        "b.json": "\ufeff" + json.dumps(values, ensure_ascii=False),
        "c.jsonl": "\n".join(map(json.dumps, values)),
        "d.json": "\n\n".join(json.dumps(value, indent=1) for value in values),
        "e.jsonl": json.dumps(values),
    }
    for name, text in shapes.items():
        assert [(record.row, record.value) for record in records(tmp_path / name, text)] == wanted


def test_records_are_whole_wherever_a_chunk_ends(tmp_path: Path) -> None:
    values = [{"text": 'ä\\"🎵' * (row % 50), "number": -1.5e-7 * row, "flag": row % 2 == 0} for row in range(40_000)]
    found = records(tmp_path / "a.json", json.dumps(values, ensure_ascii=False))
    assert [record.value for record in found] == values


def test_the_array_under_a_key_is_found_among_others(tmp_path: Path) -> None:
    text = '{"info": {"playlists": [1]}, "playlists": [{"a": 1}, {"a": 2}], "more": [5]}'
    assert [record.value["a"] for record in records(tmp_path / "a.json", text, key="playlists")] == [1, 2]


def test_a_record_above_the_limit_is_too_large(tmp_path: Path) -> None:
    long = json.dumps({"text": "x" * RECORD_LIMIT})
    with pytest.raises(TooLarge, match=r"a\.json: row 2 is longer than 8 MiB"):
        records(tmp_path / "a.json", f'[{{"a": 1}}, {long}]')
    with pytest.raises(TooLarge, match=r"b\.jsonl: row 2 is longer than 8 MiB"):
        records(tmp_path / "b.jsonl", f'{{"a": 1}}\n{long}\n')


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[{"a": 1}', "row 2 is where the file ends"),
        ('[{"a": 1}, {"a"', "row 2 is no JSON .*the file ends in the middle"),
        ('[{"a": 1}, {"a" 2}, {"padding": "long enough"}]', r"row 2 is no JSON \(Expecting ':'"),
        ('[{"a": 1}] {"b": 2}', "row 2 .*after the end of the JSON"),
        ('[{"a": 1} {"b": 2}]', "row 2 is no JSON .*expected"),
        ("[1, 2]", "row 1 is a number where an object was expected"),
        ('[{"a": Infinity}]', "row 1 is no JSON .*Infinity"),
        ('[{"a": ' + "[" * 100_000 + "]" * 100_000 + "}]", "row 1 is no JSON .*nested too deeply"),
        (b'[{"a": "\xff"}]', "row 1 or one soon after it is not UTF-8"),
        ("hello", "row 1 is no JSON"),
    ],
)
def test_what_is_no_json_is_refused_by_its_row(tmp_path: Path, text: str | bytes, told: str) -> None:
    with pytest.raises(BadInput, match=rf"a\.json: {told}"):
        records(tmp_path / "a.json", text)


def test_batches_end_by_rows_and_by_length() -> None:
    short = [Record("f", row, {}, 10) for row in range(5)]
    long = [Record("f", row, {}, RECORD_LIMIT) for row in range(5)]
    assert [len(batch) for batch in batched(short, 2)] == [2, 2, 1]
    assert [len(batch) for batch in batched(long, 100)] == [3, 2]
