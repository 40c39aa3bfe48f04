"""Where photos of the same spots go on the page: one place at first, more as they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.answers.aggregate import MOST
from app.answers.words import Words
from app.views.markup import paragraphs, text
from app.web.gradio_setup import gr
from app.web.uploads.store import PhotoStore, UploadedPhoto

# The camera that looks away from the person, and a picture that is no mirror.
WEBCAM = gr.WebcamOptions(mirror=False, constraints={"video": {"facingMode": "environment"}})


@dataclass(frozen=True, slots=True)
class PhotoSlots:
    """The places, the first one for the one photo that most people have."""

    photos: tuple[UploadedPhoto, ...]
    more: gr.Button
    shown: gr.State
    """How many places are shown."""
    crops: gr.JSON
    """What is framed of each photo, as `crop_of` takes it; the browser fills it in."""
    leaving: gr.JSON
    """Paths of the photos that go when the person starts over."""
    cropped: gr.Button
    """Pressed by the page's script when a person has framed something else."""

    @classmethod
    def place(cls, store: PhotoStore, words: Words) -> PhotoSlots:
        """Return the places, put where the page is being built."""
        page = words.page
        photos = [_photo(store, words, page["photo_label"], height=300, elem_id="photo")]
        _place_tools(words, "photo")
        _place_crop(words, "photo")
        gr.HTML(paragraphs(page["photo_hint"]), elem_id="photo-hint", apply_default_css=False)
        for number in range(2, MOST + 1):
            label = page["photo_number"].format(number=number)
            photos.append(_photo(store, words, label, height=220, elem_id=f"photo-{number}", visible=False))
            _place_tools(words, f"photo-{number}")
            _place_crop(words, f"photo-{number}")
        more = gr.Button(page["add_photo"], variant="secondary", elem_id="add-photo")
        crops, leaving = gr.JSON(visible=False), gr.JSON(visible=False)
        slots = cls(tuple(photos), more, gr.State(1), crops, leaving, gr.Button(elem_id="crop-changed"))
        more.click(
            slots._show_one_more,
            slots.shown,
            [slots.shown, slots.more, *slots.photos[1:]],
            show_progress="hidden",
            concurrency_limit=None,
            api_visibility="private",
        )
        return slots

    def start_over(self, store: PhotoStore, leaving: Any) -> list[Any]:
        """Return what `shown`, `more` and all photos but the first become; those at paths of the list are removed."""
        for path in leaving if isinstance(leaving, list) else ():
            if isinstance(path, str):
                store.forget(Path(path))
        return [1, gr.update(visible=True), *(gr.update(value=None, visible=False) for _ in self.photos[1:])]

    def _show_one_more(self, shown: int) -> list[Any]:
        count = min(shown + 1, MOST)
        places = [gr.update(visible=number <= count) for number in range(2, MOST + 1)]
        return [count, gr.update(visible=count < MOST), *places]


def _place_tools(words: Words, photo: str) -> None:
    """Place the button for a phone's own camera, why the page's camera does nothing, and how much has been sent."""
    page = words.page
    gr.HTML(
        f'<div class="tools" data-photo="{photo}" hidden><label class="own-camera" hidden>{text(page["own_camera"])}'
        '<input type="file" accept="image/*" capture="environment"></label><p class="why" aria-live="polite"></p>'
        f'<div class="sending" hidden><p></p><progress max="100" value="0" aria-label="{text(page["sending_label"])}">'
        "</progress></div></div>",
        elem_classes="tools-block",
        apply_default_css=False,
    )


def _place_crop(words: Words, photo: str) -> None:
    """Place the button that crops one photo, and what is framed of it; both are hidden while there is no photo."""
    page = words.page
    gr.HTML(
        f'<div class="crop" data-photo="{photo}" hidden><button type="button">{text(page["crop"])}</button>'
        f'<canvas hidden></canvas><p hidden aria-live="polite">{text(page["cropped"])}</p></div>',
        elem_classes="crop-block",
        apply_default_css=False,
    )


def _photo(store: PhotoStore, words: Words, label: str, **options: Any) -> UploadedPhoto:
    return UploadedPhoto(
        store,
        refusal=words.refuse(words.page["upload_first"]),
        label=label,
        placeholder=words.page["photo_prompt"],
        sources=["upload", "webcam", "clipboard"],
        buttons=[],
        webcam_options=WEBCAM,
        **options,
    )
