# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter to_seconds."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.winops.sessions.plugins.filter.to_seconds import FilterModule

to_seconds = FilterModule().filters()['to_seconds']


@pytest.mark.parametrize(('duration', 'seconds'), [('2h30m', 9000), (90, 90), ('1.5', 1.5), ('1d 4h', 100800), (0, 0)])
def test_converts_durations(duration: object, seconds: float) -> None:
    assert to_seconds(duration) == seconds


@pytest.mark.parametrize('duration', ['2x', None, True, '', '1:30', -1])
def test_refuses_other_values_with_an_example(duration: object) -> None:
    with pytest.raises(AnsibleFilterError, match=r'^to_seconds: .* is not a duration.*2h30m'):
        to_seconds(duration)
