import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { createLookup, parseAddresses } from '../../../src/transport/ssh/lookup.js';

describe('names of hosts', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'zrun-names-'));
  });
  after(() => rm(folder, { recursive: true }));

  const look = (name: string, PATH: string, signal = new AbortController().signal): Promise<unknown> =>
    new Promise((resolve, reject) => {
      createLookup({ env: { PATH }, signal })(name, { all: true }, (error, found) =>
        error ? reject(error) : resolve(found),
      );
    });
  const codeOf = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => 'found',
      (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
    );
  const system = process.env['PATH'] ?? '';

  it('are known, with getent and without', async () => {
    for (const PATH of [system, folder])
      expect(await look('127.0.0.1', PATH)).to.deep.equal([{ address: '127.0.0.1', family: 4 }]);
  });

  it('are asked for once each, and of localhost nobody is asked', async () => {
    const asked = path.join(folder, 'asked');
    const bin = path.join(folder, 'counts');
    await mkdir(bin);
    await writeFile(
      path.join(bin, 'getent'),
      `#!/bin/sh\necho "$2" >> ${asked}\necho 192.0.2.7 STREAM "$2"\n`,
      { mode: 0o755 },
    );
    const lookup = createLookup({ env: { PATH: `${bin}:${system}` }, signal: new AbortController().signal });
    const found = await Promise.all(
      ['web1', 'localhost', 'web1', 'web2', 'localhost'].map(
        (name) =>
          new Promise((resolve) => {
            lookup(name, { all: false }, (_error, address) => resolve(address));
          }),
      ),
    );
    expect(found).to.deep.equal(['192.0.2.7', '127.0.0.1', '192.0.2.7', '192.0.2.7', '127.0.0.1']);
    expect((await readFile(asked, 'utf8')).trim().split('\n').sort()).to.deep.equal(['web1', 'web2']);
  });

  it('are not known, with getent and without', async () => {
    for (const PATH of [system, folder])
      expect(await codeOf(look(`${'a'.repeat(70)}.invalid`, PATH))).to.be.oneOf(['ENOTFOUND', 'EAI_AGAIN']);
    expect(await codeOf(look('--help', system))).to.equal('ENOTFOUND');
  });

  it('end with the run, whatever answers', async () => {
    const bin = path.join(folder, 'hangs');
    await mkdir(bin);
    await writeFile(path.join(bin, 'getent'), '#!/bin/sh\nsleep 600\n', { mode: 0o755 });
    const run = new AbortController();
    const asked = codeOf(look('web1.example', `${bin}:${system}`, run.signal));
    run.abort();
    expect(await asked).to.equal('EAI_AGAIN');
  });

  it('are read from what getent prints', () => {
    const text = '::1  STREAM localhost\n::1 DGRAM\n192.0.2.7 STREAM \nfe80::1%lo RAW\nnonsense\n';
    expect(parseAddresses(text)).to.deep.equal([
      { address: '::1', family: 6 },
      { address: '192.0.2.7', family: 4 },
      { address: 'fe80::1%lo', family: 6 },
    ]);
  });
});
