# SPDX-License-Identifier: Apache-2.0
"""Invented names of artists, titles of tracks and albums, and titles of playlists.

Every name is put together from syllables and words; a likeness to a real one is chance.
"""

from collections.abc import Iterable

import numpy as np

from segue.simulate.genres import GENRES, Genre
from segue.simulate.occasions import ANY_TIME, OCCASIONS

__all__ = ["CLASSICAL_FORMS", "KEYS", "artist_names", "person_names", "playlist_titles", "titles"]

KEYS = ("C", "D flat", "D", "E flat", "E", "F", "F sharp", "G", "A flat", "A", "B flat", "B")
CLASSICAL_FORMS = ("Prelude", "Nocturne", "Étude", "Sarabande", "Intermezzo", "Fugue", "Impromptu", "Serenade")

_SYLLABLES = {
    "en": ("bra wen dor hal mar tes lin col fen ash ric wyn", "low ton ley ren sby ford well mere dale ker"),
    "de": ("hol bre wie frie ler stei grün wal kor mei tho", "berg ner thal mann ke rich sen lein brandt"),
    "fr": ("mar lau che dé fon be ro vé lu au ché", "vel reau lin tier mont nel sard ry vigne"),
    "pt": ("ca ma be lu ta jo sa ri pa fe no", "reira zinho valho nela queira ves tano raz mede"),
    "ja": ("ka mi sa ko ha na yu ri to mo shi ki", "zawa moto hara yama shiro nishi gawa mura kura"),
    "hi": ("ra vi an de ka su pri mo sha ni", "wani dev jeet rekha rana kesh mala vanti pur"),
    "es": ("ca bel mon lo se al que ri va te", "rrera dillo mendi lones varo quez bares rola"),
}
_GIVEN = {
    "en": "Orla Wes Tamsin Ned Junie Hollis Maeve Corin Dell Imogen",
    "de": "Jonte Frieda Lasse Mieke Ansgar Thea Henrike Veit Jule Bastian",
    "fr": "Maëlle Anselme Solène Bastien Odile Yann Capucine Théo Lucille Gaspard",
    "pt": "Jurema Caetê Luzia Davi Moema Tainá Benício Iara Ubiratã Marisol",
    "ja": "Haruno Tetsu Mizuki Ryoka Sora Kaede Nagisa Itsuki Fumi Ren",
    "hi": "Anvi Kabir Meher Rohan Ishani Veer Tara Nirav Leela Arjun",
    "es": "Jimena Abril Tadeo Nerea Ximo Rocío Iker Lucero Mateo Inés",
}
_BAND_WORDS = (
    "Harbours Lanterns Orchard Static Meridian Foxes Cartographers Tides Parade Satellites Embers Gardeners "
    "Signals Windows Ferries Archive Comets Kites Weather Choir Engines Swimmers Horizon Bricks"
)
_BAND_ADJECTIVES = (
    "Paper Velvet Copper Northern Quiet Hollow Electric Amber Distant Crooked Marble Second Midnight Plastic Salt Wild"
)

_ENGLISH = (
    "Slow Golden Broken Silver Borrowed Empty Neon Winter Little Restless Paper Open Hidden Summer Heavy Faded Distant",
    "River|Window|Light|Streets|Signal|Garden|Machine|Mountain|Letters|Hands|Harbour|Morning|Mirror|Season|Ocean|Fire",
    "|in the Rain|After Midnight|Again|for Two|Without You|on the Radio|at the End of the Line|Tonight|by the Sea",
)
_PAIRS = {
    "de": (
        "Nacht|Regen|Laternen|Sommer|Stille|Fernweh|Funken|Schnee|Wellen|Herbst|Zimmer|Straßen|Morgenlicht|Gedanken|"
        "Zugvögel|Sternenstaub|Kaffee|Heimweh|Nebel|Papierboote",
        "|im Regen|ohne Namen|am Fenster|über der Stadt|bis morgen|hinter dem Fluss|für immer|im Rückspiegel|aus Glas|"
        "am Ende der Straße|ohne dich|um vier Uhr früh",
    ),
    "fr": (
        "La nuit|Les lumières|Un dimanche|Le silence|Nos secrets|La rivière|Les fenêtres|Un été|L'hiver|La ville|"
        "Tes yeux|Les oiseaux|Le dernier métro|Une lettre|Mille pas|La marée|Le jardin|Rien",
        "|sous la pluie|sans adresse|au bord de l'eau|avant l'aube|sans toi|pour toujours|en noir et blanc|à minuit|"
        "dans le miroir|de papier|qui danse|loin d'ici",
    ),
    "pt": (
        "Saudade|A noite|O mar|Janela|Um domingo|O vento|Teu nome|Café|A cidade|Maré|Chuva|Meu jardim|Estrela|O verão|"
        "Lua|Cartas|A estrada|Silêncio",
        "|na varanda|sem fim|de manhã|na beira do rio|outra vez|de papel|pra dois|no escuro|de abril|sem você|"
        "na contramão|ao sol",
    ),
    "ja": (
        "Yoru|Kaze|Hoshi|Ame|Natsu|Umi|Sora|Hikari|Machi|Yume|Hana|Yuki|Tsuki|Kaeri|Asa|Nami|Kisetsu|Tegami",
        "|no Machi|no Uta|no Mukou|to Kimi|no Naka|ni Naru|no Kioku|no Ato|made|no Iro|to Ame|no Owari",
    ),
    "hi": (
        "Raat|Dil|Baarish|Khwab|Chaand|Safar|Yaadein|Hawa|Dariya|Saaya|Subah|Aasman|Khamoshi|Rang|Manzil|Patang",
        "|ke Paar|ke Saath|ke Bina|Phir Se|Mein Tum|Tak|ke Baad|aur Main|Se Pehle|ke Kinare|Abhi|ki Or",
    ),
    "es": (
        "La noche|El mar|Tus manos|Ventanas|Un domingo|El viento|Luna|La calle|Fuego lento|Lluvia|El verano|Cartas|"
        "La orilla|Secretos|Mil pasos|El silencio|Abril|Tu sombra",
        "|sin dormir|de papel|en la radio|otra vez|sin ti|al sur|para dos|de madrugada|en espiral|hasta el alba|"
        "bajo la piel|y nada más",
    ),
    "": (
        "Low Tide|Glasshouse|Drift|Lichen|Northbound|Halflight|Parallax|Tessellate|Undertow|Cirrus|Stillwater|"
        "Lattice|Saltmarsh|Slow Orbit|Vapour Trail|Inner Harbour|Polar Night|Signal Loss|Greenroom",
        "|I|II|III|IV|at Dawn|in Grey|Sketch|Study|Variation|Reprise|in Blue",
    ),
}


def artist_names(languages: list[str], rng: np.random.Generator) -> list[str]:
    """Return one name for each artist, no two alike; `languages` gives each one's flavour."""
    taken: set[str] = set()
    names = []
    for language in languages:
        name = _artist_name(language, rng)
        while name.casefold() in taken:
            name = f"{_artist_name(language, rng)} {_word(language, rng)}"
        taken.add(name.casefold())
        names.append(name)
    return names


def person_names(languages: list[str], taken: Iterable[str], rng: np.random.Generator) -> list[str]:
    """Return one person's name for each language given, none like another or like those that are taken."""
    known = {name.casefold() for name in taken}
    names = []
    for language in languages:
        name = f"{_pick(_GIVEN[language], rng)} {_word(language, rng)}"
        while name.casefold() in known:
            name = f"{name} {_word(language, rng)}"
        known.add(name.casefold())
        names.append(name)
    return names


def titles(language: str) -> list[str]:
    """Return every title of songs in a language; "" is for music without words."""
    if language == "en":
        adjectives, nouns, tails = _ENGLISH[0].split(), _ENGLISH[1].split("|"), _ENGLISH[2].split("|")
        plain = [f"{noun} {tail}".strip() for noun in nouns for tail in tails if tail]
        return plain + [f"{first} {noun} {tail}".strip() for first in adjectives for noun in nouns for tail in tails]
    heads, tails = (part.split("|") for part in _PAIRS[language])
    return [f"{head} {tail}".strip() for head in heads for tail in tails]


def playlist_titles() -> list[list[str]]:
    """Return titles to pick from: one list for each genre and occasion, at `genre * (occasions + 1) + occasion`.

    The last occasion of each genre is `ANY_TIME`. All lists are of one length.
    """
    occasions = (*OCCASIONS, ANY_TIME)
    return [_playlist_titles(genre, at.words) for genre in GENRES for at in occasions]


def _artist_name(language: str, rng: np.random.Generator) -> str:
    form = rng.integers(10)
    if form < 4:
        return f"{_pick(_GIVEN[language], rng)} {_word(language, rng)}"
    if form < 6:
        return _word(language, rng)
    if form < 8:
        return f"{_word(language, rng)} {_pick(_BAND_WORDS, rng)}"
    if form < 9:
        return f"{_pick(_BAND_ADJECTIVES, rng)} {_word(language, rng)}"
    return f"{_pick(_GIVEN[language], rng)} & the {_pick(_BAND_ADJECTIVES, rng)} {_pick(_BAND_WORDS, rng)}"


def _word(language: str, rng: np.random.Generator) -> str:
    starts, ends = _SYLLABLES[language]
    middle = _pick(starts, rng) if rng.random() < 0.5 else ""
    return f"{_pick(starts, rng)}{middle}{_pick(ends, rng)}".capitalize()


def _pick(words: str, rng: np.random.Generator) -> str:
    one: list[str] = words.split()
    return one[rng.integers(len(one))]


def _playlist_titles(genre: Genre, occasion: tuple[str, str, str]) -> list[str]:
    first, second, third = occasion
    return [f"{name} {words}" for name in (genre.name, *genre.subgenres) for words in (first, second)] + [
        f"{genre.name.title()} – {third}",
        f"{third}, {genre.subgenres[1]}",
        f"my {genre.name}",
        f"best of {genre.subgenres[0]}",
        first.capitalize(),
    ]
