/** Owns how a script makes a folder, and those on the way to it that are missing. */
import { lines, sh, type ShellText } from '../../core/shell.js';
import { fitFunction, type Attributes } from '../host/attributes.js';
import { enterFolder } from './trusted-folder.js';

/**
 * As `enterFolder`, for a folder that is there after it, and is left as it is where it was there before: `./$n`.
 * @param wish of the folder itself
 * @param parents of folders on the way to it that are made; undefined: as the umask leaves them
 */
export function makeFolder(path: string, wish: Attributes, parents: Attributes | undefined): ShellText {
  return lines(
    fitFunction(wish),
    parents === undefined ? sh`above() { :; }` : sh`above() { fit "$1"; }`,
    // Made closed where a mode is wanted, so that nobody gets in before it has its owner and mode.
    sh`folder() {
if [ -z "$w" ]; then $2 -- "./$n"; $1 "./$n"
else
private
$2 -- "./$n"; new=+; $1 "./$n"
place
leave
fi
}`,
    enterFolder(path, { follow: true, make: sh`folder above ${makerOf(parents)}; into "$n"` }),
    sh`[ -d "./$n" ] || folder fit ${makerOf(wish)}`,
  );
}

function makerOf(wish: Attributes | undefined): ShellText {
  return wish?.mode === undefined ? sh`mkdir` : sh`'mkdir -m 0700'`;
}
