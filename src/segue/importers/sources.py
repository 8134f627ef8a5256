# SPDX-License-Identifier: Apache-2.0
"""The sources that `segue import` knows, by name; an importer is loaded when it is built."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from segue.errors import UsageError

if TYPE_CHECKING:  # the names of the sources are asked for where no data frame is wanted
    from segue.importers.batch import Importer

__all__ = ["SOURCES", "Source", "build"]


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of source."""

    module: str
    importer: str
    reads: str
    """What it takes, in words for the command's help."""
    options: tuple[str, ...] = ()
    """What its constructor takes."""


SOURCES: Mapping[str, Source] = {
    "spotify": Source(
        "spotify", "Spotify", "Spotify's streaming history: the zip, its folder or one file", ("listener",)
    ),
    "listenbrainz": Source(
        "listenbrainz", "ListenBrainz", "a ListenBrainz export: the zip, its folder or one file", ("listener",)
    ),
    "lastfm": Source("lastfm", "LastFm", "Last.fm scrobbles: CSV or pages of the API", ("listener",)),
    "mpd": Source("mpd", "Mpd", "playlists of the Million Playlist Dataset: slices or JSON lines"),
    "hetrec": Source("hetrec", "HetRec", "HetRec 2011 Last.fm: the zip or its folder"),
    "table": Source("table", "Table", "any table of plays: CSV or Parquet", ("mapping", "type", "listener")),
    "catalogue": Source(
        "catalogue", "Catalogue", "any table of tracks, artists, episodes or chapters", ("mapping", "kind")
    ),
    "audio": Source(
        "audio.folder", "Audio", "your own music files: a folder or one file", ("model", "model_rate", "jobs", "memory")
    ),
}


def build(name: str, **options: Any) -> "Importer":
    """Return the importer of a source; options that are None count as not given.

    Raises:
        UsageError: There is no such source, or it does not take one of the options.
    """
    if name not in SOURCES:
        raise UsageError(f"there is no source {name!r}; the sources are: {', '.join(SOURCES)}")
    source = SOURCES[name]
    given = {option: value for option, value in options.items() if value is not None}
    wrong = [option for option in given if option not in source.options]
    if wrong:
        takes = f"only {', '.join(source.options)}" if source.options else "no options"
        raise UsageError(f"the source {name!r} takes {takes}; leave {wrong[0]!r} out")
    importer: Importer = getattr(import_module(f"segue.importers.{source.module}"), source.importer)(**given)
    return importer
