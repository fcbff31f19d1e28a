/**
 * Owns `user`: a user of the host with what /etc/passwd says of them. A password is only ever a hash, and travels on
 * standard input. Sources: useradd(8), usermod(8), chpasswd(8).
 */
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import { defineModule, type FieldDiff, type Plan, type TaskContext } from '../../core/module.js';
import { unknownState, type Read } from '../../core/probe.js';
import { lines, quoteArgv, sh } from '../../core/shell.js';
import { Unknown, type ValueMap } from '../../core/value.js';
import {
  accountEffects,
  accountName,
  accountProbe,
  groupAccountProbe,
  groupEffects,
  refuseWithoutTools,
  type UserAccount,
} from '../host/accounts.js';
import { commandsProbe } from '../host/commands.js';
import { fileKind } from '../host/file.js';
import { hostPath } from '../host/path.js';

const group = z.string().regex(/^[^-:,\s][^:,\s]*$/, 'must be the name of a group, or its number in quotes');

const params = z
  .strictObject({
    name: accountName('The user.'),
    state: z.enum(['present', 'absent']).default('present').describe('Whether the user should be there.'),
    uid: z.int().min(0).optional().describe('The number; left out: as it is, or the next free one.'),
    group: group.optional().describe('The primary group; left out: as it is, or one of the user’s own name.'),
    groups: z
      .union([z.array(group), z.string()])
      .optional()
      .describe('The other groups, a list or a text with commas. An empty list: none.'),
    append: z.boolean().default(false).describe('Takes the user out of no group that is not in `groups`.'),
    comment: z
      .string()
      .regex(/^[^:\n]*$/, 'must be one line without a colon')
      .optional()
      .describe('The full name, or whatever else the field GECOS should hold.'),
    shell: hostPath('The shell at login.').optional(),
    home: hostPath('The home directory; left out: as it is, or /home/NAME.').optional(),
    create_home: z.boolean().default(true).describe('Makes the home directory of a new user.'),
    move_home: z.boolean().default(false).describe('Moves what is in the old home where `home` differs.'),
    system: z.boolean().default(false).describe('Makes a new one with a number of the system’s range.'),
    password: z
      .string()
      .refine(isHash, {
        error:
          '`password` must be a hash as in /etc/shadow, or ! or * for none that works: `openssl passwd -6` makes one',
      })
      .optional()
      .describe('The hash of the password, never the password: made by `openssl passwd -6` or mkpasswd.'),
    update_password: z
      .enum(['always', 'on_create'])
      .default('always')
      .describe('on_create: the password of a user who is there already stays.'),
    remove: z
      .boolean()
      .default(false)
      .describe('With `state: absent`: the home directory and the mail go too, and are lost.'),
  })
  .refine(({ append, groups }) => !append || groups !== undefined, { error: '`append` needs `groups`' })
  .refine(({ move_home, home }) => !move_home || home !== undefined, { error: '`move_home` needs `home`' });

type Params = z.output<typeof params>;

/** As crypt(5) writes them, locked (!) perhaps; thirteen letters are the oldest kind. */
function isHash(text: string): boolean {
  return /^(?:[!*]{1,2}|!{0,2}\$[\w-]+\$[^\s:]+|[./0-9A-Za-z]{13})$/.test(text);
}

interface Detail {
  /** Undefined where only the password changes. */
  readonly argv: readonly string[] | undefined;
  readonly password: string | undefined;
}

/** Its own, so that no user of the host's is touched. */
const example = 'zrun-example-user';

export const user = defineModule({
  name: 'user',
  summary: 'Make sure that a user is there, or is not',
  aliases: { name: ['user'], create_home: ['createhome'] },
  params,
  returns: z.strictObject({
    name: z.string().describe('The user.'),
    state: z.string().describe('present or absent.'),
    uid: z.int().optional().describe('The number; this and what follows only where the user is there.'),
    group: z.string().optional().describe('The primary group.'),
    groups: z.array(z.string()).optional().describe('The other groups.'),
    comment: z.string().optional().describe('The full name.'),
    home: z.string().optional().describe('The home directory.'),
    shell: z.string().optional().describe('The shell at login.'),
  }),
  examples: [
    {
      title: 'A user who may read the logs, without a password that works',
      task: `
user:
  name: ${example}
  groups: [adm]
  append: true
  shell: /bin/sh
  password: '*'
  create_home: false`,
      needs: 'root',
      before: `userdel ${example} 2>/dev/null || true`,
      after: `
id -nG ${example} | grep -qw adm
test "$(getent passwd ${example} | cut -d: -f7)" = /bin/sh
userdel ${example}`,
    },
    {
      title: 'No such user any more; the home directory stays',
      task: `
user:
  name: ${example}
  state: absent`,
      needs: 'root',
      before: `id ${example} >/dev/null 2>&1 || useradd -M ${example}`,
      after: `! getent passwd ${example}`,
    },
  ],
  plan(read, params, context) {
    return params.state === 'present' ? planPresent(read, params, context) : planAbsent(read, params);
  },
  async apply(write, { detail: { argv, password } }, { name }) {
    const probe = accountProbe(name, false);
    const shownAs = argv ? quoteArgv(argv) : `chpasswd -e (for ${name})`;
    const script = lines(
      // A shell's own input is the password's: no tool but chpasswd sees it.
      argv && sh`${argv} </dev/null || exit`,
      password !== undefined && sh`chpasswd -e || exit`,
      probe.script,
    );
    const stdin = password === undefined ? undefined : Buffer.from(`${name}:${password}\n`);
    return resultOf(name, probe.parse(await write.run(script, { shownAs, ...(stdin && { stdin }) })));
  },
});

async function planAbsent(read: Read, { name, remove }: Params): Promise<Plan<Detail>> {
  const [before, has] = await Promise.all([
    read(accountProbe(name, false)),
    read(commandsProbe(['userdel'])),
  ]);
  if (!before) return { change: 'none', reason: 'not there', result: resultOf(name, undefined) };
  refuseWithoutTools(has);
  if (before.uid === 0) {
    throw new ZrunError('task-failed', `${name} is the number 0, the superuser, and is not removed`);
  }
  return {
    change: 'some',
    summary: `remove user ${name}${remove ? ' and the home directory' : ''}`,
    diff: [{ type: 'fields', subject: `user ${name}`, fields: fieldsOf(before, undefined) }],
    ...(remove && { destroys: `the home directory ${before.home} and everything in it` }),
    effects: [
      ...accountEffects(name, undefined),
      ...(remove ? [unknownState(fileKind, before.home, true)] : []),
    ],
    detail: { argv: ['userdel', ...(remove ? ['-r'] : []), name], password: undefined },
    predicted: resultOf(name, undefined),
  };
}

async function planPresent(read: Read, params: Params, context: TaskContext): Promise<Plan<Detail>> {
  const { name, password, update_password } = params;
  const wanted = groupsIn(params);
  const named = [...(wanted ?? []), ...(params.group === undefined ? [] : [params.group])];
  const [before, own, has, ...found] = await Promise.all([
    read(accountProbe(name, password !== undefined)),
    read(groupAccountProbe(name)),
    read(commandsProbe(['useradd', 'usermod', 'chpasswd'])),
    ...named.map((each) => read(groupAccountProbe(each))),
  ]);
  const missing = named.find((_, i) => found[i] === undefined);
  if (missing !== undefined) {
    throw new ZrunError('task-failed', `the host has no group '${missing}'`, {
      hint: 'Make it first: `group: {name: …}`.',
    });
  }
  const setsPassword =
    password !== undefined &&
    (before === undefined || (update_password === 'always' && before.hash !== password));
  if (before && setsPassword && before.hash === undefined) {
    throw new ZrunError('task-failed', `the password of ${name} cannot be compared`, {
      hint: 'Only root can read /etc/shadow. Does the task need `become: true`?',
    });
  }
  // A primary group may be given by its number.
  const primary = found.at(params.group === undefined ? found.length : -1);
  const after = wishedAccount(before, params, wanted, primary?.gid);
  const argv = before
    ? usermod(before, after, params, wanted)
    : useradd(params, wanted, params.group ?? (own ? name : undefined));
  if (!argv && !setsPassword) return { change: 'none', reason: 'as wanted', result: resultOf(name, before) };
  refuseWithoutTools(has);
  const fields: FieldDiff[] = [
    ...fieldsOf(before, after),
    ...(setsPassword ? [{ name: 'password', before: before && 'another one', after: 'as given' }] : []),
  ];
  const isNew = before === undefined;
  return {
    change: 'some',
    summary: isNew
      ? `create user ${name}`
      : `change ${fields.map((each) => each.name).join(', ')} of user ${name}`,
    diff: [{ type: 'fields', subject: `user ${name}`, fields }],
    effects: [
      ...accountEffects(name, { ...after, hash: setsPassword ? password : after.hash }),
      ...(isNew && params.group === undefined && !own ? groupEffects(name, { gid: undefined }) : []),
      ...(isNew && params.create_home ? [unknownState(fileKind, after.home, true)] : []),
    ],
    detail: { argv, password: setsPassword ? password : undefined },
    predicted: resultOf(name, after, new Unknown(context.task)),
  };
}

function groupsIn({ groups }: Params): readonly string[] | undefined {
  if (typeof groups !== 'string') return groups;
  return groups.split(',').flatMap((each) => (each.trim() === '' ? [] : [each.trim()]));
}

function wishedAccount(
  before: UserAccount | undefined,
  { name, uid, group, append, comment, home, shell }: Params,
  groups: readonly string[] | undefined,
  gid: number | undefined,
): UserAccount {
  const base: UserAccount = before ?? {
    uid: undefined,
    gid: undefined,
    group: name,
    groups: [],
    comment: '',
    home: `/home/${name}`,
    // What useradd gives is the host's own setting.
    shell: '',
    hash: undefined,
  };
  const isSamePrimary = group === undefined || group === base.group || group === String(base.gid);
  const primary = isSamePrimary ? base.group : group;
  const others = groups === undefined ? base.groups : append ? [...base.groups, ...groups] : groups;
  return {
    ...base,
    uid: uid ?? base.uid,
    gid: isSamePrimary ? base.gid : gid,
    group: primary,
    groups: [...new Set(others)].filter((each) => each !== primary).sort(),
    comment: comment ?? base.comment,
    home: home ?? base.home,
    shell: shell ?? base.shell,
  };
}

function useradd(
  { name, uid, comment, home, shell, create_home, system }: Params,
  groups: readonly string[] = [],
  group: string | undefined,
): readonly string[] {
  return [
    'useradd',
    create_home ? '-m' : '-M',
    ...(system ? ['-r'] : []),
    ...option('-u', uid),
    ...option('-g', group),
    ...option('-G', groups.length > 0 ? groups.join(',') : undefined),
    ...option('-c', comment),
    ...option('-d', home),
    ...option('-s', shell),
    name,
  ];
}

function usermod(
  before: UserAccount,
  after: UserAccount,
  { name, group, move_home }: Params,
  groups: readonly string[] | undefined,
): readonly string[] | undefined {
  const changed = <K extends keyof UserAccount>(field: K): UserAccount[K] | undefined =>
    before[field] === after[field] ? undefined : after[field];
  const isRegrouped = groups !== undefined && after.groups.join() !== before.groups.join();
  const options = [
    ...option('-u', changed('uid')),
    ...option('-g', changed('group') === undefined ? undefined : group),
    ...option('-G', isRegrouped ? after.groups.join(',') : undefined),
    ...option('-c', changed('comment')),
    ...option('-d', changed('home')),
    ...(move_home && changed('home') !== undefined ? ['-m'] : []),
    ...option('-s', changed('shell')),
  ];
  return options.length === 0 ? undefined : ['usermod', ...options, name];
}

function option(flag: string, value: string | number | undefined): readonly string[] {
  return value === undefined ? [] : [flag, String(value)];
}

function fieldsOf(before: UserAccount | undefined, after: UserAccount | undefined): readonly FieldDiff[] {
  const fields: FieldDiff[] = [];
  const compare = (name: string, of: (user: UserAccount) => string): void => {
    const [old, fresh] = [before && of(before), after && of(after)];
    if (old !== fresh && !(old === undefined && fresh === ''))
      fields.push({ name, before: old, after: fresh });
  };
  compare('uid', ({ uid }) => String(uid ?? 'the next free'));
  compare('group', ({ group }) => group);
  compare('groups', ({ groups }) => groups.join(', '));
  compare('comment', ({ comment }) => comment);
  compare('home', ({ home }) => home);
  compare('shell', ({ shell }) => shell);
  return fields;
}

function resultOf(name: string, account: UserAccount | undefined, unknown?: Unknown): ValueMap {
  if (!account) return { name, state: 'absent' };
  const { group, groups, comment, home, shell } = account;
  const uid = account.uid ?? unknown;
  return {
    name,
    state: 'present',
    ...(uid !== undefined && { uid }),
    group,
    groups,
    comment,
    home,
    shell: shell === '' && unknown ? unknown : shell,
  };
}
