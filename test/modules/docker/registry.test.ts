import { mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import type { Output } from '../../../src/core/host.js';
import {
  isInsecure,
  parseAccess,
  parseRegistryAnswers,
  registryOf,
  registryProbe,
} from '../../../src/modules/docker/registry.js';
import { standInForDocker, type DockerStandIn } from './stand-in.js';

const digest = `sha256:${'d'.repeat(64)}`;

describe('the registry of an image', () => {
  const registries: readonly [reference: string, registry: string][] = [
    ['web', 'docker.io'],
    ['lab/web', 'docker.io'],
    ['localhost/web', 'localhost'],
    ['registry.example.org/a/b/web', 'registry.example.org'],
    ['registry:5000/web', 'registry:5000'],
    ['[::1]:5000/web', '[::1]:5000'],
  ];
  for (const [name, registry] of registries) {
    it(`${name} is from ${registry}`, () => {
      expect(registryOf(`${name}@${digest}`)).to.equal(registry);
    });
  }

  const insecure = ['plain.example.org:5000', '10.1.0.0/16', '127.0.0.0/8', '::1/128'];
  const cases: readonly [registry: string, boolean][] = [
    ['plain.example.org:5000', true],
    ['plain.example.org', false],
    ['docker.io', false],
    ['10.1.2.3:5000', true],
    ['10.2.2.3:5000', false],
    ['localhost:5000', true],
    ['[::1]:5000', true],
    ['[::2]', false],
    // Its address may lie in a range. Credentials are not risked for it.
    ['registry.example.org', false],
  ];
  for (const [registry, is] of cases) {
    it(`${registry} is ${is ? '' : 'not '}taken without TLS`, () => {
      expect(isInsecure(registry, insecure)).to.equal(is);
    });
  }
});

describe('how the running daemon reaches registries', () => {
  const known = {
    InsecureRegistryCIDRs: ['127.0.0.0/8'],
    IndexConfigs: {
      'docker.io': { Name: 'docker.io', Secure: true, Mirrors: ['https://mirror.example.org/'] },
      'plain.example.org:5000': { Name: 'plain.example.org:5000', Secure: false, Mirrors: [] },
    },
    Mirrors: ['https://mirror.example.org/'],
  };
  const parse = (words: readonly string[], file: string) =>
    parseAccess([words.join('\n'), JSON.stringify(known), file].map((part) => `${part}\n`).join('\u001e\n'));

  it('is told by the daemon, by its daemon.json and by its command line, which goes first', () => {
    const access = parse(
      ['/usr/bin/dockerd', '--https-proxy', 'http://u:p@flag:1', '--no-proxy=.example.org', '-H', 'fd://'],
      '{"proxies": {"http-proxy": "http://file:1", "https-proxy": "http://file:2"}, "max-concurrent-downloads": 9, "storage-driver": "zfs"}',
    );
    expect(access).to.deep.equal({
      config: {
        'registry-mirrors': ['https://mirror.example.org/'],
        'insecure-registries': ['plain.example.org:5000', '127.0.0.0/8'],
        'max-concurrent-downloads': 9,
        proxies: {
          'http-proxy': 'http://file:1',
          'https-proxy': 'http://u:p@flag:1',
          'no-proxy': '.example.org',
        },
      },
      environment: ['HTTP_PROXY=http://file:1', 'HTTPS_PROXY=http://u:p@flag:1', 'NO_PROXY=.example.org'],
      insecure: ['plain.example.org:5000', '127.0.0.0/8'],
    });
  });

  it('may be nothing at all', () => {
    expect(parseAccess('\n\u001e\n\u001e\n')).to.deep.equal({
      config: { 'registry-mirrors': [], 'insecure-registries': [] },
      environment: [],
      insecure: [],
    });
  });
});

describe('why a registry does not give an image', () => {
  const said = (message: string) => `HTTP/1.1 500 x  Content-Length: 9    ${JSON.stringify({ message })}`;
  const answers: readonly [row: string, answer: true | string][] = [
    ['yes\t\t', true],
    ['late\t\t', 'reg.example.org did not answer within 30 seconds'],
    ['unasked\t\t', 'reg.example.org was not asked, as registries took more than 120 seconds'],
    [
      `no\t${said('manifest unknown')}\tno such manifest`,
      'reg.example.org does not give it: manifest unknown',
    ],
    [
      `no\t${said('unauthorized: authentication required')}\tno such manifest: reg.example.org/app`,
      'reg.example.org does not give it: no such manifest: reg.example.org/app',
    ],
    [
      `no\t${said('unauthorized: authentication required')}\t`,
      'reg.example.org does not give it: unauthorized: authentication required',
    ],
    // What is asked of an address may name the user.
    [
      `no\t${said('Get "https://auth.example.org/token?account=joe&scope=x": EOF')}\t`,
      'reg.example.org does not give it: Get "https://auth.example.org/token": EOF',
    ],
    ['\t\t', 'reg.example.org does not give it: no answer'],
  ];
  for (const [row, answer] of answers) {
    it(answer === true ? 'it does' : answer, () => {
      const reference = `reg.example.org/app@${digest}`;
      const output: Output = { status: 0, stdout: Buffer.from(`${row}\n`), stderr: Buffer.alloc(0) };
      expect(parseRegistryAnswers([reference], output).get(reference)).to.equal(answer);
    });
  }

  it('is not guessed where the host does not say', () => {
    const output: Output = {
      status: 70,
      stdout: Buffer.alloc(0),
      stderr: Buffer.from('there is no timeout'),
    };
    expect(() => parseRegistryAnswers(['a'], output)).to.throw(/does not say what registries have answered/);
  });
});

describe('the script that asks registries', () => {
  let docker: DockerStandIn;
  const asked: string[] = [];

  /** A daemon that knows what is public, and a `docker` that has credentials for `private`. */
  before(async () => {
    docker = await standInForDocker(
      (request, response) => {
        asked.push(request.url ?? '');
        const isPublic = request.url?.startsWith('/distribution/public') === true;
        response.statusCode = isPublic ? 200 : 500;
        response.end(JSON.stringify(isPublic ? { Descriptor: {} } : { message: 'unauthorized' }));
      },
      (relay, folder) => `case $1 in
system) exec ${relay} ;;
manifest) shift; echo "$*" "$HTTPS_PROXY" >>'${folder}/asked'
case $* in *private*) echo '{}' ;; *) echo "no such manifest: $*" >&2; exit 1 ;; esac ;;
esac`,
    );
  });

  after(() => docker.stop());

  it('asks the daemon, then with credentials, and says of each what came of it', async () => {
    const references = [
      ...Array.from({ length: 9 }, (_, i) => `public/app${i}@${digest}`),
      `plain.example.org:5000/private@${digest}`,
      `private/app@${digest}`,
      `gone/app@${digest}`,
    ];
    const access = {
      config: {},
      environment: ["HTTPS_PROXY=http://us er:p'w@proxy:3128"],
      insecure: ['plain.example.org:5000'],
    };
    const probe = registryProbe(references, access);
    const answers = probe.parse(await docker.run(probe.script, probe.stdin));
    expect(references.map((reference) => answers.get(reference))).to.deep.equal([
      ...Array.from({ length: 11 }, () => true),
      `docker.io does not give it: no such manifest: inspect gone/app@${digest}`,
    ]);
    expect(asked.toSorted()).to.deep.equal(references.map((each) => `/distribution/${each}/json`).toSorted());
    const withCredentials = await docker.run({ shellText: `sort ${docker.folder}/asked` });
    expect(withCredentials.stdout.toString()).to.equal(
      [
        `inspect --insecure plain.example.org:5000/private@${digest} http://us er:p'w@proxy:3128\n`,
        `inspect gone/app@${digest} http://us er:p'w@proxy:3128\n`,
        `inspect private/app@${digest} http://us er:p'w@proxy:3128\n`,
      ].join(''),
    );
  });

  it('leaves nothing behind', async () => {
    const tmp = await mkdtemp(path.join(docker.folder, 'tmp-'));
    const probe = registryProbe([`public/app@${digest}`], { config: {}, environment: [], insecure: [] });
    await docker.run({ shellText: `TMPDIR=${tmp}; export TMPDIR\n${probe.script.shellText}` });
    expect((await docker.run({ shellText: `ls -A ${tmp}` })).stdout.toString()).to.equal('');
  });
});
