/** Owns `apt`: packages of Debian and its like, there, newest or not. What apt itself would do is the plan. */
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import { defineModule, type Change, type Plan, type TaskContext, type Write } from '../../core/module.js';
import { setState, unknownState, type Effect, type Read } from '../../core/probe.js';
import { quoteArgv } from '../../core/shell.js';
import { Unknown, type ValueMap } from '../../core/value.js';
import {
  aptKind,
  aptProbe,
  aptScript,
  aptWords,
  bareName,
  explainApt,
  interruptedHint,
  packageKind,
  packageProbe,
  parseApt,
  type AptSight,
  type AptStep,
  type AptWish,
  type AptWork,
} from './apt-query.js';

const packageName = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9+.-]*(?::[a-z0-9-]+)?(?:=[A-Za-z0-9.+~:*-]+)?$/,
    'must be the name of a package, =VERSION behind it perhaps',
  );

const params = z
  .strictObject({
    name: z
      .union([packageName, z.array(packageName)])
      .default([])
      .describe('The package, or a list of them; `pkg=1.2*` wants a version.'),
    state: z
      .enum(['present', 'latest', 'absent'])
      .default('present')
      .describe('present: installed, in whatever version. latest: in the newest one that the lists know.'),
    update_cache: z
      .boolean()
      .default(false)
      .describe('Fetches the package lists first, where anything is to be done or only they tell.'),
    cache_valid_time: z
      .int()
      .min(0)
      .default(0)
      .describe('Seconds for which lists are new enough; more than 0 implies `update_cache`.'),
    install_recommends: z
      .boolean()
      .optional()
      .describe('Whether recommended packages come along; left out: as the host is set.'),
    purge: z.boolean().default(false).describe('With `state: absent`: their configuration files go too.'),
    autoremove: z
      .boolean()
      .default(false)
      .describe('Removes what was installed for other packages only and is not needed any more.'),
    allow_downgrade: z.boolean().default(false).describe('Lets an older version take the place of a newer.'),
    lock_timeout: z
      .int()
      .min(0)
      .default(60)
      .describe('Seconds to wait for another apt or dpkg that is at work.'),
  })
  .refine(
    ({ name, update_cache, cache_valid_time, autoremove }) =>
      name.length > 0 || update_cache || cache_valid_time > 0 || autoremove,
    { error: 'give `name`, or `update_cache`, or `autoremove`' },
  );

type Params = z.output<typeof params>;

const versions = z.record(z.string(), z.string());

export const apt = defineModule({
  name: 'apt',
  summary: 'Install or remove packages of Debian, Ubuntu and their like',
  aliases: {
    name: ['package', 'pkg'],
    update_cache: ['update-cache'],
    install_recommends: ['install-recommends'],
    allow_downgrade: ['allow-downgrade', 'allow_downgrades', 'allow-downgrades'],
  },
  params,
  freeForm: 'name',
  returns: z.strictObject({
    packages: versions.describe('The version of each package of `name` that is installed.'),
    cache_updated: z.boolean().describe('Whether the package lists were fetched.'),
    stdout: z.string().optional().describe('What apt wrote, where anything was done.'),
  }),
  examples: [
    {
      title: 'What a playbook needs, in whatever version it is there',
      task: `
apt:
  name: [dpkg, bash]`,
      needs: 'apt',
      after: 'dpkg-query -W dpkg bash >/dev/null',
    },
    {
      title: 'No package, and nothing of its configuration',
      task: `
apt:
  name: zrun-no-such-package
  state: absent
  purge: true`,
      needs: 'apt',
      after: '! dpkg-query -W zrun-no-such-package 2>/dev/null',
    },
    {
      title: 'Installed from lists that are a day old at the most, without what is only recommended',
      task: `
apt:
  name: hello
  cache_valid_time: 86400
  install_recommends: false`,
      needs: 'root',
      before: 'dpkg --purge hello >/dev/null 2>&1',
      after: 'hello >/dev/null && dpkg --purge hello >/dev/null',
    },
  ],
  async plan(read, params, context) {
    const wish = wishOf(params);
    const sight = await read(aptProbe(wish));
    const seen = context.check ? await predictedSight(read, wish, sight) : sight;
    return planApt(wish, seen, params, context);
  },
  apply: applyApt,
});

function wishOf({ name, ...params }: Params): AptWish {
  const { state, purge, autoremove, install_recommends, allow_downgrade } = params;
  const names = typeof name === 'string' ? [name] : name;
  return { names, state, purge, autoremove, install_recommends, allow_downgrade };
}

/** In check mode earlier tasks may have installed or removed what apt itself still sees otherwise. */
async function predictedSight(read: Read, wish: AptWish, sight: AptSight): Promise<AptSight> {
  if (wish.state === 'latest') return sight;
  const found = await Promise.all(wish.names.map((name) => read(packageProbe(bareName(name)))));
  const differs = (name: string, version: string | undefined): boolean =>
    version !== sight.versions[bareName(name)];
  const isThere = (i: number): boolean => found[i] !== undefined;
  const settled = wish.names.filter(
    (name, i) => differs(name, found[i]) && isThere(i) === (wish.state === 'present'),
  );
  const reopened = wish.names.filter(
    (name, i) => differs(name, found[i]) && isThere(i) !== (wish.state === 'present'),
  );
  return {
    ...sight,
    wanting: [...sight.wanting.filter((name) => !settled.includes(name)), ...reopened],
    steps: [
      ...sight.steps.filter((step) => !settled.some((name) => bareName(name) === step.name)),
      ...reopened.map((name): AptStep => {
        const verb = wish.state === 'present' ? 'install' : 'remove';
        return { verb, name: bareName(name), before: undefined, after: undefined };
      }),
    ],
  };
}

function planApt(wish: AptWish, sight: AptSight, params: Params, context: TaskContext): Plan<AptWork> {
  const { update_cache, cache_valid_time, lock_timeout } = params;
  const { age, wanting, steps, refusal } = sight;
  const isOld = age === undefined || age > cache_valid_time || cache_valid_time === 0;
  const mayUpdate = (update_cache || cache_valid_time > 0) && isOld;
  // Where dpkg alone says that all is as wanted, newer lists would tell nothing else.
  const isOnlyLists = wish.names.length === 0 && !wish.autoremove;
  const updates = mayUpdate && (isOnlyLists || wanting.length > 0);
  // Older lists may not even know the package.
  if (refusal !== undefined && !updates) throw refused(refusal);
  const isUnforeseen = updates && (wish.state === 'latest' || refusal !== undefined);
  const isWork = steps.length > 0 || (wanting.length > 0 && isUnforeseen);
  if (!isWork && !(updates && isOnlyLists)) {
    return {
      change: 'none',
      reason: 'as wanted',
      result: { packages: sight.versions, cache_updated: false },
    };
  }
  if (sight.isInterrupted) {
    throw new ZrunError('task-failed', 'dpkg was interrupted on this host, and does nothing else before', {
      hint: interruptedHint,
    });
  }
  const words = isWork ? aptWords(wish, wanting) : undefined;
  const gone = steps.filter(({ verb }) => verb === 'remove' || verb === 'purge').map(({ name }) => name);
  const destroys = wish.state === 'absent' && !wish.purge ? '' : gone.join(', ');
  return {
    change: 'some',
    summary: summaryOf(updates, isWork, wish, wanting, steps),
    diff: [
      {
        type: 'fields',
        subject: 'packages',
        fields: [
          ...(updates
            ? [{ name: 'lists', before: age === undefined ? undefined : `${age} s old`, after: 'fetched' }]
            : []),
          ...steps.map(({ verb, name, before, after }) => ({
            name,
            before,
            after:
              verb === 'configure' ? 'configured' : (after ?? (verb === 'install' ? 'installed' : undefined)),
          })),
        ],
      },
    ],
    // Lists without a time for which they are valid are fetched each time.
    ...(updates &&
      cache_valid_time === 0 &&
      (isOnlyLists || wish.state === 'latest') && { repeats: true as const }),
    ...(destroys !== '' && {
      destroys:
        wish.state === 'absent' ? `the configuration of ${destroys}` : `these packages go: ${destroys}`,
    }),
    effects: effectsOf(wish, wanting, steps, sight),
    ...(isWork && wish.state !== 'absent' && { bringsMore: true as const }),
    detail: { updates, words, names: wish.names, lockTimeout: lock_timeout },
    predicted: { packages: new Unknown(context.task), cache_updated: updates },
  };
}

function summaryOf(
  updates: boolean,
  isWork: boolean,
  wish: AptWish,
  wanting: readonly string[],
  steps: readonly AptStep[],
): string {
  const count =
    steps.length - steps.filter(({ name }) => wanting.some((each) => bareName(each) === name)).length;
  const more = count > 0 ? ` (and ${count} more)` : '';
  const verb = { present: 'install', latest: 'bring up to date', absent: wish.purge ? 'purge' : 'remove' }[
    wish.state
  ];
  const work =
    wanting.length === 0
      ? `remove ${steps.map(({ name }) => name).join(', ')}, which nothing needs`
      : `${verb} ${wanting.join(', ')}${more}`;
  if (!updates) return work;
  return isWork ? `fetch the package lists and ${work}` : 'fetch the package lists';
}

function effectsOf(
  wish: AptWish,
  wanting: readonly string[],
  steps: readonly AptStep[],
  sight: AptSight,
): readonly Effect[] {
  const settled: AptSight = { ...sight, age: 0, wanting: [], steps: [], refusal: undefined };
  return [
    ...wanting
      .filter((name) => !steps.some((step) => step.name === bareName(name)))
      .map((name) => unknownState(packageKind, bareName(name))),
    ...steps.map(({ verb, name, after }) => {
      const version = verb === 'install' || verb === 'configure' ? (after ?? 'installed') : undefined;
      return setState<string | undefined>(packageKind, name, version);
    }),
    setState(aptKind, JSON.stringify(wish), settled),
  ];
}

function refused(said: string): ZrunError {
  const reason = /^E: (.*)$/m.exec(said)?.[1];
  return new ZrunError('task-failed', reason === undefined ? 'apt cannot do it' : `apt: ${reason}`, {
    hint: explainApt(said) ?? 'What it says is above.',
    stderr: said,
  });
}

async function applyApt(write: Write, { detail }: Change<AptWork>): Promise<ValueMap> {
  const shownAs = detail.words === undefined ? 'apt-get update' : quoteArgv(['apt-get', ...detail.words]);
  try {
    const output = await write.run(aptScript(detail), { shownAs });
    const stdout = output.stdout.toString();
    const { versions: packages } = parseApt(output);
    return { packages, cache_updated: detail.updates, stdout: stdout.replace(/^== have .*\n?/gm, '') };
  } catch (error) {
    if (!(error instanceof ZrunError) || error.code !== 'command-failed') throw error;
    const { status, stdout, stderr = '', command } = error.problem;
    const reason = /^E: (.*)$/m.exec(stderr)?.[1];
    throw new ZrunError('task-failed', reason === undefined ? error.message : `apt: ${reason}`, {
      hint: explainApt(stderr) ?? 'Nothing is lost: apt can be asked again when this is mended.',
      command,
      status,
      stdout,
      stderr,
      cause: error,
    });
  }
}
