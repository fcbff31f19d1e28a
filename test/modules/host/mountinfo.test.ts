/** /proc/self/mountinfo as Debian 12 has it with Docker on ZFS. */
import { expect } from 'chai';
import {
  mountOf,
  mountsBelow,
  parseMountinfo,
  topMountAt,
  withoutTopMount,
} from '../../../src/modules/host/mountinfo.js';

const table = parseMountinfo(`23 27 0:21 / /proc rw,nosuid,nodev,noexec,relatime shared:12 - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,errors=remount-ro
139 27 0:37 / /var/lib/docker rw,noatime shared:55 - zfs tank/docker rw,xattr,posixacl
224 139 0:43 / /var/lib/docker/zfs/graph/0250990e rw,relatime shared:91 - zfs tank/docker/0250990e rw,xattr,posixacl
324 26 0:4 net:[4026532278] /run/docker/netns/70dc88c2d5c5 rw shared:127 - nsfs nsfs rw
400 27 0:50 / /mnt/a\\040b\\134c rw,relatime - cifs //nas/my\\040share rw
401 139 230:0 / /var/lib/docker rw,relatime - ext4 /dev/zd0 rw
402 27 254:0 /srv/real /srv/bound rw,relatime - ext4 /dev/vda rw
403 27 0:60 / /with-no-optional-field rw - tmpfs  rw
`);

describe('mountinfo', () => {
  it('is read with its escapes', () => {
    expect(table.find(({ id }) => id === 400)).to.deep.equal({
      id: 400,
      parent: 27,
      devno: '0:50',
      root: '/',
      target: '/mnt/a b\\c',
      options: 'rw,relatime',
      fstype: 'cifs',
      source: '//nas/my share',
    });
    expect(table.find(({ id }) => id === 402)).to.include({ root: '/srv/real', target: '/srv/bound' });
    expect(table.find(({ id }) => id === 403)).to.include({ source: '' });
  });

  it('knows what is on top, below, and around a path', () => {
    expect(topMountAt(table, '/var/lib/docker')?.source).to.equal('/dev/zd0');
    expect(topMountAt(table, '/var/lib')).to.equal(undefined);
    expect(mountOf(table, '/var/lib/docker/volumes/x')?.source).to.equal('/dev/zd0');
    expect(mountOf(table, '/var/lib/dockerx')?.target).to.equal('/');
    expect(mountsBelow(table, '/var/lib/docker').map(({ id }) => id)).to.deep.equal([224]);
    expect(topMountAt(withoutTopMount(table, '/var/lib/docker'), '/var/lib/docker')?.source).to.equal(
      'tank/docker',
    );
  });

  it('of another shape is an error that shows the line', () => {
    expect(() => parseMountinfo('what is this')).to.throw('a line of /proc/self/mountinfo is not understood');
  });
});
