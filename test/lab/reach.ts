/** Owns how a suite runs scripts on a lab host without zrun's own transport: by `ssh`, bytes in and bytes out. */
import { spawn } from 'node:child_process';
import type { Output } from '../../src/core/host.js';
import { quoteArgv } from '../../src/core/shell.js';
import type { RunScript } from '../modules/harness.js';

/**
 * @param ssh the words of a command that reaches the host
 * @param controlPath of a connection that all scripts share; left out where the command is somebody else's
 */
export function over([ssh = 'ssh', ...words]: readonly string[], controlPath?: string): RunScript {
  const shared =
    controlPath === undefined
      ? []
      : ['ControlMaster=auto', `ControlPath=${controlPath}`, 'ControlPersist=60'].flatMap((each) => [
          '-o',
          each,
        ]);
  return (script, stdin) =>
    new Promise<Output>((resolve, reject) => {
      const args = [...shared, ...words, quoteArgv(['sh', '-c', script.shellText])];
      const child = spawn(ssh, args, { stdio: ['pipe', 'pipe', 'pipe'] });
      const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
      child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
      child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
      child.on('error', reject);
      child.stdin.on('error', () => undefined);
      child.stdin.end(stdin);
      child.on('close', (status) =>
        resolve({ stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr), status: status ?? 255 }),
      );
    });
}
