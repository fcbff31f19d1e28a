/**
 * Other names of parameters: those that ansible-core 2.14 documents for what zrun's modules have.
 */
import { expect } from 'chai';
import { modules } from '../../src/modules/index.js';

describe('other names of parameters', () => {
  for (const { name, params, aliases } of modules.values()) {
    if (aliases.size === 0) continue;
    it(`${name}: each stands for a parameter, and is none itself`, () => {
      const parameters = Object.keys(params.shape);
      expect(parameters).to.include.members([...aliases.values()]);
      expect([...aliases.keys()].filter((alias) => parameters.includes(alias))).to.deep.equal([]);
    });
  }

  const ansible: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    add_host: { hostname: 'name', host: 'name', groupname: 'groups', group: 'groups' },
    file: { dest: 'path', name: 'path' },
    stat: { dest: 'path', name: 'path' },
    lineinfile: { dest: 'path', destfile: 'path', name: 'path', regex: 'regexp', value: 'line' },
    blockinfile: { dest: 'path', destfile: 'path', name: 'path', content: 'block' },
    systemd_service: { service: 'name', unit: 'name', 'daemon-reload': 'daemon_reload' },
    user: { user: 'name', createhome: 'create_home' },
    slurp: { path: 'src' },
    mount: { name: 'path' },
    filesystem: { device: 'dev', type: 'fstype' },
    assert: { msg: 'fail_msg' },
    apt: {
      package: 'name',
      pkg: 'name',
      'update-cache': 'update_cache',
      'install-recommends': 'install_recommends',
      'allow-downgrade': 'allow_downgrade',
      allow_downgrades: 'allow_downgrade',
      'allow-downgrades': 'allow_downgrade',
    },
  };
  it('are those that Ansible has', () => {
    const all = [...modules.values()].filter(({ aliases }) => aliases.size > 0);
    expect(
      Object.fromEntries(all.map(({ name, aliases }) => [name, Object.fromEntries(aliases)])),
    ).to.deep.equal(ansible);
  });
});
