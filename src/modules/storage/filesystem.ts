/**
 * Owns the module `filesystem`: a file system on an empty block device. Never formats a device on which anything at
 * all is recognised, and never forces mkfs.
 *
 * A mkfs that a power cut ends early leaves no signature: mke2fs wipes the first sectors before it begins, and writes
 * and flushes the primary superblock last (e2fsprogs, lib/ext2fs/closefs.c). The next run finds an empty device and
 * formats it anew; a device with a superblock has been formatted whole.
 */
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import { defineModule, type Plan } from '../../core/module.js';
import { mapState, type Effect } from '../../core/probe.js';
import { lines, quoteArgv, sh } from '../../core/shell.js';
import type { ValueMap } from '../../core/value.js';
import {
  blockDeviceKind,
  blockDeviceProbe,
  describeSignature,
  devicePath,
  type BlockDevice,
  type PresentDevice,
  type Signature,
} from '../host/blockdev.js';
import { commandsProbe } from '../host/commands.js';
import { formatBytes } from '../../core/bytes.js';

const params = z.strictObject({
  dev: z
    .string()
    .startsWith('/dev/', 'must be a block device below /dev')
    .describe('the block device: `/dev/zvol/tank/docker`'),
  fstype: z.enum(['ext4']).default('ext4').describe('the file system; `ext4` is the only one so far'),
  opts: z
    .array(z.string())
    .default([])
    .refine(
      (opts) => !opts.some((opt) => /^-[^-ELNOTUbmi]*[FS]/.test(opt)),
      'forcing (-F) and writing superblocks alone (-S) are refused',
    )
    .refine((opts) => !opts.some((opt) => opt.startsWith('/')), 'the device is given by dev alone')
    .describe('further arguments of mkfs, each an item of the list: `[-O, ^metadata_csum]`'),
  label: z
    .string()
    .max(16)
    .optional()
    .describe('the label, 16 bytes at most; an existing file system is given it'),
  uuid: z.guid().optional().describe('the UUID; an existing file system with another one is refused'),
});

type Params = z.output<typeof params>;

type Detail =
  | { readonly do: 'format'; readonly argv: readonly string[] }
  | { readonly do: 'label'; readonly label: string };

export const filesystem = defineModule({
  name: 'filesystem',
  summary: 'Make a file system on an empty block device',
  aliases: { dev: ['device'], fstype: ['type'] },
  params,
  returns: z.object({
    dev: z.string().describe('the device as given'),
    fstype: z.string().describe('the file system on it'),
    label: z.string().nullable().describe('its label'),
    uuid: z.string().nullable().describe('its UUID; null in check mode where the run makes one up'),
    size: z.int().describe('bytes of the device'),
  }),
  examples: [
    {
      title: 'ext4 on a volume',
      needs: 'zfs',
      task: `
filesystem:
  dev: /dev/zvol/tank/scratch-example-fs
  fstype: ext4
  label: docker`,
      before:
        'zfs list tank/scratch-example-fs >/dev/null 2>&1 || { zfs create -V 64M tank/scratch-example-fs && udevadm settle; }; i=0; until [ -b /dev/zvol/tank/scratch-example-fs ] || [ $i -gt 60 ]; do sleep 1; i=$((i+1)); done',
      after:
        '[ "$(blkid -p -s LABEL -o value /dev/zvol/tank/scratch-example-fs)" = docker ] && zfs destroy tank/scratch-example-fs',
    },
  ],
  async plan(read, p): Promise<Plan<Detail>> {
    const [device, tools] = await Promise.all([
      read(blockDeviceProbe(p.dev)),
      read(commandsProbe([`mkfs.${p.fstype}`, 'blkid', 'wipefs', 'e2label'])),
    ]);
    if (!device.exists) throw missing(p.dev, device);
    if (device.signatures === undefined) {
      throw new ZrunError('task-failed', `what is on ${p.dev} cannot be read, so it is not formatted`, {
        hint: tools['blkid']
          ? 'Does the task need become: true?'
          : 'blkid is missing there (Debian: util-linux).',
      });
    }
    const present = device.signatures.find((signature) => signature.type === p.fstype);
    const foreign = device.signatures.filter((signature) => signature !== present);
    if (foreign.length > 0 || (present === undefined && device.holders.length > 0))
      throw taken(p, device, foreign);
    if (present) return planPresent(p, device, present);
    for (const tool of [`mkfs.${p.fstype}`, 'wipefs']) {
      if (tools[tool]) continue;
      throw new ZrunError('task-failed', `${tool} is not installed on this host`, {
        hint: `Install ${tool === 'wipefs' ? 'util-linux' : 'e2fsprogs'} first.`,
      });
    }
    return planFormat(p, device);
  },
  async apply(write, { detail, predicted }, p) {
    if (detail.do === 'label') {
      await write.run(sh`e2label ${p.dev} ${detail.label}`);
      return predicted;
    }
    // What was empty when it was planned must still be when it is formatted.
    const output = await write.run(
      lines(
        sh`LC_ALL=C; export LC_ALL; d=${devicePath(p.dev)}
blkid -p -- "$d" >&2; [ $? -eq 2 ] && [ -z "$(wipefs -p -- "$d")" ] || { echo 'the device is not empty any more' >&2; exit 75; }
${detail.argv} "$d" >&2 || exit
blkid -p -s UUID -o value -- "$d"`,
      ),
      { shownAs: `${quoteArgv(detail.argv)} ${p.dev}` },
    );
    return { ...predicted, uuid: output.stdout.toString('utf8').trim() };
  },
});

function missing(dev: string, device: Extract<BlockDevice, { exists: false }>): ZrunError {
  return new ZrunError(
    'task-failed',
    `${dev} ${device.instead === undefined ? 'does not exist' : `is ${device.instead}`}`,
    {
      hint: dev.startsWith('/dev/zvol/')
        ? 'The link of a volume appears after `udevadm settle`; an encrypted one has no device until its key is loaded.'
        : '`lsblk` shows the block devices of the host.',
    },
  );
}

function taken(p: Params, device: PresentDevice, foreign: readonly Signature[]): ZrunError {
  const what = [
    ...foreign.map(describeSignature),
    ...(device.holders.length > 0 ? [`in use by ${device.holders.join(', ')}`] : []),
  ].join(', ');
  return new ZrunError('task-failed', `${p.dev} is not empty: ${what}. It is not formatted over`, {
    hint: `If nothing on it is needed any more, look with \`wipefs ${p.dev}\` and remove it by hand.`,
  });
}

function planPresent(p: Params, device: PresentDevice, present: Signature): Plan<Detail> {
  if (p.uuid !== undefined && present.uuid?.toLowerCase() !== p.uuid.toLowerCase()) {
    throw new ZrunError(
      'task-failed',
      `${p.dev} holds ${describeSignature(present)}, not the file system ${p.uuid}`,
      {
        hint: 'Another file system is there already; it is not formatted over.',
      },
    );
  }
  const label = p.label;
  if (label === undefined || label === (present.label ?? '')) {
    return { change: 'none', reason: `already ${p.fstype}`, result: describeResult(p, device, present) };
  }
  const labelled = { ...present, label };
  return {
    change: 'some',
    summary: `label ${p.dev} ${label}`,
    diff: [
      { type: 'fields', subject: p.dev, fields: [{ name: 'label', before: present.label, after: label }] },
    ],
    effects: [holds(p.dev, labelled, device.isFresh)],
    detail: { do: 'label', label },
    predicted: describeResult(p, device, labelled),
  };
}

function planFormat(p: Params, device: PresentDevice): Plan<Detail> {
  const made: Signature = { type: p.fstype, label: p.label, uuid: p.uuid };
  // No blocks kept for root: nothing but Docker writes there. No discard: there is nothing on an empty device to
  // discard, and discarding was broken on some versions (openzfs#16462).
  const argv = [
    `mkfs.${p.fstype}`,
    ...['-q', '-m', '0', '-E', 'nodiscard'],
    ...(p.label === undefined ? [] : ['-L', p.label]),
    ...(p.uuid === undefined ? [] : ['-U', p.uuid]),
    ...p.opts,
    '--',
  ];
  return {
    change: 'some',
    summary: `make ${p.fstype} on ${p.dev} (${formatBytes(device.size)})`,
    diff: [
      {
        type: 'fields',
        subject: p.dev,
        fields: [
          { name: 'fstype', before: undefined, after: p.fstype },
          ...(p.label === undefined ? [] : [{ name: 'label', before: undefined, after: p.label }]),
        ],
      },
    ],
    effects: [holds(p.dev, made, true)],
    detail: { do: 'format', argv },
    predicted: describeResult(p, device, made),
  };
}

function holds(dev: string, signature: Signature, isFresh: boolean): Effect {
  return mapState(blockDeviceKind, dev, (before) =>
    before.exists ? { ...before, signatures: [signature], isFresh } : before,
  );
}

function describeResult(p: Params, device: PresentDevice, signature: Signature): ValueMap {
  return {
    dev: p.dev,
    fstype: signature.type,
    label: signature.label ?? null,
    uuid: signature.uuid ?? null,
    size: device.size,
  };
}
