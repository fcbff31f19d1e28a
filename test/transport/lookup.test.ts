import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import type { LookupAddress } from 'node:dns';
import { createLookup, parseAddresses } from '../../src/transport/lookup.js';

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
    for (const PATH of [system, folder]) {
      const found = (await look('localhost', PATH)) as readonly LookupAddress[];
      expect(found.map(({ address }) => address)).to.satisfy((all: string[]) =>
        all.some((each) => each === '127.0.0.1' || each === '::1'),
      );
    }
  });

  it('are not known, with getent and without', async () => {
    for (const PATH of [system, folder])
      expect(await codeOf(look(`${'a'.repeat(70)}.invalid`, PATH))).to.be.oneOf(['ENOTFOUND', 'EAI_AGAIN']);
    expect(await codeOf(look('--help', system))).to.equal('ENOTFOUND');
  });

  it('end with the run, whatever answers', async () => {
    const bin = path.join(folder, 'hangs');
    const { mkdir } = await import('node:fs/promises');
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
