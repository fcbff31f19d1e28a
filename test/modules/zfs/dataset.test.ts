/** What zfs(8) prints and what is made of it. The outputs are those of OpenZFS 2.1.11 on Debian 12. */
import { expect } from 'chai';
import type { Output } from '../../../src/core/host.js';
import {
  canonicalValue,
  changedProperties,
  datasetName,
  lackingProperties,
  localValue,
  parseDataset,
  parseProperties,
  propertyChanges,
  reservationProbe,
  splitProperties,
  thickReservation,
} from '../../../src/modules/zfs/dataset.js';

const docker = `type	filesystem	-
creation	1795419853	-
used	4657152	-
available	11955601408	-
referenced	2232320	-
compressratio	1.28	-
mounted	yes	-
quota	0	default
recordsize	65536	local
mountpoint	/var/lib/docker	local
compression	lz4	local
atime	off	inherited from tank
createtxg	6	-
canmount	on	default
refreservation	0	default
guid	17686244633810083408	-
logicalreferenced	2271232	-
filesystem_limit	18446744073709551615	default
lab:owner	platform team	local
`;

function output(status: number, stdout: string, stderr = ''): Output {
  return { status, stdout: Buffer.from(stdout), stderr: Buffer.from(stderr) };
}

describe('properties', () => {
  it('are read with their sources, whatever a user property holds', () => {
    const odd = `${docker}org.example:note\ttwo\nlines\tand a tab\tlocal\norg.example:last\tx\tinherited from tank/a b\n`;
    const properties = parseProperties(odd);
    expect(properties['lab:owner']).to.deep.equal({ value: 'platform team', source: 'local' });
    expect(properties['atime']).to.deep.equal({ value: 'off', source: 'inherited from tank' });
    expect(properties['org.example:note']).to.deep.equal({ value: 'two\nlines\tand a tab', source: 'local' });
    expect(properties['org.example:last']).to.deep.equal({ value: 'x', source: 'inherited from tank/a b' });
    expect(Object.keys(parseProperties(docker))).to.have.length(19);
  });

  const answers: readonly [status: number, stderr: string, zfs: string][] = [
    [1, "cannot open 'tank/nope': dataset does not exist\n", 'ready'],
    [127, 'zfs: not installed\n', 'missing'],
    [
      1,
      "The ZFS modules are not loaded.\nTry running '/sbin/modprobe zfs' as root to load them.\n",
      'unusable',
    ],
    [
      1,
      "/dev/zfs and /proc/self/mounts are required.\nTry running 'udevadm trigger' and 'mount -t proc proc /proc' as root.\n",
      'unusable',
    ],
  ];
  for (const [status, stderr, zfs] of answers) {
    it(`of no dataset are an answer: ${stderr.split('\n')[0] ?? ''}`, () => {
      expect(parseDataset('tank/nope', output(status, '', stderr))).to.include({ exists: false, zfs });
    });
  }

  it('that fail otherwise are an error', () => {
    expect(() => parseDataset('x', output(1, '', "cannot open 'x': permission denied"))).to.throw(
      'zfs does not answer as it should',
    );
  });

  it('compare as zfs get -p prints them', () => {
    const cases: readonly [string, string | number | boolean, string][] = [
      ['quota', '1GiB', '1073741824'],
      ['quota', 'none', '0'],
      ['recordsize', '128K', '131072'],
      ['atime', false, 'off'],
      ['compression', 'zstd-3', 'zstd-3'],
      ['refreservation', 'auto', 'auto'],
      ['filesystem_limit', 'none', '18446744073709551615'],
      ['org.example:flag', true, 'true'],
      ['org.example:size', '8G', '8G'],
    ];
    for (const [name, value, canonical] of cases)
      expect(canonicalValue(name, value), name).to.equal(canonical);
  });

  it('change only where they differ; marks must be the dataset’s own', () => {
    const present = parseProperties(`${docker}zrun:role\tbackup\tinherited from tank\n`);
    const wanted = splitProperties({
      compression: 'lz4',
      atime: 'off',
      quota: '1G',
      'zrun:role': 'backup',
      'lab:owner': null,
      canmount: null,
    });
    const changes = propertyChanges(present, wanted);
    expect(changes).to.deep.equal({
      set: { quota: '1073741824', 'zrun:role': 'backup' },
      inherit: ['lab:owner'],
    });
    const after = changedProperties(present, changes);
    expect(localValue(after, 'zrun:role')).to.equal('backup');
    expect(after).not.to.have.property('lab:owner');
    expect(propertyChanges(after, wanted)).to.deep.equal({ set: {}, inherit: [] });
    expect(
      lackingProperties(present, { 'zrun:role': 'backup', 'zrun:run': '1', 'lab:owner': 'x' }),
    ).to.deep.equal([
      'zrun:role=backup is inherited from tank, not its own',
      "zrun:run is not set, expected '1'",
      "lab:owner is 'platform team', expected 'x'",
    ]);
  });
});

describe('the reservation of a thick volume', () => {
  it('is what zfs create -n says', () => {
    const probe = reservationProbe('tank/dry', 8_589_934_592, 16_384);
    const said =
      'create\ttank/dry\nproperty\tvolsize\t8589934592\nproperty\tvolblocksize\t16K\nproperty\trefreservation\t8726249472\n';
    expect(probe.parse(output(0, said))).to.equal(8_726_249_472);
    expect(probe.parse(output(2, '', 'invalid option'))).to.equal(undefined);
  });

  // What zfs create -nPv printed on a pool of one disk.
  const seen: readonly [volsize: number, blocksize: number, reservation: number][] = [
    [8_589_934_592, 16_384, 8_726_249_472],
    [8_589_934_592, 8192, 8_860_467_200],
    [85_899_345_920, 8192, 88_588_419_072],
  ];
  for (const [volsize, blocksize, reservation] of seen) {
    it(`is worked out alike for ${volsize} in blocks of ${blocksize}`, () => {
      expect(thickReservation(volsize, blocksize)).to.be.within(reservation * 0.999, reservation * 1.002);
    });
  }
});

describe('names of datasets', () => {
  const name = datasetName('a dataset');
  for (const good of ['tank', 'tank/a', 'rpool/ROOT/ubuntu_x/var-lib.d', 'tank/a b', 'tank/a:b']) {
    it(`takes ${good}`, () => expect(name.safeParse(good).success).to.equal(true));
  }
  for (const bad of [
    '',
    '/tank',
    'tank/',
    'tank//a',
    'tank/a@b',
    'tank/a#b',
    'tank/%a',
    '-tank',
    '1tank',
    'tank/ä',
    'tank/a;b',
  ]) {
    it(`refuses ${JSON.stringify(bad)}`, () => expect(name.safeParse(bad).success).to.equal(false));
  }
});
