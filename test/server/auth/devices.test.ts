import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { LINK_CODE_MS, LINK_OFFERS_MAX, WRONG_SECRETS_MAX } from "../../../src/base/limits.ts";
import { checkName } from "../../../src/base/names.ts";
import { makeDeviceCert } from "../../../src/crypto/device-cert.ts";
import { deviceIdOf } from "../../../src/crypto/device-id.ts";
import { Identity } from "../../../src/crypto/identity.ts";
import { linkCodeHash, linkMac, sealAccountKey } from "../../../src/crypto/link-code.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { LinkOffers } from "../../../src/server/auth/device-linking.ts";
import { fingerprintWith, formatFingerprint } from "../../../src/wire/fingerprint.ts";
import type { RequestFields } from "../../../src/wire/messages.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { type Guest, newKeys } from "../guest.ts";
import { Site, siteWith } from "../site.ts";
import { siteTest } from "../site-lab.ts";

const CODE = new Uint8Array(16).fill(5);
const HASH = linkCodeHash(CODE);
const serverOf = (guest: Guest) =>
  fingerprintWith(guest.welcome?.server.key ?? new Uint8Array(32), sha256);
const idOf = (guest: Guest) => deviceIdOf(guest.keys.device.publicKey, sha256);

function linkOf(guest: Guest, code = CODE): RequestFields<"link"> {
  const deviceKey = guest.keys.device.publicKey;
  return { code: linkCodeHash(code), deviceKey, mac: linkMac(code, deviceKey, serverOf(guest)) };
}

function grantOf(
  old: Guest,
  deviceKey: Uint8Array,
  user = "ana",
  account = old.keys.account,
): RequestFields<"link-grant"> {
  const server = serverOf(old);
  const deviceCert = makeDeviceCert(account, {
    server: formatFingerprint(server),
    user: checkName(user),
    deviceKey,
    kind: "cli",
    signedAtUnixMs: 1_800_000_000_000,
  });
  const context = { code: CODE, deviceKey, server, user };
  const key = sealAccountKey(context, account.seed(), new Uint8Array(12));
  return { code: HASH, deviceKey, deviceCert, key };
}

siteTest("lists devices with their state, even after a restart", async (site) => {
  const before = site.clock.unixMs();
  const ana = await site.member("ana", "pw");
  await site.time.advance(60_000);
  const phone = await site.byPassword("ana", "pw", "10.0.0.3");
  const { devices } = await ana.request("devices", {});
  expect(devices).toMatchObject([
    { device: idOf(ana), certified: true, current: true, online: true },
    { device: idOf(phone), certified: false, current: false, online: true },
  ]);
  const [first, other] = devices;
  expect(first?.device).toMatch(/^[\w-]{12}$/);
  expect((first?.since ?? 0) - before).toBeLessThan(1_000);
  expect((other?.since ?? 0) - (first?.since ?? 0)).toBeGreaterThanOrEqual(60_000);
  await site.restart();
  const again = await site.again(ana, "ana");
  const later = (await again.request("devices", {})).devices;
  expect(later).toEqual(devices.map((one) => ({ ...one, online: one.current })));
});

test("shows the program of a device only to its owner", async () => {
  const site = await Site.open({ operatorToken: "token" });
  const ana = await site.connect();
  ana.program = "chat-page/1 (Firefox on Linux)";
  await ana.greet();
  await ana.request("register", ana.registration("ana", "pw"));
  await ana.until("caught-up");
  expect((await ana.request("devices", {})).devices).toMatchObject([
    { client: "Firefox on Linux" },
  ]);
  const olga = await site.member("olga");
  await olga.request("operate", { token: "token" });
  const { clients } = await olga.request("clients", {});
  expect(clients.find(({ user }) => user === "ana")?.program).toBe("chat-page/1");
  const visibleToOthers = JSON.stringify([site.events, clients, await olga.request("who", {})]);
  expect(visibleToOthers).not.toContain("Firefox");
  expect(site.events).toContainEqual(
    expect.objectContaining({ kind: "connected", client: "chat-page/1" }),
  );
});

siteTest("ends the sessions of a revoked device, which cannot log in again", async (site) => {
  const ana = await site.member("ana", "pw");
  const phone = await site.byPassword("ana", "pw", "10.0.0.3");
  const window = await site.again(phone, "ana");
  await ana.request("revoke", { device: idOf(phone) });
  for (const one of [phone, window]) {
    const { fault } = await one.untilEnded();
    expect(fault).toMatchObject({ code: "login-refused", message: "this device was signed out" });
  }
  const back = await site.greeted("10.0.0.3", phone.keys);
  expect(await back.refusal("login", back.signedLogin("ana"))).toBe("login-refused");
  expect((await ana.request("devices", {})).devices).toHaveLength(1);
  expect(await ana.request("revoke", { device: idOf(ana) })).toEqual({});
  expect((await ana.untilEnded()).fault?.code).toBe("login-refused");
});

test("keeps the last credential and finds no devices of others", async () => {
  const { ana, ben } = await siteWith(["ana", "ben"]);
  expect(await ana.refusal("revoke", { device: idOf(ana) })).toBe("last-credential");
  expect(await ana.refusal("revoke", { device: idOf(ben) })).toBe("not-found");
  expect(await ana.refusal("revoke", { device: "" })).toBe("not-found");
});

siteTest("lets one of two devices that revoke each other survive", async (site) => {
  const ana = await site.member("ana", "pw");
  const phone = await site.byPassword("ana", "pw", "10.0.0.3");
  // Without a password, the two devices are the only credentials.
  const account = [...site.registry.all()][0];
  if (account === undefined) throw new Error("no account");
  account.passwordHash = undefined;
  const both = [
    ana.send("revoke", { device: idOf(phone) }),
    phone.send("revoke", { device: idOf(ana) }),
  ];
  const outcomes = await site.wait(Promise.allSettled(both));
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  expect(account.devices.size).toBe(1);
});

test("links and certifies a new device that an old one approves", async () => {
  const { site, ana } = await siteWith(["ana"], { roomPassword: "sesame" });
  await ana.request("link-offer", { code: HASH });
  const phone = await site.greeted("10.0.0.3");
  const answer = phone.send("link", linkOf(phone));
  const linkRequest = await ana.until("link-asked");
  expect(linkRequest).toMatchObject(linkOf(phone));
  const grant = grantOf(ana, phone.keys.device.publicKey);
  await ana.request("link-grant", grant);
  expect(await site.wait(answer)).toMatchObject({ user: "ana", key: grant.key });
  await phone.request("login", phone.signedLogin("ana"));
  const { devices } = await phone.request("devices", {});
  expect(devices).toMatchObject([
    { certified: true, current: false },
    { device: idOf(phone), certified: true, current: true },
  ]);
  const other = await site.greeted("10.0.0.4");
  expect(await other.refusal("link", linkOf(other))).toBe("login-refused");
});

test("refuses, delays and counts link codes that nobody offers", async () => {
  const site = await Site.open({ skipsIdleTime: true });
  const eve = await site.greeted("10.6.6.6");
  for (let i = 1; i <= WRONG_SECRETS_MAX; i++) {
    const code = new Uint8Array(16).fill(i);
    expect(await eve.refusal("link", linkOf(eve, code))).toBe("login-refused");
  }
  expect((await eve.untilEnded()).fault?.code).toBe("login-refused");
  const next = await site.greeted("10.6.6.6");
  const startedAt = site.clock.now();
  await next.refused("link", linkOf(next));
  expect(site.clock.now() - startedAt).toBeGreaterThanOrEqual(1_000);
});

siteTest("ends a link offer after ten minutes, with its session and at log-out", async (site) => {
  const ana = await site.member("ana", "pw");
  const tries = async (host: string) => {
    const guest = await site.greeted(host);
    const { code } = await guest.refused("link", linkOf(guest));
    return code;
  };
  await ana.request("link-offer", { code: HASH });
  for (let passedMs = 0; passedMs < LINK_CODE_MS; passedMs += 15_000) {
    await site.time.advance(15_000);
    ana.send("devices", {});
  }
  expect(await tries("10.1.0.1")).toBe("login-refused");
  await ana.request("link-offer", { code: HASH });
  ana.hangUp();
  await site.quiet();
  expect(await tries("10.1.0.2")).toBe("login-refused");
  const back = await site.again(ana, "ana");
  await back.request("link-offer", { code: HASH });
  await back.request("logout", {});
  expect(await tries("10.1.0.3")).toBe("login-refused");
});

test("refuses the new device if the old one disconnects", async () => {
  const { site, ana } = await siteWith(["ana"]);
  await ana.request("link-offer", { code: HASH });
  const phone = await site.greeted("10.0.0.3");
  const answer = phone.send("link", linkOf(phone));
  await ana.until("link-asked");
  ana.hangUp();
  expect(await site.wait(answer.catch((fault: unknown) => fault))).toMatchObject({
    code: "login-refused",
  });
});

siteTest(
  "records only a certificate by the account key for the requesting device",
  async (site) => {
    const ana = await site.member("ana", "pw");
    const ben = await site.member("ben");
    await ana.request("link-offer", { code: HASH });
    const key = newKeys().device.publicKey;
    expect(await ana.refusal("link-grant", grantOf(ana, key))).toBe("not-found");
    const phone = await site.greeted("10.0.0.3");
    void phone.send("link", linkOf(phone));
    await ana.until("link-asked");
    const mine = phone.keys.device.publicKey;
    const wrong = [
      [grantOf(ana, key), "not-found"],
      [grantOf(ana, mine, "ben"), "not-allowed"],
      [grantOf(ana, mine, "ana", Identity.generate()), "not-allowed"],
      [{ ...grantOf(ana, mine), deviceCert: grantOf(ana, key).deviceCert }, "not-allowed"],
      [{ ...grantOf(ana, mine), deviceCert: new Uint8Array(64) }, "not-allowed"],
    ] as const;
    for (const [grant, code] of wrong) {
      expect(await ana.refusal("link-grant", grant)).toBe(code);
    }
    expect(await ben.refusal("link-grant", grantOf(ana, mine))).toBe("not-found");
    expect((await ana.request("devices", {})).devices).toHaveLength(1);
    await ana.request("link-grant", grantOf(ana, mine));
  },
);

test("keeps only the newest link offer of a session", async () => {
  const { site, ana } = await siteWith(["ana"]);
  const hashOf = (i: number) => linkCodeHash(new Uint8Array(16).fill(i));
  for (let i = 0; i < 5; i++) await ana.request("link-offer", { code: hashOf(i) });
  const phone = await site.greeted("10.0.0.3");
  const first = { ...linkOf(phone), code: hashOf(0) };
  expect(await phone.refusal("link", first)).toBe("login-refused");
  const last = { ...linkOf(phone), code: hashOf(4) };
  void phone.send("link", last);
  expect(await ana.until("link-asked")).toMatchObject(last);
});

const codeOf = (i: number) => new Uint8Array(32).fill(i & 255).with(0, i >> 8) as Uint8Array;

class FakeSession {
  readonly member = undefined;
  isClosed = false;
  readonly onClosed: (() => void)[] = [];
  notify(): void {}
  whenClosed(callback: () => void): void {
    this.onClosed.push(callback);
  }
}

test("limits link offers until one ends", () => {
  const offers = new LinkOffers(new VirtualClock());
  const sessions = Array.from({ length: LINK_OFFERS_MAX }, () => new FakeSession());
  for (const [i, session] of sessions.entries()) offers.add(session, codeOf(i));
  const late = new FakeSession();
  const code = codeOf(LINK_OFFERS_MAX);
  expect(() => offers.add(late, code)).toThrow(Fault);
  for (const gone of sessions[7]?.onClosed ?? []) gone();
  offers.add(late, code);
  for (let i = 0; i < 10; i++) offers.add(late, code);
  expect(late.onClosed).toHaveLength(1);
});

test("refuses the code of another link offer", () => {
  const offers = new LinkOffers(new VirtualClock());
  offers.add(new FakeSession(), codeOf(1));
  expect(() => offers.add(new FakeSession(), codeOf(1))).toThrow(Fault);
});
