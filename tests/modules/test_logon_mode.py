# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a host takes new logons: what the two registry values mean, and how one gets from each mode to each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from winhost.host import Host

TERMINAL_SERVER = 'HKLM\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server'
WINLOGON = 'HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon'
DRAIN, DISABLED = 'TSServerDrainMode', 'WinStationsDisabled'

# What "change logon" leaves behind.
MODES = {
    'enabled': {DRAIN: 0, DISABLED: '0'},
    'drain_until_restart': {DRAIN: 1, DISABLED: '0'},
    'drain': {DRAIN: 2, DISABLED: '0'},
    'disabled': {DRAIN: 0, DISABLED: '1'},
}

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def mode(engine: Any) -> Run:
    """Runs win_logon_mode."""
    return lambda **options: engine.run('win_logon_mode', **options)


def registry(drain: Any = None, disabled: Any = None) -> dict[str, dict[str, Any]]:
    """The spec's registry with these values; None: absent."""
    return {
        TERMINAL_SERVER: {} if drain is None else {DRAIN: drain},
        WINLOGON: {} if disabled is None else {DISABLED: disabled},
    }


def values(host: Host) -> dict[str, Any]:
    return {**host.registry[TERMINAL_SERVER], **host.registry[WINLOGON]}


# ---- Reading ----


@pytest.mark.parametrize(
    ('drain', 'disabled', 'expected'),
    [
        (None, None, 'enabled'),
        (0, None, 'enabled'),
        (None, '0', 'enabled'),
        (0, '0', 'enabled'),
        (1, None, 'drain_until_restart'),
        (1, '0', 'drain_until_restart'),
        (2, None, 'drain'),
        (2, '0', 'drain'),
        (None, '1', 'disabled'),
        (0, '1', 'disabled'),
        (1, '1', 'disabled'),
        (2, '1', 'disabled'),
        (7, '1', 'disabled'),
        ('2', '1', 'disabled'),
        (0, '', 'enabled'),
        (0, '2', 'enabled'),
        (0, 'yes', 'enabled'),
        (0, 1, 'enabled'),  # Windows keeps a text there
        (0, b'1', 'enabled'),
    ],
)
def test_the_mode_is_read_from_both_values(
    host: Callable[..., Host], mode: Run, drain: Any, disabled: Any, expected: str
) -> None:
    machine = host(registry=registry(drain, disabled))
    result = mode()
    assert (result['mode'], result['previous_mode'], result['changed']) == (expected, expected, False)
    assert machine.acts == []


@pytest.mark.parametrize('keys', [[TERMINAL_SERVER], [WINLOGON], [TERMINAL_SERVER, WINLOGON]])
def test_a_missing_key_counts_as_open(host: Callable[..., Host], mode: Run, keys: list[str]) -> None:
    machine = host()
    for key in keys:
        parent, _unused, name = key.rpartition('\\')
        del machine.registry.find(parent).keys[name.lower()]  # type: ignore[union-attr]
    assert mode()['mode'] == 'enabled'
    assert mode(mode='enabled')['changed'] is False
    assert mode(mode='drain')['changed'] is True
    assert mode()['mode'] == 'drain'


@pytest.mark.parametrize('drain', [3, 7, 0xFFFFFFFF, '2', '', b'\x02', b'\x02\x00\x00\x00\x00\x00\x00\x00', ['2']])
def test_a_value_of_no_mode_is_reported_and_can_be_corrected(host: Callable[..., Host], mode: Run, drain: Any) -> None:
    machine = host(registry=registry(drain))
    result = mode()
    assert result['failed'] is True
    assert DRAIN in result['msg']
    assert 'mode=enabled' in result['msg']
    assert 'mode' not in result

    for check in (True, False):
        done = mode(mode='drain', check=check)
        assert (done['changed'], done['mode'], done['previous_mode']) == (True, 'drain', None)
    assert values(machine)[DRAIN] == 2
    assert mode(mode='drain')['changed'] is False


# ---- Setting ----


@pytest.mark.parametrize('after', MODES)
@pytest.mark.parametrize('before', MODES)
def test_every_mode_is_reached_from_every_other_once(
    host: Callable[..., Host], mode: Run, before: str, after: str
) -> None:
    machine = host(registry=registry(*MODES[before].values()))
    first, second = mode(mode=after), mode(mode=after)

    assert (first['previous_mode'], first['mode'], first['changed']) == (before, after, before != after)
    assert (second['previous_mode'], second['mode'], second['changed']) == (after, after, False)
    assert mode()['mode'] == after
    assert values(machine)[DISABLED] == ('1' if after == 'disabled' else '0')
    if after != 'disabled':
        assert values(machine)[DRAIN] == MODES[after][DRAIN]


@pytest.mark.parametrize('role', [None, 0, 1])
@pytest.mark.parametrize('name', MODES)
def test_warns_where_windows_may_ignore_a_drain_mode(
    host: Callable[..., Host], mode: Run, name: str, role: int | None
) -> None:
    host(registry={TERMINAL_SERVER: {} if role is None else {'TSAppCompat': role}})
    warnings = mode(mode=name).get('warnings', [])
    assert ['RD Session Host role' in warning for warning in warnings] == [True] * (
        name.startswith('drain') and role != 1
    )


def test_a_role_that_cannot_be_read_does_not_fail_the_task(host: Callable[..., Host], mode: Run) -> None:
    machine = host(registry=registry(0), api=[{'api': 'RegQueryValueExW', 'name': 'TSAppCompat', 'error': 5}])
    result = mode(mode='drain')
    assert (result['mode'], len(result['warnings'])) == ('drain', 1)
    assert values(machine) == {DRAIN: 2}


@pytest.mark.parametrize('after', MODES)
def test_every_mode_is_reached_where_the_values_are_absent(host: Callable[..., Host], mode: Run, after: str) -> None:
    machine = host(registry=registry())
    assert mode(mode=after)['changed'] is (after != 'enabled')
    assert mode()['mode'] == after
    assert (DRAIN in values(machine)) is (after in ('drain', 'drain_until_restart'))
    assert (DISABLED in values(machine)) is (after == 'disabled')


@pytest.mark.parametrize('after', MODES)
@pytest.mark.parametrize('before', MODES)
def test_only_what_differs_is_written_with_the_type_that_windows_reads(
    host: Callable[..., Host], mode: Run, before: str, after: str
) -> None:
    machine = host(registry=registry(*MODES[before].values()))
    mode(mode=after)

    written = {call.arguments['name']: call.arguments['type'] for call in machine.acts}
    wanted = {}
    if after != 'disabled' and MODES[before][DRAIN] != MODES[after][DRAIN]:
        wanted[DRAIN] = 4  # REG_DWORD
    if MODES[before][DISABLED] != MODES[after][DISABLED]:
        wanted[DISABLED] = 1  # REG_SZ
    assert written == wanted


def test_disabling_leaves_the_drain_mode_as_it_is_and_enabling_opens_the_host_wholly(
    host: Callable[..., Host], mode: Run
) -> None:
    machine = host(registry=registry(2, '0'))
    mode(mode='disabled')
    assert values(machine) == {DRAIN: 2, DISABLED: '1'}
    mode(mode='enabled')
    assert values(machine) == {DRAIN: 0, DISABLED: '0'}


@pytest.mark.parametrize('after', ['drain', 'drain_until_restart'])
def test_a_host_that_goes_from_disabled_to_drained_is_never_open_in_between(
    host: Callable[..., Host], mode: Run, after: str
) -> None:
    machine = host(registry=registry(0, '1'))
    mode(mode=after)
    assert [call.arguments['name'] for call in machine.acts] == [DRAIN, DISABLED]


def test_skips_sessions(host: Callable[..., Host], mode: Run) -> None:
    machine = host(sessions=[{'id': 2, 'user': 'alice'}])
    mode(mode='disabled')
    assert {call.api for call in machine.calls if call.api.startswith('WTS')} == set()


# ---- Check mode and diff ----


@pytest.mark.parametrize('after', MODES)
@pytest.mark.parametrize('before', MODES)
def test_check_mode_returns_the_same_and_writes_nothing(
    host: Callable[..., Host], mode: Run, before: str, after: str
) -> None:
    machine = host(registry=registry(*MODES[before].values()))
    planned = mode(mode=after, check=True, diff=True)
    assert machine.acts == []
    assert values(machine) == MODES[before]
    assert planned == mode(mode=after, diff=True)
    assert planned['diff'] == {'before': {'mode': before}, 'after': {'mode': after}}


def test_reading_alone_shows_no_difference(host: Callable[..., Host], mode: Run) -> None:
    host()
    assert mode(diff=True)['diff'] == {'before': {'mode': 'enabled'}, 'after': {'mode': 'enabled'}}


# ---- What goes wrong ----


def test_an_account_that_may_only_read_can_read(host: Callable[..., Host], mode: Run) -> None:
    host(registry=registry(2), accounts={'CORP\\ansible': {'rights': 'user'}})
    assert mode()['mode'] == 'drain'
    assert mode(mode='drain')['changed'] is False


@pytest.mark.parametrize('wanted', ['enabled', 'disabled'])
def test_an_account_that_may_not_write_fails_without_claiming_a_change(
    host: Callable[..., Host], mode: Run, wanted: str
) -> None:
    machine = host(registry=registry(2, '0'), accounts={'CORP\\ansible': {'rights': 'user'}})
    result = mode(mode=wanted)
    assert result['failed'] is True
    assert result['changed'] is False
    assert 'failed with Win32 error 5' in result['msg']
    assert 'mode' not in result
    assert values(machine) == {DRAIN: 2, DISABLED: '0'}


@pytest.mark.parametrize('api', ['RegOpenKeyExW', 'RegQueryValueExW'])
def test_a_mode_that_cannot_be_read_is_a_failure_and_not_enabled(
    host: Callable[..., Host], mode: Run, api: str
) -> None:
    machine = host(registry=registry(0, '0'), api=[{'api': api, 'error': 5}])
    for wanted in ({}, {'mode': 'drain'}):
        result = mode(**wanted)
        assert result['failed'] is True
        assert 'Win32 error 5' in result['msg']
        assert 'HKLM' in result['msg']
    assert machine.acts == []


def test_a_failure_half_way_names_the_key_and_is_set_right_by_the_next_run(
    host: Callable[..., Host], mode: Run
) -> None:
    machine = host(registry=registry(0, '1'))
    machine.fault('RegSetValueExW', name=DISABLED, error=1450, times=1)
    result = mode(mode='drain')
    assert result['failed'] is True
    assert 'Winlogon' in result['msg']
    # Still closed, and not open by accident.
    assert mode()['mode'] == 'disabled'
    assert mode(mode='drain')['changed'] is True
    assert values(machine) == {DRAIN: 2, DISABLED: '0'}


def test_an_unknown_mode_is_refused(host: Callable[..., Host], mode: Run) -> None:
    machine = host()
    result = mode(mode='closed')
    assert result['failed'] is True
    assert 'closed' in result['msg']
    assert machine.acts == []


def test_no_handle_is_left_open(host: Callable[..., Host], mode: Run) -> None:
    machine = host()
    mode(mode='disabled')
    mode(mode='drain')
    assert machine.handles.live == {}
