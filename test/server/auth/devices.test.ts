import { expect, test } from "bun:test";
import { checkName } from "../../../src/base/names.ts";
import { makeDeviceCert } from "../../../src/crypto/device-cert.ts";
import { deviceIdOf } from "../../../src/crypto/device-id.ts";
import { Identity } from "../../../src/crypto/identity.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { fingerprintWith, formatFingerprint } from "../../../src/wire/fingerprint.ts";
import type { RequestFields } from "../../../src/wire/messages.ts";
import { type Guest, newKeys } from "../guest.ts";
import { Site, siteWith } from "../site.ts";
import { siteTest } from "../site-lab.ts";

const serverOf = (guest: Guest) =>
  fingerprintWith(guest.welcome?.server.key ?? new Uint8Array(32), sha256);
const idOf = (guest: Guest) => deviceIdOf(guest.keys.device.publicKey, sha256);

function addition(
  old: Guest,
  deviceKey: Uint8Array,
  user = "ana",
  account = old.keys.account,
): RequestFields<"device-add"> {
  const deviceCert = makeDeviceCert(account, {
    server: formatFingerprint(serverOf(old)),
    user: checkName(user),
    deviceKey,
    kind: "cli",
    signedAtUnixMs: 1_800_000_000_000,
  });
  return { deviceKey, deviceCert };
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

test("adds a device with a certificate, which then logs in by its signature", async () => {
  const { site, ana } = await siteWith(["ana"], { roomPassword: "sesame" });
  const phone = await site.greeted("10.0.0.3");
  await ana.request("device-add", addition(ana, phone.keys.device.publicKey));
  await phone.request("login", phone.signedLogin("ana"));
  const { devices } = await phone.request("devices", {});
  expect(devices).toMatchObject([
    { certified: true, current: false },
    { device: idOf(phone), certified: true, current: true },
  ]);
});

siteTest("certifies a device that logged in by password", async (site) => {
  const ana = await site.member("ana", "pw");
  const phone = await site.byPassword("ana", "pw", "10.0.0.3");
  await ana.request("device-add", addition(ana, phone.keys.device.publicKey));
  const { devices } = await ana.request("devices", {});
  expect(devices.map(({ certified }) => certified)).toEqual([true, true]);
});

siteTest("records only a certificate by the account key for the added device", async (site) => {
  const ana = await site.member("ana", "pw");
  const [mine, other] = [newKeys().device.publicKey, newKeys().device.publicKey];
  const wrong = [
    addition(ana, mine, "ben"),
    addition(ana, mine, "ana", Identity.generate()),
    { ...addition(ana, mine), deviceCert: addition(ana, other).deviceCert },
    { ...addition(ana, mine), deviceCert: new Uint8Array(64) },
  ];
  for (const fields of wrong) expect(await ana.refusal("device-add", fields)).toBe("not-allowed");
  expect((await ana.request("devices", {})).devices).toHaveLength(1);
});
