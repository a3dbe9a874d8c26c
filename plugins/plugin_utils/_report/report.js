(function () {
  'use strict';
  var units = {d: 86400, h: 3600, min: 60, s: 1};
  function value(cell) {
    var text = cell ? cell.textContent.trim() : '', seconds = 0, found = false;
    if (/^\d+(\.\d+)?$/.test(text)) { return Number(text); }
    text.replace(/^(?:\d+ (?:d|h|min|s)(?: |\?|$))+/, function (all) {
      found = true;
      all.replace(/(\d+) (d|h|min|s)/g, function (_, n, unit) { seconds += n * units[unit]; });
    });
    return found ? seconds : text;
  }
  var names = new Intl.Collator(undefined, {numeric: true, sensitivity: 'base'});
  function compare(a, b) {
    var text = (typeof a === 'string') - (typeof b === 'string');
    return text || (typeof a === 'string' ? names.compare(a, b) : a - b);
  }
  function sort(table, column, heading) {
    var down = heading.getAttribute('aria-sort') === 'ascending';
    var grouped = table.classList.contains('hosts');
    var parent = grouped ? table : table.tBodies[0];
    var rows = Array.prototype.slice.call(grouped ? table.tBodies : parent.rows);
    var keyed = rows.map(function (row, at) {
      return {row: row, at: at, key: value((grouped ? row.rows[0] : row).cells[column])};
    });
    keyed.sort(function (a, b) {
      if (a.key === '' || b.key === '') { return (a.key === '') - (b.key === '') || a.at - b.at; }
      return (down ? compare(b.key, a.key) : compare(a.key, b.key)) || a.at - b.at;
    });
    keyed.forEach(function (one) { parent.appendChild(one.row); });
    Array.prototype.forEach.call(heading.parentNode.cells, function (cell) { cell.removeAttribute('aria-sort'); });
    heading.setAttribute('aria-sort', down ? 'descending' : 'ascending');
  }
  document.querySelectorAll('table').forEach(function (table) {
    if (!table.tHead) { return; }
    Array.prototype.forEach.call(table.tHead.rows[0].cells, function (heading, column) {
      var button = document.createElement('button');
      button.type = 'button';
      button.textContent = heading.textContent;
      heading.textContent = '';
      heading.appendChild(button);
      button.addEventListener('click', function () { sort(table, column, heading); });
    });
  });
  var tools = document.querySelector('.tools'), hosts = document.querySelector('table.hosts');
  if (!tools || !hosts) { return; }
  var box = tools.querySelector('input'), count = tools.querySelector('output'), fold = tools.querySelector('button');
  var groups = Array.prototype.map.call(hosts.tBodies, function (body) {
    return {body: body, text: body.textContent.toLowerCase(), fold: body.querySelector('details')};
  });
  tools.hidden = false;
  box.addEventListener('input', function () {
    var wanted = box.value.trim().toLowerCase(), left = 0;
    groups.forEach(function (group) {
      var hit = !wanted || group.text.indexOf(wanted) >= 0;
      group.body.hidden = !hit;
      left += hit ? 1 : 0;
      if (wanted && hit && group.fold) { group.fold.open = true; }
    });
    count.textContent = wanted ? left + ' of ' + groups.length + ' hosts' : '';
  });
  fold.addEventListener('click', function () {
    var open = fold.getAttribute('aria-pressed') !== 'true';
    fold.setAttribute('aria-pressed', open);
    fold.textContent = open ? 'Close all' : 'Open all';
    groups.forEach(function (group) { if (group.fold) { group.fold.open = open; } });
  });
})();
