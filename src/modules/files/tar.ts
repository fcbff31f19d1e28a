/**
 * Owns the tar format as far as files and folders are written in it: many small files as one stream, which is made while
 * it is sent. Sources: POSIX pax(1), "ustar Interchange Format"; GNU tar's manual for names and sizes that do not fit
 * (`././@LongLink`, base-256), which busybox reads too.
 */
import type { Input, StreamedInput } from '../../core/host.js';

export type TarEntry = TarFolder | TarFile;

interface TarFolder {
  readonly type: 'directory';
  /** Relative, parts with `/`. */
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
}

interface TarFile {
  readonly type: 'file';
  readonly path: string;
  readonly mode: number;
  readonly content: Input;
}

const block = 512;

/** Files are read when it is their turn. Owners are left out: whoever unpacks it owns what comes of it. */
export function createTar(entries: readonly TarEntry[]): StreamedInput {
  const length = entries.reduce(
    (sum, entry) => sum + headOf(entry).length + padded(sizeOf(entry)),
    2 * block,
  );
  return {
    length,
    async *read() {
      for (const entry of entries) {
        yield headOf(entry);
        const size = sizeOf(entry);
        if (entry.type === 'file' && size > 0) {
          if (entry.content instanceof Uint8Array) yield entry.content;
          else yield* entry.content.read();
          if (padded(size) > size) yield Buffer.alloc(padded(size) - size);
        }
      }
      yield Buffer.alloc(2 * block);
    },
  };
}

function sizeOf(entry: TarEntry): number {
  return entry.type === 'file' ? entry.content.length : 0;
}

function padded(size: number): number {
  return Math.ceil(size / block) * block;
}

/** What stands before an entry's content. */
function headOf(entry: TarEntry): Buffer {
  const name = Buffer.from(entry.type === 'directory' ? `${entry.path}/` : entry.path);
  const type = entry.type === 'file' ? '0' : '5';
  const own = header(name.subarray(0, 100), type, entry.mode, sizeOf(entry));
  if (name.length <= 100) return own;
  const long = Buffer.alloc(padded(name.length + 1));
  long.set(name);
  return Buffer.concat([header(Buffer.from('././@LongLink'), 'L', 0, name.length + 1), long, own]);
}

/** Sizes from here on have no room in eleven octal digits. */
const largeSize = 8 ** 11;

function header(name: Uint8Array, type: '0' | '5' | 'L', mode: number, size: number): Buffer {
  const bytes = Buffer.alloc(block);
  bytes.set(name, 0);
  const octal = (value: number, at: number, length: number): void => {
    bytes.write(value.toString(8).padStart(length - 1, '0'), at, 'latin1');
  };
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  if (size < largeSize) octal(size, 124, 12);
  else {
    bytes[124] = 0x80;
    bytes.writeBigUInt64BE(BigInt(size), 128);
  }
  octal(Math.floor(Date.now() / 1000), 136, 12);
  bytes.write('        ', 148, 'latin1');
  bytes.write(type, 156, 'latin1');
  bytes.write('ustar\0' + '00', 257, 'latin1');
  const sum = bytes.reduce((so, byte) => so + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return bytes;
}
