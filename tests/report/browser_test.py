"""The page in a real browser; needs the extra `browser` and a Chromium."""

import os
import shutil

import pytest

from pgd2jax.report import page as report_page

sync_api = pytest.importorskip("playwright.sync_api")

CHROMIUM = os.environ.get("PGD2JAX_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
    None,
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")

PIXELS = "id => document.getElementById(id).toDataURL()"


@pytest.fixture(scope="module")
def browser():
    # A browser in a container has no sandbox for root.
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_api.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield started
        started.close()


@pytest.fixture
def show(browser, tmp_path, make):
    """Returns what opens the page, offline, and fails at the end if it complained."""
    report_page.write(tmp_path / "report.html", make())
    complaints, contexts = [], []

    def opened(**options):
        options = {"viewport": {"width": 1200, "height": 900}} | options
        contexts.append(browser.new_context(offline=True, **options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request", lambda r: complaints.append(r.url) if "http" in r.url else None
        )
        page.goto((tmp_path / "report.html").as_uri())
        page.wait_for_selector("#row-profile canvas")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not complaints


def stage_of(page):
    """Returns where the pictures are, scrolled to."""
    stage = page.locator("#stage")
    stage.scroll_into_view_if_needed()
    return stage.bounding_box()


def test_slider_moves_by_keys_and_by_dragging(show):
    page = show()
    before = page.evaluate(PIXELS, "pair")
    page.focus("#border")
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    assert float(page.input_value("#border")) == 60
    moved = page.evaluate(PIXELS, "pair")
    assert moved != before

    box = stage_of(page)
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.6 * box["width"], middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.2 * box["width"], middle, steps=5)
    page.mouse.up()
    assert float(page.input_value("#border")) == pytest.approx(20, abs=1)
    assert page.evaluate(PIXELS, "pair") != moved


def test_slider_at_its_ends_shows_one_image(show):
    page = show()
    page.evaluate("document.getElementById('border').value = 0")
    page.dispatch_event("#border", "input")
    right = page.evaluate(PIXELS, "pair")
    page.select_option("#left", page.input_value("#right"))
    assert page.evaluate(PIXELS, "pair") == right


def test_profiles_follow_click_arrows_and_numbers(show):
    page = show()
    box = stage_of(page)
    page.mouse.click(box["x"] + 0.25 * box["width"], box["y"] + 0.5 * box["height"])
    assert [page.input_value(name) for name in ("#row", "#col")] == ["20", "12"]
    before = page.inner_text("#values")
    page.focus("#stage")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowRight")
    assert [page.input_value(name) for name in ("#row", "#col")] == ["21", "22"]
    assert page.inner_text("#values") != before
    page.fill("#row", "999")
    page.press("#row", "Enter")
    assert page.input_value("#row") == "39"
    page.fill("#row", "2")
    page.fill("#col", "3")
    page.press("#col", "Enter")
    assert "noisy no data" in page.inner_text("#values")


def test_scenes_levels_and_images_change_the_picture(show):
    page = show()
    first = page.evaluate(PIXELS, "pair")
    page.focus("#next")
    page.keyboard.press("Enter")
    page.wait_for_function("document.getElementById('scene').value === '1'")
    second = page.evaluate(PIXELS, "pair")
    assert second != first
    page.fill("#black", "-40")
    page.press("#black", "Enter")
    assert page.evaluate(PIXELS, "pair") != second
    ratio = page.evaluate(PIXELS, "ratio")
    page.select_option("#right", "lee")
    assert page.evaluate(PIXELS, "ratio") != ratio
    page.click("#previous")
    page.click("#previous")
    page.wait_for_function("document.getElementById('scene').value === '2'")
    assert "rmse" in page.inner_text("#measures")


def test_all_measures_are_shown_on_demand(show):
    page = show()
    hidden = page.locator("th.more, td.more").count()
    page.check("#all")
    assert page.locator("th.more:visible, td.more:visible").count() == hidden


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_in_both_schemes(show, scheme):
    page = show(color_scheme=scheme)
    ground, ink = page.evaluate(
        """() => {
            const style = getComputedStyle(document.body);
            return [style.backgroundColor, style.color].map(
                c => Number(c.match(/\\d+/)[0])
            );
        }"""
    )
    assert (ground > ink) == (scheme == "light")
    assert abs(ground - ink) > 150


def test_a_phone_scrolls_down_only(show):
    page = show(viewport={"width": 375, "height": 800}, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") == 375
