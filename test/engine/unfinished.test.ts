/** What a run leaves undone, and what a later one is told of it: hosts before their next play, handlers before they run. */
import { expect } from 'chai';
import type { RunEvent } from '../../src/core/events.js';
import { play, type Played } from './play.js';

const twoPlays = `
- {name: first, hosts: "a,b,c", gather_facts: false, serial: 1, tasks: [{name: Break, fail: {msg: "no"}, when: inventory_hostname == "b"}]}
- {name: second, hosts: "a,d", gather_facts: false, tasks: [{ping: {}}]}
`;

const handlers = `
- name: first
  hosts: all
  gather_facts: false
  tasks:
    - {name: Touch, copy: {content: x, dest: "{{tmp}}/one"}, notify: [restart, topic]}
    - {name: Break, fail: {msg: "no"}, when: broken == "yes"}
  vars: {broken: "no"}
  handlers:
    - {name: restart, debug: {msg: restarted}}
    - {name: reload, listen: topic, debug: {msg: reloaded}}
- name: second
  hosts: all
  gather_facts: false
  tasks: [{name: Look, debug: {msg: looked}}]
  handlers:
    - {name: sweep, debug: {msg: swept}}
`;

const outcomes = ({ outcome }: Played): Record<string, string> =>
  Object.fromEntries(outcome.hosts.map((host) => [host.host, host.outcome]));
const said = ({ lines }: Played): string[] => lines.map((line) => line.split(' | ').at(-1) ?? '');
const of = <T extends RunEvent['type']>({ events }: Played, type: T): Extract<RunEvent, { type: T }>[] =>
  events.filter((event): event is Extract<RunEvent, { type: T }> => event.type === type);

describe('what a run leaves undone', () => {
  it('a host that was well is not done where its next play is not run any more', async () => {
    const played = await play(twoPlays, { hosts: ['a', 'b', 'c', 'd'] });
    expect(outcomes(played)).to.deep.equal({ a: 'halted', b: 'failed', c: 'not-tried', d: 'not-tried' });
    expect(of(played, 'host-finished').find(({ host }) => host === 'a')?.problem).to.deep.equal({
      code: 'halted',
      message: "the run was stopped after play 'first'",
    });
    expect(played.outcome.exitCode).to.equal(2);
  });

  it('nor where the user has stopped the run', async () => {
    const played = await play(twoPlays, {
      hosts: ['a', 'b', 'c', 'd'],
      interruptAt: (event) => event.type === 'task-finished' && event.host === 'a',
    });
    expect(outcomes(played)).to.include({ a: 'interrupted', c: 'not-tried', d: 'not-tried' });
  });

  it('handlers: each task says which it would have run, each handler that it has', async () => {
    const played = await play(handlers);
    const notifies = of(played, 'task-started').map(({ task, notifies: names }) => [task.name, names]);
    expect(notifies).to.deep.include(['Touch', ['restart', 'reload']]);
    expect(notifies).to.deep.include(['Look', undefined]);
    expect(of(played, 'handler-finished').map(({ handler }) => handler)).to.deep.equal(['restart', 'reload']);
    expect(of(played, 'host-finished')[0]).to.not.have.property('pendingHandlers');
  });

  it('handlers of a host that failed are told with its end', async () => {
    const played = await play(handlers, { extraVars: ['broken=yes'] });
    expect(of(played, 'handler-finished')).to.deep.equal([]);
    expect(of(played, 'host-finished')[0]?.pendingHandlers).to.deep.equal(['restart', 'reload']);
  });

  it('what was left to this run is run in the play that has it, once, and without any task that notifies', async () => {
    const quiet = handlers.replace(
      'name: Touch, copy: {content: x, dest: "{{tmp}}/one"}',
      'name: Touch, ping: {}',
    );
    const pendingHandlers = new Map([['a', ['sweep', 'restart', 'of no play']]]);
    const played = await play(quiet, { hosts: ['a', 'b'], pendingHandlers });
    expect(
      said(played)
        .filter((each) => /ed$|pt$/.test(each))
        .sort(),
    ).to.deep.equal(['looked', 'looked', 'restarted', 'swept']);
    expect(of(played, 'run-started')[0]?.pendingHandlers).to.deep.equal({
      a: ['sweep', 'restart', 'of no play'],
    });
    // Nothing is forgotten: what no play has stays on the list.
    expect(of(played, 'host-finished').find(({ host }) => host === 'a')?.pendingHandlers).to.deep.equal([
      'of no play',
    ]);
  });

  it('what was left to this run, and not come to, is left to the next', async () => {
    const pendingHandlers = new Map([['here', ['sweep']]]);
    const played = await play(handlers, { extraVars: ['broken=yes'], pendingHandlers });
    expect(of(played, 'host-finished')[0]?.pendingHandlers).to.have.members(['restart', 'reload', 'sweep']);
  });
});
