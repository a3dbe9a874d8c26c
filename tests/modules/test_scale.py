# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A thousand sessions on one host: all exact, and no more questions than promised."""

from __future__ import annotations

from collections import Counter

from modules.results import calls, ended, enumerations, ids, of

COUNT = 1000
QUERY = 'WTSQuerySessionInformationW'


def crowd():
    """A thousand sessions of a hundred users; every tenth one is idle."""
    return [
        {
            'id': n,
            'user': f'user{n % 100}',
            'idle': '3h' if n % 10 == 0 else 0,
            'logged_on': '9h',
            'client': {'name': f'PC-{n}'},
        }
        for n in range(2, COUNT + 2)
    ]


def queries(there):
    return Counter(call.arguments['session'] for call in calls(there, QUERY))


def test_a_thousand_sessions_are_listed_exactly(host, info):
    there = host(sessions=crowd())

    result = info()

    assert result['session_count'] == COUNT
    assert of(result, 'client_name') == {n: f'PC-{n}' for n in range(2, COUNT + 2)}
    assert of(result, 'user') == {n: f'user{n % 100}' for n in range(2, COUNT + 2)}
    assert len(set(of(result, 'token').values())) == COUNT
    assert enumerations(there) == 1
    assert set(queries(there).values()) == {5}


def test_without_the_client_there_is_one_question_each(host, info):
    there = host(sessions=crowd())

    assert info(gather=[])['session_count'] == COUNT

    assert set(queries(there).values()) == {1}


def test_ends_the_selected_sessions_of_a_thousand(host, act):
    there = host(sessions=crowd())
    idle = list(range(10, COUNT + 2, 10))

    result = act(max_idle='3600')

    assert ended(there) == ids(result['sessions']) == idle
    assert {*of(result, 'outcome').values()} == {'logged_off'}
    assert ids(result['remaining']) == [n for n in range(2, COUNT + 2) if n % 10]
    # Each session is read once to select, and only those acted on are re-checked, immediately before the act.
    asked = queries(there)
    assert {asked[n] for n in range(2, COUNT + 2) if n % 10} == {5}
    assert {asked[n] for n in idle} == {6}
    assert enumerations(there) == 3
    assert there.memory.live == {}


def test_a_question_for_a_few_reads_only_those(host, info):
    there = host(sessions=crowd())

    assert ids(info(users=['user7'])['sessions']) == list(range(7, COUNT + 2, 100))
    assert set(queries(there)) == set(range(7, COUNT + 2, 100))
