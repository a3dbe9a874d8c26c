(function () {
  'use strict';

  var units = {d: 86400, h: 3600, min: 60, s: 1};
  var names = new Intl.Collator(undefined, {numeric: true, sensitivity: 'base'});

  function all(selector, root) {
    return Array.prototype.slice.call((root || document).querySelectorAll(selector));
  }

  function button(text) {
    var made = document.createElement('button');
    made.type = 'button';
    made.textContent = text;
    return made;
  }

  // A number, a duration such as "2 h 30 min" in seconds, a text, or "" for what is unknown.
  function value(cell) {
    var text = cell && cell.colSpan === 1 ? cell.textContent.trim() : '';
    if (/^\d+(\.\d+)?$/.test(text)) { return Number(text); }
    var duration = /^(?:\d+ (?:d|h|min|s)(?: |\?|$))+/.exec(text), seconds = 0;
    if (!duration) { return text; }
    duration[0].replace(/(\d+) (d|h|min|s)/g, function (_, count, unit) { seconds += count * units[unit]; });
    return seconds;
  }

  function compare(a, b) {
    var text = (typeof a === 'string') - (typeof b === 'string');
    return text || (typeof a === 'string' ? names.compare(a, b) : a - b);
  }

  // Unknown values stay last in both directions.
  function sort(table, column, down) {
    var grouped = table.classList.contains('groups');
    var parent = grouped ? table : table.tBodies[0];
    var keyed = all(':scope > ' + (grouped ? 'tbody' : 'tr'), parent).map(function (row, at) {
      return {row: row, at: at, key: value((grouped ? row.rows[0] : row).cells[column])};
    });
    keyed.sort(function (a, b) {
      if (a.key === '' || b.key === '') { return (a.key === '') - (b.key === '') || a.at - b.at; }
      return (down ? compare(b.key, a.key) : compare(a.key, b.key)) || a.at - b.at;
    });
    keyed.forEach(function (one) { parent.appendChild(one.row); });
    Array.prototype.forEach.call(table.tHead.rows[0].cells, function (cell, at) {
      if (at === column) {
        cell.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      } else {
        cell.removeAttribute('aria-sort');
      }
    });
  }

  all('table').forEach(function (table) {
    Array.prototype.forEach.call(table.tHead.rows[0].cells, function (heading, column) {
      var made = button(heading.textContent);
      heading.textContent = '';
      heading.appendChild(made);
      made.addEventListener('click', function () {
        sort(table, column, heading.getAttribute('aria-sort') === 'ascending');
      });
    });
  });

  var tools = document.querySelector('.tools');
  var box = tools.querySelector('input'), count = tools.querySelector('output');
  var fold = tools.querySelector('.fold'), order = tools.querySelector('select');
  var views = all('.views button').map(function (made) {
    return {button: made, section: document.getElementById(made.dataset.view)};
  }).filter(function (view) { return view.section; });
  var current = views[0];
  var marks = [];

  function show(view) {
    current = view;
    views.forEach(function (one) {
      one.section.hidden = one !== view;
      one.button.setAttribute('aria-pressed', one === view);
    });
    order.textContent = '';
    Array.prototype.forEach.call(view.section.querySelector('.groups').tHead.rows[0].cells, function (heading, at) {
      order.appendChild(new Option(heading.textContent, at));
    });
    search();
    label();
  }

  // One part of a table that a search shows or hides: a row, or a group of rows under a heading row.
  var simple = all('table.rows > tbody > tr').map(function (row) {
    return {row: row, text: row.textContent.toLowerCase()};
  });
  var groups = all('table.groups > tbody').map(function (body) {
    var details = body.querySelector('details');
    return {
      body: body,
      head: body.rows[0],
      title: body.rows[0].textContent.toLowerCase(),
      text: body.textContent.toLowerCase(),
      details: details,
      open: details && details.open,
      rows: null
    };
  });

  function rows(group) {
    group.rows = group.rows || (group.details ? all('.in > tbody > tr, p', group.details) : []).map(function (row) {
      return {row: row, text: row.textContent.toLowerCase()};
    });
    return group.rows;
  }

  function unmark() {
    marks.forEach(function (mark) {
      var parent = mark.parentNode;
      parent.replaceChild(document.createTextNode(mark.textContent), mark);
      parent.normalize();
    });
    marks = [];
  }

  function mark(root, wanted) {
    var walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT), found = [], node, at;
    while ((node = walker.nextNode())) { found.push(node); }
    found.forEach(function (text) {
      while (marks.length < 1000 && (at = text.data.toLowerCase().indexOf(wanted)) >= 0) {
        // The lower case of a few letters is longer than they are.
        if (at + wanted.length > text.length) { break; }
        var hit = text.splitText(at), made = document.createElement('mark');
        text = hit.splitText(wanted.length);
        hit.parentNode.replaceChild(made, hit);
        made.appendChild(hit);
        marks.push(made);
      }
    });
  }

  function filter(group, wanted) {
    var hit = !wanted || group.text.indexOf(wanted) >= 0;
    var whole = !wanted || group.title.indexOf(wanted) >= 0;
    group.body.hidden = !hit;
    if (hit || group.rows) {
      rows(group).forEach(function (one) {
        one.row.hidden = !whole && one.text.indexOf(wanted) < 0;
      });
    }
    if (group.details) { group.details.open = wanted && hit && !whole ? true : group.open; }
    if (wanted && hit) { mark(group.body, wanted); }
    return hit;
  }

  function search() {
    var wanted = box.value.trim().toLowerCase(), left = 0, whole = 0;
    unmark();
    simple.forEach(function (one) {
      one.row.hidden = wanted && one.text.indexOf(wanted) < 0;
      if (wanted && !one.row.hidden) { mark(one.row, wanted); }
    });
    all('table.rows').forEach(function (table) {
      table.closest('section').hidden = !table.querySelector('tbody > tr:not([hidden])');
    });
    groups.forEach(function (group) {
      var counts = current.section.contains(group.body), hit = filter(group, wanted);
      whole += counts;
      left += counts && hit;
    });
    var noun = current.section.id === 'by-host' ? ' hosts' : ' users';
    // A page of a large fleet lists the users with the most sessions only.
    if (current.section.querySelector('.more')) { noun = ' listed' + noun; }
    count.textContent = wanted ? left + ' of ' + whole + noun : '';
  }

  function inView() {
    return groups.filter(function (group) { return group.details && current.section.contains(group.body); });
  }

  function label() {
    var folded = inView().some(function (group) { return !group.open; });
    fold.textContent = folded ? 'Open all' : 'Close all';
  }

  tools.hidden = false;
  box.addEventListener('input', search);
  order.addEventListener('change', function () {
    sort(current.section.querySelector('.groups'), Number(order.value), Number(order.value) > 1);
  });
  fold.addEventListener('click', function () {
    var open = fold.textContent === 'Open all';
    inView().forEach(function (group) { group.details.open = group.open = open; });
    label();
  });
  groups.forEach(function (group) {
    if (group.details) {
      group.details.addEventListener('toggle', function () {
        if (!box.value.trim()) {
          group.open = group.details.open;
          label();
        }
      });
    }
  });
  views.forEach(function (view) {
    view.button.addEventListener('click', function () { show(view); });
  });
  tools.querySelector('.views').hidden = views.length < 2;
  show(current);
})();
