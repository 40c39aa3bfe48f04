"""A Gradio page on which every error carries the referral."""

from __future__ import annotations

from typing import Any

from app.answers.words import Words
from app.web.gradio_setup import InvalidPathError, gr


class ReferringBlocks(gr.Blocks):
    """`gr.Blocks` whose errors carry the referral; those of Gradio itself say nothing."""

    def __init__(self, words: Words, **options: Any) -> None:
        """Take `gr.Blocks`'s options."""
        self._not_uploaded, self._failed = (words.refuse(words.page[key]) for key in ("upload_first", "failed"))
        super().__init__(**options)

    async def process_api(self, *args: Any, **options: Any) -> Any:
        """Return what the parent does. Raises gr.Error alone."""
        try:
            return await super().process_api(*args, **options)
        except gr.Error:
            raise
        except InvalidPathError:
            # Gradio checks paths before `UploadedPhoto` can.
            raise gr.Error(self._not_uploaded, print_exception=False) from None
        except Exception as error:  # What goes wrong unforeseen is logged, and answered all the same.
            raise gr.Error(self._failed) from error
