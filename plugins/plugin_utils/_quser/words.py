# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The words of display languages that the parser of ``quser`` and ``qwinsta`` recognizes, as data.

No word decides the ID of a row: an unknown word only makes a state ``unknown`` or a time ``null``. To add a word, add
a line with its source. ``captures/X`` and ``pasted/X`` name published texts that are kept with the unit tests.
"""

from __future__ import annotations

import typing as t


class StateWord(t.NamedTuple):
    """A word of the STATE column, its state in a session record, and its source."""

    word: str
    state: str
    languages: str
    source: str


#: Compared without case. A word with different meanings in two languages cannot be added.
STATE_WORDS: tuple[StateWord, ...] = (
    StateWord('Active', 'active', 'en ja', 'captures/en-quser-1; the ja tools keep the English words'),
    StateWord('Disc', 'disconnected', 'en it ja', 'captures/en-qwinsta-2; centreon-plugins sessions.pm (it)'),
    StateWord('Conn', 'connected', 'en es fr', 'captures/en-qwinsta-4, captures/es-qwinsta-3'),
    StateWord('Listen', 'listen', 'en ja', 'captures/en-qwinsta-2'),
    StateWord('ConnQ', 'connect_query', 'en', 'pasted/en-qwinsta-connq'),
    StateWord('Shadow', 'shadow', 'en', 'WTS_CONNECTSTATE_CLASS and the tables of other parsers; no capture'),
    StateWord('Idle', 'idle', 'en', 'captures/en-qwinsta-counter-1 (made up)'),
    StateWord('Reset', 'reset', 'en', 'WTS_CONNECTSTATE_CLASS and the tables of other parsers; no capture'),
    StateWord('Down', 'down', 'en', 'stascorp/rdpwrap issue 2500 (pasted/en-qwinsta-down)'),
    StateWord('Init', 'init', 'en', 'WTS_CONNECTSTATE_CLASS and the tables of other parsers; no capture'),
    StateWord('Aktiv', 'active', 'de', 'captures/de-quser-1'),
    StateWord('Getr.', 'disconnected', 'de', 'captures/de-qwinsta-1'),
    StateWord('Verb.', 'connected', 'de', 'centreon-plugins pull request 4653'),
    StateWord('Abhör.', 'listen', 'de', 'captures/de-qwinsta-1'),
    StateWord('Actif', 'active', 'fr', 'captures/fr-quser-1'),
    StateWord('Déco', 'disconnected', 'fr', 'centreon-plugins sessions.pm'),
    StateWord('Activo', 'active', 'es', 'captures/es-quser-1'),
    StateWord('Desc', 'disconnected', 'es', 'captures/es-quser-1'),
    StateWord('Escuchar', 'listen', 'es', 'captures/es-qwinsta-3'),
    StateWord('Attivo', 'active', 'it', 'centreon-plugins sessions.pm'),
    StateWord('Ativo', 'active', 'pt', 'pasted/pt-qwinsta-notes and a second published row, under English headers'),
    StateWord('Actief', 'active', 'nl', "another parser's test (made up)"),
    StateWord('Активно', 'active', 'ru', 'captures/ru-quser-1'),
    StateWord('Диск', 'disconnected', 'ru', 'captures/ru-qwinsta-1'),
    StateWord('Подключено', 'connected', 'ru', 'captures/ru-qwinsta-1'),
    StateWord('Прием', 'listen', 'ru', 'captures/ru-qwinsta-1'),
    StateWord('Приём', 'listen', 'ru', "other parsers' tests (made up)"),
    StateWord('Активный', 'active', 'ru', 'captures/ru-qwinsta-4 (made up)'),
    StateWord('Разъедин', 'disconnected', 'ru', 'captures/ru-qwinsta-4 (made up)'),
    StateWord('Отключено', 'disconnected', 'ru', "other parsers' tests (made up)"),
    StateWord('Прослуш', 'listen', 'ru', 'captures/ru-qwinsta-4 (made up)'),
    StateWord('运行中', 'active', 'zh-CN', 'captures/zh-CN-quser-1'),
    StateWord('断开', 'disconnected', 'zh-CN', 'captures/zh-CN-qwinsta-1'),
    StateWord('已断开', 'disconnected', 'zh-CN', "other parsers' tests (made up)"),
    StateWord('已连接', 'connected', 'zh-CN', 'captures/zh-CN-qwinsta-4'),
    StateWord('활성', 'active', 'ko', 'pasted/ko-quser'),
    StateWord('디스크', 'disconnected', 'ko', 'pasted/ko-quser'),
    StateWord('侦听', 'listen', 'zh-CN', 'captures/zh-CN-qwinsta-4'),
)


class EmptyAnswer(t.NamedTuple):
    """The words before the name in "No User exists for *", which quser prints if no user is logged on."""

    phrase: str
    language: str
    source: str


#: The one message that means "no sessions". Any other is an error: a host that cannot be queried is not empty.
EMPTY_ANSWERS: tuple[EmptyAnswer, ...] = (EmptyAnswer('No User exists for', 'en', 'captures/en-error-quser-1'),)


class DateForm(t.NamedTuple):
    """An order of day, month and year, its separators, and its source."""

    order: str
    separators: str
    source: str


#: The date has the user's short format, which does not depend on the display language. With dots and the year last, the
#: day is first in every Windows locale; with a slash or a dash, the numbers decide.
DATE_FORMS: tuple[DateForm, ...] = (
    DateForm('ymd', '-/.', 'captures/zh-CN-quser-1 (2026/7/30), en with 2021-05-13; hu and ko with dots'),
    DateForm(
        'dmy',
        '-/.',
        'captures/es-quser-1 (25/7/2018), captures/de-quser-1 (07.09.2021), captures/en-quser-10 (18-Nov-22)',
    ),
    DateForm('mdy', '-/', 'captures/en-quser-1 (6/14/2021)'),
)

#: Month names inside a date. Source: captures/en-quser-10 (Nov), the rest of the English calendar by analogy.
MONTH_NAMES: tuple[str, ...] = ('jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec')


class DayHalf(t.NamedTuple):
    """The markers of a 12-hour clock (letters only, words separated by one blank) and their source."""

    before_noon: str
    after_noon: str
    source: str


DAY_HALVES: tuple[DayHalf, ...] = (
    DayHalf('am', 'pm', 'captures/en-quser-1'),
    DayHalf('a m', 'p m', 'Unicode CLDR es, ca: a. m., p. m.'),
    DayHalf('오전', '오후', 'Unicode CLDR ko'),
    DayHalf('上午', '下午', 'Unicode CLDR zh'),
    DayHalf('午前', '午後', 'Unicode CLDR ja'),
    DayHalf('πμ', 'μμ', 'Unicode CLDR el: π.μ., μ.μ.'),
    DayHalf('π μ', 'μ μ', 'Unicode CLDR el'),
    DayHalf('ص', 'م', 'Unicode CLDR ar'),
    DayHalf('de', 'du', 'Unicode CLDR hu: de., du.'),
    DayHalf('öö', 'ös', 'Unicode CLDR tr: ÖÖ, ÖS'),
    DayHalf('sa', 'ch', 'Unicode CLDR vi: SA, CH'),
    DayHalf('fm', 'em', 'Unicode CLDR sv: fm, em'),
)

#: Words in a date or time that do not change it: ru and bg print the year as "2021 г.", fi the hour as "klo 15.54".
SILENT_DATE_WORDS: frozenset[str] = frozenset({'г', 'klo', 'kl'})

#: Signs before each line of a table that was pasted into notes, scripts and mail.
LINE_LEADERS: tuple[str, ...] = ('###', '##', '#', '//', '::', ';', 'rem', '*', '|', '>')


#: The beginnings of session names, which are the same in every display language.
SESSION_NAMES: tuple[str, ...] = ('console', 'services', 'rdp-tcp', 'rdp-sxs', 'ica-tcp', 'ica-cgp', '31c5ce94259d4')


class FrameLine(t.NamedTuple):
    """The beginning of a line that programs print around the output of a command, as a pattern, and its source."""

    pattern: str
    source: str


FRAME_LINES: tuple[FrameLine, ...] = (
    FrameLine(
        r'(?:"?[^ ]*\\)?(?:quser|qwinsta|query)(?:\.exe)?"?(?: (?!:)|$)',
        'the echoed command, pasted/en-quser-shell-echo',
    ),
    FrameLine(r'(?:exit|chcp(?: \d+)?|echo \S+)$', 'commands around it, pasted/en-quser-shell-cp936'),
    FrameLine(r'[$#] ?(?:quser|qwinsta|query)\b', 'prompt of a Unix shell'),
    FrameLine(r'PS ?>', 'prompt of PowerShell without a path, pasted/en-qwinsta-nonadmin'),
    FrameLine(
        r'\S+ \| (?:CHANGED|SUCCESS|FAILED) \| rc=\d+ >>', 'ad hoc command of Ansible, pasted/en-quser-ansible-adhoc'
    ),
    FrameLine('non-zero return code$', 'ad hoc command of Ansible'),
    FrameLine(r'PsExec v|Copyright \(C\) |Sysinternals - |\S+ exited on .* with error code', 'PsExec'),
    FrameLine(r'Microsoft Windows \[|\(c\) .*Microsoft|Copyright \(c\) Microsoft', 'banner of cmd.exe and PowerShell'),
    FrameLine(r'Windows PowerShell|PowerShell \d|\*{4}', 'banner and transcript of PowerShell'),
    FrameLine(r'\+ ', 'position and category of a PowerShell error, pasted/en-nobody-ps-error'),
)
