/** `user` and `group` on this machine, with names that nobody else has; only where root runs the tests. */
import { execFileSync, spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { file } from '../../../src/modules/files/file.js';
import { group } from '../../../src/modules/system/group.js';
import { user } from '../../../src/modules/system/user.js';
import { usersMissing } from '../../integration/sshd.js';
import {
  createCheck,
  createHost,
  failureOf,
  localRun,
  perform,
  performTwice,
  planOf,
  runExample,
} from '../harness.js';

const name = `zrun-t-${process.pid}`;
const other = `${name}-g`;
const hash =
  '$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/';

function field(entry: 'passwd' | 'shadow' | 'group', of: string, index: number): string {
  return execFileSync('getent', [entry, of], { encoding: 'utf8' }).trim().split(':')[index] ?? '';
}

function groupsOf(): string[] {
  return execFileSync('id', ['-nG', name], { encoding: 'utf8' }).trim().split(' ').sort();
}

describe('user and group', function () {
  const reason = usersMissing();
  if (reason !== undefined) {
    it(reason);
    return;
  }

  afterEach(() => {
    spawnSync('userdel', ['-r', name]);
    for (const each of [name, other]) spawnSync('groupdel', [each]);
  });

  for (const module of [group, user])
    for (const example of module.examples)
      it(`${module.name}: ${example.title}`, () => runExample(module, example));

  it('makes a group, changes its number, and removes it, each once', async () => {
    const made = await performTwice(group, { name, gid: 64_000 });
    expect(made.exchanges).to.equal(2);
    expect(made.result).to.deep.equal({ name, state: 'present', gid: 64_000 });
    await performTwice(group, { name, gid: 64_001 });
    expect(field('group', name, 2)).to.equal('64001');
    expect((await performTwice(group, { name, state: 'absent' })).changed).to.equal(true);
  });

  it('makes a user with everything, and changes each part', async () => {
    await perform(group, { name: other });
    const all = {
      name,
      uid: 64_010,
      groups: [other],
      comment: 'A Test',
      shell: '/bin/sh',
      home: `/tmp/${name}`,
    };
    const { exchanges, result } = await performTwice(user, all);
    expect(exchanges).to.equal(2);
    expect(result).to.deep.equal({
      name,
      state: 'present',
      uid: 64_010,
      group: name,
      groups: [other],
      comment: 'A Test',
      home: `/tmp/${name}`,
      shell: '/bin/sh',
    });
    expect(groupsOf()).to.deep.equal([name, other]);
    await performTwice(user, { name, shell: '/bin/false', comment: '' });
    expect(field('passwd', name, 6)).to.equal('/bin/false');
    await performTwice(user, { name, groups: 'adm', append: true });
    expect(groupsOf()).to.deep.equal(['adm', name, other].sort());
    const { plan } = await performTwice(user, { name, groups: 'adm, games' });
    expect(plan.change === 'some' && plan.diff[0]).to.have.deep.property('fields', [
      { name: 'groups', before: `adm, ${other}`, after: 'adm, games' },
    ]);
    await performTwice(user, { name, groups: [] });
    expect(groupsOf()).to.deep.equal([name]);
    await performTwice(user, { name, group: other });
    expect(field('passwd', name, 3)).to.equal(field('group', other, 2));
    await performTwice(user, { name, group: field('group', name, 2) });
    const gone = await performTwice(user, { name, state: 'absent', remove: true });
    expect(gone.plan.change === 'some' && gone.plan.destroys).to.match(/^the home directory \/tmp\/zrun-t-/);
  });

  it('sets a hash that no command line and no diff ever shows', async () => {
    const scripts: string[] = [];
    const run = localRun();
    const host = createHost((script, stdin) => {
      scripts.push(script.shellText);
      return run(script, stdin);
    });
    const { plan, result } = await performTwice(user, { name, password: hash, create_home: false }, host);
    expect(field('shadow', name, 1)).to.equal(hash);
    const { effects, detail, ...shown } = plan.change === 'some' ? plan : { effects: [], detail: {} };
    expect(effects).not.to.be.empty;
    expect(detail).not.to.deep.equal({});
    expect(JSON.stringify([scripts, result, shown])).not.to.contain('saltsalt');
    const kept = await perform(user, { name, password: '!', update_password: 'on_create' });
    expect(kept.changed).to.equal(false);
    await performTwice(user, { name, password: '*' });
    expect(field('shadow', name, 1)).to.equal('*');
  });

  it('predicts in check mode what later tasks then find', async () => {
    const check = createCheck(createHost());
    expect((await check(group, { name: other })).change).to.equal('some');
    expect((await check(group, { name: other })).change).to.equal('none');
    const params = { name, uid: 64_020, groups: [other] };
    expect((await check(user, params)).change).to.equal('some');
    expect((await check(user, params)).change).to.equal('none');
    const owned = await check(file, { path: `/tmp/${name}`, state: 'directory', owner: name });
    expect(owned.change).to.equal('some');
    expect((await check(user, { name, state: 'absent' })).change).to.equal('some');
    expect((await check(user, { name, state: 'absent' })).change).to.equal('none');
    expect(spawnSync('getent', ['passwd', name]).status).to.equal(2);
  });

  it('takes a group of the same name that is there already', async () => {
    await perform(group, { name });
    await performTwice(user, { name, create_home: false });
    expect(groupsOf()).to.deep.equal([name]);
  });

  it('says what is wrong before anything is done', async () => {
    const { read } = createHost();
    const noGroup = await failureOf(planOf(user, { name, groups: ['no-such-group'] }, read));
    expect(noGroup.message).to.equal("the host has no group 'no-such-group'");
    const root = await failureOf(planOf(user, { name: 'root', state: 'absent' }, read));
    expect(root.message).to.match(/superuser/);
  });
});

describe('parameters of user', () => {
  for (const [params, message] of [
    [{ name: 'a', password: 'secret' }, /must be a hash/],
    [{ name: '-a' }, /must be a name/],
    [{ name: 'a', append: true }, /`append` needs `groups`/],
    [{ name: 'a', move_home: true }, /`move_home` needs `home`/],
    [{ name: 'a', comment: 'a:b' }, /without a colon/],
  ] as const) {
    it(`refuses ${JSON.stringify(params)}`, () => expect(() => user.bind(params)).to.throw(message));
  }

  for (const password of [hash, '!', '*', '!!', `!${hash}`, '$y$j9T$abc$def', 'ab1234567890.']) {
    it(`takes the hash ${password.slice(0, 20)}`, () =>
      expect(() => user.bind({ name: 'a', password })).not.to.throw());
  }
});
