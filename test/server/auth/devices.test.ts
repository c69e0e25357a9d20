import { describe, expect, test } from "bun:test";
import { LINK_CODE_MS, WRONG_SECRETS_MAX } from "../../../src/base/limits.ts";
import { checkName } from "../../../src/base/names.ts";
import { makeDeviceCert } from "../../../src/crypto/device-cert.ts";
import { deviceIdOf } from "../../../src/crypto/device-id.ts";
import { Identity } from "../../../src/crypto/identity.ts";
import { linkCodeHash, linkMac, sealAccountKey } from "../../../src/crypto/link-code.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { fingerprintWith, formatFingerprint } from "../../../src/wire/fingerprint.ts";
import type { RequestFields } from "../../../src/wire/messages.ts";
import { type Guest, newKeys } from "../guest.ts";
import { Site } from "../site.ts";

const CODE = new Uint8Array(16).fill(5);
const HASH = linkCodeHash(CODE);
const serverOf = (guest: Guest) =>
  fingerprintWith(guest.welcome?.server.key ?? new Uint8Array(32), sha256);
const idOf = (guest: Guest) => deviceIdOf(guest.keys.device.publicKey);

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

/** The same account on a second device, by password. */
async function second(site: Site, name: string, password: string): Promise<Guest> {
  const guest = await site.greeted("10.0.0.3");
  await guest.ask("login", guest.passwordLogin(name, password));
  await guest.until("caught-up");
  return guest;
}

describe("devices", () => {
  test("are listed with what is known of them, also after a restart", async () => {
    const site = await Site.open();
    const before = site.clock.unixMs();
    const ana = await site.member("ana", "pw");
    await site.time.advance(60_000);
    const phone = await second(site, "ana", "pw");
    const { devices } = await ana.ask("devices", {});
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
    const later = (await again.ask("devices", {})).devices;
    expect(later).toEqual(devices.map((one) => ({ ...one, online: one.current })));
  });

  test("their owner alone learns what they call themselves", async () => {
    const site = await Site.open({ operatorToken: "token" });
    const ana = await site.connect();
    ana.program = "chat-page/1 (Firefox on Linux)";
    await ana.greet();
    await ana.ask("register", ana.registration("ana", "pw"));
    await ana.until("caught-up");
    expect((await ana.ask("devices", {})).devices).toMatchObject([{ client: "Firefox on Linux" }]);
    const olga = await site.member("olga");
    await olga.ask("operate", { token: "token" });
    const { clients } = await olga.ask("clients", {});
    expect(clients.find(({ user }) => user === "ana")?.program).toBe("chat-page/1");
    const told = JSON.stringify([site.events, clients, await olga.ask("who", {})]);
    expect(told).not.toContain("Firefox");
    expect(site.events).toContainEqual(
      expect.objectContaining({ kind: "connected", client: "chat-page/1" }),
    );
  });

  test("revoked: its sessions end with the reason, and it signs in no more", async () => {
    const site = await Site.open();
    const ana = await site.member("ana", "pw");
    const phone = await second(site, "ana", "pw");
    const window = await site.again(phone, "ana");
    await ana.ask("revoke", { device: idOf(phone) });
    for (const one of [phone, window]) {
      const { fault } = await one.untilEnded();
      expect(fault).toMatchObject({ code: "login-refused", message: "this device was signed out" });
    }
    const back = await site.greeted("10.0.0.3", phone.keys);
    expect((await back.refused("login", back.signedLogin("ana"))).code).toBe("login-refused");
    expect((await ana.ask("devices", {})).devices).toHaveLength(1);
  });

  test("one may revoke the device in front of them; the answer comes first", async () => {
    const site = await Site.open();
    const ana = await site.member("ana", "pw");
    expect(await ana.ask("revoke", { device: idOf(ana) })).toEqual({});
    expect((await ana.untilEnded()).fault?.code).toBe("login-refused");
  });

  test("the last way in stays; another's device, or none, is not found", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    const ben = await site.member("ben");
    expect((await ana.refused("revoke", { device: idOf(ana) })).code).toBe("last-credential");
    expect((await ana.refused("revoke", { device: idOf(ben) })).code).toBe("not-found");
    expect((await ana.refused("revoke", { device: "" })).code).toBe("not-found");
  });

  test("two that sign each other out at once do not lock the person out", async () => {
    const site = await Site.open();
    const ana = await site.member("ana", "pw");
    const phone = await second(site, "ana", "pw");
    // Without the password the two devices are all there is.
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
});

describe("linking", () => {
  test("a new device asks, the old one agrees, and the new one signs in, certified", async () => {
    const site = await Site.open({ roomPassword: "sesame" });
    const ana = await site.member("ana");
    await ana.ask("link-offer", { code: HASH });
    const phone = await site.greeted("10.0.0.3");
    const answer = phone.send("link", linkOf(phone));
    const asked = await ana.until("link-asked");
    expect(asked).toMatchObject(linkOf(phone));
    const grant = grantOf(ana, phone.keys.device.publicKey);
    await ana.ask("link-grant", grant);
    expect(await site.wait(answer)).toMatchObject({ user: "ana", key: grant.key });
    await phone.ask("login", phone.signedLogin("ana"));
    const { devices } = await phone.ask("devices", {});
    expect(devices).toMatchObject([
      { certified: true, current: false },
      { device: idOf(phone), certified: true, current: true },
    ]);
    const other = await site.greeted("10.0.0.4");
    expect((await other.refused("link", linkOf(other))).code).toBe("login-refused"); // Used.
  });

  test("a device that came by password becomes a certified one, since when it came", async () => {
    const site = await Site.open();
    const ana = await site.member("ana", "pw");
    const phone = await second(site, "ana", "pw");
    const before = (await ana.ask("devices", {})).devices;
    await ana.ask("link-offer", { code: HASH });
    const again = await site.greeted("10.0.0.3", phone.keys);
    const answer = again.send("link", linkOf(again));
    await ana.until("link-asked");
    await ana.ask("link-grant", grantOf(ana, phone.keys.device.publicKey));
    await site.wait(answer);
    const after = (await ana.ask("devices", {})).devices;
    expect(after).toEqual(before.map((one) => ({ ...one, certified: true })));
    await site.restart();
    const later = await site.again(ana, "ana");
    expect((await later.ask("devices", {})).devices.map(({ certified }) => certified)).toEqual([
      true,
      true,
    ]);
  });

  test("codes that nobody offers are refused, slowed and counted", async () => {
    const site = await Site.open();
    const eve = await site.greeted("10.6.6.6");
    for (let i = 1; i <= WRONG_SECRETS_MAX; i++) {
      const code = new Uint8Array(16).fill(i);
      expect((await eve.refused("link", linkOf(eve, code))).code).toBe("login-refused");
    }
    expect((await eve.untilEnded()).fault?.code).toBe("login-refused");
    const next = await site.greeted("10.6.6.6");
    const startedAt = site.clock.now();
    await next.refused("link", linkOf(next));
    expect(site.clock.now() - startedAt).toBeGreaterThanOrEqual(1_000);
  });

  test("an offer ends after ten minutes, with its session, and with a log-out", async () => {
    const site = await Site.open();
    const ana = await site.member("ana", "pw");
    const tries = async (host: string) => {
      const guest = await site.greeted(host);
      const { code } = await guest.refused("link", linkOf(guest));
      return code;
    };
    await ana.ask("link-offer", { code: HASH });
    for (let passedMs = 0; passedMs < LINK_CODE_MS; passedMs += 15_000) {
      await site.time.advance(15_000);
      ana.send("devices", {}); // Or the silence would end the session first.
    }
    expect(await tries("10.1.0.1")).toBe("login-refused");
    await ana.ask("link-offer", { code: HASH });
    ana.hangUp();
    await site.quiet();
    expect(await tries("10.1.0.2")).toBe("login-refused");
    const back = await site.again(ana, "ana");
    await back.ask("link-offer", { code: HASH });
    await back.ask("logout", {});
    expect(await tries("10.1.0.3")).toBe("login-refused");
  });

  test("whoever waits hears it when the other device goes without a word", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    await ana.ask("link-offer", { code: HASH });
    const phone = await site.greeted("10.0.0.3");
    const answer = phone.send("link", linkOf(phone));
    await ana.until("link-asked");
    ana.hangUp();
    expect(await site.wait(answer.catch((fault: unknown) => fault))).toMatchObject({
      code: "login-refused",
    });
  });

  test("whoever waits hears it when the disk refuses the new device", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    await ana.ask("link-offer", { code: HASH });
    const phone = await site.greeted("10.0.0.3");
    const answer = phone.send("link", linkOf(phone));
    await ana.until("link-asked");
    site.trouble = (call, path) =>
      call === "write" && path.includes("accounts") ? "ENOSPC" : undefined;
    const fault = await ana.refused("link-grant", grantOf(ana, phone.keys.device.publicKey));
    expect(fault.code).toBe("store-full");
    expect(await site.wait(answer.catch((refusal: unknown) => refusal))).toMatchObject({
      code: "login-refused",
      message: "the other device could not link this one",
    });
  });

  test("only what the account key has signed, for the device that asked, is recorded", async () => {
    const site = await Site.open();
    const ana = await site.member("ana", "pw");
    const ben = await site.member("ben");
    await ana.ask("link-offer", { code: HASH });
    const key = newKeys().device.publicKey;
    expect((await ana.refused("link-grant", grantOf(ana, key))).code).toBe("not-found");
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
      expect((await ana.refused("link-grant", grant)).code).toBe(code);
    }
    expect((await ben.refused("link-grant", grantOf(ana, mine))).code).toBe("not-found");
    expect((await ana.ask("devices", {})).devices).toHaveLength(1);
    await ana.ask("link-grant", grantOf(ana, mine)); // The right one still comes through.
  });

  test("one offer a session: the newest", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    const hashOf = (i: number) => linkCodeHash(new Uint8Array(16).fill(i));
    for (let i = 0; i < 5; i++) await ana.ask("link-offer", { code: hashOf(i) });
    const phone = await site.greeted("10.0.0.3");
    const first = { ...linkOf(phone), code: hashOf(0) };
    expect((await phone.refused("link", first)).code).toBe("login-refused");
    const last = { ...linkOf(phone), code: hashOf(4) };
    void phone.send("link", last);
    expect(await ana.until("link-asked")).toMatchObject(last);
  });
});
