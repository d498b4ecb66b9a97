"""``[publish]``: what goes to the Hub, and under which licence."""

from __future__ import annotations

from dataclasses import dataclass

from govor.config.setting import HUB, Section, setting


@dataclass(frozen=True)
class PublishConfig(Section):
    """Settings of ``govor publish``."""

    model: str | None = setting(None, "repository of the model, if govor publish names none", HUB)
    dataset: str | None = setting(
        None, "repository of the data set, if govor publish names none, and for the model's card", HUB
    )
    license: str | None = setting(None, "licence, such as cc-by-4.0; without one nothing is published", HUB)
    license_name: str | None = setting(None, "name of a licence that the Hub does not list (other)", HUB)
    license_link: str | None = setting(None, "address of its text", HUB)
    public: bool = setting(False, "visible to everybody (default: private)", HUB)
