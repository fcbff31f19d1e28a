/**
 * Owns how files of a host are looked at: what is asked of any number of paths, and what the answers mean. file-look.sh finds
 * them. Every process that it starts costs the host more than all the rest, so stat(1) runs once for all paths, and what
 * the shell can find out by itself is left to it. What is plain (all paths are there, none is a link) takes a short way.
 * Knows nothing of what a look is for.
 */
import { randomUUID } from 'node:crypto';
import { sha256Of } from '../../core/content.js';
import { ZrunError } from '../../core/errors.js';
import type { Output } from '../../core/host.js';
import { sharedShellFile } from '../../core/shell-files.js';
import { lines, sh, type ShellText } from '../../core/shell.js';
import type { AbsentFile, FileState, Inode, LinkFile, PlainState } from './file-state.js';

export interface FileQuestion {
  /** As `normalizePath` has it. */
  readonly path: string;
  readonly checksum: boolean;
  readonly content: { readonly unless: string; readonly limit: number } | undefined;
  readonly way: Way | undefined;
}

/** What may have to be looked at on the way to a file. Where there is no link, the shell sees so by itself. */
export interface Way {
  /** The paths that must not be links for the script to be left out. */
  readonly links: readonly string[];
  readonly script: ShellText;
  /** The status by which it says that the way must not be gone, and why on its standard error. */
  readonly refusal: number;
  readonly refuse: (why: string) => ZrunError;
}

export interface FileLook {
  readonly script: ShellText;
  /** For each question, in their order: what the host says, or throws why it does not. */
  readonly parse: (output: Output) => readonly (() => FileState)[];
}

/**
 * A link is reported, and what is at its end too; a checksum or content is that of the file there. A path that cannot be
 * looked at (permission denied) is not the same as an absent one: its answer throws `command-failed`.
 */
export function lookAtFiles(questions: readonly FileQuestion[]): FileLook {
  const toRead = questions.filter(({ checksum, content }) => checksum || content);
  const [read] = toRead;
  // What is read comes first, so that its line of stat(1) is the first one too.
  const ordered = read ? [read, ...questions.filter((question) => question !== read)] : questions;
  // Contents can hold anything, so what ends them must be something that nobody can know beforehand.
  const boundary = randomUUID();
  const script = lines(
    sharedShellFile('modules/host/file-look.sh'),
    ...questions.map(({ way }, i) => way && wayScript(way, i)),
    read && sh`boundary=${boundary}`,
    askScript(ordered, toRead.length > 1),
    // What went wrong is told to standard error too, which is heard only then.
    sh`exit $bad`,
  );
  return {
    script,
    parse(said) {
      const { output, refused } = takeRefusals(said);
      const answers = isPlain(output)
        ? parsePlain(ordered, read, output)
        : parseLooks(ordered, boundary, output);
      return questions.map((question, i) => {
        const [why, { way }] = [refused.get(i), question];
        const answer = answers[ordered.indexOf(question)];
        if (!answer) throw new ZrunError('internal', `no answer of ${question.path}`);
        if (why === undefined || !way) return answer;
        return () => {
          throw way.refuse(why);
        };
      });
    },
  };
}

/** Says `refused`, the number of the question and why, before everything else. */
function wayScript({ links, script, refusal }: Way, index: number): ShellText {
  return sh`way() {
${script}
}
may ${index} ${refusal} ${links}`;
}

function takeRefusals(output: Output): { output: Output; refused: ReadonlyMap<number, string> } {
  const refused = new Map<number, string>();
  const rest: Rest = { bytes: output.stdout, at: 0 };
  while (rest.bytes.subarray(rest.at, rest.at + refusing.length).equals(refusing)) {
    const [, index = '', why = ''] = /^refused (\d+) (.*)$/s.exec(nextField(rest) ?? '') ?? [];
    refused.set(Number(index), why);
  }
  if (refused.size === 0) return { output, refused };
  return { output: { ...output, stdout: output.stdout.subarray(rest.at) }, refused };
}

const refusing = Buffer.from('refused ');

/** A content of so many bytes is sent without asking whether it is the one that is known already: a packet is a packet. */
const mostUnasked = 4096;

/** One at the most is read with the others beside it: what is read ends the short way's answer. */
function askScript(questions: readonly FileQuestion[], readsSeveral: boolean): ShellText {
  const paths = questions.map(({ path }) => path);
  const [first] = questions;
  if (first && !readsSeveral) return sh`ask ${reading(first)} ${paths}`;
  return lines(
    sh`begin ${paths}`,
    ...questions.map((question) => sh`one ${reading(question)} ${question.path}`),
  );
}

/** The words READ SMALL UNLESS LIMIT. */
function reading({ checksum, content }: FileQuestion): readonly string[] {
  if (content === undefined) return [checksum ? 'sum' : 'none', '0', '', '0'];
  const { unless, limit } = content;
  const small = unless === '' ? limit : Math.min(limit, mostUnasked);
  return ['content', String(small), unless, String(limit)];
}

function isPlain({ stdout }: Output): boolean {
  return stdout.subarray(0, 6).equals(plainly);
}

const plainly = Buffer.from('plain ');

/** What is read comes first. */
function parsePlain(
  questions: readonly FileQuestion[],
  read: FileQuestion | undefined,
  output: Output,
): readonly (() => FileState)[] {
  const { stdout, stderr, status } = output;
  const rest: Rest = { bytes: stdout, at: plainly.length };
  const said = nextField(rest) ?? '';
  const each = said.split('\n');
  return questions.map((question, i) => {
    const { path } = question;
    const state = each.length === questions.length && parseStat(each[i] ?? '');
    if (!state || state.type === 'link' || state.type === 'absent')
      return () => {
        throw unexpected(path, said);
      };
    if (state.type !== 'file') return () => state;
    const { sha256, content } = question === read ? parseReading(rest) : nothingRead;
    const file = { ...state, sha256, content };
    if (question !== read || (status === 0 && sha256 !== '')) return () => file;
    return () => {
      const why = content ? `${path} cannot be read` : `${path} has no checksum`;
      throw cannotLook(path, status, `${why}\n${stderr.toString('utf8')}`.trimEnd());
    };
  });
}

interface Reading {
  /** Empty: it could not be made. */
  readonly sha256: string | undefined;
  readonly content: Uint8Array | undefined;
}

const nothingRead: Reading = { sha256: undefined, content: undefined };

/** What the short way has read: `sum`, `content` with all that is left, or both; nothing of what may not be read. */
function parseReading(rest: Rest): Reading {
  const said = nextField(rest) ?? rest.bytes.toString('utf8', rest.at);
  if (said === '') return nothingRead;
  const sum = said.startsWith('sum ') ? said.slice('sum '.length).split(/[ \n]/, 1)[0] : undefined;
  if (sum !== undefined && nextField(rest) !== 'content') return { sha256: sum, content: undefined };
  const content = rest.bytes.subarray(rest.at);
  return { sha256: sum ?? sha256Of(content), content };
}

/** What is left of the answer. */
interface Rest {
  readonly bytes: Buffer;
  at: number;
}

/** Undefined at the end. */
function nextField(rest: Rest): string | undefined {
  const end = rest.bytes.indexOf(0, rest.at);
  if (end === -1) return undefined;
  const field = rest.bytes.toString('utf8', rest.at, end);
  rest.at = end + 1;
  return field;
}

function parseLooks(
  questions: readonly FileQuestion[],
  boundary: string,
  { stdout, stderr, status }: Output,
): readonly (() => FileState)[] {
  const rest: Rest = { bytes: stdout, at: 0 };
  return questions.map(({ path }) => {
    try {
      const state = parseLook(rest, boundary);
      return () => state;
    } catch (error) {
      if (!(error instanceof LookError)) throw error;
      const { isSaid, message } = error;
      const said = [message, stderr.toString('utf8')].filter((text) => text !== '').join('\n');
      return () => {
        throw isSaid || status !== 0 ? cannotLook(path, status, said) : unexpected(path, message);
      };
    }
  });
}

/** The host says that it cannot look, or what it says makes no sense. */
class LookError extends Error {
  constructor(
    readonly isSaid: boolean,
    message: string,
  ) {
    super(message);
  }
}

function parseLook(rest: Rest, boundary: string): FileState {
  let problem: LookError | undefined;
  const state = parseState();
  let [sha256, content]: [string?, Uint8Array?] = [];
  for (let field = nextField(rest); field !== '.'; field = nextField(rest)) {
    if (field === undefined) throw new LookError(false, '');
    if (field.startsWith('error ')) problem ??= new LookError(true, field.slice('error '.length));
    else if (field.startsWith('sum ')) sha256 = field.slice('sum '.length);
    else if (field === 'content') content = takeContent(rest, boundary);
    else problem ??= new LookError(false, field);
  }
  if (problem) throw problem;
  if (content && sha256 === undefined) sha256 = sha256Of(content);
  const withRead = <T extends AbsentFile | PlainState>(one: T): T =>
    one.type === 'file' ? { ...one, sha256, content } : one;
  return state.type === 'link' ? { ...state, resolved: withRead(state.resolved) } : withRead(state);

  function parseState(): FileState {
    const field = nextField(rest) ?? '';
    if (field.startsWith('error ')) {
      problem = new LookError(true, field.slice('error '.length));
      return { type: 'absent' };
    }
    const found = parseStat(field);
    if (found?.type !== 'link') return found ?? misread(field);
    const target = nextField(rest) ?? '';
    // readlink -f prints nothing where a folder on the way is missing.
    const end = nextField(rest) || undefined;
    const said = nextField(rest) ?? '';
    const resolved = parseStat(said);
    if (!resolved || resolved.type === 'link') return misread(said);
    return { ...found, target, path: end, resolved };
  }

  function misread(text: string): AbsentFile {
    problem = new LookError(false, text);
    return { type: 'absent' };
  }
}

function takeContent(rest: Rest, boundary: string): Uint8Array {
  const end = rest.bytes.indexOf(boundary, rest.at, 'latin1');
  if (end === -1) throw new LookError(false, 'a content without its end');
  const content = rest.bytes.subarray(rest.at, end);
  rest.at = end + boundary.length;
  return content;
}

const typeByFormat = new Map<number, PlainState['type'] | 'link'>([
  [0o01, 'fifo'],
  [0o02, 'character'],
  [0o04, 'directory'],
  [0o06, 'block'],
  [0o10, 'file'],
  [0o12, 'link'],
  [0o14, 'socket'],
]);

/** One line in the script's form: what lstat(2) says, or `absent` with umask(1) and id(1). Undefined: neither. */
function parseStat(text: string): AbsentFile | PlainState | LinkFile | undefined {
  if (text === 'absent') return { type: 'absent' };
  const absent = /^absent (\d+) uid=(\d+)(?:\(([^)]*)\))? gid=(\d+)(?:\(([^)]*)\))?/.exec(text);
  if (absent) {
    const [, umask = '', uid = '', owner = 'UNKNOWN', gid = '', group = 'UNKNOWN'] = absent;
    return {
      type: 'absent',
      creator: { umask: parseInt(umask, 8), uid: Number(uid), gid: Number(gid), owner, group },
    };
  }
  const present = /^([0-9a-f]+) (\d+) (\d+) (\d+) (-?\d+) (\d+) (\S+) ([^:]*):(.*)\n?$/.exec(text);
  if (!present) return undefined;
  const [, raw = '', uid, gid, size, mtime, links, id, owner = '', group = ''] = present;
  const bits = parseInt(raw, 16);
  const type = typeByFormat.get(bits >> 12);
  if (!type) return undefined;
  const inode: Inode = {
    mode: bits & 0o7777,
    uid: Number(uid),
    gid: Number(gid),
    owner,
    group,
    mtime: Number(mtime),
    links: Number(links),
    id,
  };
  if (type === 'file') return { ...inode, type, size: Number(size) };
  if (type === 'link') return { ...inode, type, target: '', path: undefined, resolved: { type: 'absent' } };
  return { ...inode, type };
}

function cannotLook(path: string, status: number, stderr: string): ZrunError {
  return new ZrunError('command-failed', `cannot look at ${path}`, {
    hint: 'Does the task need `become: true`?',
    command: `stat ${path}`,
    status: status === 0 ? 1 : status,
    stderr,
  });
}

function unexpected(path: string, text: string): ZrunError {
  return new ZrunError('output-unexpected', `stat says something that zrun does not understand of ${path}`, {
    hint: 'zrun needs a stat(1) that knows -c, as GNU coreutils and busybox have it.',
    stdout: text,
  });
}
