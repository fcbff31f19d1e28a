/**
 * Owns `reboot`: the host starts again, and the task ends only when it has really done so. Proof is the number that the
 * kernel makes at each boot (random(4), boot_id): an answer counts only with another one than before.
 */
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import type { Output } from '../../core/host.js';
import { defineModule, type Write } from '../../core/module.js';
import { setState, unknownState, type Probe, type ProbeKind } from '../../core/probe.js';
import { lines, quote, sh, type ShellText } from '../../core/shell.js';
import { fileKind } from '../host/file.js';
import { everyStatus } from '../host/status.js';
import { staleKind } from '../host/unit.js';

const seconds = (preset: number, description: string) =>
  z.number().min(0).default(preset).describe(description);

const params = z.strictObject({
  reboot_timeout: z
    .number()
    .positive()
    .default(600)
    .describe('Seconds in which it must be back, and then, once more, in which `test_command` must succeed.'),
  connect_timeout: z
    .number()
    .positive()
    .optional()
    .describe('Seconds for one attempt to connect; left out: the run’s own limit.'),
  pre_reboot_delay: seconds(0, 'Seconds to wait on the host before it is rebooted.'),
  post_reboot_delay: seconds(0, 'Seconds to wait after it is back, before `test_command`.'),
  test_command: z
    .string()
    .min(1)
    .default('true')
    .describe('Shell text that must succeed on the host before the task ends: a service that must be up.'),
  msg: z.string().default('Reboot started by zrun').describe('What users who are logged in are told.'),
  boot_time_command: z
    .string()
    .min(1)
    .default('cat /proc/sys/kernel/random/boot_id')
    .describe('Shell text whose output is another one after each boot, and the same until then.'),
  reboot_command: z
    .string()
    .min(1)
    .optional()
    .describe('Shell text that reboots the host, instead of shutdown(8); `msg` is not used then.'),
});

type Params = z.output<typeof params>;

const bootKind: ProbeKind<string> = { kind: 'boot' };

export const reboot = defineModule({
  name: 'reboot',
  summary: 'Reboot the host and wait until it is back',
  params,
  returns: z.strictObject({
    rebooted: z.boolean().describe('Always true: where it was not, the task fails.'),
    elapsed: z.int().describe('Whole seconds from the command until everything asked for was up.'),
  }),
  examples: [
    {
      title: 'Restart, and continue when systemd says that all is up',
      task: `
reboot:
  reboot_timeout: 1200
  test_command: systemctl is-system-running | grep -q -e running -e degraded`,
      needs: 'systemd',
      everyRunChanges: true,
      before: 'cat /proc/sys/kernel/random/boot_id >/var/tmp/zrun-example-boot',
      after:
        '! cmp -s /proc/sys/kernel/random/boot_id /var/tmp/zrun-example-boot && rm /var/tmp/zrun-example-boot',
    },
  ],
  async plan(read, { boot_time_command }, { isController }) {
    if (isController) {
      throw new ZrunError('task-failed', 'this host is the machine that zrun itself runs on', {
        hint: 'Its reboot would end the run. Leave it out with `--limit`, or reboot it by hand.',
      });
    }
    const bootId = await read(bootProbe(boot_time_command));
    return {
      change: 'some',
      summary: 'reboot',
      diff: [],
      repeats: true,
      // /run is empty after a boot, and systemd reads every unit as its files are.
      effects: [unknownState(fileKind, '/run', true), setState(staleKind, '', false)],
      detail: { bootId },
      predicted: { rebooted: true, elapsed: 0 },
    };
  },
  async apply(write, { detail }, params) {
    const startedAt = Date.now();
    await shutDown(write, params);
    await waitForBoot(write, detail.bootId, params);
    await waitForTest(write, params);
    return { rebooted: true, elapsed: Math.floor((Date.now() - startedAt) / 1000) };
  },
});

function bootProbe(command: string): Probe<string> {
  return { of: bootKind, key: '', script: shell(command), parse: (output) => parseBoot(command, output) };
}

function shell(command: string): ShellText {
  return sh`sh -c ${command}`;
}

function parseBoot(command: string, output: Output): string {
  const bootId = idIn(output);
  if (bootId !== undefined) return bootId;
  throw new ZrunError('task-failed', 'the host does not say which boot this is', {
    hint: 'Without that nobody could tell whether it was rebooted. Give a `boot_time_command` that works there.',
    command,
    status: output.status,
    stderr: output.stderr.toString(),
  });
}

/** Anything but a plain answer is none: an empty one would differ from every boot's. */
function idIn({ stdout, status }: Output): string | undefined {
  const text = stdout.toString().trim();
  return status === 0 && text !== '' ? text : undefined;
}

/** The command's answer may be lost with the connection, which is no failure: the boot tells. */
async function shutDown(write: Write, { reboot_command, msg, pre_reboot_delay }: Params): Promise<void> {
  const command = reboot_command ?? `shutdown -r now ${quote(msg)}`;
  const script = lines(
    pre_reboot_delay > 0 && sh`sleep ${pre_reboot_delay}`,
    reboot_command === undefined &&
      sh`command -v shutdown >/dev/null || { echo 'there is no shutdown on this host' >&2; exit 127; }`,
    shell(command),
  );
  try {
    await write.run(script, { shownAs: command });
  } catch (error) {
    if (!(error instanceof ZrunError)) throw error;
    if (error.code === 'connection-lost') return;
    // A shell that systemd ends on its way down looks like a command that was killed.
    const { status = 0 } = error.problem;
    if (error.code === 'command-failed' && status > 128) return;
    if (error.code !== 'command-failed') throw error;
    throw new ZrunError('task-failed', 'the host does not let itself be rebooted', {
      ...error.problem,
      hint: 'Does the task need `become: true`? On a host without shutdown(8), give a `reboot_command`.',
      cause: error,
    });
  }
}

async function waitForBoot(
  write: Write,
  before: string,
  { reboot_timeout, connect_timeout, boot_time_command }: Params,
): Promise<void> {
  let seen: string | undefined;
  try {
    await write.reconnect({
      timeoutMs: reboot_timeout * 1000,
      connectTimeoutMs: connect_timeout === undefined ? undefined : connect_timeout * 1000,
      script: shell(boot_time_command),
      isReady(output) {
        seen = idIn(output);
        return seen !== undefined && seen !== before;
      },
    });
  } catch (error) {
    if (!(error instanceof ZrunError) || error.code !== 'task-timeout') throw error;
    const stays = `the host has not rebooted within ${reboot_timeout} s: it answers, and it is the same boot as before`;
    throw new ZrunError('task-timeout', seen === before ? stays : error.message, {
      hint:
        seen === before
          ? 'Something holds the shutdown back: `systemd-inhibit --list` and `systemctl list-jobs` on the host tell what. A longer wait is `reboot_timeout`.'
          : `${error.hint ?? ''} A longer wait is \`reboot_timeout\`, in seconds.`.trim(),
      cause: error,
    });
  }
}

async function waitForTest(
  write: Write,
  { reboot_timeout, connect_timeout, test_command, post_reboot_delay }: Params,
): Promise<void> {
  if (post_reboot_delay > 0) await write.run(sh`sleep ${post_reboot_delay}`);
  const first = await write.run(shell(test_command), { accept: everyStatus, shownAs: test_command });
  if (first.status === 0) return;
  let last = first;
  try {
    await write.reconnect({
      timeoutMs: reboot_timeout * 1000,
      connectTimeoutMs: connect_timeout === undefined ? undefined : connect_timeout * 1000,
      script: shell(test_command),
      isReady(output) {
        last = output;
        return output.status === 0;
      },
    });
  } catch (error) {
    if (!(error instanceof ZrunError) || error.code !== 'task-timeout') throw error;
    throw new ZrunError(
      'task-timeout',
      `the host is back, but \`test_command\` has not succeeded within ${reboot_timeout} s`,
      {
        hint: 'The last answer is above. A longer wait is `reboot_timeout`, in seconds.',
        command: test_command,
        status: last.status,
        stdout: last.stdout.toString(),
        stderr: last.stderr.toString(),
        cause: error,
      },
    );
  }
}
