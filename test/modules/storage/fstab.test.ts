/** fstab's text: what is read, and that nothing but the line that is meant ever changes. */
import { expect } from 'chai';
import {
  addEntry,
  findEntries,
  formatEntry,
  parseFstab,
  removeEntry,
  replaceEntry,
  type FstabEntry,
} from '../../../src/modules/storage/fstab.js';

const volume: FstabEntry = {
  source: '/dev/zvol/tank/docker',
  target: '/var/lib/docker',
  fstype: 'ext4',
  options: 'noatime,nofail',
  dump: 0,
  passno: 2,
};

/** Files as they are found on hosts. */
const files: Readonly<Record<string, string>> = {
  empty: '',
  'the lab’s': '/dev/vda / ext4 errors=remount-ro 0 1\n',
  'comments and odd spacing': `# /etc/fstab: static file system information.
#
# <file system> <mount point>   <type>  <options>       <dump>  <pass>
UUID=6bd0  /               ext4    errors=remount-ro 0       1

\t/dev/sr0        /media/cdrom0   udf,iso9660 user,noauto     0       0   
  # indented
tmpfs /tmp tmpfs
`,
  'no newline at the end': 'proc /proc proc defaults 0 0\n/dev/sdb1\t/srv\txfs\tdefaults',
  'carriage returns': '/dev/sda1 / ext4 defaults 0 1\r\n/dev/sdb1 /srv xfs defaults 0 2\r\n',
  'a name with spaces': '//nas/my\\040share /mnt/my\\040share cifs credentials=/root/c 0 0\n',
  'not UTF-8 clean beyond ASCII': '# Größe: ✓\nLABEL=dätä /srv/dätä ext4 defaults 0 0\n\n\n',
};

describe('fstab', () => {
  for (const [name, text] of Object.entries(files)) {
    it(`gets a line and gives it back byte for byte: ${name}`, () => {
      const added = addEntry(text, volume);
      expect(added.startsWith(text), 'what was there comes first').to.equal(true);
      const [own, ...more] = findEntries(added, '/var/lib/docker');
      expect(more).to.deep.equal([]);
      expect(own).to.include(volume);
      expect(removeEntry(added, own?.line ?? 0)).to.equal(text);
    });
  }

  it('reads fields, escapes, and what is left out', () => {
    expect(parseFstab(files['comments and odd spacing'] ?? '')).to.deep.equal([
      {
        source: 'UUID=6bd0',
        target: '/',
        fstype: 'ext4',
        options: 'errors=remount-ro',
        dump: 0,
        passno: 1,
        line: 4,
      },
      {
        source: '/dev/sr0',
        target: '/media/cdrom0',
        fstype: 'udf,iso9660',
        options: 'user,noauto',
        dump: 0,
        passno: 0,
        line: 6,
      },
      { source: 'tmpfs', target: '/tmp', fstype: 'tmpfs', options: 'defaults', dump: 0, passno: 0, line: 8 },
    ]);
    expect(findEntries(files['a name with spaces'] ?? '', '/mnt/my share/')[0]?.source).to.equal(
      '//nas/my share',
    );
    expect(findEntries(files['carriage returns'] ?? '', '/srv')[0]).to.include({
      options: 'defaults',
      passno: 2,
    });
    expect(findEntries('#/dev/sdb1 /srv xfs defaults 0 0\n', '/srv')).to.deep.equal([]);
  });

  const replacements: readonly [what: string, before: string, entry: Partial<FstabEntry>, after: string][] = [
    [
      'one field',
      '/dev/sdb1\t/srv   xfs  defaults\t0 0 \n',
      { options: 'noatime' },
      '/dev/sdb1\t/srv   xfs  noatime\t0 0 \n',
    ],
    ['a field that was left out', '/dev/sdb1 /srv xfs', { passno: 2 }, '/dev/sdb1 /srv xfs defaults 0 2'],
    [
      'no more fields than needed',
      '  /dev/sdb1 /srv xfs\n',
      { source: '/dev/sdc1' },
      '  /dev/sdc1 /srv xfs\n',
    ],
    [
      'a path with a space',
      'x /a\\040b xfs defaults 0 0',
      { source: 'y z' },
      'y\\040z /a\\040b xfs defaults 0 0',
    ],
    [
      'an escape that nobody asked about',
      'x\\043y /srv xfs defaults 0 0\n',
      { fstype: 'ext4' },
      'x\\043y /srv ext4 defaults 0 0\n',
    ],
    [
      'a trailing slash',
      '/dev/sdb1 /srv/ xfs defaults 0 0\n',
      { fstype: 'ext4' },
      '/dev/sdb1 /srv/ ext4 defaults 0 0\n',
    ],
    [
      'a comment behind the fields',
      '/dev/sdb1 /srv xfs defaults 0 0 # mine\n',
      { passno: 1 },
      '/dev/sdb1 /srv xfs defaults 0 1 # mine\n',
    ],
    [
      'carriage returns',
      'a /b xfs defaults 0 0\r\nc /d xfs defaults 0 0\r\n',
      { options: 'ro' },
      'a /b xfs ro 0 0\r\nc /d xfs defaults 0 0\r\n',
    ],
  ];
  for (const [what, before, entry, after] of replacements) {
    it(`changes only what differs: ${what}`, () => {
      const [old] = parseFstab(before);
      if (!old) throw new Error('no entry');
      expect(replaceEntry(before, old.line, { ...old, ...entry })).to.equal(after);
    });
  }

  it('writes white space so that it is read back', () => {
    const odd = { ...volume, source: 'a b\tc\\d', target: '/x y' };
    expect(formatEntry(odd)).to.equal('a\\040b\\011c\\134d /x\\040y ext4 noatime,nofail 0 2');
    expect(parseFstab(formatEntry(odd))[0]).to.include(odd);
  });
});
