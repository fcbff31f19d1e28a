/**
 * Tab, in real shells on a terminal of their own: what is typed, and what stands there afterwards. The line is then run
 * behind an echo, which says what the shell has made of it.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { installZrun, type Installed } from '../installed.js';

interface Shell {
  readonly name: string;
  readonly command: string;
  readonly setup: string;
}

const shells: readonly Shell[] = [
  { name: 'bash', command: 'bash --norc --noprofile -i', setup: 'source <(zrun completion bash)' },
  {
    name: 'zsh',
    command: 'zsh -f -i',
    setup: 'bindkey -e; autoload -U compinit; compinit -u -D; source <(zrun completion zsh)',
  },
  { name: 'fish', command: 'fish --no-config -i', setup: 'zrun completion fish | source' },
];

const HOSTS = `all:
  children:
    web: {hosts: {'web[1:3]': }}
    storage: {hosts: {box1.example.org: }}
`;

const PLAYBOOK = `- name: P
  hosts: all
  tasks:
    - name: configure
      debug: {msg: x}
      tags: [configuration]
`;

const rows: readonly (readonly [what: string, typed: string, completed: string])[] = [
  ['a verb', 'inv', 'inventory'],
  ["a playbook of zrun's own", 'overl', 'overlay2'],
  ['a file', 'site.yaml -i host', 'site.yaml -i hosts.yaml'],
  ['a flag', 'ping --accept', 'ping --accept-new-host-keys'],
  ['a flag of a run', 'site.yaml --start', 'site.yaml --start-at-task'],
  ['a group', 'exec -i hosts.yaml stor', 'exec -i hosts.yaml storage'],
  ['a host', 'facts -i hosts.yaml box', 'facts -i hosts.yaml box1.example.org'],
  ['the end of a pattern', 'exec -i hosts.yaml web:box', 'exec -i hosts.yaml web:box1.example.org'],
  ['a value behind =', 'site.yaml -i hosts.yaml --limit=stor', 'site.yaml -i hosts.yaml --limit=storage'],
  ['a tag', 'site.yaml -i hosts.yaml -t conf', 'site.yaml -i hosts.yaml -t configuration'],
  ['a run', 'history 2026', 'history 20260722T153012Z-159a'],
  ['a run to resume', '--resume 2026', '--resume 20260722T153012Z-159a'],
  ['a module', 'exec web -m systemd_s', 'exec web -m systemd_service'],
  ['a page of documentation', 'doc auth-f', 'doc auth-failed'],
  ['a shell', 'completion fi', 'completion fish'],
];

for (const shell of shells) {
  describe(`completion in ${shell.name}`, function () {
    this.timeout(600_000);
    let installed: Installed | undefined;
    let folder = '';
    let open: ChildProcess | undefined;
    before(async function () {
      for (const program of ['script', shell.name]) {
        if (spawnSync(program, ['--version']).status === 0) continue;
        console.log(`      skipped: there is no ${program} on this machine`);
        this.skip();
      }
      installed = await installZrun();
      folder = mkdtempSync(path.join(tmpdir(), 'zrun-shell-'));
      writeFileSync(path.join(folder, 'hosts.yaml'), HOSTS);
      writeFileSync(path.join(folder, 'site.yaml'), PLAYBOOK);
      mkdirSync(path.join(folder, 'state/zrun/runs/20260722T153012Z-159a'), { recursive: true });
    });
    after(() => {
      // One that hangs at a question of its own is not left behind.
      open?.kill('SIGKILL');
      installed?.remove();
      if (folder !== '') rmSync(folder, { recursive: true });
    });

    it('completes each of these', async () => {
      const lines = await typeAll(shell, installed?.bin ?? '', folder, (child) => (open = child));
      expect(lines).to.deep.equal(rows.map(([, , completed]) => `zrun ${completed}`));
    });
  });
}

/** What the shell runs after Tab, row by row. */
function typeAll(
  { command, setup }: Shell,
  bin: string,
  folder: string,
  onOpen: (child: ChildProcess) => void,
): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn('script', ['-qfec', command, '/dev/null'], {
      cwd: folder,
      env: {
        PATH: `${bin}:${process.env['PATH'] ?? ''}`,
        HOME: folder,
        XDG_STATE_HOME: path.join(folder, 'state'),
        TERM: 'xterm',
        SHELL: '/bin/sh',
        LANG: 'C.UTF-8',
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    onOpen(child);
    const lines: string[] = [];
    let text = '';
    let isReady = false;
    const next = (): void => {
      const row = rows[lines.length];
      // Tab, to the beginning of the line, an echo before it, Enter.
      child.stdin.write(row ? `zrun ${row[1]}\t\u0001echo '<''<' \r` : 'exit\r');
    };
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      // What the terminal shows has the quotes of what was typed; what echo writes has none.
      const written = text.replace(/\u001b(?:\[[\d;?>=]*[A-Za-z]|\][^\u0007]*\u0007|[=>()][B0]?)/g, '');
      if (!isReady && written.includes('ready>>')) {
        isReady = true;
        text = '';
        next();
        return;
      }
      const line = /^<< (.*?)\s*\r?\n/m.exec(written)?.[1];
      if (!isReady || line === undefined) return;
      lines.push(line);
      text = '';
      next();
    });
    child.on('error', reject);
    child.on('close', () => resolve(lines));
    child.stdin.write(`${setup}; echo 'ready''>>'\r`);
  });
}
