/**
 * Ctrl-C while a program of the user's is waited for, whichever command waits: zrun ends, and the program with it, which the
 * terminal's Ctrl-C does not reach.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { encryptVault } from '../../src/secrets/vault.js';
import { isAlive, until } from '../trust/look.js';
import { spawnZrun } from './real-process.js';

const rows: readonly (readonly [
  what: string,
  argv: readonly string[],
  env?: Readonly<Record<string, string>>,
])[] = [
  ['a run, for a password', ['p.yaml', '-i', 'localhost,', '--vault-password-file', './slow']],
  [
    'a run that meets what is encrypted',
    ['p.yaml', '-i', 'localhost,'],
    { ZRUN_VAULT_PASSWORD_FILE: 'slow' },
  ],
  ['a run, for its hosts', ['p.yaml', '-i', './slow']],
  ['ping, for a password', ['ping', 'localhost', '--vault-id', 'dev@slow']],
  ['inventory', ['inventory', '-i', './slow', '--list']],
  ['lint, for its hosts', ['lint', 'p.yaml', '-i', './slow']],
  ['secret decrypt', ['secret', 'decrypt', 'vars.yaml', '--vault-password-file', 'slow']],
  [
    'secret rekey',
    ['secret', 'rekey', 'vars.yaml', '--vault-password-file', 'fast', '--new-vault-id', 'a@slow'],
  ],
];

describe('Ctrl-C while a program is waited for:', () => {
  for (const [what, argv, env = {}] of rows) {
    it(what, async () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'zrun-stopped-'));
      const at = (name: string): string => path.join(folder, name);
      writeFileSync(
        at('slow'),
        '#!/bin/sh\ncd "$(dirname "$0")"; echo $$ >pid.new; mv pid.new pid; sleep 600\n',
        {
          mode: 0o700,
        },
      );
      writeFileSync(at('fast'), 'swordfish\n');
      writeFileSync(at('vars.yaml'), encryptVault(Buffer.from('a: 1\n'), 'swordfish', undefined));
      writeFileSync(at('p.yaml'), '- {hosts: localhost, vars_files: [vars.yaml], tasks: [{ping: }]}\n');
      const child = spawnZrun(argv, { cwd: folder, env });
      child.stdin.end();
      try {
        await until(() => existsSync(at('pid')) || !child.isGoing());
        expect(child.isGoing(), child.stderr()).to.equal(true);
        child.kill('SIGINT');
        const { code, stderr } = await child.ended;
        expect(code).to.equal(130);
        expect(stderr).to.match(/^error: (?:the run was stopped|interrupted while \S+ was waited for)\n$/);
        await until(() => !isAlive(at('pid')));
      } finally {
        child.kill('SIGKILL');
        rmSync(folder, { recursive: true });
      }
    });
  }
});
