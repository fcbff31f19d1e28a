/**
 * Owns `zrun ping`: which hosts can be logged in to, become the right user, and do what they are told.
 */
import { ZrunError } from '../../core/errors.js';
import type { Environment } from '../environment.js';
import { askHosts, firstWord, readAskWords, showText } from './ask-hosts.js';

const EPILOGUE = `
Logs in to each host, becomes the other user if -b or the inventory says so, and
has a shell answer. Changes nothing. Hosts that do not answer are named with the
reason; -vvv says which keys were tried.

Examples:
  zrun ping all -i hosts.yaml
  zrun ping web -i hosts.yaml -b -K
  zrun ping localhost

Exit codes: 0 all answer, 2 one cannot become the other user, 3 unreachable.`;

/** Returns the exit code. Throws ZrunError or ZrunErrors. */
export async function ping(environment: Environment): Promise<number> {
  const read = readAskWords(environment.argv, {
    verb: 'ping',
    usage: 'PATTERN -i INVENTORY [options]',
    epilogue: EPILOGUE,
  });
  if ('text' in read) return showText(read.text, environment);
  const { program, command } = read;
  const hosts = firstWord(program, 'ping');
  const [, second] = program.args;
  if (second !== undefined) {
    throw new ZrunError('usage', `'${second}' stands where nothing belongs`, {
      hint: 'several hosts have commas between them: zrun ping web1,web2',
    });
  }
  const task = { verb: 'ping', hosts, module: 'ping', args: '', name: 'ping' };
  const { json } = program.opts<{ json?: true }>();
  return askHosts(
    { command, task, isJson: json === true, present: () => ({ headline: 'pong', text: '' }) },
    environment,
  );
}
