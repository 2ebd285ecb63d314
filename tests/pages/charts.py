"""What the charts of a page show."""

import json

import pyarrow as pa


def charts(app):
    """Return the descriptions of the charts, by the titles of their y axes."""
    specs = [json.loads(chart.proto.spec) for chart in app.get("vega_lite_chart")]
    return {spec["layer"][-1]["encoding"]["y"]["title"]: spec for spec in specs}


def points(app):
    """Return the points of the charts, by the titles of their y axes."""
    drawn = [chart.proto.datasets[0].data.data for chart in app.get("vega_lite_chart")]
    return dict(zip(charts(app), (pa.ipc.open_stream(table).read_pandas() for table in drawn), strict=True))


def counts(app):
    return {title: len(table) for title, table in points(app).items()}
