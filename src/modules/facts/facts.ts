/**
 * Owns the one script that looks at everything a migration rests on, and how its answer becomes facts. Looks only;
 * never asks Docker where asking could start it.
 */
import { ZrunError } from '../../core/errors.js';
import type { Output } from '../../core/host.js';
import type { Probe, ProbeKind } from '../../core/probe.js';
import { shellFile } from '../../core/shell-files.js';
import { lines, sh, type ShellText } from '../../core/shell.js';
import { holdersFunction, processFunctions } from '../host/holders.js';
import { parseMountinfo, topMountAt } from '../host/mountinfo.js';
import { parseFstab } from '../storage/fstab.js';
import { elsewhereFunction } from '../storage/mounts-elsewhere.js';
import { dependentsFunction } from '../system/dependents.js';
import { dataRootFacts, mostHidden } from './data-root.js';
import { dockerFacts } from './docker.js';
import { hostFacts, mountFacts, toolFacts } from './host.js';
import type { Facts } from './schema.js';
import { parseSections, type Sections } from './sections.js';
import { zfsFacts } from './zfs.js';

/** Sees so much that in check mode any predicted change makes it unknown. */
const factsKind: ProbeKind<Facts> = { kind: 'facts', isBroad: true };

export function factsProbe(): Probe<Facts> {
  return { of: factsKind, key: '', script: factsScript(), parse: parseFacts };
}

/** Of what is hidden, one line more than becomes facts, to know whether there is more; the first line is `seen`. */
function factsScript(): ShellText {
  return lines(
    dependentsFunction(),
    processFunctions(),
    holdersFunction(),
    elsewhereFunction(),
    sh`set -- ${mostHidden + 2}`,
    shellFile('modules/facts/facts.sh'),
  );
}

function parseFacts(output: Output): Facts {
  const sections = parseSections(output.stdout.toString('utf8'));
  if (!sections.has('mounts') || output.status !== 0) {
    throw new ZrunError('output-unexpected', 'the host does not answer the script that gathers facts', {
      hint: 'zrun needs a POSIX sh on Linux with /proc mounted.',
      status: output.status,
      stdout: output.stdout.toString('utf8').slice(0, 2000),
      stderr: output.stderr.toString('utf8'),
    });
  }
  return factsOf(sections);
}

export function factsOf(sections: Sections): Facts {
  const mounts = parseMountinfo(sections.get('mounts') ?? '');
  const docker = dockerFacts(sections);
  const root = docker.root;
  const elsewhere = mounts.filter(
    (entry) =>
      entry.fstype !== 'nsfs' &&
      (root === null || (entry.target !== root && !entry.target.startsWith(`${root}/`))),
  );
  const own = root === null ? undefined : topMountAt(mounts, root);
  return {
    host: hostFacts(sections),
    tools: toolFacts(sections),
    zfs: zfsFacts(sections),
    docker,
    data_root: dataRootFacts(sections, mounts, root),
    mounts: [...elsewhere, ...(own ? [own] : [])].map(mountFacts),
    fstab: parseFstab(sections.get('fstab') ?? '').map((entry) => ({ ...entry })),
  };
}
