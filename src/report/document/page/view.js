/**
 * Owns a report's page in the browser: what stands where, and what happens when somebody types, clicks or comes by a link.
 * What comes from a run gets into the page as text alone; of long lists, only what is on the screen is there at all.
 */
import {
  STRIDE,
  chooseTicks,
  collectMeasures,
  countByRange,
  countResults,
  createFinder,
  findMedian,
  findResult,
  formatAmount,
  formatDuration,
  kindOfLine,
  nameStatus,
  readAddress,
  resultAt,
  rowsInView,
  shortenName,
  writeAddress,
} from './model.js';

/** @import {Detail, Failure, Host, Measured, PageData, Wanted} from './model.js' */

const ROW = 26;
const MOST_FAILURES = 20;
const MOST_NAMES = 30;
const MOST_RESULTS = 300;
const MOST_TASKS = 15;
const MOST_BARS = 10;
const MOST_CHANGES = 8;

/** Marks of the cells, for who cannot tell the colours apart. @type {Record<string, string>} */
const cellMarks = {
  failed: '✗',
  unreachable: '!',
  unknown: '?',
  interrupted: '–',
  halted: '=',
  'not-tried': '·',
  running: '▸',
  waiting: '…',
  done: '',
};

/**
 * @param {string} name
 * @param {Record<string, string>} [attributes]
 * @param {(Node | string)[]} children
 * @returns {HTMLElement}
 */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
function find(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

/**
 * What a section is filled with stands in its one child that is no heading.
 * @param {string} id
 * @returns {HTMLElement}
 */
function bodyOf(id) {
  const body = find(id).querySelector('div');
  if (!body) throw new Error(`#${id} has no body`);
  return body;
}

/** @param {PageData} data */
function showPage(data) {
  const places = new Map(data.hosts.map(({ name }, i) => [name, i]));
  const findHosts = createFinder(data);
  /** @type {Wanted} */
  let wanted = {};
  /** Numbers of the hosts that are found, in the order of the lists. @type {number[]} */
  let shown = [];

  const list = createList();
  const cells = createCells();
  const lanes = createLanes();

  /** @param {Wanted} changes */
  function go(changes) {
    history.replaceState(null, '', writeAddress({ ...wanted, ...changes }));
    update();
  }

  /** @param {number} host */
  function open(host) {
    // As an entry of its own, so that the browser's way back leads to where one was.
    location.hash = writeAddress({ ...wanted, host: data.hosts[host].name });
  }

  function update() {
    const before = wanted;
    wanted = readAddress(location.hash);
    if (before.query !== wanted.query || before.outcome !== wanted.outcome || shown.length === 0) {
      shown = findHosts(wanted);
      find('found').textContent =
        shown.length === data.hosts.length
          ? `${shown.length} hosts`
          : `${shown.length} of ${data.hosts.length} hosts`;
      const search = /** @type {HTMLInputElement} */ (find('search'));
      if (document.activeElement !== search) search.value = wanted.query ?? '';
      for (const button of find('outcomes').querySelectorAll('button'))
        button.setAttribute('aria-pressed', String(button.dataset.outcome === wanted.outcome));
      cells.update();
    }
    if (before.host !== wanted.host) showHost();
    cells.select();
    list.update();
    lanes.update();
  }

  /** @returns {number} -1: none */
  function chosen() {
    return wanted.host === undefined ? -1 : (places.get(wanted.host) ?? -1);
  }

  // --- head and filter --------------------------------------------------------------------------------------------

  function showHead() {
    const { run, said } = data;
    find('title').textContent = `${run.playbooks.join(' ')}${run.check ? ' (check mode)' : ''}`;
    find('facts').textContent =
      `${said.summary}; started ${run.startedAt.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')}`;
    if (said.state !== undefined) {
      find('state').hidden = false;
      find('state').textContent = said.state;
    }
    const notes = [
      `Run ${run.id} by zrun ${run.version}`,
      ...(run.exitCode === undefined ? [] : [`exit code ${run.exitCode}`]),
      ...(run.resumes === undefined ? [] : [`resumes run ${run.resumes}`]),
      ...(run.hasTimes ? [] : ['the journal has no times: those here are reckoned from durations']),
      ...(run.isWhole ? [] : ["some output is left out here: the hosts' logs in the run's folder have it"]),
    ];
    find('foot').textContent = `${notes.join('; ')}. Keys: / finds, arrows move, Enter opens, Esc closes.`;
    data.outcomes.forEach((outcome, number) => {
      const count = data.hosts.filter((host) => host.outcome === number).length;
      if (count === 0) return;
      const button = element(
        'button',
        { type: 'button', 'aria-pressed': 'false', 'data-outcome': outcome, class: outcome },
        `${count} ${outcome.replace('-', ' ')}`,
      );
      button.addEventListener('click', () =>
        go({ outcome: wanted.outcome === outcome ? undefined : outcome }),
      );
      find('outcomes').append(button);
    });
    const search = /** @type {HTMLInputElement} */ (find('search'));
    search.addEventListener('input', () => go({ query: search.value }));
    find('filter').addEventListener('submit', (event) => event.preventDefault());
  }

  // --- failures ---------------------------------------------------------------------------------------------------

  /**
   * @param {string} section
   * @param {Failure[]} failures
   */
  function showFailures(section, failures) {
    if (failures.length === 0) return;
    find(section).hidden = false;
    const body = bodyOf(section);
    body.append(...failures.slice(0, MOST_FAILURES).map(describeFailure));
    addMore(body, failures.length - MOST_FAILURES, 'causes', () =>
      failures.slice(MOST_FAILURES).map(describeFailure),
    );
  }

  /** @param {Failure} failure */
  function describeFailure({ outcome, hosts, task, detail, areNumbersOther, cause }) {
    const word = data.outcomes[outcome];
    const names = element('p', { class: 'names' }, ...hosts.slice(0, MOST_NAMES).map(linkTo));
    addMore(names, hosts.length - MOST_NAMES, 'hosts', () => hosts.slice(MOST_NAMES).map(linkTo));
    const on = hosts.length === 1 ? '' : ` on ${hosts.length} hosts`;
    const where = task < 0 ? '' : `, in task ‘${data.tasks[task].name}’`;
    const made = element(
      'article',
      {},
      element(
        'h3',
        {},
        element('span', { class: word }, word === 'done' ? 'rescued' : word.replace('-', ' ')),
        `${on}${where}`,
      ),
      names,
    );
    if (areNumbersOther)
      made.append(
        element(
          'p',
          { class: 'quiet' },
          `On ${data.hosts[hosts[0]].name}; numbers differ from host to host:`,
        ),
      );
    if (detail >= 0) made.append(...describeDetail(data.details[detail]));
    if (cause) made.append(element('p', {}, `It began with task ‘${cause.task}’: ${cause.message}`));
    if (task >= 0) made.append(element('p', { class: 'quiet mono' }, data.tasks[task].at));
    return made;
  }

  /** @param {number} host */
  function linkTo(host) {
    const { name } = data.hosts[host];
    const link = element('a', { href: writeAddress({ host: name }) }, name);
    link.addEventListener('click', (event) => follow(event, host));
    return link;
  }

  /**
   * A link's own address knows nothing of what is searched for: that stays, unless the link goes elsewhere.
   * @param {MouseEvent} event
   * @param {number} host
   */
  function follow(event, host) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    open(host);
  }

  /**
   * @param {HTMLElement} to
   * @param {number} left
   * @param {string} what
   * @param {() => Node[]} make
   */
  function addMore(to, left, what, make) {
    if (left <= 0) return;
    const button = element('button', { type: 'button', class: 'more' }, `${left} more ${what}`);
    button.addEventListener('click', () => button.replaceWith(...make()));
    to.append(button);
  }

  // --- details ----------------------------------------------------------------------------------------------------

  /**
   * Text as it is. What is long scrolls, which needs the focus where there is no mouse.
   * @param {(Node | string)[]} content
   */
  function textBox(...content) {
    return element('pre', { tabindex: '0' }, ...content);
  }

  /**
   * @param {Detail} detail
   * @returns {HTMLElement[]}
   */
  function describeDetail({ texts, problem, diffs = [], items = [] }) {
    const made = [];
    if ('destroys' in texts)
      made.push(element('p', { class: 'alarm' }, `Destroys: ${data.strings[texts.destroys]}`));
    if ('attempts' in texts) made.push(element('p', {}, data.strings[texts.attempts]));
    if ('message' in texts) made.push(textBox(data.strings[texts.message]));
    if ('waitsFor' in texts) made.push(element('p', {}, `Waits for ‘${data.strings[texts.waitsFor]}’`));
    if (problem) made.push(...describeProblem(problem));
    for (const diff of diffs) made.push(describeDiff(data.strings[diff]));
    for (const name of ['stdout', 'stderr'])
      if (name in texts)
        made.push(element('p', { class: 'quiet' }, name), textBox(data.strings[texts[name]]));
    for (const { label, status, summary, ms, detail } of items) {
      const { word, kind } = nameStatus(data, status & 7, (status & 8) !== 0, false);
      const text = data.strings[summary];
      made.push(
        element(
          'p',
          {},
          element('span', { class: kind }, word),
          ` (item ${data.strings[label]})${text === '' ? '' : `: ${text}`}, ${formatDuration(ms)}`,
        ),
      );
      if (detail >= 0) made.push(...describeDetail(data.details[detail]));
    }
    return made;
  }

  /** @param {import('./model.js').Problem} problem */
  function describeProblem({ code, status, texts }) {
    const said = (/** @type {string} */ name) => (name in texts ? data.strings[texts[name]] : undefined);
    const made = [element('p', {}, said('message') ?? code)];
    const command = said('command');
    if (command !== undefined)
      made.push(textBox(`$ ${command}${status === undefined ? '' : `\n(exit code ${status})`}`));
    for (const name of ['stdout', 'stderr']) {
      const text = said(name);
      if (text !== undefined) made.push(element('p', { class: 'quiet' }, name), textBox(text));
    }
    const hint = said('hint');
    if (hint !== undefined) made.push(element('p', {}, `Hint: ${hint}`));
    const at = said('at');
    if (at !== undefined) made.push(element('p', { class: 'quiet mono' }, at));
    return made;
  }

  /** @param {string} text */
  function describeDiff(text) {
    const lines = text.split('\n').map((line) => element('span', { class: kindOfLine(line) }, `${line}\n`));
    return textBox(...lines);
  }

  // --- one host ---------------------------------------------------------------------------------------------------

  function showHost() {
    const number = chosen();
    const section = find('host');
    section.hidden = number < 0;
    const body = bodyOf('host');
    body.replaceChildren();
    if (number < 0) return;
    const host = data.hosts[number];
    const outcome = data.outcomes[host.outcome];
    find('host-title').replaceChildren(
      `${host.name}: `,
      element('span', { class: outcome }, outcome.replace('-', ' ')),
    );
    const close = element('button', { type: 'button', class: 'more' }, 'close');
    close.addEventListener('click', () => go({ host: undefined }));
    body.append(element('p', {}, `${describeCounts(host)}; ${describeTimes(host)} `, close));
    if (host.pending.length > 0)
      body.append(element('p', { class: 'alarm' }, `Handlers not run: ${host.pending.join(', ')}`));
    const count = countResults(host);
    const isTold = findBad(host);
    if (host.problem >= 0 && !isTold) body.append(...describeDetail(data.details[host.problem]));
    const rows = (/** @type {number} */ from, /** @type {number} */ to) =>
      Array.from({ length: Math.max(0, to - from) }, (_, i) => describeResult(host, from + i));
    body.append(...rows(0, Math.min(count, MOST_RESULTS)));
    addMore(body, count - MOST_RESULTS, 'tasks', () => rows(MOST_RESULTS, count));
    section.scrollIntoView({ block: 'nearest' });
  }

  /** @param {Host} host */
  function findBad(host) {
    for (let i = 0; i < countResults(host); i++) {
      const { status, detail } = resultAt(host, i);
      if (['failed', 'unreachable', 'unknown'].includes(data.statuses[status]) && detail >= 0) return true;
    }
    return false;
  }

  /** @param {Host} host */
  function describeCounts({ counts }) {
    const said = counts.flatMap((count, i) => (count > 0 ? [`${count} ${data.counted[i]}`] : []));
    return said.length === 0 ? 'no task' : said.join(', ');
  }

  /** @param {Host} host */
  function describeTimes({ start, end, connectMs }) {
    if (start === undefined || end === undefined) return 'not begun';
    const connected = connectMs === undefined ? '' : `, connecting ${formatDuration(connectMs)}`;
    return `from ${formatDuration(start)} for ${formatDuration(end - start)}${connected}`;
  }

  /**
   * @param {Host} host
   * @param {number} i
   */
  function describeResult(host, i) {
    const { task, status, isIgnored, isRescued, ms, summary, detail } = resultAt(host, i);
    const { word, kind } = nameStatus(data, status, isIgnored, isRescued);
    const text = data.strings[summary];
    const head = [
      element('span', { class: 'ms quiet' }, formatDuration(ms)),
      element('strong', { class: kind }, word),
      ` ${data.tasks[task].name}${text === '' ? '' : `: ${text}`}`,
    ];
    if (detail < 0) return element('div', { class: 'result' }, ...head);
    const made = /** @type {HTMLDetailsElement} */ (element('details', {}, element('summary', {}, ...head)));
    made.addEventListener('toggle', () => {
      if (!made.open || made.childElementCount > 1) return;
      const { module, at } = data.tasks[task];
      made.append(...describeDetail(data.details[detail]));
      made.append(element('p', { class: 'quiet mono' }, `${module} at ${at}`));
    });
    if (kind === 'failed' || kind === 'unreachable') made.open = true;
    return made;
  }

  // --- a cell for each host ---------------------------------------------------------------------------------------

  function createCells() {
    const box = find('cells');
    const made = data.hosts.map(({ name, outcome }) => {
      const word = data.outcomes[outcome];
      const label = `${name}: ${word.replace('-', ' ')}`;
      const link = { href: writeAddress({ host: name }), title: label, 'aria-label': label, tabindex: '-1' };
      return element('a', { ...link, class: word }, cellMarks[word] ?? '');
    });
    box.append(...made);
    if (made[0]) made[0].tabIndex = 0;
    find('legend').textContent = Object.entries(cellMarks)
      .filter(([word]) => data.hosts.some((host) => data.outcomes[host.outcome] === word))
      .map(([word, mark]) => `${mark === '' ? '■' : mark} ${word.replace('-', ' ')}`)
      .join('   ');
    box.addEventListener('click', (event) => {
      const host = made.indexOf(/** @type {HTMLElement} */ (event.target));
      if (host >= 0) follow(event, host);
    });
    box.addEventListener('keydown', (event) => {
      const at = made.indexOf(/** @type {HTMLElement} */ (document.activeElement));
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const next = step === undefined || at < 0 ? undefined : made[at + step];
      if (!next) return;
      event.preventDefault();
      made[at].tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    });
    /** @type {HTMLElement | undefined} */
    let current;
    return {
      update() {
        const found = new Set(shown);
        made.forEach((cell, i) => cell.classList.toggle('out', !found.has(i)));
      },
      select() {
        current?.removeAttribute('aria-current');
        current = made[chosen()];
        current?.setAttribute('aria-current', 'true');
      },
    };
  }

  // --- the list of hosts ------------------------------------------------------------------------------------------

  function createList() {
    const box = find('list');
    const inside = /** @type {HTMLElement} */ (box.firstElementChild);
    const columns = ['host', 'outcome', 'tasks', 'took'].map((word) => element('span', {}, word));
    find('hosts')
      .querySelector('.columns')
      ?.append(...columns);
    let active = 0;

    /**
     * @param {number} from
     * @param {number} to
     */
    function draw(from, to) {
      inside.replaceChildren(
        ...shown.slice(from, to).map((number, i) => {
          const host = data.hosts[number];
          const word = data.outcomes[host.outcome];
          const took =
            host.start === undefined || host.end === undefined ? '' : formatDuration(host.end - host.start);
          const row = element(
            'div',
            {
              class: 'row',
              role: 'option',
              id: `row-${from + i}`,
              'aria-selected': String(from + i === active),
              'aria-setsize': String(shown.length),
              'aria-posinset': String(from + i + 1),
            },
            element('span', {}, host.name),
            element('span', { class: word }, word.replace('-', ' ')),
            element('span', { class: 'quiet' }, describeCounts(host)),
            element('span', { class: 'quiet' }, took),
          );
          row.style.top = `${(from + i) * ROW}px`;
          row.addEventListener('click', () => {
            active = from + i;
            open(number);
          });
          return row;
        }),
      );
      if (shown.length > 0) box.setAttribute('aria-activedescendant', `row-${active}`);
      else box.removeAttribute('aria-activedescendant');
    }

    function drawView() {
      // Before the box is measured, which is no higher than what is in it.
      inside.style.height = `${shown.length * ROW}px`;
      const { scrollTop, clientHeight: height } = box;
      const { from, to } = rowsInView({ scrollTop, height, rowHeight: ROW, count: shown.length });
      draw(from, to);
    }

    box.addEventListener('scroll', drawView, { passive: true });
    box.addEventListener('keydown', (event) => {
      const page = Math.max(1, Math.floor(box.clientHeight / ROW) - 1);
      const last = shown.length - 1;
      const to = {
        ArrowDown: active + 1,
        ArrowUp: active - 1,
        PageDown: active + page,
        PageUp: active - page,
        Home: 0,
        End: last,
      }[event.key];
      if (event.key === 'Enter' && shown[active] !== undefined) open(shown[active]);
      if (to === undefined) return;
      event.preventDefault();
      active = Math.min(last, Math.max(0, to));
      if (active * ROW < box.scrollTop) box.scrollTop = active * ROW;
      if ((active + 1) * ROW > box.scrollTop + box.clientHeight)
        box.scrollTop = (active + 1) * ROW - box.clientHeight;
      drawView();
    });
    addEventListener('beforeprint', () => draw(0, shown.length));
    addEventListener('afterprint', drawView);
    return {
      update() {
        const at = shown.indexOf(chosen());
        active = at >= 0 ? at : Math.min(active, Math.max(0, shown.length - 1));
        drawView();
      },
    };
  }

  // --- the timeline -----------------------------------------------------------------------------------------------

  function createLanes() {
    const box = find('lanes');
    const canvas = /** @type {HTMLCanvasElement} */ (box.querySelector('canvas'));
    const spacer = /** @type {HTMLElement} */ (box.querySelector('div'));
    const AXIS = 20;
    const total = Math.max(1, data.run.ms);
    let [lane, label, width] = [14, 150, 0];
    /** What the keys are at. */
    const cursor = { row: 0, result: -1 };

    function measure() {
      lane = shown.length <= 200 ? 14 : shown.length <= 1000 ? 6 : 3;
      label = Math.min(220, Math.max(60, box.clientWidth * 0.18));
      width = Math.max(1, box.clientWidth - label - 8);
      const content = shown.length * lane + AXIS;
      box.style.height = `${Math.min(480, content) + 2}px`;
      spacer.style.height = `${Math.max(0, content - Math.min(480, content))}px`;
    }

    function draw() {
      const [columns, rows] = [box.clientWidth, box.clientHeight];
      const ratio = devicePixelRatio || 1;
      canvas.width = columns * ratio;
      canvas.height = rows * ratio;
      canvas.style.width = `${columns}px`;
      canvas.style.height = `${rows}px`;
      const pen = canvas.getContext('2d');
      if (!pen) return;
      pen.scale(ratio, ratio);
      const colours = readColours();
      pen.font = '11px system-ui, sans-serif';
      pen.textBaseline = 'middle';
      for (const at of chooseTicks(total, Math.floor(width / 90))) {
        const x = label + (at / total) * width;
        pen.fillStyle = colours.line;
        pen.fillRect(x, AXIS - 4, 1, rows);
        pen.fillStyle = colours.quiet;
        pen.fillText(formatDuration(at), x + 3, 8);
      }
      const height = rows - AXIS;
      const { scrollTop } = box;
      const view = rowsInView({ scrollTop, height, rowHeight: lane, count: shown.length, spare: 1 });
      pen.save();
      pen.beginPath();
      pen.rect(0, AXIS, columns, height);
      pen.clip();
      for (let row = view.from; row < view.to; row++)
        drawLane(pen, colours, row, AXIS + row * lane - scrollTop);
      pen.restore();
    }

    /**
     * @param {CanvasRenderingContext2D} pen
     * @param {Record<string, string>} colours
     * @param {number} row
     * @param {number} top
     */
    function drawLane(pen, colours, row, top) {
      const host = data.hosts[shown[row]];
      if (shown[row] === chosen() || row === cursor.row) {
        pen.fillStyle = colours.raised;
        pen.fillRect(0, top, label + width + 8, lane);
      }
      if (lane >= 12) {
        pen.fillStyle = colours.text;
        const isFit = (/** @type {string} */ text) => pen.measureText(text).width <= label - 8;
        pen.fillText(shortenName(host.name, isFit), 4, top + lane / 2);
      }
      const { results } = host;
      for (let i = 0; i < results.length; i += STRIDE) {
        const marked = results[i + 1];
        const kind = marked >= 8 ? 'skipped' : data.statuses[marked];
        const x = label + (results[i + 2] / total) * width;
        pen.fillStyle = colours[kind] ?? colours.text;
        // Equal neighbours are told apart by the gap between them, where there is room for one.
        const long = (results[i + 3] / total) * width;
        pen.fillRect(x, top + 1, Math.max(1, long > 3 ? long - 1 : long), Math.max(1, lane - 2));
      }
    }

    /** @returns {Record<string, string>} */
    function readColours() {
      const style = getComputedStyle(document.documentElement);
      const of = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
      const [bad, changed] = [of('bad'), of('changed')];
      return {
        line: of('line'),
        quiet: of('quiet'),
        raised: of('raised'),
        text: of('text'),
        ok: of('ok'),
        changed,
        skipped: of('skipped'),
        failed: bad,
        unreachable: bad,
        unknown: of('unsure'),
        unfinished: of('text'),
      };
    }

    /**
     * @param {number} row
     * @param {number} result
     */
    function point(row, result) {
      const number = shown[row];
      if (number === undefined) {
        find('pointed').textContent = '';
        return;
      }
      const host = data.hosts[number];
      if (result < 0) {
        find('pointed').textContent = `${host.name}: ${data.outcomes[host.outcome].replace('-', ' ')}`;
        return;
      }
      const { task, status, isIgnored, isRescued, start, ms } = resultAt(host, result);
      const { word } = nameStatus(data, status, isIgnored, isRescued);
      find('pointed').textContent =
        `${host.name}: ${data.tasks[task].name}: ${word}, from ${formatDuration(start)} for ${formatDuration(ms)}`;
    }

    /** @param {MouseEvent} event */
    function rowAt(event) {
      const y = event.clientY - box.getBoundingClientRect().top - AXIS;
      return y < 0 ? -1 : Math.floor((y + box.scrollTop) / lane);
    }

    box.addEventListener('scroll', draw, { passive: true });
    box.addEventListener('mousemove', (event) => {
      const row = rowAt(event);
      const host = data.hosts[shown[row]];
      const x = event.clientX - box.getBoundingClientRect().left - label;
      point(row, host && x >= 0 ? findResult(host, (x / width) * total, (3 / width) * total) : -1);
    });
    box.addEventListener('click', (event) => {
      const number = shown[rowAt(event)];
      if (number !== undefined) open(number);
    });
    box.addEventListener('keydown', (event) => {
      const last = shown.length - 1;
      const host = data.hosts[shown[cursor.row]];
      if (event.key === 'Enter' && host) open(shown[cursor.row]);
      const down = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const right = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (down === undefined && right === undefined) return;
      event.preventDefault();
      if (down !== undefined) {
        cursor.row = Math.min(last, Math.max(0, cursor.row + down));
        cursor.result = -1;
        const [top, height] = [cursor.row * lane, box.clientHeight - AXIS];
        if (top < box.scrollTop) box.scrollTop = top;
        if (top + lane > box.scrollTop + height) box.scrollTop = top + lane - height;
      } else if (host && right !== undefined)
        cursor.result = Math.min(countResults(host) - 1, Math.max(0, cursor.result + right));
      draw();
      point(cursor.row, cursor.result);
    });
    const redraw = () => {
      measure();
      draw();
    };
    addEventListener('resize', redraw);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
    return {
      update() {
        cursor.row = Math.min(cursor.row, Math.max(0, shown.length - 1));
        redraw();
      },
    };
  }

  // --- the rest ---------------------------------------------------------------------------------------------------

  function showMeasures() {
    const { downtimes, changes } = collectMeasures(data);
    const durations = data.hosts.flatMap(({ start, end }, host) =>
      start === undefined || end === undefined ? [] : [{ host, value: end - start }],
    );
    const charts = [
      ...(durations.length > 1 ? [describeSpread('Hosts, from first to last task', durations)] : []),
      ...[...downtimes].map(([what, measured]) => describeSpread(`${what}: downtime`, measured)),
      ...[...changes].map(([what, { unit, hosts }]) => describeChange(what, unit, hosts)),
    ];
    if (charts.length === 0) return;
    find('measures').hidden = false;
    bodyOf('measures').append(...charts);
  }

  /**
   * How many hosts took how long, and which one longest.
   * @param {string} title
   * @param {Measured[]} measured
   */
  function describeSpread(title, measured) {
    const longest = measured.reduce((so, each) => (each.value > so.value ? each : so));
    const said = element('p', { class: 'quiet' }, `longest ${formatDuration(longest.value)} on `);
    said.append(linkTo(longest.host));
    if (measured.length > 1)
      said.append(`, median ${formatDuration(findMedian(measured).value)} of ${measured.length} hosts`);
    const bars = measured.length > 2 ? countByRange(measured, MOST_BARS) : [];
    const most = bars.reduce((so, { count }) => Math.max(so, count), 1);
    const rows = bars.map(({ from, to, count }) =>
      element(
        'tr',
        {},
        element('td', { class: 'number' }, `${formatDuration(from)} – ${formatDuration(to)}`),
        drawBar(count / most, ''),
        element('td', { class: 'number' }, String(count)),
      ),
    );
    return element('figure', {}, element('figcaption', {}, title), said, element('table', {}, ...rows));
  }

  /**
   * What was measured before and after, the greatest first.
   * @param {string} what
   * @param {string} unit
   * @param {{host: number, before: number, after: number}[]} hosts
   */
  function describeChange(what, unit, hosts) {
    const sorted = [...hosts].sort((a, b) => b.before - a.before);
    const top = sorted.reduce((so, { before, after }) => Math.max(so, before, after), 0) || 1;
    const median = (/** @type {'before' | 'after'} */ of) =>
      formatAmount(findMedian(hosts.map((each) => ({ host: each.host, value: each[of] }))).value, unit);
    const rowsOf = (/** @type {typeof hosts} */ some) =>
      some.flatMap(({ host, before, after }) => [
        element(
          'tr',
          {},
          element('td', {}, linkTo(host)),
          drawBar(before / top, 'before'),
          element('td', { class: 'number' }, `${formatAmount(before, unit)} before`),
        ),
        element(
          'tr',
          {},
          element('td', {}),
          drawBar(after / top, 'after'),
          element('td', { class: 'number' }, `${formatAmount(after, unit)} after`),
        ),
      ]);
    const table = element('table', {}, ...rowsOf(sorted.slice(0, MOST_CHANGES)));
    const figure = element('figure', {}, element('figcaption', {}, what), table);
    if (hosts.length > 1)
      figure.append(
        element('p', { class: 'quiet' }, `median ${median('before')} before, ${median('after')} after`),
      );
    addMore(figure, hosts.length - MOST_CHANGES, 'hosts', () => {
      table.append(...rowsOf(sorted.slice(MOST_CHANGES)));
      return [];
    });
    return figure;
  }

  /**
   * @param {number} part of the whole room
   * @param {string} kind
   */
  function drawBar(part, kind) {
    const bar = element('div', { class: `bar ${kind}` });
    bar.style.width = `${part * 100}%`;
    bar.hidden = part === 0;
    return element('td', { class: 'room' }, bar);
  }

  function showSlowest() {
    const tasks = data.tasks.filter(({ ms }) => ms > 0).sort((a, b) => b.ms - a.ms);
    if (tasks.length === 0) return;
    find('slowest').hidden = false;
    const most = tasks.reduce((so, { slowestMs }) => Math.max(so, slowestMs), 1);
    const head = ['task', 'hosts', 'mean', 'slowest', 'on', ''].map((word, i) =>
      i === 5
        ? element('td', {})
        : element('th', { scope: 'col', class: i > 0 && i < 4 ? 'number' : '' }, word),
    );
    const rows = tasks.slice(0, MOST_TASKS).map(({ name, hosts, ms, slowestMs, slowestHost }) => {
      const number = places.get(slowestHost);
      const number2 = (/** @type {string} */ text) => element('td', { class: 'number' }, text);
      const bar = {
        min: '0',
        max: String(most),
        value: String(slowestMs),
        'aria-label': `slowest of ${name}`,
      };
      return element(
        'tr',
        {},
        element('td', {}, name),
        number2(String(hosts)),
        number2(formatDuration(ms / Math.max(1, hosts))),
        number2(formatDuration(slowestMs)),
        element('td', { class: 'host' }, number === undefined ? slowestHost : linkTo(number)),
        element('td', {}, element('meter', bar)),
      );
    });
    bodyOf('slowest').append(
      element('table', {}, element('thead', {}, element('tr', {}, ...head)), element('tbody', {}, ...rows)),
    );
  }

  /** Why plays began no other host, where no host says it. */
  function showStops() {
    if (data.stops.length === 0) return;
    find('failures').hidden = false;
    const lines = data.stops.map(({ play, reason }) => `Play ‘${play}’ was stopped: ${reason}`);
    bodyOf('failures').append(...lines.map((line) => element('p', {}, line)));
  }

  function showWarnings() {
    const lines = data.warnings.map(({ host, message }) =>
      host === undefined ? message : `${host}: ${message}`,
    );
    if (lines.length === 0) return;
    find('warnings').hidden = false;
    const body = bodyOf('warnings');
    const make = (/** @type {string[]} */ some) => some.map((line) => element('p', {}, line));
    body.append(...make(lines.slice(0, 50)));
    addMore(body, lines.length - 50, 'warnings', () => make(lines.slice(50)));
  }

  showHead();
  showFailures('failures', data.failures);
  showStops();
  showFailures('rescued', data.rescued);
  showMeasures();
  showSlowest();
  showWarnings();
  addEventListener('hashchange', update);
  addEventListener('keydown', (event) => {
    const isTyping = document.activeElement === find('search');
    if (event.key === '/' && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      find('search').focus();
    }
    if (event.key !== 'Escape') return;
    if (isTyping) find('search').blur();
    else go({ host: undefined });
  });
  update();
}

if (typeof document !== 'undefined') showPage(JSON.parse(find('data').textContent ?? ''));
