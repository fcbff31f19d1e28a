/**
 * What a run does, as stories: a playbook, and the lines that it must give. Real modules over a real shell.
 */
import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { ZrunError } from '../../src/core/errors.js';
import { play, type Played, type PlayOptions } from './play.js';

interface Story {
  readonly title: string;
  readonly tasks: string;
  readonly options?: PlayOptions;
  /** Without the host, where there is one host only. */
  readonly lines: readonly string[];
  readonly exitCode?: number;
}

const stories: readonly Story[] = [
  {
    title: 'when: a condition that does not hold skips, and shows itself',
    tasks: `
    - {name: no, debug: {msg: x}, when: 1 > 2}
    - {name: both, debug: {msg: x}, when: [1 < 2, 2 > 3]}
    - {name: yes, debug: {msg: x}, when: [1 < 2]}`,
    lines: ['skipped | no | when: 1 > 2', 'skipped | both | when: 2 > 3', 'ok | yes | x'],
  },
  {
    title: 'register: later tasks see what a command said',
    tasks: `
    - {name: ask, command: echo hello, register: it, changed_when: false}
    - {name: tell, debug: {msg: "{{it.stdout}} {{it.rc}} {{it.changed}}"}, when: it.rc == 0}`,
    lines: ['ok | ask | run echo hello', 'ok | tell | hello 0 false'],
  },
  {
    title: 'a failing command ends the host, with exit code 2',
    tasks: `
    - {name: break, command: sh -c "exit 3"}
    - {name: after, debug: {msg: never}}`,
    lines: ["failed | break | `sh -c 'exit 3'` ended with exit code 3"],
    exitCode: 2,
  },
  {
    title: 'ignore_errors goes on',
    tasks: `
    - {name: break, command: /bin/false, ignore_errors: true, register: r}
    - {name: after, debug: {msg: "failed: {{r.failed}}"}}`,
    lines: ['ignored | break | `/bin/false` ended with exit code 1', 'ok | after | failed: true'],
  },
  {
    title: 'failed_when and changed_when decide over the exit code',
    tasks: `
    - {name: fine, command: sh -c "exit 3", register: r, failed_when: r.rc > 3, changed_when: false}
    - {name: bad, command: echo oops, register: r, failed_when: '"oops" in [r.stdout]'}`,
    lines: ["ok | fine | run sh -c 'exit 3'", 'failed | bad | failed_when holds: "oops" in [r.stdout]'],
    exitCode: 2,
  },
  {
    title: 'loop: one result, an item each',
    tasks: `
    - name: make
      file: {path: "{{tmp}}/{{item}}", state: directory}
      loop: [a, b]
      register: made
    - {name: count, debug: {msg: "{{made.results.length}} {{made.changed}}"}}`,
    lines: ['changed | make | 2 of 2 items: create directory $tmp/a', 'ok | count | 2 true'],
  },
  {
    title: 'until: tries again, and gives up with what was waited for',
    tasks: `
    - name: count
      shell: echo x >> {{sh tmp}}/tries; wc -l < {{sh tmp}}/tries
      register: tries
      until: tries.stdout == "3"
      retries: 5
      delay: 0
    - {name: never, command: /bin/false, register: r, until: r.rc == 0, retries: 2, delay: 0}`,
    lines: [
      'changed | count | run echo x >> $tmp/tries; wc -l < $tmp/tries',
      'failed | never | `/bin/false` ended with exit code 1 (after 3 attempts)',
    ],
    exitCode: 2,
  },
  {
    title: 'block: rescue sees what failed, always runs, and the host goes on',
    tasks: `
    - name: careful
      block:
        - {name: break, command: /bin/false}
        - {name: not reached, debug: {msg: x}}
      rescue:
        - {name: save, debug: {msg: "{{ansible_failed_task.name}}: {{ansible_failed_result.msg}}"}}
      always:
        - {name: tidy, debug: {msg: tidied}}
    - {name: after, debug: {msg: x}}`,
    lines: [
      'failed | break | `/bin/false` ended with exit code 1',
      'here | rescue | careful',
      'ok | save | break: `/bin/false` ended with exit code 1',
      'ok | tidy | tidied',
      'ok | after | x',
    ],
  },
  {
    title: 'block: a rescue that fails fails the host, and always runs all the same',
    tasks: `
    - name: careful
      block:
        - {name: break, command: /bin/false}
      rescue:
        - {name: save, fail: {msg: cannot}}
      always:
        - {name: tidy, debug: {msg: tidied}}
    - {name: after, debug: {msg: x}}`,
    lines: [
      'failed | break | `/bin/false` ended with exit code 1',
      'here | rescue | careful',
      'failed | save | cannot',
      'ok | tidy | tidied',
    ],
    exitCode: 2,
  },
  {
    title: 'block: its condition holds for every task in it',
    tasks: `
    - block:
        - {name: a, debug: {msg: x}}
      when: 1 > 2`,
    lines: ['skipped | a | when: 1 > 2'],
  },
  {
    title: 'set_fact goes before the play’s variables',
    tasks: `
    - {name: set, set_fact: {greeting: changed}}
    - {name: say, debug: {msg: "{{greeting}}"}}`,
    lines: ['ok | set | set greeting', 'ok | say | changed'],
  },
  {
    title: 'extra variables go before everything',
    tasks: `
    - {name: say, debug: {msg: "{{greeting}}"}}`,
    options: { extraVars: ['{"greeting": "command line"}'] },
    lines: ['ok | say | command line'],
  },
  {
    title: 'tags select',
    tasks: `
    - {name: a, debug: {msg: a}, tags: [one]}
    - {name: b, debug: {msg: b}, tags: [two]}
    - {name: c, debug: {msg: c}, tags: [always]}`,
    options: { settings: { tags: ['two'] } },
    lines: ['ok | b | b', 'ok | c | c'],
  },
  {
    title: 'no_log keeps every text of a task out',
    tasks: `
    - {name: quiet, command: echo secret, no_log: true, register: r}
    - {name: use, debug: {msg: "{{r.stdout}}"}, no_log: true}`,
    lines: ['changed | quiet | hidden by no_log', 'ok | use | hidden by no_log'],
  },
  {
    title: 'check mode: what rests on what was not run is unknown, and says what it waits for',
    tasks: `
    - {name: ask, command: echo hello, register: it}
    - {name: tell, debug: {msg: "{{it.stdout}}"}}
    - {name: guess, debug: {msg: x}, when: it.rc == 0}
    - {name: known, debug: {msg: "{{it.changed}}"}}
    - {name: set, set_fact: {said: "{{it.stdout}}"}}
    - {name: use, debug: {msg: "{{said}}"}}`,
    options: { settings: { check: true } },
    lines: [
      'changed | ask | run echo hello',
      "unknown | tell | rests on what 'ask' has not done yet",
      "unknown | guess | rests on what 'ask' has not done yet",
      'ok | known | true',
      "unknown | set | rests on what 'ask' has not done yet",
      "unknown | use | rests on what 'ask' has not done yet",
    ],
  },
  {
    title: 'check mode: a command with check_mode: false looks for real',
    tasks: `
    - {name: look, command: echo seen, register: it, check_mode: false, changed_when: false}
    - {name: tell, debug: {msg: "{{it.stdout}}"}}`,
    options: { settings: { check: true } },
    lines: ['ok | look | run echo seen', 'ok | tell | seen'],
  },
  {
    title: 'check mode: later tasks see what earlier ones would have left',
    tasks: `
    - {name: folder, file: {path: "{{tmp}}/new", state: directory, mode: "0750"}}
    - {name: again, file: {path: "{{tmp}}/new", state: directory, mode: "0750"}}
    - {name: file, copy: {content: x, dest: "{{tmp}}/new/f"}}
    - {name: same, copy: {content: x, dest: "{{tmp}}/new/f"}}
    - {name: other, copy: {content: y, dest: "{{tmp}}/new/f"}}`,
    options: { settings: { check: true } },
    lines: [
      'changed | folder | create directory $tmp/new',
      'ok | again | already as wanted',
      'changed | file | create $tmp/new/f',
      'ok | same | already as wanted',
      'changed | other | update $tmp/new/f',
    ],
  },
  {
    title: '--verify: a second plan finds nothing left to do',
    tasks: `
    - {name: folder, file: {path: "{{tmp}}/new", state: directory}}
    - {name: run, command: echo x}`,
    options: { settings: { verify: true } },
    lines: ['changed | folder | create directory $tmp/new', 'changed | run | run echo x'],
  },
  {
    title: 'a parameter that comes out wrong when it is rendered is explained, and fails the task',
    tasks: `
    - {name: bad, file: {path: "{{tmp}}/x", state: "{{greeting}}"}}`,
    lines: [
      "failed | bad | 'state' must be one of file, directory, absent, touch, link, hard, not the text 'play'",
    ],
    exitCode: 2,
  },
  {
    title: 'parameters by their other names, modules by the names of their collections',
    tasks: `
    - {name: made, ansible.builtin.file: {dest: "{{tmp}}/f", state: touch}}
    - {name: line, ansible.builtin.lineinfile: {name: "{{tmp}}/f", regex: ^a, value: "a {{greeting}}"}}
    - {name: seen, ansible.builtin.stat: {dest: "{{tmp}}/f"}, register: f}
    - {name: read, ansible.legacy.slurp: {path: "{{tmp}}/f"}, register: text}
    - {name: holds, assert: {that: 1 > 2, msg: "size {{f.stat.size}}"}, when: f.stat.exists}`,
    lines: [
      'changed | made | create $tmp/f',
      'changed | line | update $tmp/f: line added',
      'ok | seen | there',
      'ok | read | 7 bytes',
      'failed | holds | size 7',
    ],
    exitCode: 2,
  },
  {
    title: '--start-at-task passes over what comes before',
    tasks: `
    - {name: a, debug: {msg: a}}
    - {name: b, debug: {msg: b}}
    - {name: c, debug: {msg: c}}`,
    options: { settings: { startAtTask: 'b' } },
    lines: ['ok | b | b', 'ok | c | c'],
  },
];

const outcomes = (played: Played): Record<string, string> =>
  Object.fromEntries(played.outcome.hosts.map(({ host, outcome }) => [host, outcome]));

const head = '- name: story\n  hosts: all\n  gather_facts: false\n  vars: {greeting: play}\n  tasks:';

describe('stories of one host', () => {
  for (const { title, tasks, options, lines, exitCode = 0 } of stories) {
    it(title, async () => {
      const played = await play(head + tasks, options);
      expect(
        played.lines.map((line) => (line.includes('| rescue |') ? line : line.replace(/^here \| /, ''))),
      ).to.deep.equal(lines);
      expect(played.outcome.exitCode).to.equal(exitCode);
    });
  }
});

describe('round trips', () => {
  const cases: readonly (readonly [title: string, tasks: string, exchanges: number])[] = [
    [
      'no host is asked for what needs none',
      '    - assert: {that: 1 < 2}\n    - debug: {msg: x}\n    - set_fact: {a: 1}\n    - {command: "true", when: 1 > 2}',
      0,
    ],
    ['a command: one', '    - command: /bin/true', 1],
    ['a file that is already so: one', '    - file: {path: "{{tmp}}", state: directory}', 1],
    ['a file that changes: two', '    - file: {path: "{{tmp}}/d", state: directory}', 2],
    ['a copy that changes: two', '    - copy: {content: x, dest: "{{tmp}}/f"}', 2],
    ['a copy that is already so: one', '    - copy: {content: "", dest: /dev/null, force: false}', 1],
    ['stat: one', '    - stat: {path: "{{tmp}}"}', 1],
    ['all facts: one', '    - setup: {}', 1],
    [
      'some facts, and some more, which stay beside them: one each',
      '    - setup: {gather_subset: [os, network]}\n    - setup: {gather_subset: [time]}\n    - assert: {that: has(facts.os) && has(facts.time) && !has(facts.cpu)}',
      2,
    ],
    ['ten commands: ten', '    - {command: /bin/true, loop: [1,2,3,4,5,6,7,8,9,0]}', 10],
  ];
  for (const [title, tasks, exchanges] of cases) {
    it(title, async () => {
      const played = await play(`${head}\n${tasks}`);
      expect(played.lines.filter((line) => /\| (failed|unknown) \|/.test(line))).to.deep.equal([]);
      expect(played.exchanges).to.deep.equal({ here: exchanges });
    });
  }
});

describe('handlers', () => {
  const text = `${head}
    - {name: change, command: /bin/true, notify: [second, both]}
    - {name: change again, command: /bin/true, notify: second}
  handlers:
    - {name: first, debug: {msg: 1}, listen: both}
    - {name: second, debug: {msg: 2}}
    - {name: third, debug: {msg: 3}}`;

  it('run once each, in the order in which they are defined, after the tasks', async () => {
    const { lines } = await play(text);
    expect(lines.slice(2)).to.deep.equal(['here | ok | first | 1', 'here | ok | second | 2']);
  });
  it('do not run on a host that failed, unless --force-handlers', async () => {
    const failing = text.replace(
      '    - {name: change again',
      '    - command: /bin/false\n    - {name: change again',
    );
    expect((await play(failing)).lines).to.have.length(2);
    const forced = await play(failing, { settings: { forceHandlers: true } });
    expect(forced.lines.slice(2)).to.deep.equal(['here | ok | first | 1', 'here | ok | second | 2']);
    expect(forced.outcome.exitCode).to.equal(2);
  });
});

describe('many hosts', () => {
  it('one that cannot be reached holds up nobody, and is no failure', async () => {
    const played = await play(`${head}\n    - command: /bin/true`, {
      hosts: ['a', 'b', 'c'],
      unreachable: ['b'],
    });
    expect(outcomes(played)).to.deep.equal({ a: 'done', b: 'unreachable', c: 'done' });
    expect(played.outcome.exitCode).to.equal(3);
  });

  it('one that was interrupted during a task is of unknown state, whatever else could not be reached', async () => {
    const tasks = `
    - block: [{fail: {msg: "no"}}]
      rescue: [{command: echo gone}]
      always: [{command: echo cut}]`;
    const played = await play(`${head}${tasks}`, {
      onScript(_host, script) {
        if (script.includes('gone')) throw new ZrunError('connect-failed', 'no route to host');
        if (script.includes('cut')) throw new ZrunError('connection-lost', 'the connection broke');
      },
    });
    expect(Object.values(outcomes(played))).to.deep.equal(['unknown']);
    expect(played.outcome.exitCode).to.equal(5);
  });

  it('serial: a batch is done before the next begins', async () => {
    const text =
      head.replace('  vars', '  serial: 2\n  vars') + '\n    - command: /bin/true\n    - command: /bin/true';
    const played = await play(text, { hosts: ['a', 'b', 'c', 'd', 'e'] });
    const order = played.lines.map((line) => line[0]).join('');
    expect(order).to.match(/^[ab]{4}[cd]{4}e{2}$/);
  });

  it('serial: when a whole batch fails, the rest is not tried', async () => {
    const text =
      head.replace('  vars', '  serial: 1\n  vars') +
      '\n    - {fail: {msg: "no"}, when: inventory_hostname == "b"}';
    const played = await play(text, { hosts: ['a', 'b', 'c'] });
    expect(outcomes(played)).to.deep.equal({ a: 'done', b: 'failed', c: 'not-tried' });
  });

  it('a host that failed in one play is left out of the next', async () => {
    const text = `${head}\n    - {fail: {msg: "no"}, when: inventory_hostname == "b"}\n${head.replace('story', 'next')}\n    - {name: later, debug: {msg: x}}`;
    const played = await play(text, { hosts: ['a', 'b'] });
    expect(played.lines.filter((line) => line.includes('later'))).to.deep.equal(['a | ok | later | x']);
  });
});

describe('a connection that breaks', () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(path.join(tmpdir(), 'zrun-lost-'))));
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const lost = (): never => {
    throw new ZrunError('connection-lost', 'the connection broke');
  };
  const hintsOf = ({ outcome }: Played): (string | undefined)[] =>
    outcome.hosts.map(({ problem }) => problem?.hint);
  /** Breaks on the nth script that holds a text. */
  const breakOn = (text: string, nth: number) => {
    let seen = 0;
    return (_host: string, script: string): void => {
      if (script.includes(text) && ++seen === nth) lost();
    };
  };

  it('during a look: the look is taken again over a new connection', async () => {
    const played = await play(
      `${head}\n    - {name: f, copy: {content: x, dest: "{{tmp}}/f"}}`,
      { onScript: breakOn('', 1) },
      folder,
    );
    expect(played.lines).to.deep.equal(['here | changed | f | create $tmp/f']);
  });

  it('during a change that was not made: unknown, neither ok nor failed', async () => {
    const played = await play(
      `${head}\n    - {name: f, copy: {content: x, dest: "{{tmp}}/f"}}\n    - debug: {msg: x}`,
      { onScript: breakOn('mv -f', 1) },
      folder,
    );
    expect(played.lines).to.deep.equal([
      'here | unknown | f | the connection broke, while this was under way: create $tmp/f',
    ]);
    expect(hintsOf(played)).to.deep.equal([
      'Whether it happened is not known, and it may still be going on. The next run looks first: copy does only what is still left to do.',
    ]);
    expect(played.outcome.exitCode).to.equal(5);
  });

  const verified = `${head}\n    - {name: f, file: {path: "{{tmp}}/f", state: directory}}`;

  it('during the look of --verify: the look is taken again', async () => {
    const options = { onScript: breakOn('', 3), settings: { verify: true } };
    const played = await play(verified, options, folder);
    expect(played.lines).to.deep.equal(['here | changed | f | create directory $tmp/f']);
  });

  it('during the look of --verify, twice: what was done is told, and that nobody could look', async () => {
    const [third, fourth] = [breakOn('', 3), breakOn('', 4)];
    const onScript = (host: string, script: string): void => {
      fourth(host, script);
      third(host, script);
    };
    const played = await play(verified, { onScript, settings: { verify: true } }, folder);
    expect(played.lines).to.deep.equal([
      'here | unknown | f | the connection broke, after this was done: create directory $tmp/f',
    ]);
    expect(played.outcome.exitCode).to.equal(5);
  });

  it('during a command: nobody can say, and it is not run twice', async () => {
    const played = await play(
      `${head}\n    - {name: c, shell: "echo x >> {{tmp}}/count"}`,
      { onScript: breakOn('count', 1) },
      folder,
    );
    expect(played.lines[0]).to.match(/^here \| unknown \| c \|/);
    expect(hintsOf(played)).to.deep.equal([
      'Whether it happened is not known, and it may still be going on. The next run does not look first: shell does the same again.',
    ]);
    await access(path.join(folder, 'count')).then(
      () => expect.fail('the command ran'),
      () => undefined,
    );
  });

  it('is something that a rescue can handle', async () => {
    const text = `${head}
    - name: careful
      block:
        - {name: c, shell: "echo broken"}
      rescue:
        - {name: save, shell: "echo saved > {{tmp}}/saved"}`;
    const played = await play(text, { onScript: breakOn('broken', 1) }, folder);
    expect(played.outcome.exitCode).to.equal(0);
    expect(await readFile(path.join(folder, 'saved'), 'utf8')).to.equal('saved\n');
  });
});

describe('an interrupt', () => {
  it('ends what runs, still runs the rescue, begins nothing new', async () => {
    const text = `${head}
    - name: careful
      block:
        - {name: long, command: sleep 600}
        - {name: not reached, debug: {msg: x}}
      rescue:
        - {name: put back, command: echo back}
    - {name: after, debug: {msg: x}}`;
    const played = await play(text, {
      interruptAt: (event) => event.type === 'task-started' && event.task.name === 'long',
    });
    expect(played.lines.map((line) => line.split(' | ').slice(1, 3).join(' '))).to.deep.equal([
      'failed long',
      'rescue careful',
      'changed put back',
    ]);
    expect(played.outcome.exitCode).to.equal(130);
  });

  const carefully = `
    - block: [{name: first, command: sleep 600}]
      rescue: [{name: put back, command: echo back}]
      always: [{name: tidy, command: echo tidy}]`;
  const untouched: readonly (readonly [what: string, text: string, forks: number])[] = [
    ['in batches that were to come', head.replace('  vars', '  serial: 2\n  vars'), 50],
    ['that wait for a place', head.replace('  vars', '  strategy: free\n  vars'), 2],
    ['that wait for a place, in step', head.replace('  vars', '  strategy: linear\n  vars'), 2],
  ];
  for (const [what, text, forks] of untouched) {
    it(`leaves hosts as they are ${what}: nothing of a rescue runs there, and they are not tried`, async () => {
      let begun = 0;
      const played = await play(`${text}${carefully}`, {
        hosts: ['a', 'b', 'c', 'd', 'e'],
        settings: { forks },
        interruptAt: (event) => event.type === 'task-started' && event.task.name === 'first' && ++begun === 2,
      });
      const [b, u] = ['interrupted', 'not-tried'];
      expect(outcomes(played)).to.deep.equal({ a: b, b, c: u, d: u, e: u });
      expect(played.lines.filter((line) => /^[cde]/.test(line))).to.deep.equal([]);
      expect(played.outcome.exitCode).to.equal(130);
    });
  }

  it('between two batches leaves the rest untouched, and exits as interrupted', async () => {
    const text = `${head.replace('  vars', '  serial: 1\n  vars')}\n    - {name: look, debug: {msg: x}}`;
    const played = await play(text, {
      hosts: ['a', 'b'],
      interruptAt: (event) => event.type === 'host-finished' && event.host === 'a',
    });
    expect(outcomes(played)).to.deep.equal({ a: 'done', b: 'not-tried' });
    expect(played.outcome.exitCode).to.equal(130);
  });

  it('between two plays is one of the hosts that have done the first', async () => {
    const text = `${head}\n    - {name: look, debug: {msg: x}}\n${head}\n    - {name: work, debug: {msg: x}}`;
    const played = await play(text, { interruptAt: (event) => event.type === 'task-finished' });
    expect(outcomes(played)).to.deep.equal({ here: 'interrupted' });
  });
});
