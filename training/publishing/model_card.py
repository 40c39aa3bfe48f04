"""README.md of a model folder: the model card for people, written from card.json and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from model.card import ModelCard
from model.redaction import redacted
from training.publishing.reporting import reporting_tables

LIMITS = (
    "No clinician has reviewed it or its words. A photo cannot show whether a spot fades under pressure, nor its "
    "size. Most skin conditions are none of its categories. Public photos of these categories are few and mostly of "
    "light skin; drawn photos stand in for what is missing, and drawn is not real."
)
MISUSE = (
    "Not to decide whether to see a doctor, nor which one; not to calm somebody who feels ill; not on anybody else's "
    "photos without their leave; not to sort patients; not as evidence in court, insurance or hiring; not behind words "
    "of one's own that leave out the referral, which the program refuses."
)
TITLES = {
    "validation": "Photos of groups held back from training (with drawn ones they chose epoch and threshold)",
    "cross_validation": "Real photos of training groups, each scored by a network that never saw its group (they chose "
    "temperature and threshold)",
    "test": "Photos that chose nothing",
}


def model_readme(card: ModelCard) -> str:
    """Return the Markdown text of the model card for people, without secrets of URLs."""
    return redacted(_readme(card))


def _readme(card: ModelCard) -> str:
    return (
        "\n\n".join(
            [
                f"# redspots model {card.version}",
                f"Categories: {', '.join(card.categories)}; otherwise it says that it is not sure. "
                f"Backbone {card.backbone}, input {card.preprocess.size} x {card.preprocess.size} pixels.",
                "## Intended use",
                card.intended_use,
                "## Misuse",
                MISUSE,
                "## Limits",
                LIMITS,
                "## Measured",
                *(_measured(TITLES.get(name, name), value) for name, value in card.metrics.items()),
                f"A category is named at a calibrated probability of at least {card.threshold:.2f} "
                f"(temperature {card.temperature:.3f}). Intervals: 95 %, bootstrap over groups.",
                *_doubt(card),
                *(["## Seen by eye", card.notes] if card.notes else []),
                "## Trained on",
                _data(card),
                *_checked(card.training),
                "## How",
                _how(card.training),
                "## Reporting guidelines",
                *reporting_tables(),
            ]
        )
        + "\n"
    )


def _doubt(card: ModelCard) -> list[str]:
    """Return what the model says beyond a category: sets, and how far a photo may be from what it knows."""
    told = []
    if (sets := card.prediction_sets) is not None:
        always = [output for output, least in sets.least.items() if least == 0]
        told.append(
            f"Prediction sets (split conformal prediction, by output) aim to hold the truth for {sets.coverage:.0%} "
            "of the photos of each output that are like those that calibrated them; `coverage of sets` says how often "
            "they did." + (f" Always in the set, for want of photos: {', '.join(always)}." if always else "")
        )
    if card.most_energy is not None:
        told.append(f"A photo with an energy over the categories above {card.most_energy:.3f} is not judged.")
    return told


def _measured(title: str, metrics: Mapping[str, Any]) -> str:
    photos = ", ".join(f"{name} {count}" for name, count in metrics["photos"].items())
    sources = ", ".join(f"{source} ({count})" for source, count in metrics["sources"].items())
    rows = [f"| {name.replace('_', ' ')} | {_figure(figure)} |" for name, figure in metrics["figures"].items()]
    return "\n".join(
        [
            f"### {title}",
            "",
            f"Photos: {photos}; {metrics['groups']} groups; {metrics['unreadable']} could not be read.",
            "",
            f"Sources: {sources}.",
            "",
            "| figure | value (interval) |",
            "|---|---|",
            *rows,
        ]
    )


def _figure(figure: Mapping[str, float | None]) -> str:
    if figure["value"] is None:
        return "not defined by these photos"
    if figure["low"] is None:
        return f"{figure['value']:.3f}"
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"


def _data(card: ModelCard) -> str:
    rows = [
        f"| {_cell(source['source'])} | {_cell(source['licence'])} | "
        + ", ".join(f"{category} {count}" for category, count in source["photos"].items())
        + " |"
        for source in card.data
    ]
    return "\n".join(["| source | licence | photos |", "|---|---|---|", *rows])


def _checked(training: Mapping[str, Any]) -> list[str]:
    """Return what was found in the photos before training, and whose were mixed in."""
    told = []
    if audit := training.get("audit"):
        found = ", ".join(f"{code.replace('_', ' ')} {count}" for code, count in audit["findings"].items())
        told.append(f"{audit['photos']} photos were checked before; found: {found or 'nothing'} (`audit.csv`).")
        told += [f"Left out: {count} because {reason}." for reason, count in audit["left_out"].items()]
    mixed = training.get("mixed", {})
    told += [f"Mixed in: {count} photos of {name}, for training alone." for name, count in mixed.items()]
    return ["\n".join(f"- {line}" for line in told)] if told else []


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _how(training: Mapping[str, Any]) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in training["packages"].items())
    return "\n".join(
        [
            "```",
            training["command"],
            "```",
            "",
            f"Seed {training['seed']}; {training['minutes']} minutes"
            f"{', the photos having been read and drawn before,' if training['photos_were_cached'] else ''} "
            f"on {training['machine']}; "
            f"best epoch {training['best_epoch']}. {packages}. Every hyper-parameter stands in `card.json`.",
        ]
    )
