"""The page: choose a photo, press one button, read the answer from what to do first to what the model saw.

There is one page per language, all of one make.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from app.answers.red_flags import RedFlag
from app.answers.words import Words
from app.views.html import no_photo, red_flags_html, trouble_html
from app.views.markup import paragraphs, text
from app.views.several import several_html
from app.web.gradio_setup import gr
from app.web.inference import CONCURRENCY, Looker
from app.web.page.photo_slots import PhotoSlots
from app.web.page.red_flag_boxes import AT_ONCE, RedFlagBoxes, alarm_html, questions_html
from app.web.page.referring_blocks import ReferringBlocks
from app.web.security.queue_share import QUEUE
from app.web.uploads.crop import crop_of
from app.web.uploads.store import PhotoStore, UploadedPhoto
from model.photo import Photo

HERE = Path(__file__).parents[2]
EXAMPLES = HERE / "examples"
SCROLL = Path(__file__).parent / "static" / "scroll_to_answer.js"
START = Path(__file__).parent / "static" / "scroll_to_start.js"

DRAWINGS = ("petechiae", "cherry_angioma", "sun_rash")
"""Drawn examples: `examples/<name>.jpg`, labelled by the page's words `example_<name>`."""

TOLD = """(photo, ticked, ...more) => [
    photo,
    [...(ticked ?? []), ...(window.redspotsTold?.() ?? [])],
    ...more.slice(0, -1),
    window.redspotsCrops?.() ?? null,
]"""
"""Answers to the questions, and what is framed, are known to the browser alone until the button is pressed."""


def asked(looker: Looker, words: Words, store: PhotoStore) -> Callable[..., str]:
    """Return the function behind the button: paths of uploaded photos and ticked red flags to the answer's HTML."""

    def look(
        photo: str | None,
        red_flags: Sequence[RedFlag] | None = None,
        second: str | None = None,
        third: str | None = None,
        fourth: str | None = None,
        fifth: str | None = None,
        crops: Any = None,
    ) -> str:
        """Say what the red spots on photos may be, whom to see and how soon. What is ticked is kept nowhere.

        `crops` holds, for each photo, null or what of it to look at: [left, top, width, height] as shares of it.
        """
        ticked = red_flags or ()
        photos = (photo, second, third, fourth, fifth)
        paths = [(index, Path(path)) for index, path in enumerate(photos) if path is not None]
        if not paths:
            return no_photo_html(words, ticked)

        def load(index: int, path: Path) -> Photo:
            return store.load(path, crop_of(crops, index))

        looked = [looker.look(partial(load, index, path), words) for index, path in paths]
        return several_html(looked, words, red_flags=ticked)

    return look


def waiting_html(*lines: str) -> str:
    """Return what stands where the answer will be."""
    return f'<div class="waiting">{"".join(paragraphs(line) for line in lines)}</div>'


def no_photo_html(words: Words, ticked: Sequence[RedFlag]) -> str:
    """Return the answer when there is no photo: what the ticks ask for first, and the referral all the same."""
    answer = no_photo(words)
    flagged = red_flags_html(words, ticked)
    referral = answer.referral if flagged else f"{answer.how_soon}. {answer.referral}"
    return flagged + waiting_html(*answer.not_sure_because, referral, words.intended_use)


def build_page(
    looker: Looker, words: Words, store: PhotoStore, *, others: Mapping[str, Words] | None = None
) -> gr.Blocks:
    """Return the page of one language, not yet mounted; `others` are the other ones' words by address."""
    page = words.page
    look = asked(looker, words, store)
    blocks = ReferringBlocks(words, title=page["title"], analytics_enabled=False, delete_cache=(60, 300))
    with blocks:
        gr.HTML(_head(words, others or {}), elem_id="head", apply_default_css=False)
        with gr.Row(elem_id="columns"):
            with gr.Column(scale=5, min_width=300, elem_id="ask"):
                slots = PhotoSlots.place(store, words)
                flags = RedFlagBoxes(
                    words,
                    label=page["red_flags_title"],
                    info=page["red_flags_hint"],
                    elem_id="red-flags",
                )
                gr.HTML(questions_html(words), elem_id="told", apply_default_css=False)
                for alarm in AT_ONCE:
                    id_ = f"alarm-{alarm.name.lower()}"
                    gr.HTML(alarm_html(words, alarm), elem_id=id_, elem_classes="alarm-now", apply_default_css=False)
                button = gr.Button(page["button"], variant="primary", elem_id="look")
                # Pressed by the page's script where there is an answer and a box is ticked.
                look_again = gr.Button(elem_id="look-again")
                again = gr.Button(page["start_over"], variant="secondary", elem_id="start-over")
                _examples(words, store, slots.photos[0])
            with gr.Column(scale=7, min_width=300, elem_id="answer-column"):
                answer = gr.HTML(waiting_html(page["waiting"]), elem_id="answer", apply_default_css=False)
        gr.HTML(trouble_html(words), elem_id="trouble", apply_default_css=False)
        gr.HTML(_foot(words), elem_id="foot", apply_default_css=False)

        first, *others_of_same = slots.photos
        button.click(
            look,
            [first, flags, *others_of_same, slots.crops],
            answer,
            js=TOLD,
            api_name="look",
            concurrency_limit=CONCURRENCY,
            show_progress="minimal",
        ).then(None, js=SCROLL.read_text(encoding="utf-8"), api_visibility="private")
        # What is ticked heads the answer that stands there; it stays until the new one is there.
        look_again.click(
            look,
            [first, flags, *others_of_same, slots.crops],
            answer,
            js=TOLD,
            concurrency_limit=CONCURRENCY,
            show_progress="hidden",
            api_visibility="private",
        )
        # An answer beside another photo than its own would be read wrongly.
        gr.on(
            [slots.cropped.click, *(photo.change for photo in slots.photos)],
            None,
            outputs=answer,
            # In the browser: by way of the server, it could come after the answer that it makes way for.
            js=f"() => {json.dumps(waiting_html(page['waiting']))}",
            api_visibility="private",
        )
        empty = json.dumps([[], waiting_html(page["waiting"]), *[None] * len(slots.photos)])
        again.click(
            None,
            list(slots.photos),
            [flags, answer, *slots.photos, slots.leaving],
            # In the browser, at once: the server's reply could come after the next photo, and take it away.
            js=f"(...photos) => [...{empty}, photos.map((photo) => photo?.path ?? null)]",
            api_visibility="private",
        ).then(
            partial(slots.start_over, store),
            slots.leaving,
            [slots.shown, slots.more, *slots.photos[1:]],
            show_progress="hidden",
            concurrency_limit=None,
            api_visibility="private",
        ).then(None, js=START.read_text(encoding="utf-8"), api_visibility="private")
    blocks.queue(max_size=QUEUE, default_concurrency_limit=CONCURRENCY, api_open=False)
    return blocks


def _head(words: Words, others: Mapping[str, Words]) -> str:
    page = words.page
    links = "".join(
        f'<a href="{text(address)}" lang="{other.language}" hreflang="{other.language}">{text(other.language_name)}</a>'
        for address, other in others.items()
    )
    chosen = f'<nav aria-label="{text(page["languages"])}"><b>{text(words.language_name)}</b>{links}</nav>'
    return f"<h1>{text(page['title'])}</h1><p>{text(page['tagline'])}</p>{chosen if links else ''}"


def _foot(words: Words) -> str:
    page = words.page
    return f"<h2>{text(page['limits_title'])}</h2>{paragraphs(words.limits)}{paragraphs(page['privacy'])}"


def _examples(words: Words, store: PhotoStore, photo: UploadedPhoto) -> None:
    """Place one button per drawing, its picture above its label; it puts the drawing where the photo goes."""
    page = words.page
    gr.HTML(
        f"<h2>{text(page['examples_title'])}</h2><p>{text(page['examples_hint'])}</p>",
        elem_id="examples-head",
        apply_default_css=False,
    )
    with gr.Row(elem_id="examples"):
        for name in DRAWINGS:
            _drawing_button(page[f"example_{name}"], EXAMPLES / f"{name}.jpg").click(
                _chooser(store, name),
                outputs=photo,
                show_progress="hidden",
                concurrency_limit=CONCURRENCY,
                api_visibility="private",
            )


def _drawing_button(label: str, picture: Path) -> gr.Button:
    button = gr.Button(label, icon=picture, min_width=80, elem_classes="drawing")
    # Gradio would delete its copy of the picture with the photos, minutes after the start.
    button.keep_in_cache.update([button.icon["path"]] if button.icon else [])
    return button


def _chooser(store: PhotoStore, name: str) -> Callable[[], str]:
    """Return the function behind a drawing: it goes the way of every uploaded photo."""

    def choose() -> str:
        return str(store.receive((EXAMPLES / f"{name}.jpg").read_bytes()))

    return choose
