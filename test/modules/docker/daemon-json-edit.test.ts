/** daemon.json as text: little is changed, and everything else stays to the byte. */
import { expect } from 'chai';
import { formatProblem, ZrunError } from '../../../src/core/errors.js';
import {
  editDaemonJson,
  readDaemonJson,
  type DaemonJsonEdit,
} from '../../../src/modules/docker/daemon-json-edit.js';
import { parseJson, valueOf } from '../../../src/modules/docker/json-text.js';

const none: DaemonJsonEdit = { settings: {}, remove: [], removeStorageOpts: [] };
const overlay2: Partial<DaemonJsonEdit> = { settings: { 'storage-driver': 'overlay2' } };

/** The lab's file: valid, and written by no program. */
const odd =
  '{\n\t"log-driver":"json-file" , "log-opts" : {"max-size":"10m",\n\n  "max-file": "3"},\n    "labels": [ "site=lab","caf\\u00e9=yes" ]\n}';

const cases: readonly [
  what: string,
  before: string | undefined,
  edit: Partial<DaemonJsonEdit>,
  after: string,
][] = [
  ['there is no file', undefined, overlay2, '{\n  "storage-driver": "overlay2"\n}\n'],
  ['the file is empty', ' \n', overlay2, '{\n  "storage-driver": "overlay2"\n}\n'],
  ['an empty object', '{}', overlay2, '{\n  "storage-driver": "overlay2"\n}'],
  ['one line', '{"debug": true}', overlay2, '{"debug": true, "storage-driver": "overlay2"}'],
  ['packed', '{"a":1,"b":2}', overlay2, '{"a":1,"b":2,"storage-driver": "overlay2"}'],
  [
    'four spaces',
    '{\n    "debug": true\n}\n',
    overlay2,
    '{\n    "debug": true,\n    "storage-driver": "overlay2"\n}\n',
  ],
  [
    'tabs',
    '{\n\t"a": {\n\t\t"b": 1\n\t}\n}\n',
    { settings: { a: { c: { d: 1 } } } },
    '{\n\t"a": {\n\t\t"b": 1,\n\t\t"c": {\n\t\t\t"d": 1\n\t\t}\n\t}\n}\n',
  ],
  [
    'carriage returns',
    '{\r\n  "a": 1\r\n}\r\n',
    { settings: { b: [1] } },
    '{\r\n  "a": 1,\r\n  "b": [\r\n    1\r\n  ]\r\n}\r\n',
  ],
  [
    'another value',
    '{"storage-driver" :  "zfs" , "x": 1}',
    overlay2,
    '{"storage-driver" :  "overlay2" , "x": 1}',
  ],
  [
    'a map into no map',
    '{"log-opts": null}',
    { settings: { 'log-opts': { a: 'b' } } },
    '{"log-opts": {\n    "a": "b"\n  }}',
  ],
  [
    'a key is taken out: first',
    '{\n  "graph": "/d",\n  "a": 1\n}',
    { remove: [['graph']] },
    '{\n  "a": 1\n}',
  ],
  ['a key is taken out: last', '{\n  "a": 1,\n  "graph": "/d"\n}', { remove: [['graph']] }, '{\n  "a": 1\n}'],
  ['a key is taken out: only', '{\n  "graph": "/d"\n}', { remove: [['graph']] }, '{}'],
  [
    'a key is taken out: deep',
    '{"features": {"buildkit": true, "containerd-snapshotter": true}}',
    { remove: [['features', 'containerd-snapshotter']] },
    '{"features": {"buildkit": true}}',
  ],
  [
    'storage-opts: some',
    '{"storage-opts": ["zfs.fsname=tank/d", "overlay2.size=1G"]}',
    { removeStorageOpts: ['zfs.*'] },
    '{"storage-opts": [\n    "overlay2.size=1G"\n  ]}',
  ],
  [
    'storage-opts: all',
    '{"storage-opts": ["zfs.fsname=tank/d", "size=10G"], "x": 1}',
    { removeStorageOpts: ['zfs.*', 'size'] },
    '{"x": 1}',
  ],
  [
    'storage-opts: none of them',
    '{"storage-opts": ["dm.basesize=10G"]}',
    { removeStorageOpts: ['zfs.*', 'size'] },
    '{"storage-opts": ["dm.basesize=10G"]}',
  ],
  [
    'nothing differs',
    '{ "storage-driver":"overlay2","n": 1e2, "o":{"b":1,"a":2}}',
    { settings: { 'storage-driver': 'overlay2', n: 100, o: { a: 2, b: 1 } } },
    '{ "storage-driver":"overlay2","n": 1e2, "o":{"b":1,"a":2}}',
  ],
  ['an empty file and nothing to say', '', {}, ''],
  [
    'large numbers and odd spellings elsewhere',
    '{"n": 12345678901234567890, "s": "\\u0041\\/"}',
    overlay2,
    '{"n": 12345678901234567890, "s": "\\u0041\\/", "storage-driver": "overlay2"}',
  ],
  ['the lab’s odd file', odd, overlay2, odd.replace('yes" ]', 'yes" ],\n    "storage-driver": "overlay2"')],
];

describe('daemon.json', () => {
  for (const [what, before, edit, after] of cases) {
    it(`is edited in place: ${what}`, () => {
      const whole = { ...none, ...edit };
      const edited = editDaemonJson(before, whole, 'daemon.json');
      expect(edited).to.equal(after);
      if (edited.trim() !== '') JSON.parse(edited);
      expect(editDaemonJson(edited, whole, 'daemon.json'), 'a second time').to.equal(edited);
    });
  }

  it('keeps a byte order mark', () => {
    expect(editDaemonJson('\uFEFF{"a": 1}', { ...none, ...overlay2 }, 'x')).to.equal(
      '\uFEFF{"a": 1, "storage-driver": "overlay2"}',
    );
  });

  it('has no key that nobody wrote', () => {
    expect(readDaemonJson('{"__proto__": {"a": 1}}', 'x')).to.have.own.property('__proto__');
    expect(readDaemonJson('{}', 'x')['toString' as string]).not.to.equal('overlay2');
  });

  const broken: readonly [text: string, place: string, message: string][] = [
    ['{\n  "a": 1,\n}', 'd.json:3:1', "a ',' stands before the closing '}'"],
    ['{\n  "a": 1\n  "b": 2\n}', 'd.json:3:3', `expected ',' or '}', found "\\""`],
    ["{'a': 1}", 'd.json:1:2', `expected a key in double quotes, found "'"`],
    ['{"a": }', 'd.json:1:7', 'expected a value, found "}"'],
    ['{"a": 01}', 'd.json:1:8', `expected ',' or '}', found "1"`],
    ['{"a": tru}', 'd.json:1:7', 'expected a value, found "t"'],
    ['{"a": "b', 'd.json:1:7', 'this string is not closed'],
    ['{"a": "b\nc"}', 'd.json:1:9', 'a string must not run over the end of its line'],
    ['{"a": "\\x"}', 'd.json:1:7', 'this string has an escape that JSON does not have'],
    ['{"a": 1} {}', 'd.json:1:10', 'expected nothing more, found "{"'],
    ['// mine\n{}', 'd.json:1:1', 'expected a value, found "/"'],
    ['{"a": 1, "a": 2}', 'd.json:1:10', 'the key "a" stands twice'],
    ['{"a": [1, 2', 'd.json:1:12', "expected ',' or ']', found the end of the file"],
    ['[]', 'd.json:1:1', 'd.json holds no JSON object, so dockerd cannot start with it'],
    ['['.repeat(300), 'd.json:1:202', 'this is nested too deeply'],
  ];
  for (const [text, place, message] of broken) {
    it(`says where it is broken: ${JSON.stringify(text).slice(0, 40)}`, () => {
      try {
        readDaemonJson(text, 'd.json');
      } catch (error) {
        if (!(error instanceof ZrunError)) throw error;
        expect(formatProblem(error.problem).split('\n')[0]).to.equal(`${place}: ${message}`);
        return;
      }
      throw new Error('it was taken for valid');
    });
  }

  it('reads what JSON.parse reads', () => {
    const texts = [
      '[1,-0.5e-3,true,false,null,"a\\u00e9\\n",{"b":[]}]',
      ' {"x" : {} } ',
      '"\\ud83d\\ude00"',
      '{"":0}',
    ];
    for (const text of texts) expect(valueOf(parseJson(text, 'x'))).to.deep.equal(JSON.parse(text));
  });
});
