import { expect } from 'chai';
import { complaintsOf, tasks } from '../load.js';

const says = (text: string): string => tasks(`- debug: {msg: ${JSON.stringify(text)}}\n`);

describe('mistakes in a template that can be seen before the run', () => {
  const wrong: readonly (readonly [text: string, said: string])[] = [
    ['{{hash size "crc"}}', "there is no hash 'crc' (there are sha256, sha512, sha1, md5)"],
    ['{{regex.replace size "(" ""}}', 'this regular expression does not work: missing closing )'],
    ['{{matches "abc" "(?=a)"}}', 'RE2 has no lookahead'],
    ['{{toBytes "many"}}', "'many' is not a size"],
    ['{{format "%q" size}}', "this has '%q', which stands for no value"],
    ['{{cel "ip(\'300.1.1.1\')"}}', "'300.1.1.1' is not an address of IP"],
    [
      '{{lookup "file" "x"}}',
      "'lookup' takes a list or a map, not the text 'file' (there are no lookups: vars_files",
    ],
    ['{{lookup "env" "HOME"}}', '-e home="$HOME", and write {{home}}'],
    ["{{lookup('pipe', 'date')}}", 'run it by command:'],
    ['{{now}}', "nothing defines 'now' ('now' is a function of expressions: write {{cel \"now()\"}})"],
    ['{{strftime now "%F"}}', 'write {{cel "now()"}}'],
    ['{{cel "now"}}', "'now' is a function: write now()"],
    ['{{ansible_distribution}}', "zrun's is called facts.os.id"],
  ];
  for (const [text, said] of wrong)
    it(text, async () => {
      const [complaint = '', ...others] = await complaintsOf(says(text));
      expect(others).to.deep.equal([]);
      expect(complaint).to.contain(said);
    });

  it('are none where only the run knows the values', async () =>
    expect(await complaintsOf(says('{{hash size}}{{format "%5d %%" size}}{{join "a" }}'))).to.have.length(1));
});

describe('a file of variables that cannot be read', () => {
  const play = `- hosts: all\n  vars_files: [vars.yaml]\n  tasks:\n    - debug: {msg: "{{inline}} {{agev.part}}"}\n      when: secret == 1\n`;

  for (const [title, text, said] of [
    ['encrypted, and broken', '$ANSIBLE_VAULT;1.1;AES256\n6163\n', 'vars.yaml:1:1: '],
    ['no YAML', 'inline: [\n', 'vars.yaml:1:9: a [ is opened and not closed'],
  ] as const)
    it(`is the one thing that is said: ${title}`, async () => {
      const complaints = await complaintsOf(play, { files: { 'books/vars.yaml': text } });
      expect(complaints).to.have.length(1);
      expect(complaints[0]).to.contain(said);
    });

  it('is the one thing that is said: not there', async () => {
    const complaints = await complaintsOf(play);
    expect(complaints).to.have.length(1);
    expect(complaints[0]).to.contain('books/play.yaml:2:16: ');
  });

  it('hides no mistake if it is only empty', async () =>
    expect(await complaintsOf(play, { files: { 'books/vars.yaml': '# nothing yet\n' } })).to.have.length(3));
});
