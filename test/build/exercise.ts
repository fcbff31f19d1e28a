/**
 * Owns runs over ssh of a zrun that is being built, on this machine: they show what of it most runs need.
 */
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import ssh2 from 'ssh2';

const execute = promisify(execFile);

/** ssh2 makes about one of 250 such keys in a form that it cannot read itself: 12 of 3000, ssh2 1.17.0. */
function makeKey(): ReturnType<typeof ssh2.utils.generateKeyPairSync> {
  for (;;) {
    const key = ssh2.utils.generateKeyPairSync('ed25519');
    if (!(ssh2.utils.parseKey(key.private) instanceof Error)) return key;
  }
}

/**
 * Runs a playbook that touches what most runs touch, on this machine over a real SSH connection. Throws where one fails.
 * @param outdir has zrun's main.js
 * @param commands what stands behind the playbook and the inventory, once for each run
 */
export async function exercise(
  outdir: string,
  node: string,
  commands: readonly (readonly string[])[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'zrun-build-'));
  const keys = { host: makeKey(), user: makeKey() };
  const server = new ssh2.Server({ hostKeys: [keys.host.private] }, (client) => {
    client.on('error', () => undefined);
    client.on('authentication', (context) => {
      if (context.method === 'publickey') context.accept();
      else context.reject(['publickey']);
    });
    client.on('session', (accept) => {
      accept().on('exec', (acceptExec, _reject, { command }) => {
        const channel = acceptExec();
        const child = spawn('/bin/sh', ['-c', command], { env: { PATH: process.env['PATH'], HOME: folder } });
        channel.pipe(child.stdin);
        child.stdout.pipe(channel, { end: false });
        child.stderr.pipe(channel.stderr, { end: false });
        child.on('close', (status) => {
          channel.exit(status ?? 1);
          channel.end();
        });
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    // ssh2 types its server without what it takes over from net.Server.
    const { port } = server.address() as AddressInfo;
    await writeFile(path.join(folder, 'known_hosts'), `[127.0.0.1]:${port} ${keys.host.public}\n`);
    await writeFile(path.join(folder, 'key'), keys.user.private, { mode: 0o600 });
    const vars = {
      ansible_host: '127.0.0.1',
      ansible_port: port,
      ansible_user: 'somebody',
      ansible_ssh_private_key_file: path.join(folder, 'key'),
      zrun_known_hosts_file: path.join(folder, 'known_hosts'),
    };
    const hosts = path.join(folder, 'hosts.yaml');
    await writeFile(hosts, JSON.stringify({ all: { hosts: { one: vars, two: vars } } }));
    const playbook = path.join(folder, 'play.yaml');
    await writeFile(playbook, playbookText(path.join(folder, 'work')));
    for (const words of commands)
      await execute(node, [path.join(outdir, 'main.js'), playbook, '-i', hosts, ...words], {
        env: { PATH: process.env['PATH'], HOME: folder, ...env },
        timeout: 60_000,
      });
  } finally {
    server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Both hosts are this machine, so each has a folder of its own. */
function playbookText(folder: string): string {
  return `
- name: What most runs touch
  hosts: all
  vars: {at: '${folder}-{{inventory_hostname}}', words: [a, b]}
  tasks:
    - {name: Folder, file: {path: '{{at}}', state: directory, mode: "0755"}}
    - {name: Copy, copy: {content: "a {{inventory_hostname}}", dest: '{{at}}/copy', mode: "0644"}, notify: Handler}
    - {name: Line, lineinfile: {path: '{{at}}/copy', line: b}}
    - {name: Command, command: 'echo {{item}}', loop: '{{words}}', register: said, changed_when: false}
    - {name: Condition, debug: {var: said}, when: 'size(said.results) == 2 && facts.host.kernel != ""'}
    - {name: Stat, stat: {path: '{{at}}/copy'}}
    - name: Block
      block:
        - {name: Assert, assert: {that: ['1 < 2']}}
      always:
        - {name: Remove, file: {path: '{{at}}', state: absent}}
  handlers:
    - {name: Handler, command: 'true'}
`;
}
