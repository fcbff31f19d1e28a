/**
 * Owns the tar format as far as files and folders are written in it: many small files as one stream. Pure. Sources:
 * POSIX pax(1), "ustar Interchange Format"; GNU tar's manual for names that do not fit (`././@LongLink`), which busybox
 * reads too.
 */

export type TarEntry = TarFolder | TarFile;

export interface TarFolder {
  readonly type: 'directory';
  /** Relative, parts with `/`. */
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
}

export interface TarFile {
  readonly type: 'file';
  readonly path: string;
  readonly mode: number;
  readonly content: Uint8Array;
}

const block = 512;

/** Owners are left out: whoever unpacks it owns what comes of it. */
export function createTar(entries: readonly TarEntry[]): Buffer {
  const pieces: Uint8Array[] = [];
  const add = (bytes: Uint8Array): void => {
    pieces.push(bytes);
    const rest = bytes.length % block;
    if (rest > 0) pieces.push(Buffer.alloc(block - rest));
  };
  for (const entry of entries) {
    const name = Buffer.from(entry.type === 'directory' ? `${entry.path}/` : entry.path);
    if (name.length > 100) {
      const long = Buffer.concat([name, Buffer.alloc(1)]);
      add(header(Buffer.from('././@LongLink'), 'L', 0, long.length));
      add(long);
    }
    const content = entry.type === 'file' ? entry.content : undefined;
    add(header(name.subarray(0, 100), content ? '0' : '5', entry.mode, content?.length ?? 0));
    if (content) add(content);
  }
  return Buffer.concat([...pieces, Buffer.alloc(2 * block)]);
}

function header(name: Uint8Array, type: '0' | '5' | 'L', mode: number, size: number): Buffer {
  const bytes = Buffer.alloc(block);
  bytes.set(name, 0);
  const octal = (value: number, at: number, length: number): void => {
    bytes.write(value.toString(8).padStart(length - 1, '0'), at, 'latin1');
  };
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(Math.floor(Date.now() / 1000), 136, 12);
  bytes.write('        ', 148, 'latin1');
  bytes.write(type, 156, 'latin1');
  bytes.write('ustar\0' + '00', 257, 'latin1');
  const sum = bytes.reduce((so, byte) => so + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return bytes;
}
