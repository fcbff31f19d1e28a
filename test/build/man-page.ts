/**
 * Owns the manual page: what `--help` says, of zrun and of its verbs, in the form of man(7).
 */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { verbs } from '../../src/cli/verbs.js';

const execute = promisify(execFile);

/** zrun.1 beside the bundle in `outdir`, which is asked for its helps. */
export async function writeManPage(outdir: string): Promise<void> {
  const zrun = async (...words: readonly string[]): Promise<string> => {
    const { stdout } = await execute(process.execPath, [path.join(outdir, 'main.js'), ...words]);
    return stdout;
  };
  const version = (await zrun('--version')).trim();
  const help = await zrun('--help');
  const parts = [
    `.TH ZRUN 1 "" "${version}"`,
    '.SH NAME',
    'zrun \\- run playbooks on many hosts over SSH, and move Docker from zfs to overlay2',
    ...formatHelp(help),
  ];
  for (const [verb, { summary }] of Object.entries(verbs)) {
    parts.push(
      `.SH ZRUN ${verb.toUpperCase()}`,
      escape(summary),
      '.PP',
      '.nf',
      ...escapeLines(await zrun(verb, '--help')),
      '.fi',
    );
  }
  parts.push(
    '.SH FILES',
    '.TP',
    '~/.local/state/zrun/runs/',
    'A folder for each run: its log, a log of each host, its journal. $XDG_STATE_HOME moves it.',
    '.TP',
    '~/.ssh/config, ~/.ssh/known_hosts',
    'As for ssh(1).',
    '.SH SEE ALSO',
    'ssh(1), ssh_config(5), zfs(8)',
  );
  await writeFile(path.join(outdir, 'zrun.1'), `${parts.join('\n')}\n`);
}

/** Sections as they are headed there. Options are paragraphs that a terminal of any width can fold. */
function formatHelp(help: string): readonly string[] {
  const [usage = '', ...sections] = help.trimEnd().split(/\n\n(?=\S[^\n]*:\n)/);
  const heads = [
    '.SH SYNOPSIS',
    '.nf',
    ...escapeLines(usage.replace(/^(?:Usage: |       )/gm, '')),
    '.fi',
    '.SH OPTIONS',
  ];
  return heads.concat(
    sections.flatMap((section) => {
      const [title = '', ...lines] = section.split('\n');
      const isOptions = lines.some((line) => /^ +-/.test(line));
      const name = title.replace(/:$/, '');
      return isOptions
        ? [`.SS ${name}`, ...lines.flatMap(formatOption)]
        : [`.SH ${name.toUpperCase()}`, '.nf', ...escapeLines(lines.join('\n')), '.fi'];
    }),
  );
}

/** `  -l, --limit <pattern>    hosts, groups`; what follows on lines of its own is more of it. */
function formatOption(line: string): readonly string[] {
  const [, flags, text] = /^ {2}(-\S.*?)(?: {2,}(.*))?$/.exec(line) ?? [];
  if (flags === undefined) return escapeLines(line.trim());
  return ['.TP', `\\fB${escape(flags)}\\fR`, ...escapeLines(text ?? '')];
}

function escapeLines(text: string): string[] {
  return text.split('\n').map((line) => (/^[.']/.test(line) ? `\\&${escape(line)}` : escape(line)));
}

function escape(text: string): string {
  return text.replaceAll('\\', '\\e').replaceAll('-', '\\-');
}
