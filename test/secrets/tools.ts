/**
 * Owns folders with encrypted files in tests, made by the tools that people make them with: ansible-vault and age.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Place } from '../../src/core/errors.js';

export interface SecretFolder {
  readonly folder: string;
  file(name: string): string;
  write(name: string, text: string, mode?: number): string;
  /** Runs a program there, and gives what it prints. */
  run(program: string, args: readonly string[], input?: string): string;
  /** A file that ansible-vault encrypts. */
  vault(name: string, text: string, args: readonly string[]): string;
  /** What `age` makes of a text. */
  age(text: string, args: readonly string[]): string;
  /** A key of age-keygen's, in a file of this name; returns what to encrypt for. */
  keygen(name: string): string;
  remove(): void;
}

export function createSecretFolder(): SecretFolder {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'zrun-secrets-'));
  const file = (name: string): string => path.join(folder, name);
  const run = (program: string, args: readonly string[], input = ''): string =>
    execFileSync(program, args, { cwd: folder, input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] });
  const write = (name: string, text: string, mode = 0o600): string => {
    writeFileSync(file(name), text, { mode });
    return file(name);
  };
  return {
    folder,
    file,
    run,
    write,
    vault(name, text, args) {
      write(name, text);
      run('ansible-vault', ['encrypt', ...args, name]);
      return file(name);
    },
    age: (text, args) => run('age', args, text),
    keygen(name) {
      run('age-keygen', ['-o', name]);
      return run('age-keygen', ['-y', name]).trim();
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A place for texts that stand in no file. */
export function placeOf(text: string): Place {
  return { source: { name: 'text', text }, start: 0, end: 1 };
}
