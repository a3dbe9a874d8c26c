# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The options of the modules, read from their documentation, and the validation of their values."""

from __future__ import annotations

import functools
import importlib
import pathlib
import re
import typing as t
from collections.abc import Mapping

from ansible.module_utils.common.validation import check_type_bool, check_type_dict, check_type_path
from ansible.module_utils.common.yaml import yaml_load

from ansible_collections.winops.sessions.plugins.plugin_utils._options import types
from ansible_collections.winops.sessions.plugins.plugin_utils._text import plain, quoted

Spec = dict[str, dict[str, t.Any]]
Arguments = dict[str, t.Any]

#: How values (of lists: their elements) are read, by the name of the option. It is the same in every module.
TYPES: dict[str, types.Reader] = {
    **dict.fromkeys(('users', 'exclude_users', 'protect_users'), types.account),
    **dict.fromkeys(('groups', 'protect_groups'), types.group),
    **dict.fromkeys(('processes', 'protect_processes'), types.process_name),
    **dict.fromkeys(('max_idle', 'max_disconnected', 'max_logged_on', 'timeout', 'wait'), types.duration),
    **dict.fromkeys(('grace', 'remind', 'valid'), types.duration),
    **dict.fromkeys(('text', 'title'), types.message_text),
    'at': types.end_time,
    'client_names': types.client_name,
    'display_for': types.positive_duration,
    'server': types.server,
    'session_ids': types.session_id,
    'tokens': types.token,
}

_SUBOPTION = re.compile(r'^(\w+)\.(?=\w+: )')
_EXAMPLES = {'notice': '{text: Please save your work, grace: 15m}'}
_FRAGMENTS = 'ansible_collections.winops.sessions.plugins.doc_fragments'
_KEYS = ('type', 'elements', 'choices', 'default', 'required')


class OptionError(ValueError):
    """Options that are not valid, with all problems."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__('; '.join(problems))
        self.problems = problems

    def named(self, prefix: str) -> list[str]:
        """Return the problems with the names of the caller's variables, one for each option and suboption."""
        return [prefix + (_SUBOPTION.sub(r'\1_', problem) if prefix else problem) for problem in self.problems]


@functools.cache
def spec_of(module: str) -> Spec:
    """Read the argument spec of a module from its documentation, doc fragments of this collection included.

    :param module: the short name of the module.
    :returns: its options, each with ``type`` and, where documented, ``elements``, ``choices``, ``default``,
        ``required`` and ``options``.
    """
    path = pathlib.Path(__file__).parents[2] / 'modules' / f'{module}.yml'
    documentation = yaml_load(path.read_text(encoding='utf-8'))['DOCUMENTATION']
    documented: dict[str, t.Any] = {}
    for name in documentation.get('extends_documentation_fragment', ()):
        if name.startswith('winops.sessions.'):
            fragment = importlib.import_module(f'{_FRAGMENTS}.{name.rpartition(".")[2]}').ModuleDocFragment
            documented |= yaml_load(fragment.DOCUMENTATION).get('options') or {}
    return _spec(documented | documentation.get('options', {}))


def validate(
    spec: Spec, given: Mapping[str, t.Any], example: str = '', readers: Mapping[str, types.Reader] | None = None
) -> Arguments:
    """Validate options.

    :param spec: the argument spec.
    :param given: the options as the user wrote them; a null is an option that is not set.
    :param example: valid options, for errors that have no example of their own.
    :param readers: readers by the name of the option, the modules' ones if omitted; other options are read by their
        documented type.
    :returns: the options as the module receives them, with defaults and without nulls.
    :raises OptionError: with every problem: option, value, reason and example.
    """
    hint = f' Example: {example}' if example else ''
    read: Arguments = {}
    problems = [
        f'{plain(option)}: unknown option. Options: {", ".join(sorted(spec))}.{hint}'
        for option in given
        if option not in spec
    ]
    for option, definition in spec.items():
        value = given.get(option)
        if value is None:
            value = definition.get('default')
        if value is None:
            if definition.get('required'):
                problems.append(f'{option}: missing required option.{hint}')
            continue
        try:
            read[option] = _reader(option, definition, TYPES if readers is None else readers)(value)
        except OptionError as error:
            problems += [f'{option}.{problem}' for problem in error.problems]
        except ValueError as error:
            problems.append(f'{option}: {error}')
    if problems:
        raise OptionError(problems)
    return read


def _spec(documented: Mapping[str, t.Any]) -> Spec:
    spec = {}
    for name, option in documented.items():
        spec[name] = {'type': 'str'} | {key: option[key] for key in _KEYS if key in option}
        if 'suboptions' in option:
            spec[name]['options'] = _spec(option['suboptions'])
    return spec


def _reader(option: str, definition: Mapping[str, t.Any], readers: Mapping[str, types.Reader]) -> types.Reader:
    is_list = definition['type'] == 'list'
    kind = definition.get('elements', 'str') if is_list else definition['type']
    read = readers.get(option)
    if read is None and 'choices' in definition:
        read = types.choice(definition['choices'])
    elif read is None and 'options' in definition:
        read = functools.partial(_suboptions, definition['options'], _EXAMPLES[option], readers)
    elif read is None:
        read = _READERS[kind]
    return types.each(read) if is_list else read


def _suboptions(spec: Spec, example: str, readers: Mapping[str, types.Reader], value: t.Any) -> Arguments:
    try:
        given = check_type_dict(value)
    except TypeError:
        raise ValueError(f'{quoted(value)} is not a dictionary. Example: {example}') from None
    return validate(spec, given, example, readers)


def _bool(value: t.Any) -> bool:
    try:
        return bool(check_type_bool(value))
    except TypeError:
        raise ValueError(f'{quoted(value)} is not a boolean. Example: true') from None


def _path(value: t.Any) -> str:
    try:
        return str(check_type_path(value))
    except TypeError:
        raise ValueError(f'{quoted(value)} is not a path. Example: user-sessions') from None


_READERS: dict[str, types.Reader] = {
    'bool': _bool,
    'dict': dict,
    'int': types.count,
    'path': _path,
    'raw': lambda value: value,
    'str': types.plain_text,
}
