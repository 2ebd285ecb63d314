"""A click on a cell of the confusion matrix, where it stands in the window."""


def click_on_cell(page, true, predicted):
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
