import { expect } from 'chai';
import { parseChanges, readRecord, writeRecord } from '../../../src/modules/docker/inventory.js';

const changesAnswer = (entries: readonly (readonly [path: string, kind: number])[] | null) => {
  const body = JSON.stringify(entries?.map(([Path, Kind]) => ({ Path, Kind })) ?? null);
  return Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
};

describe('what a container has changed', () => {
  it('does not count folders that only hold changes, nor what Docker makes for mounts', () => {
    const bytes = changesAnswer([
      ['/etc', 0],
      ['/etc/passwd', 0],
      ['/result', 1],
      ['/srv', 1],
      ['/srv/data', 1],
      ['/tmp', 0],
      ['/tmp/gone', 2],
      ['/odd "name"\n', 1],
    ]);
    expect(parseChanges(bytes, ['/srv/data'])).to.deep.equal({
      count: 4,
      isCut: false,
      sample: ['~ /etc/passwd', '+ /odd "name"\n', '+ /result', '- /tmp/gone'],
    });
  });

  it('does not count the snapshots that ZFS shows of a layer', () => {
    const bytes = changesAnswer([
      ['/.zfs', 2],
      ['/.zfs/snapshot', 2],
      ['/.zfs/snapshot/123', 2],
      ['/.zfsnotes', 1],
    ]);
    expect(parseChanges(bytes, [])).to.deep.equal({ count: 1, isCut: false, sample: ['+ /.zfsnotes'] });
  });

  it('is nothing where Docker says null, and unknown where it refuses', () => {
    expect(parseChanges(changesAnswer(null), [])).to.deep.equal({ count: 0, isCut: false, sample: [] });
    const refusal = Buffer.from('HTTP/1.1 409 Conflict\r\nContent-Length: 17\r\n\r\n{"message":"busy"}');
    expect(parseChanges(refusal, [])).to.equal(undefined);
    expect(parseChanges(Buffer.alloc(0), [])).to.equal(undefined);
  });

  it('is counted as far as it was read', () => {
    const whole = changesAnswer(Array.from({ length: 100 }, (_, i) => [`/file-${i}`, 1] as const));
    const cut = parseChanges(whole.subarray(0, whole.length - 40), []);
    expect(cut?.isCut).to.equal(true);
    expect(cut?.count).to.be.within(97, 99);
    expect(cut?.sample[0]).to.equal('+ /file-0');
  });
});

describe('a record', () => {
  it('is read back as it was written, long numbers and all', () => {
    const inventory = {
      server: {
        version: '20.10.24',
        api_version: '1.41',
        driver: 'zfs',
        root: '/var/lib/docker',
        name: 'host',
        swarm: 'inactive',
      },
      containers: [{ Id: 'a', Name: '/x', HostConfig: { Ulimits: [{ Hard: '\u00009223372036854775807' }] } }],
      images: [{ Id: 'sha256:b' }],
      networks: [{ Name: 'bridge' }],
      volumes: [{ Name: 'data' }],
      changes: { a: { count: 3, isCut: true, sample: ['+ /x'] } },
    };
    const written = writeRecord(inventory);
    expect(written.toString()).to.include('"Hard": 9223372036854775807');
    expect(readRecord('/record', written)).to.deep.equal(inventory);
  });

  for (const text of ['', '[]', '{"format":"something else"}', '{"containers":[]}']) {
    it(`is not taken for one: ${text}`, () => {
      expect(() => readRecord('/record', Buffer.from(text))).to.throw(/is not a record/);
    });
  }
});
