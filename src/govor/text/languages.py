"""Tags of languages: which are BCP 47, and what the ISO 639 code of one is.

The form is that of RFC 5646, section 2.1. A language that has a code of two letters (ISO 639-1) is written
with it; the codes of three letters that stand for the same (ISO 639-2, also its bibliographic ones) are no
subtags.
"""

from __future__ import annotations

import re

from govor.text.rules import primary_language

_PAIRS = (
    "aar:aa abk:ab afr:af aka:ak alb:sq amh:am ara:ar arg:an arm:hy asm:as ava:av ave:ae aym:ay aze:az "
    "bak:ba bam:bm baq:eu bel:be ben:bn bih:bh bis:bi bod:bo bos:bs bre:br bul:bg bur:my cat:ca ces:cs "
    "cha:ch che:ce chi:zh chu:cu chv:cv cor:kw cos:co cre:cr cym:cy cze:cs dan:da deu:de div:dv dut:nl "
    "dzo:dz ell:el eng:en epo:eo est:et eus:eu ewe:ee fao:fo fas:fa fij:fj fin:fi fra:fr fre:fr fry:fy "
    "ful:ff geo:ka ger:de gla:gd gle:ga glg:gl glv:gv gre:el grn:gn guj:gu hat:ht hau:ha heb:he her:hz "
    "hin:hi hmo:ho hrv:hr hun:hu hye:hy ibo:ig ice:is ido:io iii:ii iku:iu ile:ie ina:ia ind:id "
    "ipk:ik isl:is ita:it jav:jv jpn:ja kal:kl kan:kn kas:ks kat:ka kau:kr kaz:kk khm:km kik:ki kin:rw "
    "kir:ky kom:kv kon:kg kor:ko kua:kj kur:ku lao:lo lat:la lav:lv lim:li lin:ln lit:lt ltz:lb lub:lu "
    "lug:lg mac:mk mah:mh mal:ml mao:mi mar:mr may:ms mkd:mk mlg:mg mlt:mt mol:ro mon:mn mri:mi msa:ms "
    "mya:my nau:na nav:nv nbl:nr nde:nd ndo:ng nep:ne nld:nl nno:nn nob:nb nor:no nya:ny oci:oc oji:oj "
    "ori:or orm:om oss:os pan:pa per:fa pli:pi pol:pl por:pt pus:ps que:qu roh:rm ron:ro rum:ro "
    "run:rn rus:ru sag:sg san:sa scc:sr scr:hr sin:si slk:sk slo:sk slv:sl sme:se smo:sm sna:sn snd:sd "
    "som:so sot:st spa:es sqi:sq srd:sc srp:sr ssw:ss sun:su swa:sw swe:sv tah:ty tam:ta tat:tt tel:te "
    "tgk:tg tgl:tl tha:th tib:bo tir:ti ton:to tsn:tn tso:ts tuk:tk tur:tr twi:tw uig:ug ukr:uk urd:ur "
    "uzb:uz ven:ve vie:vi vol:vo wel:cy wln:wa wol:wo xho:xh yid:yi yor:yo zha:za zho:zh zul:zu "
)
_TWO_OF_THREE = dict(pair.split(":") for pair in _PAIRS.split())
TWO_LETTERS = frozenset(_TWO_OF_THREE.values())
_OLD = {"in": "id", "iw": "he", "ji": "yi", "jw": "jv", "mo": "ro", "sh": "sr"}
"""Codes that were withdrawn; readers still know them."""
_FORM = re.compile(
    r"[a-z]{2,3}(-[a-z]{3}){0,3}(-[a-z]{4})?(-([a-z]{2}|\d{3}))?(-([a-z0-9]{5,8}|\d[a-z0-9]{3}))*"
    r"(-[0-9a-wy-z](-[a-z0-9]{2,8})+)*(-x(-[a-z0-9]{1,8})+)?|x(-[a-z0-9]{1,8})+",
    re.IGNORECASE,
)


def is_tag(tag: str) -> bool:
    """Whether a tag is BCP 47 (``hr``, ``sr-Latn``, ``zh-CN``; not ``hrv``, ``hr_HR`` or ``Croatian``)."""
    first = primary_language(tag)
    known = len(first) != 2 or first in TWO_LETTERS or first in _OLD
    return bool(_FORM.fullmatch(tag)) and known and first not in _TWO_OF_THREE


def nearest_tag(tag: str) -> str | None:
    """The BCP 47 tag that was most likely meant by one that is none, or None."""
    first, dash, rest = tag.strip().replace("_", "-").partition("-")
    meant = _TWO_OF_THREE.get(first.lower(), first.lower()) + dash + rest
    return meant if is_tag(meant) else None


def iso_639(tag: str) -> str | None:
    """The ISO 639 code of a tag's language (two letters where there are), or None where it has none."""
    first = primary_language(tag.strip())
    code = _TWO_OF_THREE.get(first) or _OLD.get(first, first)
    return code if re.fullmatch("[a-z]{2,3}", code) and is_tag(code) else None


def three_letters(code: str) -> list[str]:
    """The codes of three letters (ISO 639-2) that stand for a code of two; none for others."""
    return [three for three, two in _TWO_OF_THREE.items() if two == code]
