/**
 * Owns as much of a browser as a report's page asks for, so that its script can be run without one: elements with text and
 * attributes, a canvas that counts what is drawn, an address. Lays out nothing.
 */
import vm from 'node:vm';

type Listener = (event: Readonly<Record<string, unknown>>) => void;

class FakeTarget {
  private readonly listeners = new Map<string, Listener[]>();

  addEventListener(type: string, listener: Listener): void {
    this.listeners.set(type, [...(this.listeners.get(type) ?? []), listener]);
  }

  fire(type: string, event: Readonly<Record<string, unknown>> = {}): void {
    for (const listener of this.listeners.get(type) ?? []) listener({ preventDefault() {}, ...event });
  }
}

export class FakeElement extends FakeTarget {
  readonly attributes = new Map<string, string>();
  readonly style: Record<string, string> = {};
  children: (FakeElement | string)[] = [];
  parent: FakeElement | undefined;
  hidden = false;
  open = false;
  value = '';
  scrollTop = 0;
  clientWidth = 1000;
  clientHeight = 320;
  width = 0;
  height = 0;
  drawn = 0;

  constructor(
    readonly page: FakePage,
    readonly name: string,
  ) {
    super();
  }

  get textContent(): string {
    return this.children.map((child) => (typeof child === 'string' ? child : child.textContent)).join('');
  }
  set textContent(text: string) {
    this.children = [text];
  }
  get dataset(): Readonly<Record<string, string | undefined>> {
    return { outcome: this.attributes.get('data-outcome') };
  }
  set tabIndex(value: number) {
    this.attributes.set('tabindex', String(value));
  }
  get elements(): FakeElement[] {
    return this.children.filter((child) => typeof child !== 'string');
  }
  get firstElementChild(): FakeElement | undefined {
    return this.elements[0];
  }
  get childElementCount(): number {
    return this.elements.length;
  }
  get classList(): { toggle(name: string, on: boolean): void } {
    return {
      toggle: (name, on) => {
        const before = (this.attributes.get('class') ?? '').split(' ').filter((each) => each !== name);
        this.attributes.set('class', [...before, ...(on ? [name] : [])].join(' '));
      },
    };
  }

  setAttribute(name: string, value: string): void {
    this.attributes.set(name, value);
  }
  removeAttribute(name: string): void {
    this.attributes.delete(name);
  }
  append(...children: (FakeElement | string)[]): void {
    for (const child of children) if (typeof child !== 'string') child.parent = this;
    this.children.push(...children);
  }
  replaceChildren(...children: (FakeElement | string)[]): void {
    this.children = [];
    this.append(...children);
  }
  replaceWith(...children: (FakeElement | string)[]): void {
    const siblings = this.parent?.children ?? [];
    siblings.splice(siblings.indexOf(this), 1, ...children);
  }
  all(): FakeElement[] {
    return this.elements.flatMap((child) => [child, ...child.all()]);
  }
  querySelector(selector: string): FakeElement | undefined {
    return this.querySelectorAll(selector)[0];
  }
  querySelectorAll(selector: string): FakeElement[] {
    return this.all().filter((each) =>
      selector.startsWith('.')
        ? (each.attributes.get('class') ?? '').split(' ').includes(selector.slice(1))
        : each.name === selector,
    );
  }
  focus(): void {
    this.page.document.activeElement = this;
  }
  blur(): void {
    this.page.document.activeElement = undefined;
  }
  scrollIntoView(): void {
    return;
  }
  getBoundingClientRect(): { top: number; left: number } {
    return { top: 0, left: 0 };
  }
  getContext(): unknown {
    const count = (): void => {
      this.drawn++;
    };
    const nothing = (): void => undefined;
    const others = { scale: nothing, save: nothing, beginPath: nothing, rect: nothing, clip: nothing };
    const measureText = (text: string): { width: number } => ({ width: text.length * 6 });
    return { ...others, restore: nothing, fillRect: count, fillText: nothing, measureText };
  }
}

interface FakePage extends FakeTarget {
  readonly document: { activeElement: FakeElement | undefined };
  find(id: string): FakeElement;
  /** Goes to an address, as a click on a link does. */
  visit(hash: string): void;
  address(): string;
}

/** Runs a page's script over its body and its data. */
export function openPage(html: string, hash = ''): FakePage {
  const body = html.slice(html.indexOf('</noscript>'), html.indexOf('<script type="application/json"'));
  const data = /<script type="application\/json" id="data">([\s\S]*?)<\/script>/.exec(html)?.[1] ?? '';
  const script = /<script type="module">([\s\S]*?)<\/script>/.exec(html)?.[1] ?? '';
  const ids = new Map<string, FakeElement>();
  const document = {
    activeElement: undefined as FakeElement | undefined,
    documentElement: {},
    createElement: (name: string) => new FakeElement(page, name),
    getElementById: (id: string) => ids.get(id),
  };
  const location = {
    text: hash,
    get hash() {
      return this.text;
    },
    set hash(to: string) {
      this.text = to;
      page.fire('hashchange');
    },
  };
  const page: FakePage = Object.assign(new FakeTarget(), {
    document,
    find(id: string) {
      const found = ids.get(id);
      if (!found) throw new Error(`no #${id}`);
      return found;
    },
    visit(to: string) {
      location.hash = to;
    },
    address: () => location.text,
  });
  // The mark-up of the page itself is small, and well formed.
  const stack = [new FakeElement(page, 'body')];
  for (const [, close, name = '', attributes = ''] of body.matchAll(/<(\/?)([a-z]\w*)([^>]*)>/g)) {
    if (close === '/') {
      stack.pop();
      continue;
    }
    const made = new FakeElement(page, name);
    for (const [, key = '', value = ''] of attributes.matchAll(/([\w-]+)="([^"]*)"/g))
      made.setAttribute(key, value);
    made.hidden = / hidden\b/.test(attributes);
    const id = made.attributes.get('id');
    if (id !== undefined) ids.set(id, made);
    stack.at(-1)?.append(made);
    if (name !== 'input') stack.push(made);
  }
  const holder = new FakeElement(page, 'script');
  holder.append(data);
  ids.set('data', holder);
  const globals = {
    document,
    location,
    history: { replaceState: (_: unknown, __: string, to: string) => (location.text = to) },
    addEventListener: (type: string, listener: Listener) => page.addEventListener(type, listener),
    matchMedia: () => new FakeTarget(),
    getComputedStyle: () => ({ getPropertyValue: () => '#000' }),
    devicePixelRatio: 1,
    URLSearchParams,
  };
  // An inline module, of which nobody imports anything.
  vm.runInNewContext(script.replace(/^export /gm, ''), globals);
  return page;
}
