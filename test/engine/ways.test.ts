/**
 * The way to a host: what keywords and variables say of it, by the targets that are connected to, and how long that may
 * take. What ansible-core 2.14 does with the same play.
 */
import { expect } from 'chai';
import type { Target } from '../../src/core/host.js';
import { createLocalTransport } from '../../src/transport/local.js';
import { play, type PlayOptions } from './play.js';

interface Made {
  readonly lines: readonly string[];
  readonly targets: readonly Target[];
  readonly timeouts: readonly number[];
}

async function waysOf(text: string, options: PlayOptions): Promise<Made> {
  const local = createLocalTransport();
  const targets: Target[] = [];
  const timeouts: number[] = [];
  const { lines } = await play(text, {
    ...options,
    async connect(host, connectOptions) {
      targets.push(host.target);
      timeouts.push(connectOptions.connectTimeoutMs);
      return await local.connect(host, connectOptions);
    },
  });
  return { lines, targets, timeouts };
}

const ssh = (user?: string, address = 'here'): Target => ({
  transport: 'ssh',
  address,
  ...(user !== undefined && { user }),
});
const local: Target = { transport: 'local' };

describe('the way to a host', () => {
  const ping = 'ping: {}';
  const cases: readonly (readonly [
    what: string,
    hostVars: string,
    play: string,
    targets: readonly Target[],
    options?: PlayOptions,
  ])[] = [
    ["is the inventory's", 'ansible_user: admin', `tasks: [{${ping}}]`, [ssh('admin')]],
    [
      "is the play's, and one connection for all of its tasks",
      '',
      `remote_user: deploy\n  tasks: [{${ping}}, {${ping}}]`,
      [ssh('deploy')],
    ],
    [
      'goes from the play to the task, the innermost first',
      '',
      `remote_user: one\n  tasks: [{${ping}}, {remote_user: two, block: [{${ping}}, {${ping}, remote_user: three}]}, {${ping}}]`,
      [ssh('one'), ssh('two'), ssh('three')],
    ],
    [
      'may be a template',
      '',
      `tasks: [{${ping}, remote_user: "{{item}}", loop: [a, b, a]}]`,
      [ssh('a'), ssh('b')],
    ],
    [
      "is the host's variable's before a keyword's",
      'ansible_user: admin, ansible_connection: ssh',
      `remote_user: deploy\n  connection: local\n  tasks: [{${ping}}]`,
      [ssh('admin')],
    ],
    [
      "is a variable's of the play, of a task, or of -e before a keyword's",
      'ansible_user: admin',
      `vars: {ansible_user: one}\n  remote_user: no\n  tasks: [{${ping}}, {${ping}, vars: {ansible_user: two}}]`,
      [ssh('one'), ssh('two')],
    ],
    [
      'is what -e says',
      '',
      `remote_user: no\n  tasks: [{${ping}}]`,
      [ssh('three')],
      { extraVars: ['ansible_user=three'] },
    ],
    ['leads to the controller', '', `connection: local\n  tasks: [{${ping}}]`, [local]],
    [
      'leads to the controller for some tasks',
      '',
      `tasks: [{${ping}}, {${ping}, connection: ansible.builtin.local}, {${ping}, connection: smart}]`,
      [ssh(), local],
    ],
    [
      'is that of the host that is delegated to',
      'ansible_user: admin',
      `hosts: one\n  remote_user: deploy\n  tasks: [{${ping}, delegate_to: two}, {local_action: ping}]`,
      [ssh('admin', 'two'), local],
      { hosts: ['one', 'two'] },
    ],
    [
      'is made again after reset_connection',
      '',
      `remote_user: deploy\n  tasks: [{${ping}}, {meta: reset_connection}, {${ping}}]`,
      [ssh('deploy'), ssh('deploy')],
    ],
  ];
  for (const [what, hostVars, text, targets, options] of cases) {
    it(what, async () => {
      const head = text.startsWith('hosts:') ? '' : 'hosts: all\n  ';
      const made = await waysOf(`- ${head}${text}\n  gather_facts: false\n`, { ...options, hostVars });
      expect(made.targets).to.deep.equal(targets);
      expect(made.lines.filter((line) => !/ \| ok \| /.test(line))).to.deep.equal([]);
    });
  }

  const limits: readonly (readonly [hostVars: string, ms: number])[] = [
    ['', 10_000],
    ['ansible_timeout: 3', 3000],
    ['ansible_ssh_timeout: "2.5"', 2500],
  ];
  for (const [hostVars, ms] of limits) {
    it(`may take ${ms} ms to be connected to with {${hostVars}}`, async () => {
      const { timeouts } = await waysOf('- {hosts: all, gather_facts: false, tasks: [ping: {}]}\n', {
        hostVars,
      });
      expect(timeouts).to.deep.equal([ms]);
    });
  }
});

describe('ansible_command_timeout', () => {
  const cases: readonly (readonly [task: string, said: RegExp])[] = [
    ['shell: sleep 20', /failed \| t \| .*0\.2 seconds/],
    ['{shell: echo x, timeout: 20}', /changed \| t \| run echo x/],
  ];
  for (const [task, said] of cases) {
    it(`limits a task without a timeout of its own: ${task}`, async () => {
      const keys = task.startsWith('{') ? task.slice(1, -1) : task;
      const { lines } = await play(`- {hosts: all, gather_facts: false, tasks: [{name: t, ${keys}}]}\n`, {
        hostVars: 'ansible_connection: local, ansible_command_timeout: 0.2',
      });
      expect(lines.join()).to.match(said);
    });
  }
});
