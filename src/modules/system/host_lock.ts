/**
 * Owns `host_lock`: one run at a time on a host. The lock is held by the shell that zrun talks to, so that it ends with
 * the connection: a controller that was killed leaves none behind, and nobody has to judge how old a lock may be.
 */
import os from 'node:os';
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import { defineModule, type Plan } from '../../core/module.js';
import { setState, type Probe, type ProbeKind } from '../../core/probe.js';
import { sh } from '../../core/shell.js';

const params = z.strictObject({
  name: z
    .string()
    .regex(/^[\w.-]+$/, 'letters, digits, `_`, `.` and `-`')
    .describe('What is locked. Runs that ask for the same name keep each other out.'),
  timeout: z
    .number()
    .int()
    .min(0)
    .default(0)
    .describe('Seconds to wait for another run to let go, before the task fails.'),
  force: z
    .boolean()
    .default(false)
    .describe(
      'Takes it from whoever holds it, by ending the shell of that run and what it does: for a connection that was cut without a word, whose end a host may not notice for hours.',
    ),
});

type Params = z.output<typeof params>;

/** Who holds it. */
interface Holder {
  readonly run: string;
  /** `user@machine` of the controller. */
  readonly from: string;
  /** The host's name in that run's inventory. */
  readonly as: string;
  /** Seconds since it was taken. */
  readonly age: number;
}

type Sight =
  | { readonly type: 'free' }
  | { readonly type: 'held'; readonly by: Holder }
  /** The host lacks `flock`. */
  | { readonly type: 'impossible' };

const lockKind: ProbeKind<Sight> = { kind: 'host-lock' };

/** In memory: gone with the next boot. Its lines are those that `holderOf` reads, and the holding shell in the fourth. */
const fileOf = (name: string): string => `/run/zrun-${name}.lock`;

/**
 * Seconds in which the lock is let go of where the shell that held it has ended and nothing else of its run is left:
 * what watches it looks once a second. Without this, whoever starts again right after Ctrl-C would hear of a run that
 * is over.
 */
const letsGoWithin = 3;

function lockProbe(name: string): Probe<Sight> {
  return {
    of: lockKind,
    key: name,
    script: sh`f=${fileOf(name)}
command -v flock >/dev/null || { echo impossible; exit 0; }
[ -e "$f" ] || exit 0
exec 9<"$f" || exit
flock -n -s 9 && exit
kill -0 "$(sed -n 4p "$f")" 2>/dev/null || ! flock -w ${letsGoWithin} -s 9 || exit 0
echo held; cat -- "$f"; date +%s`,
    parse: ({ stdout, stderr, status }) => {
      const [word, ...said] = stdout.toString().split('\n');
      if (word === 'impossible') return { type: 'impossible' };
      if (status === 0 && word === '') return { type: 'free' };
      if (status === 0 && word === 'held') return { type: 'held', by: holderOf(said) };
      throw new ZrunError('output-unexpected', `cannot look at the lock ${name}`, {
        status,
        stdout: stdout.toString(),
        stderr: stderr.toString(),
      });
    },
  };
}

/** @param said the lines of the file, and the host's clock */
function holderOf([run = '', from = '', since, , as = '', now]: readonly string[]): Holder {
  const age = Number(now) - Number(since);
  return { run, from, as, age: Number.isFinite(age) ? Math.max(0, age) : 0 };
}

const taken = 75;

export const hostLock = defineModule({
  name: 'host_lock',
  summary: 'Keep other runs away from a host, for as long as this one is connected to it',
  params,
  returns: z.strictObject({
    name: z.string().describe('The name.'),
    run: z.string().describe('The run that holds it: this one.'),
  }),
  examples: [
    {
      title: 'No two migrations of one host at a time',
      // It is held only while zrun is connected: a harness without a connection cannot show that.
      task: `
host_lock:
  name: migration
when: false`,
      needs: 'nothing',
      after: 'test -e /run/zrun-migration.lock',
    },
  ],
  async plan(read, { name, timeout, force }, context): Promise<Plan<undefined>> {
    const sight = await read(lockProbe(name));
    if (sight.type === 'impossible') {
      throw new ZrunError('task-failed', 'the host has no `flock`', { hint: 'It is part of util-linux.' });
    }
    const result = { name, run: context.runId };
    if (sight.type === 'held' && sight.by.run === context.runId) {
      if (sight.by.as !== context.host) throw twice(sight.by, context.host);
      return { change: 'none', reason: 'this run holds it', result };
    }
    if (sight.type === 'held' && timeout === 0 && !force) throw held(name, sight.by);
    const by = sight.type === 'held' ? sight.by.run : undefined;
    const waits =
      by === undefined ? '' : force ? `, taken from the run ${by}` : `, when the run ${by} lets go of it`;
    return {
      change: 'some',
      summary: `hold the lock ${name}${waits}`,
      diff: [],
      effects: [
        setState(lockKind, name, {
          type: 'held',
          by: { run: context.runId, from: '', as: context.host, age: 0 },
        }),
      ],
      detail: undefined,
      predicted: result,
    };
  },
  async apply(write, _change, { name, timeout, force }: Params, context) {
    // `$$` is the shell that zrun talks to, also in a subshell of it. What waits for its end has the lock with it. One
    // second is waited in any case: somebody may just be looking, and who has just taken it still has to say so.
    const script = sh`umask 077; f=${fileOf(name)}
exec 9>>"$f" || exit
${force ? sh`flock -n 9 || kill -s KILL "$(sed -n 4p "$f")" 2>/dev/null || :` : sh`:`}
flock -w ${Math.max(timeout, force ? 10 : 1)} 9 || { cat -- "$f"; date +%s; exit ${taken}; }
printf '%s\\n%s\\n%s\\n%s\\n%s\\n' ${context.runId} ${`${os.userInfo().username}@${os.hostname()}`} "$(date +%s)" "$$" ${context.host} >"$f" || exit
shell=$$
(trap '' 1; while kill -0 "$shell" 2>/dev/null; do sleep 1; done) </dev/null >/dev/null 2>&1 &`;
    const shownAs = `flock ${fileOf(name)}`;
    const output = await write.run(script, { accept: [taken], shownAs, isAnchored: true });
    if (output.status === taken) {
      const by = holderOf(output.stdout.toString().split('\n'));
      throw by.run === context.runId && by.as !== context.host ? twice(by, context.host) : held(name, by);
    }
    return { name, run: context.runId };
  },
});

function twice({ as }: Holder, host: string): ZrunError {
  return new ZrunError(
    'task-failed',
    `this machine is ${as} of this run already: ${host} is another name of it`,
    {
      hint: 'Take one of both out of the inventory, or leave it out with --limit: what one does, the other would do at the same time.',
    },
  );
}

function held(name: string, { run, from, age }: Holder): ZrunError {
  return new ZrunError(
    'task-failed',
    `the run ${run}, from ${from}, has held the lock ${name} for ${age} s`,
    {
      hint: 'Wait for its end. A run that was killed lets go as soon as what it was doing on the host has ended. Where its connection was cut without a word, that may take hours: `force: true` takes the lock away (overlay2.yaml: -e force_lock=true).',
    },
  );
}
