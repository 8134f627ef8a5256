# SPDX-License-Identifier: Apache-2.0
"""The languages of the world's recordings: how common each is, its script, and words that its titles are full of."""

__all__ = ["LANGUAGES", "SCRIPTS", "SHARES", "WORDS"]

SHARES = {
    "en": 0.45, "es": 0.12, "pt": 0.06, "fr": 0.06, "de": 0.06, "it": 0.03, "nl": 0.012, "sv": 0.012, "pl": 0.012,
    "tr": 0.012, "id": 0.012, "fi": 0.008, "da": 0.006, "no": 0.006, "ro": 0.006, "tl": 0.006, "vi": 0.006,
    "cs": 0.005, "hu": 0.005, "hr": 0.004, "is": 0.003, "ms": 0.003, "ca": 0.003, "sk": 0.002, "sl": 0.002,
    "lt": 0.002, "lv": 0.002, "et": 0.002, "af": 0.002, "la": 0.002, "sq": 0.001, "az": 0.001, "eu": 0.001,
    "cy": 0.001, "ga": 0.001, "sw": 0.0007, "ja": 0.03, "ko": 0.03, "zh": 0.025, "hi": 0.025, "ru": 0.02, "ar": 0.012,
    "fa": 0.005, "th": 0.005, "el": 0.005, "bn": 0.004, "pa": 0.004, "ta": 0.004, "he": 0.004, "uk": 0.004,
    "te": 0.003, "sr": 0.003, "gu": 0.002, "kn": 0.002, "ml": 0.002, "mr": 0.002, "ur": 0.002, "bg": 0.002,
    "ne": 0.001, "si": 0.001, "ka": 0.001, "hy": 0.001, "am": 0.001, "mk": 0.001, "kk": 0.001, "be": 0.0005,
    "mn": 0.0005, "ps": 0.0005, "lo": 0.0005, "km": 0.0005,
}  # fmt: skip
"""About how common each language is among recordings: what is thought before a title is read."""

LANGUAGES: tuple[str, ...] = tuple(SHARES)
"""The languages that can be told, ISO 639-1."""

SCRIPTS = {
    r"\p{Hangul}": "ko",
    r"[\p{Hiragana}\p{Katakana}]": "ja",
    r"\p{Han}": "zh ja",
    r"\p{Cyrillic}": "ru uk bg sr mk be kk mn",
    r"\p{Arabic}": "ar fa ur ps",
    r"\p{Devanagari}": "hi mr ne",
    r"\p{Thai}": "th",
    r"\p{Greek}": "el",
    r"\p{Hebrew}": "he",
    r"\p{Bengali}": "bn",
    r"\p{Gurmukhi}": "pa",
    r"\p{Gujarati}": "gu",
    r"\p{Tamil}": "ta",
    r"\p{Telugu}": "te",
    r"\p{Kannada}": "kn",
    r"\p{Malayalam}": "ml",
    r"\p{Sinhala}": "si",
    r"\p{Georgian}": "ka",
    r"\p{Armenian}": "hy",
    r"\p{Ethiopic}": "am",
    r"\p{Lao}": "lo",
    r"\p{Khmer}": "km",
}
"""The languages of each script but the Latin; the first script that a title has enough letters of counts."""

WORDS = {
    "en": "the and of you my me your i it to in on is for with we all this that what love don't i'm it's",
    "es": "el la los las de del que y en mi tu te un una por para con sin yo no se lo al amor es más como quiero "
    "corazón ya",
    "pt": "o a os as do da dos das de que e em meu minha teu um uma por para com sem eu não se no na você amor é mais "
    "saudade pra",
    "fr": "le la les des du de et que qui en mon ma ton ta je tu un une pour avec sans ne pas est dans sur amour c'est "
    "j'ai au aux",
    "de": "der die das und ich du mein dein ein eine nicht ist im in von mit für auf zu wir es liebe ohne den dem",
    "it": "il la lo gli le di del della che e mio mia tuo un una per con senza io non si nel amore è sono più",
    "nl": "de het een en van ik jij je mijn niet is in met voor op zonder wij zijn liefde",
    "sv": "och jag du det en ett min din inte är i på med för av som till utan",
    "da": "og jeg du det en et min din ikke er i på med for af som til uden",
    "no": "og jeg du det en et min din ikke er i på med for av som til uten",
    "fi": "ja minä sinä on ei se mun sun oon kun mä sä",
    "pl": "i w na nie się z do jest ty ja mój moja dla bez to",
    "tr": "ve bir sen ben bu ne aşk gibi için yok var beni seni",
    "id": "aku kamu dan yang di cinta tak hati untuk ku mu dengan ini",
    "tl": "ang ng sa ko mo ka na ako ikaw mahal kita ay",
    "ja": "wo wa kimi boku watashi yume hana sora kaze yoru hoshi koi sakura kokoro namida uta machi umi natsu ame "
    "anata",
    "hi": "hai hain ke mein tum dil tere mera meri teri tera aur pyar pyaar ishq hua kya bina mere yeh jaane kuch aaja "
    "zindagi jaan jaana sanam mohabbat raat naina saathiya mahi maahi yaar yaara jiya piya tujhe mujhe kabhi kyun "
    "kaise nahi nahin dekho chalo aaj khuda rabba hum jab gaya hoga woh",
    "ar": "habibi albi enta enti inta inti omri bahebak hobak layali leila wala ya hob leh baad wla kol elly",
    "he": "shel ani lo ata at kol im yom ahava shir li lach od rak ze",
    "el": "mou sou tha den ti na kai agapo agapi ola zoi mia gia pou",
}
"""Words that are common in titles of a language, in Latin letters."""
