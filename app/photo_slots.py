"""Where photos of the same spots go on the page: one place at first, more as they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.markup import paragraphs
from app.private_gradio import gr
from app.several import MOST
from app.uploads import PhotoStore, UploadedPhoto
from app.wording import Words

# The camera that looks away from the person, and a picture that is no mirror.
WEBCAM = gr.WebcamOptions(mirror=False, constraints={"video": {"facingMode": "environment"}})


@dataclass(frozen=True, slots=True)
class PhotoSlots:
    """The places, the first one for the one photo that most people have."""

    photos: tuple[UploadedPhoto, ...]
    more: gr.Button
    shown: gr.State
    """How many places are shown."""

    @classmethod
    def place(cls, store: PhotoStore, words: Words) -> PhotoSlots:
        """Return the places, put where the page is being built."""
        page = words.page
        photos = [_photo(store, words, page["photo_label"], height=300, elem_id="photo")]
        gr.HTML(paragraphs(page["photo_hint"]), elem_id="photo-hint", apply_default_css=False)
        for number in range(2, MOST + 1):
            label = page["photo_number"].format(number=number)
            photos.append(_photo(store, words, label, height=220, elem_id=f"photo-{number}", visible=False))
        more = gr.Button(page["add_photo"], variant="secondary", elem_id="add-photo")
        slots = cls(tuple(photos), more, gr.State(1))
        more.click(
            slots._show_one_more,
            slots.shown,
            [slots.shown, slots.more, *slots.photos[1:]],
            show_progress="hidden",
            concurrency_limit=None,
            api_visibility="private",
        )
        return slots

    def emptied(self, store: PhotoStore, paths: Sequence[str | None]) -> list[Any]:
        """Return what `shown`, `more` and all photos become when the person starts over, photos on disk removed."""
        for path in paths:
            if path is not None:
                store.forget(Path(path))
        return [1, gr.update(visible=True), gr.update(value=None), *(self._empty() for _ in self.photos[1:])]

    def _show_one_more(self, shown: int) -> list[Any]:
        count = min(shown + 1, MOST)
        places = [gr.update(visible=number <= count) for number in range(2, MOST + 1)]
        return [count, gr.update(visible=count < MOST), *places]

    def _empty(self) -> Any:
        return gr.update(value=None, visible=False)


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
