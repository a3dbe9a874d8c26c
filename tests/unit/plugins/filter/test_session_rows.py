"""The filter session_rows: what it takes and how it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from report.fleets import record

from ansible_collections.winops.sessions.plugins.filter.session_rows import FilterModule
from ansible_collections.winops.sessions.plugins.plugin_utils._report.model import COLUMNS, LIMITS

session_rows = FilterModule().filters()['session_rows']
DOCUMENTATION = yaml.safe_load(
    (Path(__file__).parents[4] / 'plugins/filter/session_rows.yml').read_text(encoding='utf-8')
)


def test_limits_are_durations() -> None:
    results = {'web01': {'sessions': [record(2, 'CORP\\alice', idle=7200)]}}
    assert [session_rows(results, max_idle=limit)[0]['over_limit'] for limit in ('2h', 7200, '2h1s', None)] == [
        'max_idle',
        'max_idle',
        None,
        None,
    ]


@pytest.mark.parametrize(
    ('results', 'limits', 'words'),
    [
        ([], {}, 'must be a dict of host name to result'),
        ({'web01': 'ok'}, {}, 'host web01 must be a registered result'),
        ({}, {'max_idle': 'soon'}, "'soon' is not a duration"),
        ({}, {'idle': '2h'}, 'idle is not a limit'),
    ],
)
def test_an_error_names_the_filter_and_the_reason(results: object, limits: dict, words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=f'session_rows: .*{words}'):
        session_rows(results, **limits)


def test_the_documentation_has_every_option_and_column() -> None:
    assert set(DOCUMENTATION['DOCUMENTATION']['options']) == {'_input', 'time', *LIMITS}
    documented = ' '.join(DOCUMENTATION['RETURN']['_value']['description'])
    own = [name for name in COLUMNS if name not in record(1, 'x') and name != 'processes']
    assert [name for name in own if f'C({name})' not in documented] == []
