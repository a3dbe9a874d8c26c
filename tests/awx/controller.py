# Copyright: (c) 2026, the winops.sessions authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A simulated AWX for the modules of awx.awx: the REST API of job templates, workflows and schedules.

It stores items and refuses those that AWX refuses: an invalid survey, a playbook that is not in the project, a field
that the template does not prompt for, answers to unknown questions.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from awx import survey
from awx.survey import Refused

Item = dict[str, Any]

API = '/api/v2/'
#: Kinds of items that can be run, and that the API also lists together.
RUNNABLE = ('job_templates', 'workflow_job_templates', 'projects', 'workflow_approval_templates')
#: The lists of other items that an item has, by its kind.
LINKS = {
    'job_templates': {'credentials', 'notification_templates_success', 'notification_templates_error'},
    'roles': {'teams'},
    'workflow_job_template_nodes': {'success_nodes', 'failure_nodes', 'always_nodes', 'credentials'},
    'workflow_job_templates': set(),
    'schedules': {'credentials'},
}


class NotFound(Exception):
    """No item has this address."""


class Controller:
    """A simulated AWX.

    :ivar items: its items by kind, such as ``job_templates``, and ID.
    :ivar requests: method and path of each request that would change something.
    """

    def __init__(self, playbooks: Callable[[Item, str], bool], version: str) -> None:
        """Create an AWX with the items that exist in every AWX.

        :param playbooks: whether a project has a playbook.
        :param version: the version that it reports.
        """
        self.items: dict[str, dict[int, Item]] = {}
        self.requests: list[tuple[str, str]] = []
        self._has_playbook = playbooks
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        controller = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def handle_any(self) -> None:
                length = int(self.headers.get('Content-Length') or 0)
                data = json.loads(self.rfile.read(length) or b'{}')
                with controller._lock:
                    status, answer = controller.answer(self.command, self.path, data)
                body = b'' if answer is None else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header('Content-Type', 'application/json')
                self.send_header('Content-Length', str(len(body)))
                self.send_header('X-API-Product-Name', 'AWX')
                self.send_header('X-API-Product-Version', version)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PATCH = do_DELETE = handle_any

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Controller:
        """Start the server."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Its address."""
        return f'http://127.0.0.1:{self._server.server_port}'

    def add(self, kind: str, **fields: Any) -> Item:
        """Add an item without validating it."""
        number = next(self._ids)
        url = f'{API}{kind}/{number}/'
        item = {'type': kind.removesuffix('s'), 'related': {}, 'summary_fields': {}} | fields
        item |= {'id': number, 'url': url} | {name: [] for name in LINKS.get(kind, ())}
        if kind in {'job_templates', 'workflow_job_templates'}:
            item['survey'] = {}
            item['related']['survey_spec'] = f'{url}survey_spec/'
            item['summary_fields'] = {'object_roles': {'execute_role': {'id': self.add('roles')['id']}}}
        if kind == 'projects':
            # AWX updates a new project at once, and the module waits for it.
            item['scm_revision'] = ''
            item['summary_fields']['current_update'] = {'id': self.add('project_updates', status='successful')['id']}
        self.items.setdefault(kind, {})[number] = item
        return item

    def named(self, kind: str, name: str) -> Item:
        """Return the item of a kind with this name or, for nodes, identifier."""
        (found,) = (item for item in self.items[kind].values() if name in (item.get('name'), item.get('identifier')))
        return found

    def answer(self, method: str, path: str, data: Item) -> tuple[int, Any]:
        """Process a request.

        :param method: ``GET``, ``POST`` or ``PATCH``.
        :param path: with its query.
        :param data: the body.
        :returns: the status and the body of the response.
        """
        if method != 'GET':
            self.requests.append((method, path))
        address = urlsplit(path)
        kind, number, part = [*address.path.removeprefix(API).strip('/').split('/'), '', ''][:3]
        try:
            if not number:
                return self._list(kind, dict(parse_qsl(address.query))) if method == 'GET' else self._new(kind, data)
            try:
                item = self.items[kind][int(number)]
            except (KeyError, ValueError) as error:
                raise NotFound(path) from error
            if not part:
                return (200, item) if method == 'GET' else self._change(kind, item, data)
            return self._part(kind, item, part, method, data)
        except Refused as error:
            return 400, {'error': str(error)}
        except NotFound:
            return 404, {'detail': f'{path}: not found'}

    def _list(self, kind: str, query: dict[str, str]) -> tuple[int, Item]:
        kinds = RUNNABLE if kind == 'unified_job_templates' else (kind,)
        candidates: Iterator[Item] = (item for each in kinds for item in self.items.get(each, {}).values())
        # A filter on a field that the item does not have is ignored: an execution environment may have no organization.
        found = [item for item in candidates if all(str(item.get(key, value)) == value for key, value in query.items())]
        return 200, {'count': len(found), 'next': None, 'results': found}

    def _new(self, kind: str, data: Item) -> tuple[int, Item]:
        self._check(kind, data)
        return 201, self.add(kind, **data)

    def _change(self, kind: str, item: Item, data: Item) -> tuple[int, Item]:
        self._check(kind, item | data)
        item.update(data)
        return 200, item

    def _part(self, kind: str, item: Item, part: str, method: str, data: Item) -> tuple[int, Any]:
        if part == 'survey_spec' and kind in {'job_templates', 'workflow_job_templates'}:
            if method == 'POST':
                survey.check(data)
                item['survey'] = data
            return 200, item['survey']
        if part == 'create_approval_template' and kind == 'workflow_job_template_nodes':
            approval = self.add('workflow_approval_templates', **data)
            item['related']['unified_job_template'] = approval['url']
            item['unified_job_template'] = approval['id']
            return 201, approval
        if part not in LINKS.get(kind, ()):
            raise NotFound(part)
        if method == 'GET':
            return 200, {
                'count': len(item[part]),
                'next': None,
                'results': [{'id': number} for number in item[part]],
            }
        if data.get('disassociate'):
            item[part].remove(data['id'])
        else:
            item[part].append(data['id'])
        return 204, None

    def _check(self, kind: str, data: Item) -> None:
        if kind == 'job_templates' and not self._has_playbook(
            self.items['projects'][data['project']], data['playbook']
        ):
            raise Refused(f'playbook: the project has no {data["playbook"]}')
        if kind == 'schedules':
            survey.check_rrule(data['rrule'])
        if kind in {'schedules', 'workflow_job_template_nodes'} and 'unified_job_template' in data:
            template = self.items['job_templates'].get(data['unified_job_template'])
            if template is None:
                return
            if 'job_type' in data and not template['ask_job_type_on_launch']:
                raise Refused(f'job_type: {template["name"]} does not ask for it')
            if kind == 'schedules':
                survey.check_answers(template['survey'], data.get('extra_data', {}))
