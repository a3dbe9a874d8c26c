# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis

# A module call takes half of the time. Measurements and the demonstration compile in each call, as Windows does.
os.environ.setdefault('WINHOST_COMPILED', str(Path(__file__).resolve().parents[1] / '.cache' / 'compiled'))

# No deadline: how long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile('project', deadline=None, print_blob=True, derandomize=True)
hypothesis.settings.register_profile('search', deadline=None, print_blob=True, max_examples=1000)
hypothesis.settings.load_profile(os.environ.get('HYPOTHESIS_PROFILE', 'project'))
