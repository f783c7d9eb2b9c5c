"""How the integers were made: what was chosen, and what it was chosen from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgecomp.report.formats import percent, shortened

TRIAL_LIMIT = 30
LIST_LIMIT = 30
NAME_LIMIT = 80
TEXT_LIMIT = 200
RANGE_NAMES = {"minmax": "min-max", "mse": "MSE", "kl": "KL"}


@dataclass(frozen=True)
class Trial:
    """One way that was tried.

    Args:
        ranges: how ranges of activations were chosen.
        steps: what else was done, in a few words, or empty.
        note: a remark on it, where there is one.
        error_db: how far the error of the outputs lies below them in dB, or None.
        share: the same in percent of the best that was found, for a bar; 0 where it was not measured.
        agreement: share of samples with the float model's answer, 0 to 1, or None.
        seconds: wall time, or None.
        kept: whether it made the file.
    """

    ranges: str
    steps: str
    note: str
    error_db: float | None
    share: float
    agreement: float | None
    seconds: float | None
    kept: bool


@dataclass(frozen=True)
class Pair:
    """Two neighbours between which scales were moved."""

    source: str
    target: str
    kind: str
    factor: float | None
    gain_db: float | None


@dataclass(frozen=True)
class FloatOperator:
    """An operator that was kept at float, and why."""

    layer: str
    op: str
    reason: str


@dataclass(frozen=True)
class Choice:
    """Everything of the section on how the integers were made.

    Args:
        words: what was done, in one line, or empty where the report does not say.
        reason: why, in a sentence, or empty.
        facts: (label, text) of what else is known.
        trials: in the order in which they were tried.
        trial_count: how many there were, where some are left out.
        pairs: between which scales were moved.
        float_operators: those kept at float.
    """

    words: str
    reason: str
    facts: tuple[tuple[str, str], ...]
    trials: tuple[Trial, ...]
    trial_count: int
    pairs: tuple[Pair, ...]
    float_operators: tuple[FloatOperator, ...]

    def __bool__(self) -> bool:
        return bool(self.words or self.reason or self.facts or self.trials)


def read_choice(report: Mapping[str, Any]) -> Choice:
    """What a report says of how the integers were made; all of it empty for a report of an edgecomp that kept none.

    Args:
        report: a report that `validate_report` accepts.
    """
    quantization: Mapping[str, Any] = report.get("quantization") or {}
    raw: Sequence[Mapping[str, Any]] = report.get("tried") or []
    best = max((one.get("error_db") or 0.0 for one in raw), default=0.0)
    facts = (
        ("Effort", quantization.get("effort") or ""),
        ("Judged on", _counted(quantization.get("held_out"), "held-out calibration sample")),
    )
    return Choice(
        words=", ".join(_words(_settings(report), quantization)),
        reason=_sentence(shortened(quantization.get("reason") or "", TEXT_LIMIT)),
        facts=tuple((label, shortened(text, NAME_LIMIT)) for label, text in facts if text),
        trials=tuple(_trial(one, best) for one in _shown(raw)),
        trial_count=len(raw),
        pairs=tuple(_pair(one) for one in (quantization.get("equalized") or [])[:LIST_LIMIT]),
        float_operators=tuple(_operator(one) for one in (quantization.get("float_operators") or [])[:LIST_LIMIT]),
    )


def choice_line(report: Mapping[str, Any]) -> str:
    """What was chosen and what it is worth, for a terminal; empty where the report does not say.

    Args:
        report: a report that `validate_report` accepts.
    """
    words = read_choice(report).words
    if not words:
        return ""
    scheme = (report.get("compressed") or {}).get("scheme") or "quantized"
    agreement = report.get("agreement")
    return f"{scheme}: {words}" + ("" if agreement is None else f"; agreement {percent(agreement)}")


def _settings(report: Mapping[str, Any]) -> Mapping[str, Any]:
    stated = (report.get("quantization") or {}).get("settings")
    kept = next((one.get("settings") for one in report.get("tried") or [] if one.get("kept")), None)
    return stated or kept or {}


def _words(settings: Mapping[str, Any], quantization: Mapping[str, Any]) -> list[str]:
    """What was done; with how often, where that was counted."""
    pairs, biases = quantization.get("equalized"), quantization.get("biases_corrected")
    kept = quantization.get("float_operators")
    operators = settings.get("float_operators") if kept is None else len(kept)
    equalized = settings.get("equalize") if pairs is None else len(pairs) > 0
    corrected = settings.get("bias_correction") if biases is None else biases > 0
    words = [
        _ranges(settings),
        f"equalized {_counted(len(pairs), 'pair')}" if pairs else "equalized" if equalized else "",
        "learned rounding" if settings.get("rounding") == "learned" else "",
        f"biases corrected in {_counted(biases, 'layer')}" if biases else "biases corrected" if corrected else "",
        f"{_counted(operators, 'operator')} at float" if operators else "",
        "float outputs" if settings.get("float_outputs") else "",
    ]
    return [word for word in words if word]


def _ranges(settings: Mapping[str, Any]) -> str:
    ranges = settings.get("ranges")
    return f"{RANGE_NAMES.get(ranges, shortened(ranges, NAME_LIMIT))} ranges" if ranges else ""


def _shown(raw: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The first ones; the one that was kept is always among them."""
    first = list(raw[:TRIAL_LIMIT])
    return first + [one for one in raw[TRIAL_LIMIT:] if one.get("kept")][:1]


def _trial(one: Mapping[str, Any], best: float) -> Trial:
    settings: Mapping[str, Any] = one.get("settings") or {}
    ranges, error = _ranges(settings), one.get("error_db")
    words = [word for word in _words(settings, {}) if word != ranges]
    return Trial(
        ranges=ranges or "unnamed",
        steps=", ".join(words),
        note=shortened(one.get("note") or "", TEXT_LIMIT),
        error_db=error,
        share=100 * min(max(error / best, 0.0), 1.0) if error is not None and best > 0 else 0.0,
        agreement=one.get("agreement"),
        seconds=one.get("seconds"),
        kept=bool(one.get("kept")),
    )


def _pair(one: Mapping[str, Any]) -> Pair:
    source, target, kind = (shortened(one.get(key) or "", NAME_LIMIT) for key in ("from", "to", "kind"))
    return Pair(source, target, kind, one.get("factor"), one.get("gain_db"))


def _operator(one: Mapping[str, Any]) -> FloatOperator:
    layer, op = (shortened(one.get(key) or "", NAME_LIMIT) for key in ("layer", "op"))
    return FloatOperator(layer, op, shortened(one.get("reason") or "", TEXT_LIMIT))


def _sentence(phrase: str) -> str:
    return f"{phrase[0].upper()}{phrase[1:]}{'' if phrase[-1] in '.!?…' else '.'}" if phrase else ""


def _counted(count: int | None, noun: str) -> str:
    return "" if count is None else f"{count:,} {noun}{'' if count == 1 else 's'}"
