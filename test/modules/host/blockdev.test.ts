/** What blkid and wipefs of util-linux 2.38 (Debian 12) print of a device, and what is made of it. */
import { expect } from 'chai';
import type { Output } from '../../../src/core/host.js';
import { parseBlockDevice } from '../../../src/modules/host/blockdev.js';

function output(stdout: string, status = 0): Output {
  return { status, stdout: Buffer.from(stdout), stderr: Buffer.alloc(0) };
}

const zd0 = 'path=/dev/zd0\ndevno=230:0\nsectors=1048576\n';
const cases: readonly [what: string, text: string, types: readonly string[] | undefined][] = [
  ['nothing on it', `${zd0}blkid:\nblkid status 2\nwipefs:\n`, []],
  [
    'ext4 with a label of two words',
    `${zd0}blkid:\nDEVNAME=/dev/zd0\nLABEL=my\\ data\nUUID=9ff99f70-f5ea-4b05-bb66-d541d43206a4\nVERSION=1.0\nBLOCK_SIZE=4096\nTYPE=ext4\nUSAGE=filesystem\nblkid status 0\nwipefs:\n# offset,uuid,label,type\n0x438,9ff99f70-f5ea-4b05-bb66-d541d43206a4,my\\x20data,ext4\n`,
    ['ext4'],
  ],
  [
    'a partition table',
    `${zd0}blkid:\nDEVNAME=/dev/zd0\nPTUUID=0aa38ad4-0c6e-474b-b0f0-7a4e4dfa6a6f\nPTTYPE=gpt\nblkid status 0\nwipefs:\n# offset,uuid,label,type\n0x200,,,gpt\n0x1ffffe00,,,gpt\n0x1fe,,,PMBR\n`,
    ['gpt', 'PMBR'],
  ],
  [
    'two that exclude each other',
    `${zd0}blkid:\nblkid status 8\nwipefs:\n# offset,uuid,label,type\n0x438,,,ext4\n0x3ff000,123,tank,zfs_member\n`,
    ['ext4', 'zfs_member'],
  ],
  ['several, and no wipefs to name them', `${zd0}blkid:\nblkid status 8\n`, ['several at once']],
  ['a user who may not look', `${zd0}unreadable\n`, undefined],
];

describe('a block device', () => {
  for (const [what, text, types] of cases) {
    it(`is known: ${what}`, () => {
      const device = parseBlockDevice('/dev/zvol/tank/x', output(text));
      expect(device).to.include({
        exists: true,
        path: '/dev/zd0',
        devno: '230:0',
        size: 536_870_912,
        isFresh: false,
      });
      expect(device.exists && device.signatures?.map(({ type }) => type)).to.deep.equal(types);
    });
  }

  it('has its label and UUID', () => {
    const device = parseBlockDevice('/dev/x', output(cases[1]?.[1] ?? ''));
    expect(device.exists && device.signatures?.[0]).to.deep.equal({
      type: 'ext4',
      label: 'my data',
      uuid: '9ff99f70-f5ea-4b05-bb66-d541d43206a4',
    });
  });

  it('may not be there, or be something else', () => {
    expect(parseBlockDevice('/dev/x', output('instead=\n'))).to.deep.equal({
      exists: false,
      instead: undefined,
    });
    expect(parseBlockDevice('/dev/x', output('instead=a directory\n'))).to.deep.equal({
      exists: false,
      instead: 'a directory',
    });
  });

  it('is never taken for empty where an answer is cut short', () => {
    for (const text of [
      '',
      zd0,
      `${zd0}blkid:\n`,
      `${zd0}blkid:\nblkid status 4\n`,
      `${zd0}blkid:\nblkid status 127\n`,
    ]) {
      expect(() => parseBlockDevice('/dev/x', output(text)), JSON.stringify(text)).to.throw(
        'cannot tell what is on /dev/x',
      );
    }
    expect(() => parseBlockDevice('/dev/x', output(cases[0]?.[1] ?? '', 1))).to.throw();
  });
});
