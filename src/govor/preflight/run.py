"""Runs the checks one after the other within the budget."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from govor import console, store
from govor.config import Recipe, Workspace
from govor.errors import GovorError, LanguageError, LimitError, MissingExtraError
from govor.extras import missing_extra
from govor.findings import SEVERITIES, Finding, count_of, renamed, some
from govor.preflight.budget import Budget, OutOfTimeError
from govor.preflight.ids import write_ids
from govor.preflight.materials import Materials, UnavailableError
from govor.preflight.registry import COSTS, Check, all_checks, chosen_checks, require_known
from govor.preflight.report import terminal_lines, write_report
from govor.preflight.summary import CheckOutcome, PreflightSummary, ReportedFinding
from govor.shown import first_line, with_class
from govor.store import readable_seconds, scratch_folder

Faults = MutableMapping[str, Exception]
"""Why materials could not be made, by name."""
MINUTES, LEAST_MINUTES = "[preflight] minutes", 5
NEW_LANGUAGE = (
    "set [model] language to the code of a related language that the model knows: its token is then trained"
    " for yours"
)


def preflight(
    recipe: Recipe, *, out: Path, device: str = "auto", only: Sequence[str] = ()
) -> PreflightSummary:
    """Checks data and model of `recipe` together.

    Args:
        recipe: resolved recipe; its data set must have been prepared.
        out: folder for ``report.json`` and ``report.html``.
        device: where the model runs.
        only: names of the checks to run, or codes that they give; none: all. Such a report lets no run pass.

    Returns:
        The summary that ``--json`` prints.

    Raises:
        LimitError: there are errors that `[preflight] accept` does not let through; carries the summary.
        DatasetError: there is no data set to check.
        UsageError: a code to accept that no check gives, or a check that there is not.
    """
    require_known(recipe.preflight.accept)
    checks = chosen_checks(only)
    with scratch_folder() as scratch:
        materials = Materials(recipe, device, scratch)
        _ = materials.dataset
        outcomes = run_checks(materials, checks)
    if "base" in vars(materials):
        materials.base.save(out)
    fingerprint = "" if only else fingerprint_of(recipe, materials.dataset)
    listing = write_ids((finding for outcome in outcomes for finding in outcome.findings), out)
    summary = replace(
        summarise(outcomes, materials, out), listing=str(listing or ""), fingerprint=fingerprint
    )
    write_report(summary, out, Path(recipe.work).name or recipe.name)
    stop_on_errors(summary)
    return summary


def preflight_aloud(recipe: Recipe, *, out: Path, device: str = "auto") -> PreflightSummary:
    """`preflight` in front of other work: what it found is said on stderr, whether it stops that or not.

    Raises:
        LimitError: as `preflight`.
    """
    try:
        summary = preflight(recipe, out=out, device=device)
    except LimitError as error:
        if isinstance(error.summary, PreflightSummary):
            _say_findings(error.summary)
        raise
    _say_findings(summary)
    return summary


def _say_findings(summary: PreflightSummary) -> None:
    for line in terminal_lines(summary):
        console.say(line)


def ensure(recipe: Recipe, *, device: str = "auto") -> None:
    """Runs preflight before a run's first step, unless it let these very settings and data pass already.

    Raises:
        LimitError: as `preflight`.
    """
    from govor.load import Dataset

    place = Workspace.of(recipe)
    if os.environ.get("RANK", "0") != "0" or any((place.run / "checkpoints").glob("step-*")):
        return
    report = place.run / "preflight" / "report.json"
    if report.exists():
        earlier = store.read_json(report)
        same = earlier.get("fingerprint") == fingerprint_of(recipe, Dataset.open(place.dataset))
        if same and not earlier["errors"]:
            return
    preflight_aloud(recipe, out=report.parent, device=device)


def fingerprint_of(recipe: Recipe, dataset: Any) -> str:
    """Of everything that preflight's answer hangs on."""
    sections = (recipe.text, recipe.model, recipe.train, recipe.evaluate, recipe.preflight)
    return store.fingerprint([*(section.deciding() for section in sections), dataset.fingerprint])


def run_checks(materials: Materials, checks: Sequence[Check] = ()) -> list[CheckOutcome]:
    """All checks, cheap ones first; what `materials` lacks is skipped, what has no time inconclusive."""
    checks = checks or all_checks()
    minutes = materials.budget.total_s / 60
    console.say(
        f"preflight: {len(checks)} checks of data and model, at most {minutes:g} min ([preflight] minutes)"
    )
    cannot: Faults = {}
    outcomes = []
    with console.progress("preflight", None, "checks") as bar:
        for one in checks:
            _announce(one, materials)
            outcomes.append(run_check(one, materials, cannot))
            bar.advance(1, f"of {len(checks)}: {one.title}")
    note_missing(outcomes)
    note_unfinished(outcomes, materials.budget)
    return outcomes


def note_missing(outcomes: Sequence[CheckOutcome]) -> None:
    """One finding for all checks that were skipped because a package is not installed."""
    skipped = [outcome for outcome in outcomes if outcome.lacks]
    if not skipped:
        return
    package = str(skipped[0].lacks)
    found = missing_extra(package)
    names = [outcome.check.name for outcome in skipped]
    skipped[0].findings.append(
        Finding(
            "not_checked",
            "warning",
            f"{len(names)} of {len(outcomes)} checks",
            f"{package} is not installed, and these need it: {some(names, len(names))}",
            "",
            "what they look for was not looked for",
            str(found).rpartition(": ")[2] if found else f"pip install {package}",
        )
    )


def note_unfinished(outcomes: Sequence[CheckOutcome], budget: Budget) -> None:
    """One finding for all checks that had no time, in place of one for each."""
    late = [one for one in outcomes if one.late]
    if len(late) < 2:
        return
    for one in late:
        one.findings.pop()
    names, first = [one.check.name for one in late], _inconclusive(late[0].check, budget)
    late[0].findings.append(
        Finding(
            "inconclusive",
            "warning",
            f"{len(late)} of {len(outcomes)} checks",
            first.measured,
            first.limit,
            f"these were not checked: {', '.join(names)}",
            f"give it more time: govor preflight RECIPE --minutes {_more_minutes(budget):g}; or ask for some"
            f" by name: govor preflight RECIPE --only {' --only '.join(names[:3])}",
        )
    )


def _announce(one: Check, materials: Any) -> None:
    """Says what is begun where that can take long, and how long at most."""
    left_s = materials.budget.left_s
    if COSTS.index(one.cost) >= COSTS.index("decoding") and left_s and not one.after:
        used, left = readable_seconds(materials.budget.used_s), readable_seconds(left_s)
        console.say(f"preflight, after {used}: {one.doing} (at most {left})")


def run_check(one: Check, materials: Any, cannot: Faults) -> CheckOutcome:
    """Runs one check; whatever happens becomes an outcome.

    Args:
        one: the check.
        materials: anything with the attributes that checks name.
        cannot: what could not be made so far, by name; grows.
    """
    outcome, start_s = CheckOutcome(one), time.monotonic()
    budget: Budget = materials.budget
    try:
        if one.cost in COSTS[3:]:
            budget.begin()
        elif one.cost != COSTS[0]:
            budget.spend()
        taken = _take(one, materials, cannot, outcome)
        if taken is not None:
            outcome.findings.extend(one.run(**taken) or ())
    except UnavailableError as error:
        outcome.status, outcome.note = "skipped", str(error)
    except OutOfTimeError:
        outcome.late = True
        outcome.findings.append(_inconclusive(one, budget))
    except (ImportError, MissingExtraError) as error:
        outcome.lacks = _package(error)
        outcome.status, outcome.note = "skipped", f"it needs {outcome.lacks}, which is not installed"
    except GovorError as error:
        told = any(str(error) == str(other) for other in cannot.values())
        cannot[one.name] = error
        outcome.status, outcome.note = ("skipped", first_line(error)) if told else ("passed", "")
        outcome.findings.extend([] if told else [_failure(one, str(error))])
    except Exception as error:
        outcome.findings.append(_failure(one, with_class(error)))
    outcome.seconds = time.monotonic() - start_s
    if outcome.findings and outcome.status == "passed":
        only = {finding.code for finding in outcome.findings}
        outcome.status = "inconclusive" if only == {"inconclusive"} else "findings"
    return outcome


def _package(error: Exception) -> str:
    """The package that an import asked for."""
    if isinstance(error, ImportError):
        return (error.name or "a package").partition(".")[0]
    return str(error).partition("needs ")[2].partition(",")[0] or "a package"


def _take(one: Check, materials: Any, cannot: Faults, outcome: CheckOutcome) -> Mapping[str, object] | None:
    taken = {}
    for name in one.needs:
        known = name in cannot
        try:
            if known:
                raise cannot[name]
            taken[name] = getattr(materials, name)
        except (ImportError, MissingExtraError, OutOfTimeError) as error:
            cannot[name] = error  # nor is it begun again for the next check
            raise
        except UnavailableError as error:
            cannot[name] = error
            outcome.status, outcome.note = "skipped", str(error)
            return None
        except (GovorError, OSError, ValueError, RuntimeError, KeyError) as error:
            told = known or any(str(error) == str(other) for other in cannot.values())
            cannot[name] = error
            outcome.status, outcome.note = "skipped", f"the {name} could not be made: {first_line(error)}"
            if not told:
                outcome.status = "findings"
                outcome.findings.append(_unusable(name, error))
            return None
    return taken


def _inconclusive(one: Check, budget: Budget) -> Finding:
    return Finding(
        "inconclusive",
        "warning",
        one.name,
        f"not finished after {budget.used_s / 60:.1f} min",
        f"{MINUTES} = {budget.total_s / 60:g}",
        f"this was not checked: {one.doing}",
        f"ask for it by name: govor preflight RECIPE --only {one.name} --minutes {_more_minutes(budget):g}",
    )


def _more_minutes(budget: Budget) -> float:
    return max(LEAST_MINUTES, 2 * round(budget.total_s / 60))


def _failure(one: Check, error: str) -> Finding:
    return Finding(
        "check_failed",
        "error",
        one.name,
        error,
        "the check ends without an error",
        "training would probably meet the same error",
    )


def _unusable(name: str, error: Exception) -> Finding:
    code = "model_unusable" if name == "family" else "check_failed"
    return Finding(
        code,
        "error",
        "[model]" if name == "family" else name,
        str(error) if isinstance(error, GovorError) else with_class(error),
        "it opens",
        "nothing that needs it could be checked, and training would stop here",
        NEW_LANGUAGE
        if isinstance(error, LanguageError)
        else "correct what the message names and run govor preflight again",
    )


def summarise(outcomes: list[CheckOutcome], materials: Materials, out: Path) -> PreflightSummary:
    """The summary: findings, gravest first, what became of each check, and what was measured."""
    accepted = set(renamed(materials.settings.accept))
    findings = []
    for outcome in outcomes:
        for finding in outcome.findings:
            let_through = finding.severity == "error" and finding.code in accepted
            told = {**finding.as_dict(), "check": outcome.check.name, "accepted": let_through}
            findings.append(cast(ReportedFinding, told))
    findings.sort(key=lambda one: (SEVERITIES.index(one["severity"]), one["accepted"]))
    stopping = [one for one in findings if one["severity"] == "error" and not one["accepted"]]
    return PreflightSummary(
        errors=len(stopping),
        warnings=sum(one["severity"] == "warning" for one in findings),
        accepted=sorted({str(one["code"]) for one in findings if one["accepted"]}),
        findings=findings,
        checks=outcomes,
        facts=materials.facts,
        projection=materials.projection,
        wall_s=round(materials.budget.used_s, 2),
        out=str(out),
    )


def stop_on_errors(summary: PreflightSummary) -> None:
    """Stops the run where errors stand.

    Raises:
        LimitError: there is at least one error that was not accepted.
    """
    if summary.errors:
        codes = sorted(
            {one["code"] for one in summary.findings if one["severity"] == "error" and not one["accepted"]}
        )
        errors = count_of(summary.errors, "error")
        raise LimitError(
            f"preflight found {errors} ({', '.join(codes)}): correct them, or let one through with"
            f" --accept CODE; all is in {summary.out}/report.html",
            summary,
        )
