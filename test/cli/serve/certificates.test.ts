import { describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Fault } from "../../../src/base/fault.ts";
import { DAY_MS } from "../../../src/base/time.ts";
import { Certificates, type CertificatesOptions } from "../../../src/cli/serve/certificates.ts";
import type { ServeArgs } from "../../../src/cli/serve/flags.ts";
import { certificateNames, makeCertificate } from "../../../src/crypto/certificate.ts";
import { Identity } from "../../../src/crypto/identity.ts";
import type { ServerTls } from "../../../src/io/link/link.ts";
import { hostLabel } from "../../../src/wire/announcement.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { FakeOutput } from "../../commands/fake-world.ts";
import { certificateHash } from "../../crypto/certificate-hash.ts";
import { rejection } from "../../rejection.ts";
import { tempFolder } from "../../temp-folder.ts";

const MINUTE_MS = 60_000;
const NAMES = ["first", "second"] as const;
const [own, first, second] = await Promise.all([
  makeCertificate(),
  makeCertificate([`${NAMES[0]}.example`]),
  makeCertificate([`${NAMES[1]}.example`]),
]);

interface Setup {
  readonly args?: Partial<ServeArgs>;
  readonly path?: string;
  readonly identity?: Identity;
  readonly isJoiningCluster?: boolean;
}

function setup({ args, path = tempFolder(), identity, isJoiningCluster }: Setup = {}) {
  const clock = new VirtualClock();
  const stderr = new FakeOutput(false);
  const open = {
    certificate: own,
    folder: { path },
    identity: identity ?? Identity.generate(),
    history: { head: () => 1 },
    cluster: isJoiningCluster === true ? {} : undefined,
  };
  const given = { tls: true, discovery: true, public: [], ...args };
  const options = { context: { clock, stderr }, args: given, open, title: "Room 12" };
  return { ...open, clock, stderr, path, options: options as unknown as CertificatesOptions };
}

describe("the owner's certificate", () => {
  async function watched() {
    const folder = tempFolder();
    const [cert, key] = [join(folder, "c.pem"), join(folder, "k.pem")];
    const write = (pair: { certPem?: string; keyPem?: string }) => {
      if (pair.certPem !== undefined) writeFileSync(cert, pair.certPem);
      if (pair.keyPem !== undefined) writeFileSync(key, pair.keyPem);
    };
    write(first);
    const world = setup({ args: { cert, key } });
    const certificates = await Certificates.open(world.options);
    const changes: ServerTls[] = [];
    const stop = certificates.watch((tls) => changes.push(tls));
    const minute = () => world.clock.advance(MINUTE_MS);
    return { ...world, certificates, changes, write, minute, stop, files: [cert, key] };
  }

  test("is read again when its files change, and names the server", async () => {
    const { certificates, changes, write, minute, stop, stderr, clock } = await watched();
    expect(certificates.isHost("second.example")).toBe(false);
    await minute();
    expect(changes).toEqual([]);
    write(second);
    await minute();
    expect(changes.map(({ certPem }) => certPem)).toEqual([second.certPem]);
    expect(certificates.tls?.keyPem).toBe(second.keyPem);
    expect(certificates.isHost("second.example")).toBe(true);
    expect(certificates.named).toBeUndefined();
    expect(stderr.text).toContain("new connections use the certificate that has replaced");
    stop();
    expect(clock.pendingTimers).toBe(0);
  });

  test("stays in use while the new one is half written, and the owner learns it once", async () => {
    const { certificates, changes, write, minute, stderr } = await watched();
    write({ certPem: second.certPem });
    await minute();
    expect([certificates.hasFailed, stderr.text]).toEqual([false, ""]);
    write({ keyPem: second.keyPem });
    await minute();
    expect(changes).toHaveLength(1);
    write({ certPem: second.certPem.slice(0, 100) });
    for (let i = 0; i < 5; i++) await minute();
    expect(certificates.hasFailed).toBe(true);
    expect(stderr.text.match(/still using the former certificate/g)).toHaveLength(1);
    expect(certificates.tls?.certPem).toBe(second.certPem);
    write(first);
    await minute();
    expect(certificates.hasFailed).toBe(false);
    expect(changes.at(-1)?.certPem).toBe(first.certPem);
  });

  test("stays in use if its files disappear", async () => {
    const { certificates, files, minute } = await watched();
    for (const file of files) rmSync(file);
    for (let i = 0; i < 3; i++) await minute();
    expect(certificates.hasFailed).toBe(true);
    expect(certificates.tls?.certPem).toBe(first.certPem);
  });
});

test("a folder that cannot be read leaves the certificate in use", async () => {
  const folder = tempFolder();
  const [cert, key] = [join(folder, "live", "c.pem"), join(folder, "live", "k.pem")];
  mkdirSync(join(folder, "live"));
  writeFileSync(cert, first.certPem);
  writeFileSync(key, first.keyPem);
  const { clock, options } = setup({ args: { cert, key } });
  const certificates = await Certificates.open(options);
  certificates.watch(() => undefined);
  rmSync(join(folder, "live"), { recursive: true });
  // The system refuses a circle of links like a folder of another user.
  symlinkSync("live", join(folder, "live"));
  await clock.advance(2 * MINUTE_MS);
  expect(certificates.hasFailed).toBe(true);
  expect(certificates.tls?.certPem).toBe(first.certPem);
});

describe("the certificate of a TLS proxy", () => {
  async function watched(args: Partial<ServeArgs>) {
    const proxyCert = join(tempFolder(), "proxy.pem");
    writeFileSync(proxyCert, first.certPem);
    const { clock, options } = setup({ args: { ...args, proxyCert } });
    const certificates = await Certificates.open(options);
    certificates.watch(() => undefined);
    return { clock, certificates, renew: () => writeFileSync(proxyCert, second.certPem) };
  }

  test("is read again within a second; the former one is valid for a day", async () => {
    const { clock, certificates, renew } = await watched({ tls: false });
    expect(certificates.tls?.certPem).toBe(first.certPem);
    expect(certificates.proxyHashes()).toEqual([]);
    renew();
    await clock.advance(1_000);
    expect(certificates.tls?.certPem).toBe(second.certPem);
    expect(certificates.named).toBeUndefined();
    expect(certificates.proxyHashes()).toEqual([certificateHash(first.certPem)]);
    await clock.advance(DAY_MS);
    expect(certificates.proxyHashes()).toEqual([]);
  });

  test("is proved besides the server's own, and names the server", async () => {
    const { clock, certificates, renew } = await watched({ tls: true });
    expect(certificates.tls?.certPem).toBe(own.certPem);
    expect(certificates.proxyHashes()).toEqual([certificateHash(first.certPem)]);
    expect(certificates.isHost("first.example")).toBe(true);
    renew();
    await clock.advance(1_000);
    const hashes = [second, first].map(({ certPem }) => certificateHash(certPem));
    expect(certificates.proxyHashes()).toEqual(hashes);
    expect(certificates.tls?.certPem).toBe(own.certPem);
    expect(certificates.isHost("second.example")).toBe(true);
  });
});

describe("the root for the server's names", () => {
  test("is made once, in files that only the owner can read", async () => {
    const { options, path, identity } = setup();
    const { named } = await Certificates.open(options);
    const name = hostLabel(identity.fingerprint);
    expect(named?.name).toBe(name);
    expect(certificateNames(named?.certPem ?? "")).toEqual([name]);
    expect(named?.rootSha256).toMatch(/^[0-9a-f]{64}$/);
    for (const file of ["ca.crt", "ca.key", "local.crt"]) {
      expect(statSync(join(path, file)).mode & 0o777).toBe(0o600);
    }
    const before = readFileSync(join(path, "local.crt"), "utf8");
    expect((await Certificates.open(options)).named).toEqual(named);
    expect(readFileSync(join(path, "local.crt"), "utf8")).toBe(before);
  });

  test("covers public names, of which the first is for browsers, but no addresses", async () => {
    const { options, identity } = setup({ args: { public: ["192.0.2.7", "Chat.Example.:99"] } });
    const { named } = await Certificates.open(options);
    expect(named?.name).toBe("chat.example");
    const names = ["chat.example", hostLabel(identity.fingerprint)];
    expect(certificateNames(named?.certPem ?? "")).toEqual(names);
  });

  test.each<[string, Partial<ServeArgs>]>([
    ["without TLS", { tls: false }],
    ["without a name", { discovery: false }],
    ["only on this machine", { host: "127.0.0.1" }],
  ])("does not exist %s", async (_when, args) => {
    const { options, path, stderr } = setup({ args });
    expect((await Certificates.open(options)).named).toBeUndefined();
    expect([existsSync(join(path, "ca.crt")), stderr.text]).toEqual([false, ""]);
  });

  test("does not cover a name that the server gets later, and says so", async () => {
    const before = setup();
    const { named } = await Certificates.open(before.options);
    const after = setup({ ...before, args: { public: ["chat.example"] } });
    const later = await Certificates.open(after.options);
    expect(later.named).toEqual(named);
    expect(after.stderr.text).toContain("ca.crt does not cover chat.example");
  });

  test("is replaced with the identity, and if it belongs to another server", async () => {
    const before = setup();
    const { named } = await Certificates.open(before.options);
    const after = setup({ path: before.path });
    const later = await Certificates.open(after.options);
    expect(later.named?.name).toBe(hostLabel(after.identity.fingerprint));
    expect(later.named?.rootSha256).not.toBe(named?.rootSha256);
  });

  test.each([
    ["ca.key", () => first.keyPem, "ca.key does not belong to ca.crt"],
    ["ca.key", () => "x", "PEM"],
    ["ca.crt", (text: string) => text.slice(0, 300), "certificate"],
    ["local.crt", () => "-----BEGIN", undefined],
  ])("with a bad %s serves no wrong certificate", async (file, change, notice) => {
    const { options, path, stderr } = setup();
    const { named } = await Certificates.open(options);
    const bad = change(readFileSync(join(path, file), "utf8"));
    writeFileSync(join(path, file), bad);
    const again = await Certificates.open(options);
    if (notice === undefined) {
      expect(again.named?.rootSha256).toBe(named?.rootSha256 ?? "");
      return;
    }
    expect(again.named).toBeUndefined();
    expect(stderr.text).toContain("no certificate for chat-");
    expect(stderr.text.toLowerCase()).toContain(notice.toLowerCase());
    expect(readFileSync(join(path, file), "utf8")).toBe(bad);
  });

  test("comes from another node of a cluster, so that its nodes share it", async () => {
    const before = setup({ isJoiningCluster: true });
    expect((await Certificates.open(before.options)).named).toBeUndefined();
    expect(before.stderr.text).toContain("copy ca.crt and ca.key");
    expect(existsSync(join(before.path, "ca.crt"))).toBe(false);
  });

  test("renews its certificate while the server runs", async () => {
    const { options, clock } = setup();
    const certificates = await Certificates.open(options);
    const { certPem = "", rootSha256 } = certificates.named ?? {};
    const changes: ServerTls[] = [];
    certificates.watch((tls) => changes.push(tls));
    await clock.jump(330 * DAY_MS);
    await clock.advance(MINUTE_MS);
    expect(changes).toEqual([]);
    await clock.jump(8 * DAY_MS);
    await clock.advance(MINUTE_MS);
    expect(changes).toHaveLength(1);
    expect(certificates.named?.rootSha256).toBe(rootSha256 ?? "");
    const [was, is] = [certPem, changes[0]?.named?.certPem ?? ""];
    const ends = [was, is].map((pem) => Date.parse(new X509Certificate(pem).validTo));
    expect(Math.round(((ends[1] ?? 0) - (ends[0] ?? 0)) / DAY_MS)).toBe(338);
  });
});

test("a listener whose port is taken in between gets the certificate soon after", async () => {
  const folder = tempFolder();
  const [cert, key] = [join(folder, "c.pem"), join(folder, "k.pem")];
  for (const file of [cert, key]) writeFileSync(file, first.certPem + first.keyPem);
  const { options, clock, stderr } = setup({ args: { cert, key } });
  const certificates = await Certificates.open(options);
  let attempts = 0;
  certificates.watch(() => {
    if (++attempts < 4) throw new Fault("port-taken", "port 2428 is in use");
  });
  for (const file of [cert, key]) writeFileSync(file, second.certPem + second.keyPem);
  await clock.advance(1_000);
  expect(attempts).toBe(1);
  await clock.advance(2_000);
  expect(attempts).toBe(3);
  await clock.advance(10 * MINUTE_MS);
  expect(attempts).toBe(4);
  expect(stderr.text.match(/cannot use the new certificate: port 2428 is in use/g)).toHaveLength(1);
});

test("an invalid pair prevents the start", async () => {
  const path = join(tempFolder(), "c.pem");
  writeFileSync(path, "x");
  const { options } = setup({ args: { cert: path, key: path } });
  expect(await rejection(Certificates.open(options))).toMatchObject({ code: "usage" });
});
