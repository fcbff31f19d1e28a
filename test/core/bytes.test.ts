/** Sizes as people write them. */
import { expect } from 'chai';
import { formatBytes, parseBytes } from '../../src/core/bytes.js';

describe('sizes', () => {
  const sizes: readonly [text: string | number, bytes: number | undefined][] = [
    ['8GiB', 8_589_934_592],
    ['8G', 8_589_934_592],
    ['8 gb', 8_589_934_592],
    ['1.5T', 1_649_267_441_664],
    ['16K', 16_384],
    ['512', 512],
    [512, 512],
    ['0', 0],
    ['', undefined],
    ['8X', undefined],
    ['-1G', undefined],
    ['G', undefined],
    [1.5, undefined],
    ['99999P', undefined],
  ];
  for (const [text, bytes] of sizes) {
    it(`${JSON.stringify(text)} is ${bytes ?? 'no size'}`, () => expect(parseBytes(text)).to.equal(bytes));
  }

  it('are said in the unit that fits', () => {
    expect([0, 1023, 1024, 1_572_864, 8_589_934_592, 8_726_249_472].map(formatBytes)).to.deep.equal([
      '0 B',
      '1023 B',
      '1 KiB',
      '1.5 MiB',
      '8 GiB',
      '8.1 GiB',
    ]);
  });
});
