# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``python -m winhost``: serves, shows and changes simulated hosts."""

import sys

from winhost.cli import main

sys.exit(main())
