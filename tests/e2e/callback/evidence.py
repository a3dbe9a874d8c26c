# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writes each task's result on each host as a line of JSON into the file that E2E_EVIDENCE names."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: evidence
type: notification
short_description: Results as lines of JSON
description: Writes each task's result on each host as a line of JSON into the file that E2E_EVIDENCE names.
"""


class CallbackModule(CallbackBase):
    """Writes results down."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = 'notification'
    CALLBACK_NAME = 'evidence'

    def _write(self, status: str, done: Any) -> None:
        line = {'task': done.task.name, 'host': done.host.name, 'status': status, 'result': done.result}
        with open(os.environ['E2E_EVIDENCE'], 'a', encoding='utf-8') as file:
            file.write(json.dumps(line) + '\n')

    def v2_runner_on_ok(self, result: Any) -> None:
        self._write('ok', result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._write('failed', result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._write('unreachable', result)
