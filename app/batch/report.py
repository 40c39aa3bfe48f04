"""A report: one HTML file to look through all photos of a run, with what to do beside them; opens without a network."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from app.answers.words import Answer, Urgency, Words
from app.batch.journal import Entry, Journal
from app.views.evidence import EVIDENCE_THUMBNAIL, THUMBNAIL
from app.views.html import ICONS
from app.views.markup import paragraphs, sources
from app.views.terminal import percent
from model.batch import Outcome
from model.photo import escaped
from model.system.files import NewFile

HERE = Path(__file__).parents[1] / "views" / "static"
BINS = 20
"""Bars of the histogram of probabilities from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What photos with the same answer share: the words, in full."""

    headline: str
    level_name: str
    how_often: str
    urgency: str
    how_soon: str
    urgent_advice: str
    referral: str
    limits: str


@dataclass(slots=True)
class Overview:
    """What the head of a report says of all photos, and where the lines of each group are."""

    groups: dict[Advice, list[int]] = field(default_factory=dict)
    bins: list[int] = field(default_factory=lambda: [0] * BINS)
    errors: Counter[str] = field(default_factory=Counter)
    versions: dict[str, None] = field(default_factory=dict)

    @classmethod
    def of(cls, journal: Journal) -> Overview:
        """Return the overview of everything in a journal."""
        overview = cls()
        for place, entry in journal.entries():
            advice = Advice(**{name: str(entry.report[name]) for name in Advice.__slots__})
            overview.groups.setdefault(advice, []).append(place)
            probability, code = entry.row["probability"], entry.row["error_code"]
            if isinstance(probability, float):
                overview.bins[min(int(probability * BINS), BINS - 1)] += 1
            if code is not None:
                overview.errors[str(code)] += 1
            overview.versions[str(entry.row["model_version"])] = None
        order = {urgency.value: number for number, urgency in enumerate(Urgency)}
        ranked = sorted(overview.groups.items(), key=lambda item: (order[item[0].urgency], -len(item[1])))
        overview.groups = dict(ranked)
        return overview


def report_entry(outcome: Outcome, answer: Answer) -> dict[str, Any]:
    """Return what the report needs of one photo beyond its row; values that JSON can hold."""
    pictures = [outcome.pictures[name] for name in (THUMBNAIL, EVIDENCE_THUMBNAIL) if name in outcome.pictures]
    return {
        **{name: str(getattr(answer, name)) for name in Advice.__slots__},
        "not_sure_because": list(answer.not_sure_because),
        "photo_notes": list(answer.photo_notes),
        "could_also_be": answer.could_also_be,
        "shares": [[share.name, share.probability] for share in answer.shares],
        "pictures": [base64.b64encode(picture).decode("ascii") for picture in pictures],
    }


def write_report(path: Path, journal: Journal, words: Words, *, again: bool = False) -> None:
    """Write the report of a complete journal; for `again` see `NewFile`. Raises OutputError.

    Memory does not grow with the number of photos but for one number each: entries are read again, group by group.
    """
    overview = Overview.of(journal)
    with NewFile.open(path, again=again) as new:
        for part in _parts(overview, journal, words):
            new.file.write(part.encode("utf-8"))


def _parts(overview: Overview, journal: Journal, words: Words) -> Iterator[str]:
    yield _head(overview, journal, words)
    for number, (advice, places) in enumerate(overview.groups.items()):
        yield _group_head(advice, len(places), words, id_=f"group-{number}")
        for place in places:
            yield _photo(journal.entry_at(place), words)
        yield "</ul></section>\n"
    yield _foot(overview, words)


def _head(overview: Overview, journal: Journal, words: Words) -> str:
    says = words.report
    title = says["title"].format(count=f"{journal.entries_done:,}")
    style = (HERE / "report.css").read_text(encoding="utf-8")
    script = hashlib.sha256(_script().encode()).digest()
    policy = (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{base64.b64encode(script).decode()}'; form-action 'none'; base-uri 'none'"
    )
    started = datetime.fromisoformat(journal.started).strftime("%Y-%m-%d %H:%M UTC")
    signed = [words.page["model_version"].format(version=version) for version in overview.versions]
    sign = f'<p class="quiet">{_text(", ".join([*signed, started]))}</p>'
    return (
        f'<!doctype html>\n<html lang="{words.language}"><head><meta charset="utf-8"><title>{_text(title)}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{style}</style></head>\n<body><header><h1>{_text(title)}</h1>"
        f"{sign}{paragraphs(words.intended_use)}</header>\n"
        f'<div id="overview">{_counts(overview, says)}{_histogram(overview, says)}</div>\n'
        f"{_filters(overview, says)}\n"
    )


def _counts(overview: Overview, says: Mapping[str, str]) -> str:
    rows = [
        f'<tr><td><a href="#group-{number}">{_text(advice.headline)}</a></td><td>{len(places):,}</td></tr>'
        for number, (advice, places) in enumerate(overview.groups.items())
    ]
    rows += [
        f"<tr><td>{_text(says['error'])}: {_text(code)}</td><td>{count:,}</td></tr>"
        for code, count in overview.errors.most_common()
    ]
    return f"<section><h3>{_text(says['counts'])}</h3><table>{''.join(rows)}</table></section>"


def _histogram(overview: Overview, says: Mapping[str, str]) -> str:
    most = max(*overview.bins, 1)
    bars = "".join(
        f'<i style="height:{100 * count / most:.1f}%" title="{100 * index // BINS} - {100 * (index + 1) // BINS} %: '
        f'{count:,}"></i>'
        for index, count in enumerate(overview.bins)
    )
    scale = "".join(f"<span>{value} %</span>" for value in (0, 25, 50, 75, 100))
    return (
        f"<section><h3>{_text(says['histogram'])}</h3>"
        f'<div id="histogram" role="img" aria-label="{_text(says["histogram"])}">{bars}</div>'
        f'<div class="scale">{scale}</div><p class="quiet">{_text(says["histogram_caution"])}</p></section>'
    )


def _filters(overview: Overview, says: Mapping[str, str]) -> str:
    answers = [(f"group-{number}", advice.headline) for number, advice in enumerate(overview.groups)]
    errors = [(code, code) for code in sorted(overview.errors)]
    return (
        f'<form id="filters" data-shown="{_text(says["shown"])}" hidden>'
        f"{_select('answer', says['filter_answer'], answers, says)}{_select('error', says['error'], errors, says)}"
        f'<label>{_text(says["filter_least"])} <span><input id="least" type="range" min="0" max="99" value="0">'
        '<output id="least-said" for="least"></output></span></label>'
        f'<label>{_text(says["filter_name"])} <input id="name" type="search"></label>'
        f'<label class="tick"><input id="evidence" type="checkbox">{_text(says["filter_evidence"])}</label>'
        '<output id="shown"></output></form>'
    )


def _select(id_: str, label: str, choices: list[tuple[str, str]], says: Mapping[str, str]) -> str:
    options = "".join(f'<option value="{_text(value)}">{_text(name)}</option>' for value, name in choices)
    everything = f'<option value="">{_text(says["everything"])}</option>'
    return f'<label>{_text(label)} <select id="{id_}">{everything}{options}</select></label>'


def _group_head(advice: Advice, count: int, words: Words, *, id_: str) -> str:
    icon = f'<svg viewBox="0 0 24 24" aria-hidden="true">{ICONS[advice.urgency]}</svg>'
    return (
        f'<section class="group {advice.urgency}" data-mood="{advice.urgency}" id="{id_}"><div class="words"><div>'
        f'<p class="badge">{icon}{_text(advice.how_soon)}</p><h2>{_text(advice.headline)}</h2>'
        f"<p><b>{_text(advice.level_name)}</b> {_text(advice.how_often)}</p>"
        f'<p class="quiet">{_text(words.report["count"].format(count=f"{count:,}"))}</p>'
        f"<h3>{_text(words.page['advice_title'])}</h3>{paragraphs(advice.urgent_advice)}"
        f'<h3>{_text(words.page["referral_title"])}</h3><div class="referral">{paragraphs(advice.referral)}</div>'
        '</div></div><ul class="photos">\n'
    )


def _photo(entry: Entry, words: Words) -> str:
    says, seen, row = words.report, entry.report, entry.row
    # Cells hold text that is valid; what cannot be shown is made visible.
    name, probability = escaped(str(row["file"])), row["probability"]
    data = {"name": name, "error": row["error_code"], "p": probability, "shares": _shares(seen["shares"])}
    attributes = "".join(f' data-{key}="{_text(str(value))}"' for key, value in data.items() if value is not None)
    pictures = "".join(
        f'<img loading="lazy" decoding="async" alt="" src="data:image/jpeg;base64,{picture}">'
        for picture in seen["pictures"]
    )
    pictures = pictures or f"<span>{_text(says['no_picture'])}</span>"
    said = (*seen["not_sure_because"], *seen["photo_notes"], seen["could_also_be"])
    remarks = "".join(f"<li>{_text(escaped(text))}</li>" for text in filter(None, said))
    sure = f"<strong>{percent(probability)}</strong>" if isinstance(probability, float) else ""
    return (
        f'<li{attributes}><button type="button" aria-label="{_text(name)}">{pictures}</button>'
        f"<b>{_text(Path(name).name)}</b>{sure}{f'<ul>{remarks}</ul>' if remarks else ''}</li>\n"
    )


def _shares(shares: list[tuple[str, float]]) -> str | None:
    return json.dumps([[name, percent(share), round(share, 4)] for name, share in shares]) if shares else None


def _foot(overview: Overview, words: Words) -> str:
    limits = "".join(paragraphs(text) for text in dict.fromkeys(advice.limits for advice in overview.groups))
    shown = {advice.headline for advice in overview.groups}
    told = (source for entry in words.entries.values() if entry.headline in shown for source in entry.sources)
    listed = sources(dict.fromkeys(told))
    return (
        f"<footer><h3>{_text(words.page['limits_title'])}</h3>{limits}"
        f"<h3>{_text(words.page['sources_title'])}</h3>{listed}</footer>"
        f'<dialog><button type="button">{_text(words.report["close"])}</button><div></div></dialog>'
        f"<script>{_script()}</script></body></html>\n"
    )


def _script() -> str:
    return (HERE / "report.js").read_text(encoding="utf-8")


def _text(value: str) -> str:
    return escape(value)
