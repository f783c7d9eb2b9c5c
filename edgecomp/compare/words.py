"""A comparison in words: what stands at the top of it, and each figure with what it is against the first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..report.formats import significant
from .comparing import Against, Comparison
from .quantities import QUANTITIES
from .result import Figure, Result

MISTAKES = 5
HARDLY = 0.005
"""A ratio nearer to 1 than this is nothing to speak of."""


@dataclass(frozen=True)
class Headline:
    """What is read first.

    Args:
        outcome: "ship" where gates were given and none failed, "stop" where one did or a result looks wrong, "open"
            where there was nothing to decide.
        title: the outcome in a few words.
        failed: a sentence for each gate and result that failed it.
        mistakes: what looks wrong in a result, each with its letter.
        lines: a sentence for each result: in what it is better, worse, or not to be told apart.
    """

    outcome: str
    title: str
    failed: tuple[str, ...]
    mistakes: tuple[str, ...]
    lines: tuple[str, ...]


def headline(comparison: Comparison, gates: Sequence[str], failed: Sequence[str]) -> Headline:
    """What comparing came to.

    Args:
        comparison: what was compared.
        gates: the conditions that were given, as text.
        failed: what `gates.failures` said of them.
    """
    mistakes = tuple(
        f"{letter(place)}: {said}" for place, one in enumerate(comparison.results) for said in one.mistakes[:MISTAKES]
    )
    lines = tuple(_standing(comparison, place) for place in range(1, len(comparison.results)))
    outcome, title = _decided(gates, failed, mistakes)
    return Headline(outcome, title, tuple(failed), mistakes, lines)


def legend(comparison: Comparison) -> list[str]:
    """Which result is which."""
    lines = []
    for place, one in enumerate(comparison.results):
        setting = f" ({one.setting})" if one.setting else ""
        lines.append(f"{letter(place)}  {one.name}{setting}")
    return lines


def letter(place: int) -> str:
    """A, B, C, ...; numbers after Z."""
    return chr(ord("A") + place) if place < 26 else str(place + 1)


def remarks(comparison: Comparison) -> list[str]:
    """What has to be said beside the table."""
    lines = ["Ratios and verdicts are against A; the interval of a ratio is what both intervals allow."]
    lines += [f"{letter(place)}: {one.against('A')}" for place, one in enumerate(comparison.worth, start=1)]
    lines += _about_models(comparison)
    if len(comparison.devices) > 1:
        lines.append(f"Different devices: {'; '.join(comparison.devices)}.")
    wrong = [(place, one) for place, one in enumerate(comparison.results) if one.valid is False]
    lines += [f"{letter(place)} is not valid: {_why(one)}." for place, one in wrong]
    if any(one.verdict == "no interval" for one in comparison.against):
        lines.append("Where there is no verdict, a figure has no interval and may differ by chance.")
    return lines


def figure_text(name: str, figure: Figure | None) -> str:
    """A figure with its unit."""
    return QUANTITIES[name].text(None if figure is None else figure.value)


def span_text(name: str, figure: Figure | None) -> str:
    """Its interval; empty where there is none, and for what was counted."""
    if figure is None or figure.low is None or figure.high is None or figure.low >= figure.high:
        return ""
    text = QUANTITIES[name].text
    return f"{text(figure.low)} .. {text(figure.high)}"


def against_text(one: Against) -> str:
    """A ratio or difference with its interval; empty where there is none."""
    if one.difference is not None:
        span = _interval(one.difference, lambda value: f"{value:+.2f}")
        return f"{one.difference.value:+.2f} {QUANTITIES[one.quantity].difference}{span}"
    if one.ratio is not None:
        return f"{significant(one.ratio.value)}×{_interval(one.ratio, significant)}"
    return ""


def verdict_text(one: Against) -> str:
    """The verdict; empty where nothing can be said."""
    return "" if one.verdict in ("not measured", "no interval") else one.verdict


def _decided(gates: Sequence[str], failed: Sequence[str], mistakes: Sequence[str]) -> tuple[str, str]:
    if failed:
        return "stop", "A gate failed" if len(failed) == 1 else f"{len(failed)} gates failed"
    if mistakes:
        return "stop", "Something looks like a mistake"
    if gates:
        return "ship", "All gates passed" if len(gates) > 1 else "The gate passed"
    return "open", "Compared, not judged"


def _standing(comparison: Comparison, place: int) -> str:
    """Such as "B against A: better in file size; worse in accuracy; no difference shown in latency p50"."""
    found: dict[str, list[str]] = {}
    for one in comparison.against:
        if one.result == place:
            found.setdefault(_standing_in(one), []).append(_inside_a_sentence(QUANTITIES[one.quantity].title))
    order = ("better in", "worse in", "no difference shown in", "all but equal:", "equal:", "not valid:")
    parts = [f"{words} {', '.join(found[words])}" for words in order if words in found]
    return f"{letter(place)} against A: {'; '.join(parts) or 'no verdict in anything'}."


def _standing_in(one: Against) -> str:
    """What a sentence says of one figure; counted ones that hardly differ are not called better or worse there."""
    if one.verdict in ("better", "worse") and one.ratio is not None and abs(one.ratio.value - 1) < HARDLY:
        return "all but equal:"
    return f"{one.verdict}{':' if one.verdict in ('equal', 'not valid') else ' in'}"


def _inside_a_sentence(title: str) -> str:
    title = title.replace(",", "")
    return title[0].lower() + title[1:] if title[1:2].islower() else title


def _about_models(comparison: Comparison) -> list[str]:
    if comparison.same_model is None:
        return []
    if comparison.same_model:
        return ["All are of the same model file."]
    by_file: dict[str, list[str]] = {}
    for place, one in enumerate(comparison.results):
        by_file.setdefault(one.model_sha256 or "", []).append(letter(place))
    named = (f"{' and '.join(letters)} {_digest(digest, len(letters))}" for digest, letters in by_file.items())
    said = f"Different model files, by SHA-256: {', '.join(named)}."
    shared = any(digest and len(letters) > 1 for digest, letters in by_file.items())
    return [f"{said} Where the file is the same, what ran it differs, or it is chance." if shared else said]


def _digest(digest: str, results: int) -> str:
    return digest[:12] or ("does not say" if results == 1 else "do not say")


def _why(result: Result) -> str:
    return "; ".join(result.reasons) or "it does not say why"


def _interval(figure: Figure, text: Callable[[float], str]) -> str:
    if figure.low is None or figure.high is None or figure.low == figure.high:
        return ""
    return f" ({text(figure.low)} .. {text(figure.high)})"
