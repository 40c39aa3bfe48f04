"""`model.quality`: refuses what nobody could judge, and no skin of any tone."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter

from app.answers.words import Words
from model.photo import Photo
from model.quality import Quality, QualityLimits, check_quality, noise, skin_share
from tests.support.drawing import SKIN_TONES, Pixels, skin
from training.rendering import draw

# The ten tones of the Monk Skin Tone Scale (Monk, 2019), from its published sRGB values.
MONK_TONES = (
    *("#f6ede4", "#f3e7db", "#f7ead0", "#eadaba", "#d7bd96"),
    *("#a07e56", "#825c43", "#604134", "#3a312a", "#292420"),
)
CODES = (
    *("too_small", "too_dark", "too_bright", "flat", "grey", "one_hue", "cast", "blurred", "noisy", "drawn", "no_skin"),
)
GOOD = Quality((), ())


@pytest.mark.parametrize("code", CODES)
def test_every_reason_says_what_to_do_about_it(code: str) -> None:
    assert re.search(r"Take|again|Use", Words.read().reasons[code])


def as_photo(pixels: Pixels) -> Photo:
    height, width = pixels.shape[:2]
    return Photo(np.ascontiguousarray(pixels), (width, height), (), "")


def in_tone(colour: tuple[int, ...], *, light: float = 1.0, seed: int = 0) -> Pixels:
    """Return skin with red dots in a colour of its own, lit less at the edges."""
    pixels = skin(width=480, height=360, seed=seed).astype(float) / SKIN_TONES["medium"]
    return (pixels * colour * light).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("tone", MONK_TONES)
def test_skin_of_every_tone_is_judged(tone: str) -> None:
    colour = tuple(int(tone[at : at + 2], 16) for at in (1, 3, 5))
    for light in (0.8, 1.0, 1.15):
        assert check_quality(as_photo(in_tone(colour, light=light))).refused == ()


@pytest.mark.parametrize(
    "colour",
    [(205, 85, 75), (150, 90, 130), (180, 160, 90), (250, 235, 228), (120, 70, 75)],
    ids=["sunburn", "violet bruise", "yellow bruise", "flash", "wine-coloured"],
)
def test_skin_of_unusual_colour_is_judged(colour: tuple[int, int, int]) -> None:
    assert check_quality(as_photo(in_tone(colour))).refused == ()


@pytest.mark.parametrize(
    ("value", "codes"), [(0, {"too_dark", "flat"}), (255, {"too_bright", "flat"}), (128, {"flat"})]
)
def test_one_colour_is_refused(value: int, codes: set[str]) -> None:
    assert set(check_quality(as_photo(np.full((240, 320, 3), value, np.uint8))).refused) == codes


def test_darkness_is_noted_and_then_refused() -> None:
    pixels = skin(width=480, height=360).astype(float)
    assert check_quality(as_photo((pixels * 0.25).astype(np.uint8))) == Quality((), ("dim",))
    assert "too_dark" in check_quality(as_photo((pixels * 0.05).astype(np.uint8))).refused


def test_burnt_out_photos_are_refused() -> None:
    pixels = (skin(width=480, height=360, tone="light").astype(float) * 2.5).clip(0, 255).astype(np.uint8)
    assert "too_bright" in check_quality(as_photo(pixels)).refused


@pytest.mark.parametrize("tone", SKIN_TONES)
def test_blur_is_noted_and_then_refused(tone: str) -> None:
    sharp = Image.fromarray(skin(width=480, height=360, tone=tone))
    assert check_quality(as_photo(np.array(sharp))) == GOOD
    assert check_quality(as_photo(np.array(sharp.filter(ImageFilter.GaussianBlur(12))))).refused == ("blurred",)


@pytest.mark.parametrize("tone", SKIN_TONES)
def test_noise_is_refused_and_told_from_hair(tone: str) -> None:
    random = np.random.default_rng(0)
    calm = skin(width=480, height=360, tone=tone)
    grainy = (calm + random.normal(0, 60, calm.shape)).clip(0, 255).astype(np.uint8)
    assert check_quality(as_photo(grainy)).refused == ("noisy",)
    in_grey = (calm + random.normal(0, 60, (*calm.shape[:2], 1))).clip(0, 255).astype(np.uint8)
    assert "noisy" in check_quality(as_photo(in_grey)).refused
    hairy = Image.fromarray(calm)
    pen = ImageDraw.Draw(hairy)
    for x in random.integers(0, 480, 160).tolist():
        pen.line((x, 0, x + 60, 360), fill=(40, 25, 20), width=2)
    assert check_quality(as_photo(np.array(hairy))).refused == ()


def test_the_noise_of_a_known_photo_is_found() -> None:
    values = np.random.default_rng(1).normal(100, 10, (400, 400)).round().astype(np.int16)
    assert noise(values) == pytest.approx(10, rel=0.2)
    stripes = np.tile(np.where(np.arange(400) // 8 % 2, 0, 200).astype(np.int16), (400, 1))
    assert noise(stripes) == 0, "straight edges are no noise"


def cartoon() -> Image.Image:
    """Return an arm with spots as a child would draw it on a computer."""
    picture = Image.new("RGB", (640, 480), "white")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 120, 640, 380), fill=(236, 190, 160), outline="black", width=4)
    for x, y in np.random.default_rng(0).integers(130, 360, (12, 2)).tolist():
        pen.ellipse((x + 100, y, x + 116, y + 16), fill=(200, 30, 30))
    return picture


def screenshot(size: tuple[int, int], ground: str, card: str) -> Image.Image:
    """Return what a page looks like: a coloured ground, cards with lines of text, a button, and a small photo."""
    width, height = size
    picture = Image.new("RGB", size, ground)
    pen = ImageDraw.Draw(picture)
    for top in range(20, height - 150, 170):
        pen.rounded_rectangle((16, top, width - 16, top + 150), radius=12, fill=card, outline="grey")
        for line in range(5):
            pen.text(
                (32, top + 12 + 18 * line), "Get medical advice today. Show it to a doctor or nurse.", fill="black"
            )
        pen.rounded_rectangle((32, top + 108, 180, top + 140), radius=8, fill=(15, 118, 110))
    picture.paste(Image.fromarray(skin(width=96, height=72)), (width - 130, 40))
    return picture


@pytest.mark.parametrize("size", [(360, 780), (1280, 800)], ids=["phone", "laptop"])
@pytest.mark.parametrize(("ground", "card"), [("#ccfbf1", "#fff7ed"), ("#b7c4d4", "#dfe7f0")], ids=["warm", "cool"])
def test_screenshots_are_refused(size: tuple[int, int], ground: str, card: str) -> None:
    picture = screenshot(size, ground, card)
    assert "drawn" in check_quality(as_photo(np.array(picture))).refused


def test_drawings_are_refused() -> None:
    saved = BytesIO()
    cartoon().save(saved, "JPEG", quality=80)
    for picture in (cartoon(), Image.open(saved)):
        assert "drawn" in check_quality(as_photo(np.array(picture.convert("RGB")))).refused


@pytest.mark.parametrize("tone", range(1, 11))
def test_smooth_skin_of_no_tone_is_taken_for_a_drawing(tone: int) -> None:
    for category in ("petechiae", "other"):
        for seed in range(3):
            pixels = draw(category, seed=1000 * tone + seed, size=384, monk_tone=tone).pixels
            assert check_quality(as_photo(pixels)).refused == ()


def test_an_even_background_makes_no_drawing() -> None:
    for background in (0, 255):
        pixels = np.full((360, 480, 3), background, np.uint8)
        pixels[40:320, 80:400] = skin(width=320, height=280)
        assert "drawn" not in check_quality(as_photo(pixels)).refused


def test_noise_and_other_colours_are_no_skin() -> None:
    random = np.random.default_rng(0)
    static = random.integers(0, 256, (300, 400, 3), dtype=np.uint8)
    leaves = in_tone((70, 120, 50))
    sky = in_tone((110, 160, 220))
    for one_hue in (leaves, sky):
        # Things have several hues, here in squares of 16 pixels.
        hues = random.normal(0, 14, (23, 30, 3)).repeat(16, axis=0).repeat(16, axis=1)[:360, :480]
        pixels = (one_hue + hues).clip(0, 255).astype(np.uint8)
        assert check_quality(as_photo(pixels)).refused == ("no_skin",)
    assert check_quality(as_photo(static)).refused == ("noisy",)


def in_one_hue(tint: tuple[float, float, float], *, tone: str = "medium") -> Pixels:
    """Return skin as a scan or a filter makes it, through a JPEG."""
    lightness = np.asarray(Image.fromarray(skin(width=480, height=360, tone=tone)).convert("L"))[..., None]
    saved = BytesIO()
    Image.fromarray((lightness * np.array(tint)).clip(0, 255).astype(np.uint8)).save(saved, "JPEG", quality=80)
    return np.array(Image.open(saved))


@pytest.mark.parametrize("tone", SKIN_TONES)
@pytest.mark.parametrize(
    ("tint", "code"),
    [((1, 1, 1), "grey"), ((1, 0.85, 0.7), "one_hue"), ((1, 0.93, 0.86), "one_hue"), ((0.8, 0.9, 1), "one_hue")],
    ids=["grey", "sepia", "yellowed", "bluish"],
)
def test_a_photo_without_colours_of_its_own_is_refused_for_that(
    tint: tuple[float, float, float], code: str, tone: str
) -> None:
    assert check_quality(as_photo(in_one_hue(tint, tone=tone))).refused == (code,)


@pytest.mark.parametrize("tone", ["light", "medium"])
@pytest.mark.parametrize("lamp", [(1, 0.05, 0.05), (0.02, 0.02, 1), (1, 0.45, 0.05)], ids=["red", "blue", "sodium"])
def test_coloured_light_is_told_from_other_things_than_skin(lamp: tuple[float, float, float], tone: str) -> None:
    # Light multiplies what is linear; files hold about its root.
    pixels = skin(width=480, height=360, tone=tone) * np.array(lamp) ** (1 / 2.2)
    assert "cast" in check_quality(as_photo(pixels.astype(np.uint8))).refused


@pytest.mark.parametrize("tone", SKIN_TONES)
@pytest.mark.parametrize("light", [(1, 0.9, 0.75), (0.85, 0.95, 1), (0.4, 0.4, 0.4)], ids=["warm", "cool", "dim"])
def test_ordinary_light_takes_no_photo_its_colour(light: tuple[float, float, float], tone: str) -> None:
    pixels = (skin(width=480, height=360, tone=tone) * np.array(light)).astype(np.uint8)
    assert set(check_quality(as_photo(pixels)).refused).isdisjoint({"grey", "one_hue", "cast"})


def test_a_hand_on_a_blue_cloth_is_still_skin() -> None:
    pixels = in_tone((110, 160, 220))
    pixels[60:300, 120:360] = skin(width=240, height=240)
    assert skin_share(pixels.transpose(2, 0, 1)) == pytest.approx(1 / 3, abs=0.05)
    assert check_quality(as_photo(pixels)).refused == ()


def test_small_photos_are_noted_and_then_refused_by_their_full_size() -> None:
    small = as_photo(skin(width=180, height=150))
    assert check_quality(small) == Quality((), ("small",))
    assert check_quality(replace(small, size=(1800, 1500))) == GOOD
    assert check_quality(replace(small, size=(1800, 99))) == Quality(("too_small",), ())


def test_limits_are_plain_numbers_and_make_sense() -> None:
    assert all(isinstance(getattr(QualityLimits(), field.name), int | float) for field in fields(QualityLimits))
    with pytest.raises(ValueError, match="before its refusal"):
        QualityLimits(dim=10)
    with pytest.raises(ValueError, match="before its refusal"):
        QualityLimits(small=50)
    with pytest.raises(ValueError, match="below its end"):
        QualityLimits(least_red_over_green=2)
    assert check_quality(as_photo(skin()), QualityLimits(skin_share=1.01)).refused == ("no_skin",)


@settings(max_examples=40, deadline=None)
@given(st.integers(32, 400), st.integers(32, 400), st.integers(0, 255), st.integers(0, 255), st.integers(0, 2**32 - 1))
def test_every_photo_gets_known_codes(width: int, height: int, least: int, most: int, seed: int) -> None:
    low, high = sorted((least, most))
    pixels = np.random.default_rng(seed).integers(low, high + 1, (height, width, 3), dtype=np.uint8)
    quality = check_quality(as_photo(pixels))
    assert set(quality.refused) <= set(CODES)
    assert set(quality.notes) <= {"dim", "soft", "small"}
