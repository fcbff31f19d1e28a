/** Blocks: where a task fails, and what its rescue and always make of it. */
import type { PeerStory } from '../grounds.js';

type Fails = 'block' | 'rescue' | 'always';

/** A block whose parts are there, or fail, as said; on host b alone, so that what others do is seen too. */
function blockOf(parts: ReadonlySet<Fails>, failing: ReadonlySet<Fails>): string {
  const task = (part: Fails): string =>
    failing.has(part)
      ? `{name: ${part} fails, fail: {msg: "${part}"}, when: inventory_hostname == 'b'}`
      : `{name: ${part} works, debug: {msg: "${part}"}}`;
  const tail = (part: Fails): string => `{name: end of ${part}, debug: {msg: x}}`;
  const lines = (['block', 'rescue', 'always'] as const)
    .filter((part) => parts.has(part))
    .map(
      (part, i) => `
    ${i === 0 ? '-' : ' '} ${part}:
        - ${task(part)}
        - ${tail(part)}`,
    );
  return `${lines.join('')}
    - {name: after, debug: {msg: x}}`;
}

function subsets<T>(values: readonly T[]): readonly ReadonlySet<T>[] {
  return values.reduce<readonly ReadonlySet<T>[]>(
    (found, value) => [...found, ...found.map((set) => new Set([...set, value]))],
    [new Set()],
  );
}

const generated: readonly PeerStory[] = subsets<Fails>(['rescue', 'always'])
  .map((set) => new Set<Fails>(['block', ...set]))
  .flatMap((parts) =>
    subsets<Fails>([...parts]).map((failing) => ({
      title: `block: of ${[...parts].join(', ')}; fails: ${[...failing].join(', ') || 'nothing'}`,
      tasks: blockOf(parts, failing),
    })),
  );

const written: readonly PeerStory[] = [
  {
    title: 'block: in a rescue, whose own failure is rescued',
    tasks: `
    - block:
        - {name: outer fails, fail: {msg: x}}
      rescue:
        - block:
            - {name: inner fails, fail: {msg: y}}
          rescue:
            - {name: why, debug: {msg: "{{ ansible_failed_task.name }} {{ ansible_failed_result.msg }}"}}
          always:
            - {name: inner always, debug: {msg: x}}
        - {name: end of rescue, debug: {msg: x}}
      always:
        - {name: outer always, debug: {msg: x}}
    - {name: after, debug: {msg: x}}`,
  },
  {
    title: 'block: nested three deep, failing in the middle, rescued outside',
    tasks: `
    - block:
        - block:
            - block:
                - {name: deep, debug: {msg: x}}
              always:
                - {name: deep always, debug: {msg: x}}
            - {name: middle fails, fail: {msg: nay}}
            - {name: never, debug: {msg: x}}
          always:
            - {name: middle always, debug: {msg: x}}
        - {name: never too, debug: {msg: x}}
      rescue:
        - {name: saved, debug: {msg: "{{ ansible_failed_task.name }}"}}
    - {name: after, debug: {msg: x}}`,
  },
  {
    title: 'block: always of an outer block runs where the inner rescue fails',
    tasks: `
    - block:
        - block:
            - {name: fails, fail: {msg: one}}
          rescue:
            - {name: fails again, fail: {msg: two}}
          always:
            - {name: inner always, debug: {msg: x}}
      rescue:
        - {name: outer rescue, debug: {msg: "{{ ansible_failed_result.msg }}"}}
      always:
        - {name: outer always, debug: {msg: x}}`,
  },
  {
    title: 'block: an always that fails after its rescue has failed is what the outer rescue is about',
    tasks: `
    - block:
        - block:
            - {name: fails, fail: {msg: one}}
          rescue:
            - {name: fails again, fail: {msg: two}, when: inventory_hostname == 'a'}
          always:
            - {name: fails at last, fail: {msg: three}}
            - {name: never, debug: {msg: x}}
      rescue:
        - {name: outer, debug: {msg: "{{ ansible_failed_task.name }} {{ ansible_failed_result.msg }}"}}
    - {name: after, debug: {msg: x}}
    - block:
        - {name: fourth, fail: {msg: four}}
      always:
        - {name: fifth, fail: {msg: five}}`,
  },
  {
    title: "block: the play's hosts, of a block that only has an always, and of one with a rescue",
    tasks: `
    - block:
        - {name: rescued, fail: {msg: x}, when: inventory_hostname == 'a'}
      rescue:
        - {name: in rescue, debug: {msg: "{{ ansible_play_hosts }}"}}
      always:
        - {name: behind rescue, debug: {msg: "{{ ansible_play_batch }}"}}
    - block:
        - {name: fails, fail: {msg: x}, when: inventory_hostname == 'a'}
      always:
        - {name: always, debug: {msg: "{{ ansible_play_hosts }}"}}
        - {name: of the batch, debug: {msg: "{{ ansible_play_batch }}"}}
    - {name: after, debug: {msg: "{{ ansible_play_hosts }}"}}`,
  },
  {
    title: 'block: an ignored failure is not rescued',
    tasks: `
    - block:
        - {name: ignored, fail: {msg: x}, ignore_errors: true}
        - {name: goes on, debug: {msg: x}}
      rescue:
        - {name: never, debug: {msg: x}}`,
  },
  {
    title: 'block: ignore_errors of the block goes for each task in it',
    tasks: `
    - ignore_errors: true
      block:
        - {name: one, fail: {msg: x}}
        - {name: two, fail: {msg: x}}
      rescue:
        - {name: never, debug: {msg: x}}
    - {name: after, debug: {msg: x}}`,
  },
  {
    title: 'block: its condition goes for rescue and always too',
    tasks: `
    - when: inventory_hostname == 'a'
      block:
        - {name: fails, fail: {msg: x}}
      rescue:
        - {name: rescue, debug: {msg: x}}
      always:
        - {name: always, debug: {msg: x}}
    - {name: after, debug: {msg: x}}`,
  },
  {
    title: 'block: a loop whose one item fails is rescued',
    tasks: `
    - block:
        - {name: each, fail: {msg: "{{ item }}"}, loop: [1, 2, 3], when: item == 2}
      rescue:
        - {name: rescue, debug: {msg: "{{ ansible_failed_task.name }}"}}`,
  },
  {
    title: 'block: tasks of a file that it includes are rescued',
    tasks: `
    - block:
        - {include_tasks: more.yaml}
        - {name: never, debug: {msg: x}}
      rescue:
        - {name: rescue, debug: {msg: "{{ ansible_failed_task.name }}"}}
    - {name: after, debug: {msg: x}}`,
    files: { 'more.yaml': '- {name: one, debug: {msg: x}}\n- {name: two, fail: {msg: x}}\n' },
  },
  {
    title: 'block: a rescue includes a file that fails, and always runs',
    tasks: `
    - block:
        - {name: fails, fail: {msg: x}}
      rescue:
        - {include_tasks: more.yaml}
      always:
        - {name: always, debug: {msg: x}}
    - {name: never, debug: {msg: x}}`,
    files: { 'more.yaml': '- {name: one, debug: {msg: x}}\n- {name: two, fail: {msg: y}}\n' },
  },
  {
    title: 'block: a role that fails is rescued',
    tasks: `
    - block:
        - {import_role: {name: r}}
      rescue:
        - {name: rescue one, debug: {msg: x}}
    - block:
        - {include_role: {name: r}}
      rescue:
        - {name: rescue two, debug: {msg: x}}`,
    files: { 'roles/r/tasks/main.yml': '- {name: one, debug: {msg: x}}\n- {name: two, fail: {msg: x}}\n' },
  },
  {
    title: 'block: rescued twice in a play',
    tasks: `
    - block: [{name: one, fail: {msg: x}}]
      rescue: [{name: rescue one, debug: {msg: x}}]
    - block: [{name: two, fail: {msg: x}, when: inventory_hostname == 'a'}]
      rescue: [{name: rescue two, debug: {msg: x}}]
    - {name: after, debug: {msg: x}}`,
  },
  {
    title: 'block: an empty rescue lets the host go on',
    tasks: `
    - block: [{name: one, fail: {msg: x}}]
      rescue: []
    - {name: after, debug: {msg: x}}`,
  },
  {
    title: 'block: a failure after a rescued one counts',
    tasks: `
    - block: [{name: one, fail: {msg: x}}]
      rescue: [{name: rescue, debug: {msg: x}}]
    - {name: two, fail: {msg: x}}
    - {name: never, debug: {msg: x}}`,
  },
  {
    title: 'block: a failed assert is rescued',
    tasks: `
    - block:
        - {name: check, assert: {that: "inventory_hostname == 'a'"}}
        - {name: holds, debug: {msg: x}}
      rescue:
        - {name: rescue, debug: {msg: "{{ ansible_failed_task.name }}"}}`,
  },
  {
    title: 'block: variables of the block, of one in it and of a task',
    tasks: `
    - vars: {x: outer, y: outer, z: outer}
      block:
        - vars: {y: inner, z: inner}
          block:
            - {name: in, debug: {msg: "{{ x }} {{ y }} {{ z }}"}, vars: {z: task}}
        - {name: between, debug: {msg: "{{ x }} {{ y }} {{ z }}"}}
      always:
        - {name: always, debug: {msg: "{{ x }}"}}`,
  },
  {
    title: 'block: any_errors_fatal of a block, rescued',
    // An older release takes the other hosts along as if nothing had failed (ansible#80981).
    since: '2.15',
    tasks: `
    - any_errors_fatal: true
      block:
        - {name: fails, fail: {msg: x}, when: inventory_hostname == 'a'}
        - {name: next, debug: {msg: x}}
      rescue:
        - {name: rescue, debug: {msg: x}}
    - {name: after, debug: {msg: x}}`,
  },
  {
    title: 'block: any_errors_fatal of a block without a rescue',
    // An older release takes the other hosts along as if nothing had failed (ansible#80981).
    since: '2.15',
    tasks: `
    - any_errors_fatal: true
      block:
        - {name: fails, fail: {msg: x}, when: inventory_hostname == 'a'}
        - {name: next, debug: {msg: x}}
      always:
        - {name: always, debug: {msg: x}}
    - {name: after, debug: {msg: x}}`,
  },
  ...['rescue', 'always'].map((part): PeerStory => ({
    title: `blocks: one without tasks has no ${part}`,
    tasks: `
    - {name: before, debug: {msg: x}}
    - {block: [], ${part}: [{name: in ${part}, debug: {msg: x}}]}`,
  })),
  {
    title: 'blocks: one without tasks, and empty parts',
    tasks: `
    - {block: [], rescue: [], always: []}
    - {name: after, debug: {msg: x}}`,
  },
];
export const blockStories: readonly PeerStory[] = [...generated, ...written];
