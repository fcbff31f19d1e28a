import { expect } from 'chai';
import {
  mapState,
  setState,
  setStateBelow,
  unknownState,
  type Effect,
  type Probe,
  type ProbeKind,
} from '../../src/core/probe.js';
import { sh } from '../../src/core/shell.js';
import { UnknownValueError } from '../../src/core/value.js';
import { createOverlay } from '../../src/engine/overlay.js';

const fileKind: ProbeKind<string> = { kind: 'file' };
const factsKind: ProbeKind<string> = { kind: 'facts', isBroad: true };

function probe(of: ProbeKind<string>, key: string): Probe<string> {
  return { of, key, script: sh`true`, parse: (output) => output.stdout.toString() };
}

/** A host on which every file holds `host:` and its path; counts how often it is asked. */
function createHost(): { asked: string[]; read: <T>(probe: Probe<T>) => Promise<T> } {
  const asked: string[] = [];
  return {
    asked,
    read(probe) {
      asked.push(probe.key);
      const stdout = Buffer.from(`host:${probe.key}`);
      return Promise.resolve(probe.parse({ stdout, stderr: Buffer.alloc(0), status: 0 }));
    },
  };
}

describe('what brings more than it tells', () => {
  it('is remembered, the first of them', () => {
    const overlay = createOverlay();
    overlay.record('none', { effects: [] });
    expect(overlay.openedBy).to.equal(undefined);
    overlay.record('install', { effects: [], bringsMore: true });
    overlay.record('install more', { effects: [], bringsMore: true });
    expect(overlay.openedBy).to.equal('install');
  });
});

describe('predicted state', () => {
  const cases: readonly {
    readonly title: string;
    readonly effects: readonly (readonly [task: string, effect: Effect])[];
    readonly key: string;
    readonly sees: string;
    readonly asks: number;
  }[] = [
    { title: 'nothing predicted: the host is asked', effects: [], key: '/a', sees: 'host:/a', asks: 1 },
    {
      title: 'what was set is seen, and the host not asked',
      effects: [['t', setState(fileKind, '/a', 'new')]],
      key: '/a',
      sees: 'new',
      asks: 0,
    },
    {
      title: 'another key is another matter',
      effects: [['t', setState(fileKind, '/a', 'new')]],
      key: '/ab',
      sees: 'host:/ab',
      asks: 1,
    },
    {
      title: 'a change of what the host says',
      effects: [['t', mapState(fileKind, '/a', (before) => `${before}+1`)]],
      key: '/a',
      sees: 'host:/a+1',
      asks: 1,
    },
    {
      title: 'changes add up in order',
      effects: [
        ['t', mapState(fileKind, '/a', (before) => `${before}+1`)],
        ['u', setState(fileKind, '/a', 'set')],
        ['v', mapState(fileKind, '/a', (before) => `${before}+2`)],
      ],
      key: '/a',
      sees: 'set+2',
      asks: 0,
    },
    {
      title: 'everything below a fresh mount',
      effects: [['mount', setStateBelow(fileKind, '/a', 'absent')]],
      key: '/a/b/c',
      sees: 'absent',
      asks: 0,
    },
    {
      title: 'what is set after an unknown is known again',
      effects: [
        ['t', unknownState(fileKind, '/a')],
        ['u', setState(fileKind, '/a', 'known')],
      ],
      key: '/a',
      sees: 'known',
      asks: 0,
    },
  ];
  for (const { title, effects, key, sees, asks } of cases) {
    it(title, async () => {
      const overlay = createOverlay();
      for (const [task, effect] of effects) overlay.record(task, { effects: [effect] });
      const host = createHost();
      expect(await overlay.over(host.read)(probe(fileKind, key))).to.equal(sees);
      expect(host.asked).to.have.length(asks);
    });
  }

  const unknowns: readonly (readonly [
    title: string,
    of: ProbeKind<string>,
    effect: Effect,
    waitsFor: string,
  ])[] = [
    ['an unknown names the task that it waits for', fileKind, unknownState(fileKind, '/a'), 'Build it'],
    [
      'all facts are unknown once anything would change',
      factsKind,
      setState(fileKind, '/x', 'y'),
      'Build it',
    ],
  ];
  for (const [title, of, effect, waitsFor] of unknowns) {
    it(title, async () => {
      const overlay = createOverlay();
      overlay.record('Build it', { effects: [effect] });
      const error = await overlay
        .over(createHost().read)(probe(of, '/a'))
        .then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
      expect(error).to.be.instanceOf(UnknownValueError).with.property('waitsFor', waitsFor);
    });
  }
});
