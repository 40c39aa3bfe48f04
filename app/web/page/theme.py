"""How the page looks: colours, fonts, and the rules that follow from a table."""

from __future__ import annotations

from pathlib import Path

from app.web.gradio_setup import gr
from app.web.page.red_flag_boxes import alarm_css

CSS = Path(__file__).parent / "static" / "page.css"
PAPER = Path(__file__).parent / "static" / "paper.css"


def theme() -> gr.themes.Base:
    """Return calm colours and the reader's own fonts: Gradio's default would ask a foreign host for some."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.teal,
        neutral_hue=gr.themes.colors.slate,
        radius_size=gr.themes.sizes.radius_lg,
        font=[gr.themes.Font("system-ui"), gr.themes.Font("Liberation Sans"), gr.themes.Font("sans-serif")],
        font_mono=[gr.themes.Font("ui-monospace"), gr.themes.Font("monospace")],
    ).set(
        body_background_fill="*neutral_50",
        # White on these reaches a contrast of 5:1; on the theme's own it does not.
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover_dark="*primary_800",
    )


def css() -> str:
    """Return the rules that follow from the table of red flags; the others stand in `page.css`."""
    return alarm_css()


def head() -> str:
    """Return what goes into the head of the page."""
    return f"<style>{PAPER.read_text(encoding='utf-8')}</style>"
