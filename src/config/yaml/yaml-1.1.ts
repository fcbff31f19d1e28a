/**
 * Owns what an unquoted word of YAML 1.1 stands for, as PyYAML, and so Ansible, resolves it: `yes` is true, `0644` is
 * 420, `1:30` is 90. For inventories that were written for Ansible; zrun's own files are YAML 1.2.
 */

type Resolved = string | number | boolean | null;

/**
 * The value of a plain scalar. Dates stay text, and so do numbers that JavaScript cannot hold exactly: a text renders
 * to the very digits that were written. Source: PyYAML's resolver.py and constructor.py (SafeConstructor).
 */
export function readYaml11(written: string): Resolved {
  if (/^(?:|~|null|Null|NULL)$/.test(written)) return null;
  if (/^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/.test(written)) return true;
  if (/^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/.test(written)) return false;
  if (!/^[-+.0-9]/.test(written)) return written;
  const number = readInteger(written) ?? readFloat(written);
  return number === undefined || !isExact(number) ? written : number;
}

function isExact(number: number): boolean {
  return Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number));
}

function readInteger(written: string): number | undefined {
  const match =
    /^([-+]?)(?:(0b[01_]+)|(0x[0-9a-fA-F_]+)|0([0-7_]+)|(0|[1-9][0-9_]*)|([1-9][0-9_]*(?::[0-5]?[0-9])+))$/.exec(
      written,
    );
  if (!match) return undefined;
  const [, sign = '', binary, hexadecimal, octal, decimal, sixties] = match;
  const digits = (text: string): string => text.replaceAll('_', '');
  const value =
    sixties !== undefined
      ? readSixties(digits(sixties))
      : octal === undefined
        ? Number(digits(binary ?? hexadecimal ?? decimal ?? ''))
        : Number(`0o${digits(octal) || '0'}`);
  return sign === '-' ? 0 - value : value;
}

function readFloat(written: string): number | undefined {
  // To PyYAML, -.5 is a text: it takes no sign where nothing stands before the point.
  const match =
    /^(?![-+]\.)([-+]?)(?:([0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?)|([0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*))$/.exec(
      written,
    );
  if (!match) return undefined;
  const [, sign = '', decimal, sixties] = match;
  const text = (sixties ?? decimal ?? '').replaceAll('_', '');
  const value = sixties === undefined ? Number(text) : readSixties(text);
  return sign === '-' ? 0 - value : value;
}

/** `190:20:30`: digits to the base of sixty, which YAML 1.1 has for times. */
function readSixties(text: string): number {
  return text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
}
