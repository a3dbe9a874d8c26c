# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Collects every shell line and every YAML example of the documentation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from project import ROOT

MARKDOWN = [ROOT / 'README.md', *sorted((ROOT / 'roles').glob('*/README.md'))]
GUIDES = [ROOT / 'tools' / 'docsite' / 'index.rst', *sorted((ROOT / 'docs' / 'docsite' / 'rst').glob('*.rst'))]
PLAYBOOKS = [*sorted((ROOT / 'playbooks').glob('*.yml')), ROOT / 'extensions' / 'awx' / 'configure.yml']
PLUGINS = [*sorted((ROOT / 'plugins' / 'modules').glob('*.yml')), *sorted((ROOT / 'plugins' / 'filter').glob('*.yml'))]

_FENCE = re.compile(r'^```(\w+)\n(.*?)^```$', re.MULTILINE | re.DOTALL)
_DIRECTIVE = re.compile(r'^( *)\.\. code-block:: (\S+)\n\n((?:\1 +\S.*\n|\s*\n)+)', re.MULTILINE)
_HEADER = re.compile(r'^#   (ansible\S* .*)$', re.MULTILINE)
_INLINE = re.compile(r'``(ansible(?:-playbook)? [^`]+)``|C\((ansible(?:-playbook)? [^)]+)\)')
# The inventory of the tests is the default one, and all its names have the same host.
_SAME = re.compile(r' -i inventory(?:\.yml)?(?= )|\s+#.*$|(?<=^ansible )\w+(?= )')
_NAMES = re.compile(r'- name: .*$| +#.*$', re.MULTILINE)


@dataclass(frozen=True)
class Example:
    """An example of the documentation.

    :ivar source: the file that it is in.
    :ivar language: ``sh`` or ``yaml``.
    :ivar text: the example, without indentation and prompt.
    """

    source: str
    language: str
    text: str


def shell_lines() -> list[Example]:
    """Every shell line. Of lines that differ by a comment, the inventory or the host only, the first."""
    found = [
        Example(block.source, 'sh', line.removeprefix('$ '))
        for block in _blocks()
        if block.language == 'sh'
        for line in block.text.splitlines()
        if line.strip() and not line.startswith('#')
    ]
    for path in PLAYBOOKS:
        found += [Example(_name(path), 'sh', line) for line in _HEADER.findall(path.read_text(encoding='utf-8'))]
    for path in [*GUIDES, *PLUGINS]:
        text = re.sub(r'\s+', ' ', path.read_text(encoding='utf-8'))
        found += [Example(_name(path), 'sh', match[1] or match[2]) for match in _INLINE.finditer(text)]
    return list({_SAME.sub('', example.text): example for example in reversed(found)}.values())[::-1]


def yaml_examples() -> list[Example]:
    """Every YAML example. Of examples that differ by names and comments only, as in the translated guide, the first."""
    found = [block for block in _blocks() if block.language == 'yaml']
    for path in PLUGINS:
        found.append(Example(_name(path), 'yaml', yaml.safe_load(path.read_text(encoding='utf-8'))['EXAMPLES']))
    return list({_NAMES.sub('', example.text): example for example in reversed(found)}.values())[::-1]


def _blocks() -> Iterator[Example]:
    languages = {'sh': 'sh', 'console': 'sh', 'bash': 'sh', 'yaml': 'yaml', 'yaml+jinja': 'yaml'}
    for path in MARKDOWN:
        for language, text in _FENCE.findall(path.read_text(encoding='utf-8')):
            yield Example(_name(path), languages.get(language, language), text)
    for path in GUIDES:
        for indent, language, text in _DIRECTIVE.findall(path.read_text(encoding='utf-8') + '\n'):
            del indent
            yield Example(_name(path), languages.get(language, language), _dedent(text))


def _dedent(text: str) -> str:
    lines = text.rstrip().split('\n')
    indent = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    return '\n'.join(line[indent:] for line in lines) + '\n'


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


__all__ = ['Example', 'shell_lines', 'yaml_examples']
