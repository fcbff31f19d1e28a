/** Flags that choose among tasks and give variables, as stories. */
import type { Story } from './story.js';

const three = `
    - {name: one, debug: {msg: x}, tags: a}
    - {name: two, debug: {msg: x}, tags: [b]}
    - {name: three, debug: {msg: x}, tags: [a, c]}`;

export const flagStories: readonly Story[] = [
  {
    keyword: '--tags',
    title: 'only these, several with commas or by repeating',
    args: ['--tags', 'b,c', '-t', 'd'],
    tasks: three,
    lines: ['ok | two | x', 'ok | three | x'],
  },
  {
    keyword: '--skip-tags',
    title: 'all but these',
    args: ['--skip-tags', 'a'],
    tasks: three,
    lines: ['ok | two | x'],
  },
  {
    keyword: '--start-at-task',
    title: 'passes over everything before',
    args: ['--start-at-task', 'two'],
    tasks: three,
    lines: ['ok | two | x', 'ok | three | x'],
  },
  {
    keyword: '--extra-vars',
    title: 'k=v, JSON and files; the last one wins',
    args: ['-e', 'a=1 b="two words"', '-e', '{"c": [3], "a": 0}', '-e', '@more.yaml'],
    tasks: `
    - {name: tell, debug: {msg: "{{a}} {{b}} {{c.[0]}} {{d}}"}}`,
    files: { 'more.yaml': 'd: four\n' },
    lines: ['ok | tell | 0 two words 3 four'],
  },
  {
    keyword: '--force-handlers',
    title: 'as the keyword does for one play',
    args: ['--force-handlers'],
    playbook: `
- hosts: all
  gather_facts: false
  tasks:
    - {name: one, command: "true", notify: h}
    - {name: break, command: /bin/false}
  handlers: [{name: h, debug: {msg: handled}}]
`,
    lines: [
      'changed | one | run true',
      'failed | break | `/bin/false` ended with exit code 1',
      'ok | h | handled',
    ],
    code: 2,
    outcomes: { a: 'failed' },
  },
];
