/**
 * No program outlives the zrun that started it, whichever way that ends: a process of its own asks one here, and is ended.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { isAlive, until } from '../trust/look.js';

const root = path.resolve(import.meta.dirname, '../..');

/** Says where its child is, and waits for it. */
const program = 'sleep 600 & echo $! >child.new; echo $$ >program; mv child.new child; wait';

const asking = `
import { askProgram } from ${JSON.stringify(path.join(root, 'src/programs/ask.ts'))};
const keep = { stdout: { bytes: 1, over: 'cut' }, stderr: { bytes: 1, over: 'cut' } };
void askProgram('sh', ['-c', ${JSON.stringify(program)}], { limitMs: 600_000, keep });
`;

const proxying = `
import { openProxy } from ${JSON.stringify(path.join(root, 'src/transport/ssh/proxy-command.ts'))};
openProxy({ command: ${JSON.stringify(`sh -c '${program}'`)}, host: 'a', port: 22, user: 'b', name: 'a' }, 'a');
`;

const rows: readonly {
  readonly what: string;
  readonly code: string;
  readonly send: NodeJS.Signals;
  readonly ends: string | number;
}[] = [
  { what: 'Ctrl-C', code: asking, send: 'SIGINT', ends: 'SIGINT' },
  { what: 'SIGTERM', code: asking, send: 'SIGTERM', ends: 'SIGTERM' },
  { what: 'a terminal that closes', code: asking, send: 'SIGHUP', ends: 'SIGHUP' },
  {
    what: 'leaving at once',
    code: `${asking}process.on('SIGINT', () => process.exit(7));`,
    send: 'SIGINT',
    ends: 7,
  },
  {
    what: 'an error that nobody catches',
    code: `${asking}process.on('SIGINT', () => { throw new Error('x') });`,
    send: 'SIGINT',
    ends: 1,
  },
  { what: 'Ctrl-C, with a ProxyCommand', code: proxying, send: 'SIGINT', ends: 'SIGINT' },
];

describe('programs end with zrun, and with them what they have started:', () => {
  for (const { what, code, send, ends } of rows) {
    it(what, async () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'zrun-groups-'));
      const at = (name: string): string => path.join(folder, name);
      const asker = spawn(
        process.execPath,
        ['--import', import.meta.resolve('tsx'), '--input-type=module', '-e', code],
        { cwd: folder, stdio: ['pipe', 'ignore', 'ignore'] },
      );
      const ended = new Promise((resolve) =>
        asker.once('exit', (status, signal) => resolve(status ?? signal)),
      );
      try {
        await until(() => existsSync(at('child')));
        asker.kill(send);
        expect(await ended).to.equal(ends);
        await until(() => !isAlive(at('program')) && !isAlive(at('child')));
      } finally {
        asker.kill('SIGKILL');
        rmSync(folder, { recursive: true });
      }
    });
  }
});
