# SPDX-License-Identifier: Apache-2.0
"""What words of moods, activities and moments ask of music, in six languages.

Moods lie on Russell's circumplex (1980, "A circumplex model of affect"): glad to sad is valence, tense to calm is
arousal, which in music is energy. Tempo of activities: running cadence is 150–180 steps a minute (Van Dyck and others
2015), music that people sleep to is slow, quiet and mostly without words (Dickson, Schubert 2020; Scarratt and others
2023: 60–80 beats a minute).
"""

from dataclasses import dataclass

from segue.themes.theme import Aim

__all__ = ["ALIASES", "BESIDE", "CONCEPTS", "FILLERS", "INSTRUMENTS", "PLACES", "WIDE", "Concept", "Place"]


@dataclass(frozen=True, slots=True)
class Concept:
    """A thing that words ask for."""

    kind: str
    """As `theme.Understood.kind` has it."""
    words: str
    """In English | Spanish | German | Portuguese | French | Japanese; `_` joins the words of a phrase."""
    aims: str = ""
    """Such as "energy>.7 valence<.3": quantiles of the catalogue."""
    titles: str = ""
    """How playlists of it are called, in the words that most are called by; `_` as above."""
    against: str = ""
    """How playlists of the opposite are called, as `titles`; "": it has no opposite."""
    leaning: str = ""
    """Genres that suit it, without being asked for."""
    pace: tuple[float, float] | None = None
    """Beats a minute that suit it."""
    arc: str | None = None

    def wanted(self) -> tuple[Aim, ...]:
        """Return the aims."""
        return tuple(
            Aim(name, sign == ">", float(quantile))
            for name, sign, quantile in (
                (one.partition(sign)[0], sign, one.partition(sign)[2])
                for one in self.aims.split()
                for sign in (">" if ">" in one else "<",)
            )
        )


_LOUD, _QUIET = "workout party pump_up rock running metal gym", "sleep slow mellow relax calm acoustic"
_GLAD, _SAD = "happy feel_good party good_vibes", "sad heartbreak depressing melancholy"
_FRIENDLY = "happy feel_good love calm"
"""What playlists are called that are the opposite of some mood."""
BESIDE = {_LOUD: _QUIET, _QUIET: _LOUD}
"""What lies away from the one lies beside the other: few playlists are called "study", many "sleep"."""

_MOODS = (
    Concept("mood", "happy joyful joyous cheerful glad merry happiness joy upbeat | feliz alegre alegria contento "
            "felicidad animado animada | frohlich glucklich gute_laune heiter froh | felicidade contente | joyeux "
            "joyeuse heureux heureuse gai bonheur bonne_humeur | 楽しい 幸せ ハッピー 明るい",
            "valence>.75 energy>.5", "happy feel_good", _SAD),
    Concept("mood", "feel_good feelgood good_vibes good_mood | buen_rollo buenas_vibras | gutelaune | "
            "boas_vibracoes | bonne_ambiance", "valence>.7 energy>.45", "feel_good happy", _SAD),
    Concept("mood", "sad sadness crying cry tears sorrow sorrowful unhappy depressing depressed depression "
            "heartbroken heartbreak breakup | triste tristeza llorar desamor | traurig trauer weinen liebeskummer | "
            "tristezas chorar coracao_partido | tristesse pleurer rupture chagrin | 悲しい 泣ける 切ない 失恋",
            "valence<.3 energy<.45", "sad", _GLAD, arc="gentle"),
    Concept("mood", "melancholy melancholic melancholia bittersweet wistful gloomy blue_mood | melancolia "
            "melancolico melancolica | melancholisch wehmutig melancholie | saudade | melancolie melancolique | "
            "メランコリー 哀愁",
            "valence<.3 energy<.45", "melancholy sad", _GLAD),
    Concept("mood", "calm calming peaceful tranquil serene soothing gentle quiet quietly | tranquilo tranquila calma "
            "sereno serena paz | ruhig ruhe beruhigend still friedlich | calmo sereno paz | calme paisible apaisant "
            "serein tranquille | 穏やか 静か 落ち着く カーム",
            "energy<.25 loudness<.4", "calm relax", _LOUD, "ambient folk", arc="gentle"),
    Concept("mood", "relax relaxing relaxed relaxation unwind unwinding | relajante relajarse relajado relax "
            "descansar | entspannt entspannung entspannend entspannen | relaxante relaxar relaxado descanso | "
            "relaxant relaxation detente se_detendre | リラックス 癒し くつろぎ",
            "energy<.25 loudness<.4", "relax calm", _LOUD, "ambient acoustic", arc="gentle"),
    Concept("mood", "chill chilled chillout chill_out chilling mellow laid_back laidback easygoing easy_listening | "
            "chill suave | gechillt gemutlich | suave de_boa | chill cool doux douce | チル まったり ゆったり",
            "energy<.3 loudness<.4", "mellow calm relax", _LOUD, arc="gentle"),
    Concept("mood", "energetic energy energizing energising lively powerful pumped pump_up hype hyped "
            "adrenaline high_energy | energetico energetica energia | energiegeladen energisch energie "
            "kraftvoll | energico energica energia animada | energique energie energisant | 元気 エネルギッシュ "
            "テンション",
            "energy>.75 valence>.4", "energetic pump_up", _QUIET),
    Concept("mood", "angry anger mad furious rage raging aggressive aggression hate | enojado enfadado rabia furia "
            "ira agresivo | wutend wut zorn aggressiv | raiva bravo zangado agressivo | colere enerve rage "
            "agressif furieux | 怒り 激しい",
            "energy>.75 valence<.3", "angry metal", _FRIENDLY, "metal hardcore nu_metal"),
    Concept("mood", "intense intensity fierce heavy hard hardcore_mood brutal | intenso intensa duro dura fuerte | "
            "intensiv heftig hart | intenso pesado | intense lourd dur | ヘビー",
            "energy>.8", "intense", _QUIET, "metal hard_rock"),
    Concept("mood", "romantic romance love loving valentine valentines love_songs candlelight | romantico romantica "
            "amor enamorado enamorada | romantisch liebe liebes liebeslieder verliebt | romantica namoro apaixonado | "
            "romantique amour amoureux amoureuse | 恋 恋愛 愛 ロマンチック ラブソング",
            "energy<.45 loudness<.6", "love romantic slow_jams", arc="gentle"),
    Concept("mood", "sexy sensual seductive bedroom | sensual | sinnlich | sensual sexy | sensuel sensuelle",
            "energy<.55 danceability>.5", "sexy"),
    Concept("mood", "dark sinister haunting eerie moody brooding | oscuro oscura sombrio | dunkel duster finster | "
            "escuro sombrio | sombre tenebreux | 暗い ダーク",
            "valence<.3", "dark", _GLAD),
    Concept("mood", "dreamy dream dreaming ethereal atmospheric floating | sonador ensueno atmosferico | vertraumt "
            "traumerisch traum | sonhador sonho | reveur reve onirique planant | ドリーミー 夢",
            "energy<.5 acousticness>.4", "dreamy", _LOUD, "dream_pop shoegaze ambient"),
    Concept("mood", "epic cinematic heroic triumphant dramatic | epico epica cinematico | episch heldenhaft | epico "
            "| epique cinematographique | 壮大",
            "instrumentalness>.6 energy>.4", "epic", "", "soundtrack orchestral"),
    Concept("mood", "nostalgic nostalgia throwback throwbacks memories | nostalgico nostalgica recuerdos | nostalgisch "
            "erinnerungen | nostalgia lembrancas | nostalgique souvenirs | 懐かしい", "", "throwback nostalgia"),
    Concept("mood", "motivation motivational inspiring inspirational inspiration motivated | motivacion inspirador "
            "motivador | motivation motivierend inspirierend | motivacao inspirador | motivation motivant inspirant "
            "| やる気", "energy>.6", "motivation inspiration", arc="build"),
    Concept("mood", "sunny bright summery | soleado | sonnig | ensolarado | ensoleille | 晴れ",
            "valence>.65 energy>.4", "sunny summer", _SAD),
    Concept("mood", "cozy cosy warm snug | acogedor acogedora | gemutlich kuschelig | aconchegante | cosy chaleureux",
            "energy<.4 acousticness>.5", "cozy", _LOUD, arc="gentle"),
    Concept("mood", "hopeful hope optimistic uplifting | esperanza optimista esperanzador | hoffnungsvoll hoffnung | "
            "esperanca otimista | espoir optimiste", "valence>.55 energy>.45", "uplifting", _SAD),
)  # fmt: skip

_ACTIVITIES = (
    Concept("activity", "party parties partying club clubbing turn_up pregame dancefloor | fiesta fiestas rumba "
            "discoteca marcha | party feiern feier fete_abend disko | festa festas balada | fete soiree boite | "
            "パーティー パーティ クラブ",
            "energy>.7 danceability>.5 valence>.4", "party dance", _QUIET, arc="wave"),
    Concept("activity", "dance dancing danceable | bailar baile bailable bailando | tanzen tanz tanzbar | dancar "
            "danca dancante | danser danse dansant | ダンス 踊る",
            "danceability>.65 energy>.5", "dance party", _QUIET, arc="wave"),
    Concept("activity", "workout workouts gym exercise exercising fitness training lifting weights crossfit hiit | "
            "gimnasio ejercicio entrenar entrenamiento deporte | training trainieren sport fitness krafttraining | "
            "academia treino treinar malhar exercicio | sport entrainement musculation salle_de_sport | "
            "筋トレ ワークアウト トレーニング ジム",
            "energy>.75 valence>.4", "workout gym", _QUIET, arc="build"),
    Concept("activity", "running run runs jogging jog marathon treadmill cardio | correr corriendo carrera | laufen "
            "joggen lauf | corrida correr correndo | courir course jogging | ランニング ジョギング",
            "energy>.7", "running workout", _QUIET, pace=(150, 180), arc="build"),
    Concept("activity", "cycling spinning spin_class biking bike | ciclismo bicicleta bici | radfahren fahrrad | "
            "ciclismo pedalar | velo cyclisme", "energy>.7", "spin workout", _QUIET, pace=(120, 150), arc="build"),
    Concept("activity", "walking walk stroll hiking hike | caminar paseo pasear | spazieren wandern spaziergang | "
            "caminhada caminhar | marche promenade randonnee", "energy>.35 energy<.75", "walking",
            pace=(100, 130)),
    Concept("activity", "sleep sleeping sleepy bedtime asleep lullaby lullabies nap napping fall_asleep snooze "
            "insomnia | dormir dormido sueno siesta nana | schlafen schlaf einschlafen schlaflied | dormir sono "
            "ninar soneca | dormir sommeil dodo berceuse sieste | 睡眠 眠り 寝る おやすみ 子守唄",
            "energy<.15 loudness<.25 instrumentalness>.4", "sleep calm", _LOUD, "ambient sleep new_age",
            pace=(60, 80), arc="wind-down"),
    Concept("activity", "focus focusing focused concentrate concentration deep_work productivity coding programming "
            "| concentracion concentrarse enfoque | konzentration konzentrieren fokus programmieren | foco "
            "concentracao concentrar | concentration se_concentrer focus | 集中",
            "instrumentalness>.7 energy<.4 loudness<.5", "focus study", _LOUD, "ambient post-rock"),
    Concept("activity", "study studying studies homework reading read books | estudiar estudio leer lectura tarea | "
            "lernen studieren lesen hausaufgaben | estudar estudo leitura ler | etudier etude lecture lire devoirs "
            "| 勉強 読書",
            "energy<.35 loudness<.5", "study calm", _LOUD, "ambient acoustic"),
    Concept("activity", "work working office at_work desk | trabajo trabajar oficina | arbeit arbeiten buro | "
            "trabalho trabalhar escritorio | travail travailler bureau | 仕事 作業", "", "work"),
    Concept("activity", "meditation meditate meditating mindfulness yoga spa massage zen | meditacion meditar yoga "
            "masaje | meditation meditieren achtsamkeit | meditacao meditar ioga massagem | meditation mediter "
            "relaxation_yoga | 瞑想 ヨガ",
            "energy<.15 instrumentalness>.6", "meditation yoga", _LOUD, "new_age ambient", pace=(50, 80), arc="flat"),
    Concept("activity", "cooking cook kitchen dinner dining supper brunch lunch | cocinar cocina cena cenar comida | "
            "kochen kuche abendessen essen | cozinhar cozinha jantar almoco | cuisine cuisiner diner repas "
            "dejeuner | 料理 夕食 ディナー", "energy<.75", "dinner cooking", arc="gentle"),
    Concept("activity", "driving drive road_trip roadtrip car highway cruising | conducir viaje carretera coche | "
            "autofahren fahren autofahrt roadtrip | dirigir viagem estrada carro | conduire route voiture voyage | "
            "ドライブ", "energy>.5", "road_trip driving"),
    Concept("activity", "commute commuting train bus travel travelling traveling flight plane | viajar tren | pendeln "
            "bahn reise reisen | viajar trem | trajet voyager train | 通勤 旅行", "", "travel commute"),
    Concept("activity", "cleaning chores housework | limpiar limpieza | putzen aufraumen | limpeza faxina | "
            "menage nettoyer | 掃除", "energy>.4", "cleaning"),
    Concept("activity", "shower bath bathing | ducha bano | dusche baden | chuveiro banho | douche bain", "",
            "shower"),
    Concept("activity", "wake_up waking wakeup getting_up alarm | despertar despertarse | aufwachen aufstehen | "
            "acordar despertar | reveil se_reveiller | 目覚め", "energy>.4 valence>.5", "wake_up morning", arc="build"),
    Concept("activity", "gaming gamer video_games | videojuegos | zocken | jogos | jeux_video | ゲーム", "energy>.4",
            "gaming"),
    Concept("activity", "karaoke singalong sing_along singing | cantar | mitsingen singen | cantar | chanter | "
            "カラオケ", "instrumentalness<.4", "sing_along karaoke"),
    Concept("activity", "barbecue bbq cookout grill grilling | barbacoa asado parrilla | grillen | churrasco | "
            "barbecue grillade", "valence>.35 energy>.35", "bbq summer"),
)  # fmt: skip

_MOMENTS = (
    Concept("day part", "morning mornings sunrise dawn breakfast | manana mananas amanecer desayuno cafe | "
            "morgen morgens fruhstuck sonnenaufgang kaffee | manha cafe_da_manha amanhecer | matin matinee "
            "petit_dejeuner aube | 朝 コーヒー カフェ", "energy<.7", "morning", arc="build"),
    Concept("day part", "afternoon noon | tarde tardes mediodia | nachmittag mittag | tarde | apres_midi midi | 午後",
            "", "afternoon"),
    Concept("day part", "evening evenings sunset dusk | atardecer anochecer | abend abends sonnenuntergang | "
            "entardecer por_do_sol | soir soirees crepuscule | 夕方 夕暮れ", "energy<.7", "evening sunset",
            arc="gentle"),
    Concept("day part", "night nights nighttime midnight late_night tonight | noche noches medianoche | nacht nachts "
            "mitternacht | noite noites madrugada meia_noite | nuit nuits minuit | 夜 深夜", "", "night late_night"),
    *(
        Concept("weekday", words, "", title)
        for words, title in (
            ("monday mondays | lunes | montag | segunda_feira | lundi | 月曜", "monday"),
            ("tuesday tuesdays | martes | dienstag | terca_feira | mardi | 火曜", "tuesday"),
            ("wednesday wednesdays | miercoles | mittwoch | quarta_feira | mercredi | 水曜", "wednesday"),
            ("thursday thursdays | jueves | donnerstag | quinta_feira | jeudi | 木曜", "thursday"),
            ("friday fridays | viernes | freitag | sexta_feira | vendredi | 金曜", "friday"),
            ("saturday saturdays | sabado | samstag sonnabend | sabado | samedi | 土曜", "saturday"),
            ("sunday sundays | domingo | sonntag sonntags | domingo | dimanche | 日曜", "sunday"),
            ("weekend weekends | fin_de_semana finde | wochenende | fim_de_semana | week_end | 週末", "weekend"),
        )
    ),
    Concept("season", "summer summertime beach pool vacation | verano playa piscina vacaciones | sommer strand "
            "urlaub | verao praia ferias | ete plage vacances | 夏 海", "valence>.35 energy>.35", "summer beach"),
    Concept("season", "winter wintertime snow snowy | invierno nieve | winter schnee | inverno neve | hiver neige | "
            "冬 雪", "energy<.7", "winter"),
    Concept("season", "spring springtime | primavera | fruhling fruhjahr | primavera | printemps | 春", "",
            "spring"),
    Concept("season", "autumn fall_season autumnal fall | otono | herbst | outono | automne | 秋", "energy<.7",
            "fall autumn"),
    Concept("occasion", "christmas xmas noel advent holiday holidays santa | navidad villancicos | weihnachten "
            "weihnacht | natal | noel | クリスマス", "", "christmas"),
    Concept("occasion", "halloween spooky | halloween | halloween gruselig | dia_das_bruxas | halloween | ハロウィン",
            "", "halloween"),
    Concept("occasion", "wedding weddings bride | boda bodas | hochzeit | casamento | mariage | 結婚式", "",
            "wedding"),
    Concept("occasion", "birthday birthdays | cumpleanos | geburtstag | aniversario | anniversaire | 誕生日",
            "energy>.4", "birthday party"),
    Concept("occasion", "rain rainy raining storm stormy drizzle | lluvia lluvioso lluviosa | regen regnerisch | "
            "chuva chuvoso chuvosa | pluie pluvieux pluvieuse | 雨", "energy<.4 valence<.6", "rainy_day rain",
            arc="gentle"),
)  # fmt: skip

_SOUNDS = (
    Concept("sound", "slow slowly | lento lenta lentas lentos despacio | langsam | lento lenta devagar | lent lente | "
            "ゆっくり スロー", "tempo<.3 energy<.5", "slow"),
    Concept("sound", "fast quick speedy uptempo up_tempo | rapido rapida rapidas | schnell | rapido | rapide vite | "
            "速い アップテンポ", "tempo>.7 energy>.5", "fast"),
    Concept("sound", "loud noisy | ruidoso | laut | alto_volume barulhento | fort bruyant | うるさい",
            "loudness>.75 energy>.6", "loud", _QUIET),
    Concept("sound", "soft softly light lite | suave suaves ligero | leise sanft leicht weich | suave leve | leger "
            "legere | やさしい", "energy<.3 loudness<.4", "soft", _LOUD),
    Concept("sound", "acoustic unplugged | acustico acustica | akustisch akustik | acustico | acoustique | "
            "アコースティック", "acousticness>.75", "acoustic", leaning="acoustic"),
    Concept("sound", "instrumental instrumentals wordless no_lyrics without_lyrics without_words no_words no_vocals "
            "without_vocals no_singing no_voice | instrumental sin_letra sin_voz sin_voces | "
            "instrumental ohne_worte ohne_text ohne_gesang | instrumental sem_letra sem_voz | instrumental "
            "instrumentale sans_paroles sans_voix | "
            "インスト", "instrumentalness>.85", "instrumental", leaning="instrumental"),
    Concept("sound", "vocals vocal voice voices lyrics singing_voice words | voces voz letra | gesang stimme stimmen "
            "text | vozes letras | voix chant paroles | ボーカル 歌詞", "instrumentalness<.3", ""),
    Concept("sound", "talking spoken speech spoken_word | hablado | gesprochen | falado | parle", "speechiness>.8", ""),
    Concept("sound", "groovy groove funky_groove | groove ritmo | groovig | groove | groovy | グルーヴ",
            "danceability>.7", "groove"),
)  # fmt: skip

CONCEPTS = (*_MOODS, *_ACTIVITIES, *_MOMENTS, *_SOUNDS)
"""Every concept; where two have a word in common, the first one has it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A language or a country, as marks tell it."""

    genres: str
    """Words that genres of it are called by."""
    words: str
    """As `Concept.words`."""
    language: str = ""
    """ISO 639-1."""
    region: str = ""
    """ISO 3166, of a country that words name as such: its language is sung elsewhere too."""


_SPANISH = (
    "latin latino spanish espanol mexicano mexican colombian argentine chilean puerto_rican reggaeton "
    "bachata salsa cumbia ranchera corrido norteno banda flamenco"
)
_PORTUGUESE = "brazilian portuguese brasileiro brasileira mpb sertanejo samba bossa_nova fado pagode"
PLACES = (
    Place(_SPANISH,
          "spanish espanol en_espanol espanola castellano spanisch espanhol espagnol espagnole スペイン語", "es"),
    Place("spanish rumba_catalana", "espana spain spanien espanha espagne スペイン", region="ES"),
    Place("mexican mexicano mexicana norteno ranchera corrido banda",
          "mexican mexicano mexicana mexico mexikanisch mexicain メキシコ", region="MX"),
    Place("argentine argentino", "argentina argentine argentino argentinian argentinisch argentin", region="AR"),
    Place("colombian colombiano", "colombian colombiano colombiana colombia kolumbianisch", region="CO"),
    Place("cuban", "cuba cuban cubano cubana kuba kubanisch cubain", region="CU"),
    Place(_PORTUGUESE, "portuguese portugues portuguesa portugiesisch portugais", "pt"),
    Place("brazilian brasileiro brasileira mpb sertanejo samba bossa_nova pagode",
          "brazilian brasileiro brasileira brasil brazil brasileno brasilianisch brasilien bresilien bresil ブラジル",
          region="BR"),
    Place("french francais francaise chanson",
          "french francais francaise francesa frances franzosisch フランス語", "fr"),
    Place("french francais", "france frankreich francia フランス", region="FR"),
    Place("german deutsch deutscher deutschrap schlager", "german deutsch deutsche deutscher deutsches aleman alemao "
          "allemand ドイツ語", "de"),
    Place("german deutsch", "germany deutschland alemania alemanha allemagne ドイツ", region="DE"),
    Place("italian italiano italiana", "italian italiano italiana italienisch italien イタリア語", "it"),
    Place("italian italiano", "italy italia italie イタリア", region="IT"),
    Place("japanese j_pop j_rock anime",
          "japanese japan japones japonesa japanisch japonais japon 日本 邦楽 j_pop", "ja"),
    Place("korean k_pop k_rock", "korean korea coreano koreanisch coreen 韓国 k_pop", "ko"),
    Place("chinese mandopop cantopop c_pop", "chinese china chino chinesisch chinois 中国 c_pop", "zh"),
    Place("swedish svensk", "swedish sweden svensk svenska sueco schwedisch suedois", "sv"),
    Place("danish dansk", "danish denmark dansk danes danisch danois", "da"),
    Place("norwegian norsk", "norwegian norway norsk noruego norwegisch norvegien", "no"),
    Place("finnish suomi", "finnish finland suomi finlandes finnisch finlandais", "fi"),
    Place("icelandic", "icelandic iceland islandes islandisch islandais", "is"),
    Place("dutch nederlandse", "dutch netherlands holland nederlands holandes niederlandisch neerlandais", "nl"),
    Place("polish polski", "polish poland polski polaco polnisch polonais", "pl"),
    Place("russian", "russian russia ruso russisch russe русская русский", "ru"),
    Place("turkish turkce", "turkish turkey turkce turco turkisch turc", "tr"),
    Place("greek", "greek greece griego griechisch grec", "el"),
    Place("arabic arab", "arabic arab arabe arabisch عربي", "ar"),
    Place("hindi bollywood filmi desi indian punjabi", "hindi bollywood indian india indisch indien inde हिन्दी", "hi"),
    Place("israeli hebrew", "israeli hebrew israel hebreo hebraisch", "he"),
    Place("british uk", "british uk england britisch britanico britannique", region="GB"),
    Place("irish celtic", "irish celtic ireland irlandes irisch irlandais", region="IE"),
    Place("australian", "australian australia australiano australisch australien", region="AU"),
    Place("canadian", "canadian canada canadiense kanadisch canadien", region="CA"),
    Place("", "english ingles englisch anglais 英語", "en"),
)  # fmt: skip

INSTRUMENTS = {
    "piano": "piano pianos klavier pianoforte ピアノ",
    "guitar": "guitar guitars guitarra guitarras gitarre gitarren violao guitare guitares ギター",
    "violin": "violin violins violino geige violine violon strings cuerdas streicher cordes cordas",
    "cello": "cello violonchelo violoncelo violoncelle",
    "saxophone": "saxophone sax saxofon saxofone サックス",
    "trumpet": "trumpet trompeta trompete trompette brass metales blaser cuivres",
    "drums": "drums drum bateria schlagzeug batterie percussion ドラム",
    "bass": "bass_guitar bajo contrabass double_bass",
    "flute": "flute flauta flote",
    "harp": "harp arpa harfe harpe harpa",
    "ukulele": "ukulele uke",
    "banjo": "banjo",
    "organ": "organ orgel organo orgao orgue",
    "synthesizer": "synth synths synthesizer sintetizador synthesiseur synthetiseur",
    "orchestra": "orchestra orchestral orquesta orchester orquestra orchestre symphony オーケストラ",
    "choir": "choir choral coro chor choeur",
    "accordion": "accordion acordeon akkordeon accordeon",
}
"""Names of instruments in the words that they are asked for by."""

ALIASES = {
    "rnb": "r b",
    "rhythm and blues": "r b",
    "electronica": "electronic", "elektronisch": "electronic", "elektronische": "electronic",
    "electronique": "electronic", "eletronica": "electronic", "elektro": "electro",
    "clasica": "classical", "clasico": "classical", "klassik": "classical", "klassische": "classical",
    "classique": "classical", "classica": "classical", "classico": "classical", "クラシック": "classical",
    "roque": "rock", "rockero": "rock", "ロック": "rock", "ジャズ": "jazz", "ポップ": "pop", "ヒップホップ": "hip hop",
    "rap frances": "french hip hop", "banda sonora": "soundtrack", "filmmusik": "soundtrack",
    "trilha sonora": "soundtrack", "bande originale": "soundtrack", "schlager": "schlager",
    "dnb": "drum and bass", "drum n bass": "drum and bass", "reggaeton": "reggaeton", "regueton": "reggaeton",
    "hiphop": "hip hop", "alt rock": "alternative rock",
    "volksmusik": "volksmusik", "chanson": "chanson", "hard core": "hardcore",
}  # fmt: skip
"""Genres by other names."""

WIDE = frozenset(
    "deep new modern old early late post contemporary traditional girl boy group band core wave classic world "
    "mellow vapor dark light pixel soft hard young solo west east north south adult teen big beat bow room "
    "anthem theme water atmosphere blue time pirate music sound soundscape cover class line".split()
)
"""Words of genres' names that alone name none."""

FILLERS = frozenset(
    "a an the and or for of to in on with my me your our music song songs playlist playlists mix tunes tune tracks "
    "track hits hit best top great good some vibes vibe mood moods feels feeling when i m you it is are that this "
    "all time day days ever more most like various artists va vol volume part "
    "la el los las un una unos unas de del y o para por con mi musica cancion canciones temas exitos lista mejores "
    "mejor dia al lo en que "
    "der die das den dem ein eine einen einem und oder fur zum zur mit von vom im am musik lied lieder songs "
    "beste besten tag zu bei "
    "o os as um uma uns umas do da dos das e ou para com no na nos nas meu minha cancao cancoes melhores "
    "dia em "
    "le les l d des du un une et ou pour avec mon ma mes musique musiques chanson chansons titres meilleurs "
    "jour journee au aux dans sur a "
    "の と で な に 曲 音楽 プレイリスト 気分".split()
)
"""Words that ask for nothing."""
