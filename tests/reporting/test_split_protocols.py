"""Every split protocol is described wherever protocols are."""

from typing import get_args

from allcore.config_parts import SplitConfig
from allcore.reporting.report.sections import data


def test_the_report_has_words_for_every_protocol():
    protocols = set(get_args(SplitConfig.model_fields["protocol"].annotation))
    assert set(data.PROTOCOLS) == protocols
    assert set(data.LEVELS) == protocols
