"""What the name of an annotation tier says of its content."""

from __future__ import annotations

import re

SPEECH, WORDS, PARTS, NOTES, TRANSLATION, REFERENCE, UNKNOWN = (
    *("speech", "words", "parts of words", "notes", "translation", "reference", "unknown"),
)
_SPOKEN = re.compile(
    r"^(tx|text|tekst|teks(?:t|$)|utt|trans[ck]ri|ort|sentence|speech|enunciad|énoncé|habla$|fala$|parole$"
    r"|äußerung|aeusserung|wypowied|mowa$|řeč$|výpověď|iskaz|govor$|konuşma|puhe$|beszéd$"
    r"|реч[ьи]?$|говор$|текст|транскри|высказыван|ομιλία|κείμενο|文字起こし|转写|轉寫|文本|전사|نص$|متن$)",
    re.I,
)
_PARTS = re.compile(
    r"phon|segment|char|(?<!ortho)graph|letter|mau|syll|tone|pitch|glos|глос|pos\b|lemma|morph|морф", re.I
)
_WORDS = re.compile(r"word|wrd|token|ort-mau|kan-mau", re.I)
_BY_TOKEN = {
    NOTES: "note notes comment comments com remark remarks event events noise noises gesture gestures gaze"
    " nota notas nt comentario comentarios kommentar kommentare notiz notizen anmerkung remarque commentaire"
    " bilješka bilješke biljeske napomena napomene opomba opombe komentar komentari poznámka poznamka uwagi"
    " примечание комментарий notitie notities nv misc",
    TRANSLATION: "translation translations translated trad traduccion traducción traduction tradução traducao"
    " traduzione übersetzung uebersetzung prijevod prevod překlad preklad tłumaczenie перевод vertaling ft lt"
    " free literal freetranslation ftg fte ftf ftr gls",
    REFERENCE: "ref refs reference references referencia referencias référence referenz id ids number"
    " numbers nr num code codes",
}
_BY_STEM = {
    NOTES: "comment coment komment komentar комент коммент anmerk bemerk notiz remarq remark observa anota"
    " annotazi bilješ biljes napomen opomb poznám poznam uwag примеч примітк замет забележ notlar"
    " megjegyz jegyzet huomaut kommentt anteckning märkus pastab piezīm σχόλι σημειώσ ملاحظ توضیح"
    " 备注 備註 注释 備考 メモ 비고 geräusch geraeusch hintergrund ruid bruit rumor šum шум",
    TRANSLATION: "translat traduc tradu übersetz uebersetz prijevod prevod překlad preklad tłumacz"
    " перевод переклад превод пераклад vertaling översätt oversett oversæt käännös tõlge tulkojum vertim"
    " fordítás çeviri tafsiri terjemah traducer μετάφρασ ترجم תרגום अनुवाद 翻译 翻譯 翻訳 訳 번역 dịch",
}
"""Beginnings of words that say the same in any of their forms."""
_STEMS = {stem: role for role, stems in _BY_STEM.items() for stem in stems.split()}
_TOKENS = {token: role for role, tokens in _BY_TOKEN.items() for token in tokens.split()}
_LANGUAGES = {
    name: code
    for code, names in {
        "en": "english eng anglais inglés ingles englisch engleski",
        "de": "german deu ger deutsch",
        "fr": "french fra fre français francais",
        "es": "spanish spa español espanol castellano",
        "pt": "portuguese por português portugues",
        "it": "italian ita italiano",
        "nl": "dutch nld dut nederlands",
        "ru": "russian rus русский russkij",
        "uk": "ukrainian ukr українська",
        "pl": "polish pol polski",
        "cs": "czech ces cze čeština",
        "sk": "slovak slk slo slovenčina",
        "sl": "slovenian slovene slv slovenščina",
        "hr": "croatian hrv hrvatski",
        "sr": "serbian srp srpski српски",
        "bs": "bosnian bos bosanski",
        "mk": "macedonian mkd македонски",
        "bg": "bulgarian bul български",
        "hu": "hungarian hun magyar",
        "ro": "romanian ron rum română",
        "tr": "turkish tur türkçe",
        "el": "greek ell ελληνικά",
        "fi": "finnish fin suomi",
        "et": "estonian est eesti",
        "lv": "latvian lav latviešu",
        "lt": "lithuanian lit lietuvių",
        "sv": "swedish swe svenska",
        "no": "norwegian nor norsk",
        "da": "danish dan dansk",
        "ar": "arabic ara العربية",
        "fa": "persian fas farsi",
        "he": "hebrew heb עברית",
        "hi": "hindi hin हिन्दी",
        "id": "indonesian ind bahasa",
        "zh": "chinese zho chi mandarin 中文",
        "ja": "japanese jpn 日本語",
        "ko": "korean kor 한국어",
        "cy": "welsh cym cymraeg",
        "eu": "basque eus euskara",
        "ca": "catalan cat català",
        "gl": "galician glg galego",
        "sw": "swahili swa kiswahili",
    }.items()
    for name in names.split()
}
_CODES = frozenset(_LANGUAGES.values()) - {"no", "id", "it"}


def role_of(name: str, language: str | None) -> str:
    """What a tier holds as far as its name says: `SPEECH`, `NOTES` …, `UNKNOWN`.

    Args:
        name: of the tier; what stands behind ``@`` is a speaker.
        language: BCP 47 tag of the corpus, or None.
    """
    kind = name.split("@")[0]
    tokens = [token for token in re.split(r"[\W\d_]+", _split_camel(kind).lower()) if token]
    told_role = next((role for token in tokens if (role := _role_of_token(token))), None)
    if told_role is not None:
        return told_role
    told = language_of(tokens)
    if told is not None and language is not None and told != language.lower().split("-")[0]:
        return TRANSLATION
    if _WORDS.search(kind) and not _PARTS.search(_WORDS.sub("", kind)):
        return WORDS
    if re.search("translat", kind, re.I):
        return TRANSLATION
    if _SPOKEN.match(name):
        return SPEECH
    if _PARTS.search(kind):
        return PARTS
    return SPEECH if told is not None and language is not None else UNKNOWN


def _role_of_token(token: str) -> str | None:
    return _TOKENS.get(token) or next((r for stem, r in _STEMS.items() if token.startswith(stem)), None)


def language_of(tokens: list[str]) -> str | None:
    """The language that a tier is named for, where a token of its name is one."""
    named = [_LANGUAGES[token] for token in tokens if token in _LANGUAGES]
    codes = [token for token in tokens if token in _CODES] if len(tokens) <= 2 else []
    found = named or [code for code in codes if tokens[-1] == code or len(tokens) == 1]
    return found[0] if found else None


def is_named_for_speech(name: str) -> bool:
    """Whether a tier's name says that it holds speech."""
    return _SPOKEN.match(name) is not None


def _split_camel(name: str) -> str:
    return re.sub(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ])", " ", name)
