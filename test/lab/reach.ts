/** Owns how a suite runs scripts on a lab host without zrun's own transport: by `ssh`, bytes in and bytes out. */
import { quoteArgv } from '../../src/core/shell.js';
import { runProgram, wholeText, type RunScript } from '../modules/harness.js';

/**
 * @param ssh the words of an OpenSSH command that reaches the host
 * @param controlPath of a connection that all scripts share; left out where the command is somebody else's
 */
export function over([ssh = 'ssh', ...words]: readonly string[], controlPath?: string): RunScript {
  // A host that is rebooted may go without a word: a shared connection to it would hold every script from then on.
  const alive = ['-o', 'ServerAliveInterval=15', '-o', 'ServerAliveCountMax=8'];
  const shared =
    controlPath === undefined
      ? []
      : ['ControlMaster=auto', `ControlPath=${controlPath}`, 'ControlPersist=60'].flatMap((each) => [
          '-o',
          each,
        ]);
  return (script, stdin) => {
    const command = quoteArgv(['sh', '-c', wholeText(script)]);
    // Killed, ssh has said as little of the script as where its connection broke.
    return runProgram(ssh, [...alive, ...shared, ...words, command], { stdin, killed: 255 });
  };
}
