# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Measures how many lines a second the filters parse_quser and parse_qwinsta read, on one core.

    PYTHONPATH=.cache/collections python tests/benchmark/terminal.py [lines]

It prints the rate for two sizes of each table: the same rate means that the time is linear in the text. No test judges
by these numbers, which a busy machine makes meaningless.
"""

from __future__ import annotations

import argparse
import collections.abc as c
import time

from ansible_collections.winops.sessions.plugins.plugin_utils._quser.parser import QUSER, QWINSTA, Command, parse

Print = c.Callable[[int], str]


def quser(user: str, state: str, idle: str) -> Print:
    """How to print a row of quser with its number as the id."""
    return lambda row: (
        f' {user + str(row % 1000):<20}  {f"rdp-tcp#{row % 999}":<15}  {row:>4}  {state}'
        f'{idle or f"{row % 59 + 1:>11}  "}{row % 28 + 1}/{row % 12 + 1}/2026 {row % 24}:{row % 60:02}'
    )


def qwinsta(user: str, width: int) -> Print:
    """How to print a row of qwinsta with its number as the id."""
    return lambda row: f' {f"rdp-tcp#{row % 999}":<{width}}  {user + str(row % 1000):<20}  {row:>5}  Active'


TABLES: dict[str, tuple[Command, Print]] = {
    'quser, English': (QUSER, quser('user', 'Active', '')),
    'quser, Russian': (QUSER, quser('Админ', 'Активно', '   отсутствует ')),
    'quser, Chinese': (QUSER, quser('user', '运行中', '')),
    'qwinsta, narrow': (QWINSTA, qwinsta('user', 16)),
    'qwinsta, wide': (QWINSTA, qwinsta('user', 24)),
    'unreadable rows': (
        QWINSTA,
        lambda row: f' rdp-tcp#{row}   {row}  Active  {row}  Active' if row else qwinsta('a', 16)(0),
    ),
}


def seconds(command: Command, text: str) -> float:
    """The processor time of one reading, the best of three."""
    times = []
    for _unused in range(3):
        start = time.process_time()
        parse(command, text, errors='skip')
        times.append(time.process_time() - start)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description='Measures the filters parse_quser and parse_qwinsta.')
    parser.add_argument('lines', nargs='?', type=int, default=50_000, help='rows of the larger table (50000)')
    count = parser.parse_args().lines
    for name, (command, line) in TABLES.items():
        for rows in (count // 10, count):
            rate = rows / seconds(command, '\n'.join(line(row) for row in range(rows)))
            print(f'{name:<16}  {rows:>7} lines: {rate:>8,.0f} lines/s')


if __name__ == '__main__':
    main()
