"""Licence identifiers as the Hub knows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NotRequired, TypedDict

from rapidfuzz.distance import JaroWinkler
from rapidfuzz.process import extract

from govor.errors import InputError

LISTED = "July 2026"
"""When the list was taken from the answer of the Hub's own validator (``/api/validate-yaml``)."""
_LISTED = """
apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0
bigcode-openrail-m afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc
cc0-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0
cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0
cdla-sharing-1.0 cdla-permissive-1.0 cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1
eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl lgpl-2.1 lgpl-3.0 isc h-research intel-research lppl-1.3c
ms-pl apple-ascl apple-amlr mpl-2.0 odc-by odbl openmdw-1.0 openmdw-1.1 openrail++ osl-3.0 postgresql
ofl-1.1 ncsa unlicense zlib pddl lgpl-lr deepfloyd-if-license fair-noncommercial-research-license llama2
llama3 llama3.1 llama3.2 llama3.3 llama4 grok2-community gemma unknown other
"""
LICENSES = frozenset(_LISTED.split())
NEAREST = 3
NEAR = 0.8
"""Least Jaro-Winkler similarity, of letters and digits, of an identifier that may be meant."""
OTHER = "other"


def require_license(license: str | None) -> str:
    """The identifier to publish under; `CC-BY-4.0` is ``cc-by-4.0``.

    Raises:
        InputError: there is none (nothing is published without one), or the Hub knows no such one.
    """
    if not license:
        raise InputError("nothing is published without a licence: --license cc-by-4.0, or [publish] license")
    known = license.strip().lower().replace(" ", "-")
    if known in LICENSES:
        return known
    near = ", ".join(_near(known))
    hint = f"nearest are {near}: name one of them, or" if near else "nothing there is near it: give"
    raise InputError(
        f"the Hub knows no licence {license!r} (its list of {LISTED}); {hint} --license other with "
        "--license-name and --license-link"
    )


def _near(typed: str) -> list[str]:
    """Identifiers that may be meant; of several versions the newest comes first."""
    newest_first = sorted(LICENSES, reverse=True)
    found = extract(
        typed,
        newest_first,
        scorer=JaroWinkler.similarity,
        processor=_signs,
        limit=NEAREST,
        score_cutoff=NEAR,
    )
    return [name for name, *_ in found]


def _signs(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower()))


class StoredLicense(TypedDict):
    """A licence as a published ``dataset.json`` has it."""

    license: str
    license_name: NotRequired[str | None]
    license_link: NotRequired[str | None]


@dataclass(frozen=True)
class License:
    """Under what something is published.

    Attributes:
        identifier: as the Hub lists it.
        name: of a licence that the Hub does not list (``other``).
        link: to its text.
    """

    identifier: str
    name: str | None = None
    link: str | None = None

    @classmethod
    def of(cls, license: str | License | None, name: str | None = None, link: str | None = None) -> License:
        """A licence that the Hub takes.

        Raises:
            InputError: it takes no such one, or ``other`` has no name.
        """
        if isinstance(license, License):
            return license
        identifier = require_license(license)
        if identifier == OTHER and not name:
            raise InputError("--license other needs --license-name, such as clarin-aca, and --license-link")
        if identifier != OTHER and (name or link):
            raise InputError(f"--license-name and --license-link go with --license other, not {identifier}")
        return cls(identifier, name, link)

    @classmethod
    def stored(cls, facts: StoredLicense) -> License:
        """The licence that a published ``dataset.json`` names."""
        return cls(facts["license"], facts.get("license_name"), facts.get("license_link"))

    @property
    def header(self) -> dict[str, str]:
        """Its lines of a card's header."""
        named = {"license_name": self.name, "license_link": self.link}
        return {"license": self.identifier, **{key: value for key, value in named.items() if value}}

    def __str__(self) -> str:
        return f"[{self.name}]({self.link})" if self.name and self.link else self.name or self.identifier
