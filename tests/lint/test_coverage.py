# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The coverage tool counts every branch of the engine, and the instrumented engine compiles."""

from __future__ import annotations

from pathlib import Path

from coverage_csharp import RECORDER, Branch, instrument
from lint.test_csharp import SOURCES, compile_in_pwsh

SOURCE = b"""
class Example {
    int Of(int a, object b) {
        try {
            if (a > 1 && !(a == 5) || b is string || b is int)
                return a > 2 ? 1 : 2;
            while (true)
                switch (a) {
                    case 1: return 3;
                    default: return 4;
                }
        } catch (System.Exception) { return 5; }
    }
}
"""


def test_each_operand_case_and_catch_is_a_branch() -> None:
    branches: list[Branch] = []
    instrument(SOURCE, 'Example.cs', branches)
    both = [branch.text for branch in branches if branch.values == (True, False)]
    assert both == ['a > 1', 'a == 5', 'b is string', 'b is int', 'a > 2']
    assert [branch.text for branch in branches if branch.values == (True,)] == [
        'case 1: return 3;',
        'default: return 4;',
        'catch (System.Exception) { return 5; }',
    ]


def test_the_engine_compiles_with_its_branches(tmp_path: Path) -> None:
    branches: list[Branch] = []
    for path in SOURCES:
        (tmp_path / path.name).write_bytes(instrument(path.read_bytes(), path.name, branches))
    (tmp_path / '_Coverage.cs').write_text(RECORDER)
    assert compile_in_pwsh(sorted(tmp_path.glob('*.cs'))) == ''
    assert len(branches) > 100
