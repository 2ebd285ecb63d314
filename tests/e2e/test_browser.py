"""What only a browser shows: a first use from an empty workspace, live charts, clicks, uploads."""

import re
import shutil
import time
from pathlib import Path
from urllib.parse import quote, urlencode

import numpy as np
import psutil
from PIL import Image
from playwright.sync_api import expect

from allcore.evaluation.image_map.making import make_map
from allcore.runs.folder.states import ACTIVE
from allcore.runs.folder.store import RunStore
from tests.conftest import wait_for

SMALL = {
    "data": "small", "preset": "Quick", "quick.image_size": 32, "quick.epochs": 500, "quick.batch_size": 2,
    "quick.weights": "random", "quick.head": "gap", "quick.trainable_from": "block4_conv3",
}  # fmt: skip
"""Many short epochs, so that there is something to watch until the run is stopped."""


def button(page, name):
    return page.get_by_role("button", name=name)


def until(reached, seconds=60):
    """Wait until something holds, in steps of the browser's own clock."""
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.2)


def badge(page, state):
    """Return the badge that says a run's state."""
    return page.locator(".stMarkdownBadge", has_text=state)


def only_run(server):
    (run,) = RunStore(server.workspace.runs).runs()
    return run


def test_first_use_from_empty_workspace_to_a_resumed_run(server, page, smears):
    # three clicks at most to images: draw, browse
    page.goto(server.url())
    button(page, "Draw synthetic smears").click()
    page.get_by_role("link", name=re.compile("^Browse")).click()
    expect(page.locator("img[alt*=Benign], img[alt*=benign]").first).to_be_visible()

    # launching returns at once and leads to the run (of smaller images, which are searched for shared fields sooner)
    shutil.copytree(smears, server.workspace.datasets / "small")
    page.goto(server.url("train", urlencode(SMALL)))
    button(page, "Launch").click()
    page.get_by_role("link", name="Follow it").click()
    run = only_run(server)
    expect(badge(page, "running")).to_be_visible()

    # the chart gains points while the page stays as it was loaded
    page.get_by_text("Batch", exact=True).click()
    page.evaluate("window.loadedOnce = true")
    chart = page.get_by_test_id("stVegaLiteChart").first
    expect(chart).to_be_visible()
    before = chart.screenshot(), len(run.history().batches)
    until(lambda: len(run.history().batches) > before[1] + 2 and chart.screenshot() != before[0])
    assert page.evaluate("window.loadedOnce") is True

    # the server may restart: the run, which leaves the processor to others meanwhile, is found again and goes on
    worker = psutil.Process(run.status().pid)
    worker.suspend()
    server.stop()
    server.start()
    page.goto(server.url("runs", f"run={run.id}"))
    expect(badge(page, "running")).to_be_visible()
    before = len(run.history().batches)
    worker.resume()
    until(lambda: len(run.history().batches) > before)

    # stopped from here; resumed, it is a run's second worker that runs (where it goes on: tests/runs/test_worker.py)
    button(page, "Stop").click()
    wait_for(run, lambda status: status.state == "cancelled")
    button(page, "Resume").click()
    until(lambda: run.status().state in ACTIVE)
    expect(badge(page, re.compile("queued|running"))).to_be_visible()
    wait_for(run, lambda status: status.segment == 1)


def test_click_on_a_cell_shows_exactly_its_images(finished_server, finished_run, page):
    table = finished_run.predictions().query("split == 'test' and not correct")
    true, predicted = table.iloc[0][["label", "predicted"]]
    expected = table[(table["label"] == true) & (table["predicted"] == predicted)]
    page.goto(finished_server.url("evaluate", f"run={finished_run.id}"))
    matrix = """[...document.querySelectorAll('.js-plotly-plot')].find(
        plot => plot._fullLayout?.xaxis?.title?.text === 'predicted class')"""
    page.wait_for_function(matrix)
    place = page.evaluate(
        f"const matrix = () => {matrix};"
        """async ([x, y]) => {
            const plot = matrix();
            plot.scrollIntoView({block: 'center'});
            const frame = () => new Promise(requestAnimationFrame);
            let box = plot.getBoundingClientRect(), before = null;
            while (box.left !== before?.left || box.top !== before?.top) {
                await frame();
                await frame();
                [before, box] = [box, plot.getBoundingClientRect()];
            }
            const {xaxis, yaxis} = plot._fullLayout;
            return [box.left + xaxis._offset + xaxis.d2p(x), box.top + yaxis._offset + yaxis.d2p(y)];
        }""",
        [predicted, true],
    )
    page.mouse.move(*place)
    page.mouse.click(*place)
    page.wait_for_url(re.compile(f"true={true}"))
    page.wait_for_url(re.compile(f"predicted={predicted}"))
    shown = page.locator(f"img[alt*='true {true}, predicted {predicted}']")
    expect(shown).to_have_count(min(len(expected), 12))
    most_confident = expected.iloc[expected[f"probability_{predicted}"].argmax()]["path"].rsplit("/", 1)[-1]
    expect(shown.first).to_have_attribute("alt", re.compile(re.escape(most_confident)))


POINTS = """
    async () => {
        const plot = [...document.querySelectorAll('.js-plotly-plot')].find(
            (one) => one._fullData?.some(({type}) => type === 'scattergl'));
        if (!plot) return [];
        plot.scrollIntoView({block: 'center'});
        await new Promise(requestAnimationFrame);
        const box = plot.getBoundingClientRect(), {xaxis, yaxis} = plot._fullLayout;
        const left = box.left + xaxis._offset, top = box.top + yaxis._offset;
        return plot._fullData.filter(({name}) => name !== 'chosen').flatMap(({x, y, customdata}) =>
            [...customdata].map((row, at) => [row, left + xaxis.d2p(x[at]), top + yaxis.d2p(y[at])]));
    }
"""
"""The points of the map, as far as it is drawn: row of its table, and where it is in the window."""


def points_of_map(page):
    """Return where the points of the map are in the window, (N, 2), in the order of the map's table."""
    until(lambda: page.evaluate(POINTS))
    return np.array(sorted(page.evaluate(POINTS)))[:, 1:]


def test_click_and_lasso_on_the_map_open_what_they_choose(finished_server, finished, finished_run, page):
    found = make_map(finished_run, finished.workspace.cache)
    paths = finished_run.split.table["path"].to_numpy()[found.rows]
    page.goto(finished_server.url("evaluate", f"run={finished_run.id}&view=Map"))

    at = points_of_map(page)
    alone = int(np.sort(np.hypot(*(at[:, None] - at).transpose(2, 0, 1)), axis=1)[:, 1].argmax())
    page.mouse.move(*at[alone])
    page.mouse.click(*at[alone])
    page.wait_for_url(re.compile(f"at={quote(paths[alone], safe='')}"))
    expect(opened(page)).to_have_count(1 + len(found.near[alone]))
    assert names_opened(page) == {Path(paths[row]).name for row in (alone, *found.near[alone])}

    page.locator("[data-title='Lasso Select']").first.click()
    at = points_of_map(page)
    order = at[:, 0].argsort()
    count = 5 + int(np.diff(at[order, 0])[4:20].argmax())  # where there is most room for a line between the points
    right, (left, top), bottom = at[order[count - 1 : count + 1], 0].mean(), at.min(axis=0) - 8, at[:, 1].max() + 8
    page.mouse.move(left, top)
    page.mouse.down()
    for corner in (right, top), (right, bottom), (left, bottom), (left, top):
        page.mouse.move(*corner)
    page.mouse.up()
    expect(page.get_by_text(f"{count} images chosen")).to_be_visible()
    expect(opened(page)).to_have_count(count)
    assert names_opened(page) == {Path(path).name for path in paths[order[:count]]}
    assert "at=" not in page.url


def opened(page):
    """Return the images that were chosen on the map, each a link to its own page."""
    return page.locator("a[href*='dataset?'] img")


def names_opened(page):
    alts = opened(page).evaluate_all("images => images.map((image) => image.alt)")
    return {alt.split(" smear ")[1].split(",")[0] for alt in alts}


def test_a_bad_upload_is_named_beside_the_good_one_with_its_evidence_which_is_saved(
    finished_server, finished_run, page, smears, tmp_path
):
    page.set_viewport_size({"width": 390, "height": 900})
    bad = tmp_path / "broken.png"
    bad.write_bytes(b"this is no image")
    image = sorted((smears / "Pre").iterdir())[0]
    page.goto(finished_server.url("predict", f"model={finished_run.id}"))
    page.locator("input[type=file]").set_input_files([str(image), str(bad)])
    expect(page.get_by_text(image.name).first).to_be_visible()
    expect(page.get_by_text(re.compile("broken.png")).first).to_be_visible()
    expect(page.get_by_text(re.compile("not an image")).first).to_be_visible()
    expect(page.locator("img[alt*=vidence]").first).to_be_visible()
    with page.expect_download() as saved:
        button(page, "Save this picture").click()
    assert Image.open(saved.value.path()).size == Image.open(image).size
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
