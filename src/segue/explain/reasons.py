# SPDX-License-Identifier: Apache-2.0
"""The true reason of each track: asked of the very models that ranked it, after the list is made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from segue.pipeline.candidates import Candidates
from segue.pipeline.request import Request
from segue.pipeline.stage import Source
from segue.pipeline.trace import Trace

__all__ = ["Reasons", "about_artist", "fitting", "words"]


@dataclass(frozen=True)
class Reasons:
    """Finds, for each track left, the seed that its main source answered to."""

    sources: Mapping[str, Source]

    def __call__(self, request: Request, candidates: Candidates, trace: Trace) -> Candidates:  # noqa: ARG002
        """Fill in `reason_seed`."""
        seeds = candidates.reason_seed.copy()
        for number, name in enumerate(candidates.sources):
            mine = candidates.reason_source == number
            if mine.any():
                seeds[mine] = self.sources[name].seeds_of(request, candidates, mine)
        return replace(candidates, reason_seed=seeds)


_WORDS = {
    ("knn", "seeds"): "Often found beside {seed}",
    ("knn", "history"): "Often found beside {seed}, which you play",
    ("als", "seeds"): "Liked by people who like {seed}",
    ("als", "history"): "Liked by people who share your taste for {seed}",
    ("ease", "seeds"): "Goes with {seed}",
    ("ease", "history"): "Goes with {seed}, which you play",
    ("session_knn", "seeds"): "Often next in sessions like this",
    ("session_knn", "history"): "Often next in sessions like yours",
    ("content", "seeds"): "New, and like {seed}",
    ("content", "history"): "New, and like {seed}, which you play",
    ("walks", "seeds"): "A short way from {seed}",
    ("walks", "history"): "A short way from {seed}, which you play",
    ("user_knn", "seeds"): "Found in lists like yours",
    ("user_knn", "history"): "Played by people who play what you play",
    ("graph", "seeds"): "In the same corner of music as {seed}",
    ("graph", "history"): "In the same corner of music as {seed}, which you play",
    ("item2vec", "seeds"): "Keeps the company of {seed}",
    ("item2vec", "history"): "Keeps the company of {seed}, which you play",
    ("sequence", "seeds"): "A likely next after {seed}",
    ("sequence", "history"): "A likely next after what you played",
    ("title", "text"): "Fits the title",
    ("theme", "text"): "Fits the words",
    ("artist", "seeds"): "More by {artist}",
    ("artist", "history"): "More by {artist}, whom you play",
    ("popularity", "history"): "Popular with everyone now",
    ("popularity", "seeds"): "Popular with everyone now",
}
_WITHOUT_SEED = {
    "knn": "Often found beside your tracks",
    "als": "Liked by people with a similar taste",
    "ease": "Goes with your tracks",
    "walks": "A short way from your tracks",
    "graph": "In the same corner of music as your tracks",
    "item2vec": "Keeps the company of your tracks",
    "sequence": "A likely next after your tracks",
    "content": "New, and like your tracks",
}


def words(source: str, seed: str | None, artist: str) -> str:
    """Say the reason in words.

    Args:
        source: Name of the source, "model:about".
        seed: "Artist – Title" of the track that it answered to, if there is one.
        artist: The recommended track's artist.
    """
    model, _, about = source.partition(":")
    if seed is None and model in _WITHOUT_SEED:
        return _WITHOUT_SEED[model]
    return _WORDS[model, about].format(seed=seed, artist=artist)


def fitting(facts: Sequence[str], title: str | None) -> str:
    """Say why a track fits free words: "Calm, piano, and suits playlists called “sleep”"; "" where nothing can be said.

    Args:
        facts: What the catalogue says of the track that was asked for, in the asker's words.
        title: What playlists are called that such tracks suit, where this is what ranked it.
    """
    told = [*facts, *([f"suits playlists called “{title}”"] if title else [])]
    if not told:
        return ""
    whole = told[0] if len(told) == 1 else f"{', '.join(told[:-1])}, and {told[-1]}"
    return whole[0].upper() + whole[1:]


def about_artist(source: str) -> bool:
    """Say whether the words for a source name the recommended track's artist."""
    model, _, about = source.partition(":")
    return "{artist}" in _WORDS[model, about]
