# SPDX-License-Identifier: Apache-2.0
"""Matching of listens to catalogue tracks: by id, MBID, ISRC, equal names, then names with typing errors.

Each rung answers only what the rungs above it left open. The last one forgives a few wrong letters and nothing else: a
word too many ("Live", "Y Remix"), another number ("Pt. 2") or another word ("Outro" for "Intro") is another recording.
A wrong match is worse than none, because it is learned from.
"""

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, Field
from rapidfuzz import process
from rapidfuzz.distance import OSA

from segue.catalog import names
from segue.catalog.store import Catalog
from segue.errors import BadInput
from segue.types import ItemKind

__all__ = ["LISTENS", "MATCHES", "MatchingConfig", "match"]

LISTENS = pl.Schema(
    {
        "track_id": pl.String(),
        "mbid": pl.String(),
        "isrc": pl.String(),
        "artist_name": pl.String(),
        "title": pl.String(),
        "duration_ms": pl.Int64(),  # the recording's length, not how long it was played
    }
)
"""What a listen may say of its track. Any of these will do; further columns are not looked at."""

MATCHES = pl.Schema(
    {
        "number": pl.Int32(),  # the track's number, -1 for none
        "method": pl.String(),  # "id", "mbid", "isrc", "exact", "fuzzy"; null for none
        "score": pl.Float32(),  # 1 for all but "fuzzy", where it is the share of right letters; 0 for none
    }
)

_NUMBERS = (
    r"\p{N}+|\b(?:i{1,3}|iv|vi{0,3}|ix|xi{0,3}|"
    r"(?:part|pt|parte|vol|volume|chapter|side|act) (?:\p{L}|one|two|three|four|five|six|seven|eight|nine|ten))\b"
)
"""What counts recordings in a title's key; a fuzzy match needs these to be the same."""

_VERSIONS = (
    *("acapella", "acoustic", "alternate", "bootleg", "club", "concert", "cover", "demo", "directo", "dub", "edit"),
    *("extended", "instrumental", "interlude", "intro", "karaoke", "live", "lullaby", "mashup", "medley", "mix"),
    *("nightcore", "orchestral", "outro", "piano", "prelude", "radio", "rehearsal", "remake", "remix", "reprise"),
    *("rework", "rmx", "session", "sessions", "skit", "slowed", "stripped", "take", "tribute", "unplugged"),
    *("version", "vip", "vivo"),
)
"""Words that tell recordings apart; they are known words in every catalogue, however small."""

_MISSPELT_THE = r"^(?:the?e?|tth?e|thhe|teh|hte|he|\whe|t\we|th\w) (.+)$"

_SHORT_WORD = 2
"""Words of no more letters are left out as often as they are misspelt; they tell nothing."""

_COMMON_WORD = 300
"""A word of more artists' names than this says nothing about which artist is meant."""


class MatchingConfig(BaseModel):
    """How much may differ between a listen and the track it is matched to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fuzzy: bool = Field(default=True, description="Whether names that are not equal may match at all.")
    max_typos: int = Field(
        default=2, ge=0, le=4, description="Most wrong letters in a title, and again in an artist's name."
    )
    min_similarity: float = Field(
        default=0.66,
        ge=0.5,
        le=1,
        description="Least share of right letters in a title, and again in an artist's name.",
    )
    min_score: float = Field(
        default=0.8,
        ge=0.5,
        le=1,
        description="Least share of right letters in the artist's name and the title together.",
    )
    min_margin: float = Field(
        default=0.02, ge=0, le=0.5, description="Least lead in score over other names; a closer race has no winner."
    )
    known_word_share: float = Field(
        default=0.0007,
        gt=0,
        le=1,
        description="From which share of the catalogue's titles on a word is known, and so no misspelling of another.",
    )
    max_length_gap_ms: int = Field(
        default=30_000, ge=0, description="Recordings whose known lengths differ by more never match by name."
    )
    batch: int = Field(default=8192, ge=1, description="Distinct names compared at once; bounds the memory.")


def match(listens: pl.DataFrame, catalog: Catalog, config: MatchingConfig | None = None) -> pl.DataFrame:
    """Find the catalogue's track of each listen.

    Of a catalogue with "Elton John — Tiny Dancer", a listen to "ELTON JOHN — Tiny Dancer (2016 Remaster)" has the
    method "exact", one to "Elton Jon — Tiny Dancer" has "fuzzy", one to "Elton John — Tiny Dancer (Live)" has none.

    Where an MBID, an ISRC or names fit several tracks, the one of the closest length is taken, or the lowest number
    where lengths are unknown. Names give canonical recordings; ids, MBIDs and ISRCs give the very track.

    Args:
        listens: Any columns of `LISTENS`, at least one; one row per listen.
        catalog: Where to look.
        config: How much may differ.

    Returns:
        `MATCHES`, one row per listen in the same order.

    Raises:
        BadInput: No column of `LISTENS` is there, or one has values that cannot be read.
    """
    config = config or MatchingConfig()
    asked = _conform(listens)
    found = [_nothing()]
    for column, method in (("track_id", "id"), ("mbid", "mbid"), ("isrc", "isrc")):
        hits = _by_code(asked, catalog.tracks, column, method)
        asked = asked.join(hits, on="row", how="anti")
        found.append(hits)
    named = _named(asked)
    recordings = catalog.tracks.filter(
        pl.col("number") == pl.col("canonical"), pl.col("kind") != ItemKind.ARTIST.value
    ).select("number", "artist_key", "title_key", "duration_ms")
    hits = _exact(named, recordings, config)
    found.append(hits)
    if config.fuzzy:
        found.append(_fuzzy(named.join(hits, on="row", how="anti"), recordings, config))
    rows = pl.DataFrame({"row": np.arange(listens.height, dtype=np.int64)})
    each = rows.join(pl.concat(found), on="row", how="left", maintain_order="left")
    return each.select(pl.col("number").fill_null(-1), "method", pl.col("score").fill_null(0.0))


def _conform(listens: pl.DataFrame) -> pl.DataFrame:
    """Return all columns of `LISTENS`, and `row`."""
    if not any(name in LISTENS for name in listens.columns):
        raise BadInput(f"the listens have the columns {listens.columns}; give at least one of: {', '.join(LISTENS)}")
    try:
        given = listens.select(
            listens[name].cast(dtype) if name in listens.columns else pl.lit(None, dtype).alias(name)
            for name, dtype in LISTENS.items()
        )
    except pl.exceptions.PolarsError as error:
        raise BadInput(f"a listen has a value of the wrong type: {str(error).splitlines()[0]}") from error
    return given.with_columns(row=pl.int_range(pl.len(), dtype=pl.Int64))


def _nothing() -> pl.DataFrame:
    return pl.Schema({"row": pl.Int64(), **MATCHES}).to_frame()


def _by_code(asked: pl.DataFrame, tracks: pl.DataFrame, column: str, method: str) -> pl.DataFrame:
    spelling = {
        "track_id": pl.col("track_id"),
        "mbid": pl.col("mbid").str.strip_chars().str.to_lowercase(),
        "isrc": pl.col("isrc").str.replace_all(r"[\s-]", "").str.to_uppercase(),
    }[column].alias("code")
    wanted = asked.select("row", "duration_ms", spelling).filter(pl.col("code") != "")
    known = tracks.select("number", "duration_ms", spelling)
    return _settled(wanted.join(known, on="code"), method)


def _settled(pairs: pl.DataFrame, method: str) -> pl.DataFrame:
    """Keep of each row's equal candidates the one of the closest length, then of the lowest number."""
    first = pairs.sort("row", _length_gap(), "number", nulls_last=True).unique("row", keep="first", maintain_order=True)
    return first.select("row", "number", pl.lit(method).alias("method"), pl.lit(1.0, pl.Float32).alias("score"))


def _length_gap() -> pl.Expr:
    return (pl.col("duration_ms") - pl.col("duration_ms_right")).abs()


def _named(asked: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that say artist and title, with their keys; each distinct pair of names is read once."""
    pair = ["artist_name", "title"]
    said = asked.select("row", *pair, "duration_ms").filter(pl.col(name).str.strip_chars() != "" for name in pair)
    keys = said.select(pair).unique()
    keys = keys.with_columns(
        artist_key=names.artist_key(pl.col("artist_name")), title_key=names.title_key(pl.col("title"))
    )
    return said.join(keys, on=pair).select("row", "artist_key", "title_key", "duration_ms")


def _exact(named: pl.DataFrame, recordings: pl.DataFrame, config: MatchingConfig) -> pl.DataFrame:
    pairs = named.join(recordings, on=["artist_key", "title_key"])
    return _settled(pairs.filter(_length_fits(config)), "exact")


def _length_fits(config: MatchingConfig) -> pl.Expr:
    return (_length_gap() <= config.max_length_gap_ms).fill_null(True)


def _fuzzy(named: pl.DataFrame, recordings: pl.DataFrame, config: MatchingConfig) -> pl.DataFrame:
    wanted = named.group_by("artist_key", "title_key", "duration_ms", maintain_order=True).agg("row")
    wanted = wanted.with_row_index("ask")
    if wanted.is_empty() or recordings.is_empty():
        return _nothing()
    words = _known_words(recordings, config)
    found = [_nothing()]
    for batch in wanted.iter_slices(config.batch):
        pairs = _scored(_candidates(batch.drop("row"), recordings, config), words, config)
        best = _winners(pairs, config).join(batch.select("ask", "row"), on="ask").explode("row")
        found.append(best.select("row", "number", pl.lit("fuzzy").alias("method"), "score"))
    return pl.concat(found)


def _known_words(recordings: pl.DataFrame, config: MatchingConfig) -> pl.DataFrame:
    """Return the words, as `word`, that are not thought to be misspellings of others."""
    titles = recordings.select(pl.col("title_key").unique())
    words = titles.select(pl.col("title_key").str.split(" ").explode().alias("word"))
    least = max(2.0, config.known_word_share * titles.height)
    common = (
        words.group_by("word")
        .len("titles")
        .filter(pl.col("titles") >= least, pl.col("word").str.len_chars() > _SHORT_WORD)
    )
    return pl.concat([common.select("word"), pl.DataFrame({"word": _VERSIONS})]).unique()


def _candidates(asked: pl.DataFrame, recordings: pl.DataFrame, config: MatchingConfig) -> pl.DataFrame:
    """Return pairs of an ask and a recording whose artists are alike; the recording's columns end in `_right`."""
    right = recordings.rename({name: f"{name}_right" for name in ("artist_key", "title_key", "duration_ms")})
    titled = asked.join(right, left_on="title_key", right_on="title_key_right")
    titled = titled.select("artist_key", "artist_key_right").unique()
    alike = _alike_artists(asked["artist_key"].unique(), recordings["artist_key"].unique(), titled, config)
    return asked.join(alike, on="artist_key").join(right, on="artist_key_right")


def _alike_artists(asked: pl.Series, artists: pl.Series, titled: pl.DataFrame, config: MatchingConfig) -> pl.DataFrame:
    """Return pairs `artist_key`, `artist_key_right` of artists' keys that are nearly the same, and how nearly.

    Compared are keys that agree after the loss of one letter, that share a word which few artists have, or whose
    artists have a title in common (`titled`). An artist whom the catalogue has is no misspelling of another.
    """
    left, right = pl.DataFrame({"artist_key": asked}), pl.DataFrame({"artist_key_right": artists})
    without_the = pl.col("artist_key").str.replace(_MISSPELT_THE, "$1")
    left = pl.concat([left.with_columns(spelt="artist_key"), left.with_columns(spelt=without_the)]).unique()
    near = _shorn(left, "spelt").join(_shorn(right, "artist_key_right"), on="shorn")
    shared = _worded(left, "spelt").join(
        _worded(right, "artist_key_right").filter(pl.len().over("word") <= _COMMON_WORD), on="word"
    )
    common = left.join(titled, on="artist_key")
    pairs = pl.concat(frame.select("artist_key", "spelt", "artist_key_right") for frame in (near, shared, common))
    same, is_known = pl.col("artist_key") == pl.col("artist_key_right"), pl.col("artist_key").is_in(artists.implode())
    compared = _with_typos(pairs.unique().filter(same | ~is_known), "spelt", "artist_key_right", "artist", config)
    return compared.sort("artist_typos").unique(["artist_key", "artist_key_right"], keep="first").drop("spelt")


def _shorn(keys: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return each key with, as `shorn`, itself without spaces: whole, and without each one of its letters."""
    whole = keys.with_columns(shorn=_squashed(name))
    each = whole.with_columns(at=pl.int_ranges(0, pl.col("shorn").str.len_chars())).explode("at").drop_nulls("at")
    before, after = pl.col("shorn").str.slice(0, pl.col("at")), pl.col("shorn").str.slice(pl.col("at") + 1)
    return pl.concat([whole, each.with_columns(shorn=pl.concat_str(before, after)).drop("at")]).unique()


def _squashed(name: str) -> pl.Expr:
    return pl.col(name).str.replace_all(" ", "", literal=True)


def _worded(keys: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return each key with each of its words, as `word`."""
    return keys.with_columns(word=pl.col(name).str.split(" ")).explode("word").unique()


def _with_typos(pairs: pl.DataFrame, left: str, right: str, field: str, config: MatchingConfig) -> pl.DataFrame:
    """Keep the pairs whose keys differ by few letters, spaces aside; add `{field}_typos` and `{field}_letters`.

    A typing error is a letter too many, too few or wrong, or two neighbours swapped.
    """
    lengths = [pl.col(side).str.len_chars().cast(pl.Int32) for side in ("_left", "_right")]
    close = pairs.with_columns(_squashed(left).alias("_left"), _squashed(right).alias("_right")).filter(
        (lengths[0] - lengths[1]).abs() <= config.max_typos
    )
    typos = process.cpdist(
        close["_left"].to_list(),
        close["_right"].to_list(),
        scorer=OSA.distance,
        score_cutoff=config.max_typos,
        dtype=np.int32,
    )
    counted = close.with_columns(
        pl.Series(f"{field}_typos", typos, pl.Int32), pl.max_horizontal(lengths).alias(f"{field}_letters")
    ).drop("_left", "_right")
    right_share = 1 - pl.col(f"{field}_typos") / pl.col(f"{field}_letters")
    return counted.filter(pl.col(f"{field}_typos") <= config.max_typos, right_share >= config.min_similarity)


def _scored(pairs: pl.DataFrame, words: pl.DataFrame, config: MatchingConfig) -> pl.DataFrame:
    """Return the pairs that may be one recording, with `score`."""
    fitting = pairs.filter(_length_fits(config))
    close = _with_typos(fitting, "title_key", "title_key_right", "title", config)
    wrong = (pl.col("artist_typos") + pl.col("title_typos")) / (pl.col("artist_letters") + pl.col("title_letters"))
    likely = close.with_columns(score=(1 - wrong).cast(pl.Float32)).filter(
        pl.col("score") >= config.min_score, _numbers("title_key") == _numbers("title_key_right")
    )
    return likely.join(_reworded(likely, words), on=["title_key", "title_key_right"], how="anti")


def _numbers(name: str) -> pl.Expr:
    return pl.col(name).str.extract_all(_NUMBERS).list.join("|")


def _reworded(pairs: pl.DataFrame, words: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs of titles that differ in known words alone: "walk this way" is no misspelling of "talk …"."""
    titles = pairs.filter(pl.col("title_typos") > 0).select("title_key", "title_key_right").unique()
    left, right = pl.col("title_key").str.split(" "), pl.col("title_key_right").str.split(" ")
    mine, theirs = left.list.set_difference(right), right.list.set_difference(left)
    differing = titles.with_columns(word=pl.when(mine.list.len() > 0).then(mine).otherwise(theirs)).explode("word")
    misspelt = differing.join(words, on="word", how="anti", nulls_equal=False)
    return titles.join(misspelt, on=["title_key", "title_key_right"], how="anti")


def _winners(pairs: pl.DataFrame, config: MatchingConfig) -> pl.DataFrame:
    """Return of each ask the recording with the best score, unless other names score nearly as well."""
    ranked = pairs.sort("ask", -pl.col("score"), _length_gap(), "number", nulls_last=True)
    first = ranked.unique("ask", keep="first", maintain_order=True)
    recording = ["ask", "artist_key_right", "title_key_right"]
    runners_up = ranked.join(first, on=recording, how="anti").group_by("ask").agg(next_score=pl.col("score").max())
    lead = pl.col("score") - pl.col("next_score")
    return (
        first.join(runners_up, on="ask", how="left")
        .filter((lead >= config.min_margin).fill_null(True))
        .select("ask", "number", "score")
    )
