/**
 * Owns a host that is a recording: it answers the looks that audit.yaml and the refusals of overlay2.yaml take with what
 * such a system prints, and rejects everything else. So whatever a run sends beyond a look fails the test.
 */
import type { Connect, Output } from '../../src/core/host.js';
import { factsProbe } from '../../src/modules/facts/facts.js';

/** What the sections of `setup`'s script print on such a system; a section that is left out prints nothing. */
export type Sections = Readonly<Record<string, string | undefined>>;

export interface Recording {
  readonly sections: Sections;
  /** What `zfs list -d 1 -o name,zrun:role,zrun:copied,zrun:live` of the dataset above prints. */
  readonly beside: string;
  /** What `systemctl show -p FragmentPath --value` of Docker's units prints. */
  readonly unitFiles: string;
  /** Answers to commands that a row has besides, by how each begins. */
  readonly answers?: Readonly<Record<string, string>>;
}

interface RecordedHost {
  readonly connect: Connect;
  /** The scripts that there was no answer for. */
  readonly rejected: readonly string[];
}

export function recordedHost(recording: Recording): RecordedHost {
  const rejected: string[] = [];
  let exchanges = 0;
  const answer = (script: string): Output => {
    exchanges++;
    const stdout = answerTo(script, recording);
    if (stdout === undefined) {
      rejected.push(script);
      return { stdout: Buffer.alloc(0), stderr: Buffer.from('nothing is recorded for this'), status: 127 };
    }
    return { stdout: Buffer.from(stdout), stderr: Buffer.alloc(0), status: 0 };
  };
  return {
    rejected,
    connect: () =>
      Promise.resolve({
        // eslint-disable-next-line @typescript-eslint/require-await
        run: async ({ shellText }) => answer(shellText),
        get counters() {
          return { handshakes: 0, exchanges };
        },
        close: () => Promise.resolve(),
      }),
  };
}

/** What the script that gathers facts begins with. */
const baseOfFacts = factsProbe(new Set()).script.shellText.split('section uname')[0] ?? '';

function answerTo(script: string, { sections, beside, unitFiles, answers }: Recording): string | undefined {
  // Whatever parts of the facts a play asks for, the recording has the sections of all of them.
  if (script.startsWith(baseOfFacts)) return printed(sections);
  const command = script.replace(/^exec /, '').replaceAll("'", '');
  const besideOf = /^(\/bin\/sh -c )?zfs list -Hp -d 1 -o name,zrun:role,zrun:copied,zrun:live \S+/.exec(
    command,
  );
  const rest = besideOf ? command.slice(besideOf[0].length).trim() : command.trim();
  const unitsAsked = /^(&& )?systemctl show -p FragmentPath --value docker\.service docker\.socket$/.test(
    rest,
  );
  if (besideOf && rest === '') return beside;
  if (besideOf && unitsAsked) return beside + unitFiles;
  if (unitsAsked) return unitFiles;
  return Object.entries(answers ?? {}).find(([beginning]) => command.startsWith(beginning))?.[1];
}

/** As the script of `setup` prints its sections. */
function printed(sections: Sections): string {
  return Object.entries(sections)
    .map(([name, text]) => (text === undefined ? '' : `\n\u001e${name}\n${text}`))
    .join('');
}
