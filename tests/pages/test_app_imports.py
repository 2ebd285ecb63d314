"""What the app imports until its first prediction is seen: no more than that needs, as it is waited for."""

import os
import subprocess
import sys

import pytest

from allcore.installation import PROJECT

FIRST_PREDICTION = """
import sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("streamlit_app.py", default_timeout=300)
app.switch_page("pages/predict.py")
app.query_params.update(data=sys.argv[1], image=sys.argv[2])
app.run()
assert not app.exception
print(len(app.get("plotly_chart")), "answered", *sorted(sys.modules.keys() & {
    "scipy.stats", "scipy.optimize", "sklearn", "onnx", "tensorflow", "keras",
}))
"""


@pytest.mark.process
def test_a_first_prediction_imports_no_statistics_and_no_training(finished, smears):
    image = next((smears / "Pro").iterdir())
    done = subprocess.run(
        [sys.executable, "-c", FIRST_PREDICTION, f"{smears.parent.name}/smears", f"Pro/{image.name}"],
        capture_output=True, text=True, check=True, cwd=PROJECT,
        env={**os.environ, "ALLCORE_WORKSPACE": str(finished.workspace.root), "ALLCORE_DATA_ROOTS": str(smears.parent)},
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "1 answered"
