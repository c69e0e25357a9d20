import { describe, expect } from "bun:test";
import { fromBase64Url } from "../../../src/base/bytes.ts";
import type { Fault } from "../../../src/base/fault.ts";
import { checkName } from "../../../src/base/names.ts";
import { deviceKeys } from "../../../src/cli/connect/keys.ts";
import { certifiedDevice } from "../../../src/client/link/keys.ts";
import { deviceIdOf } from "../../../src/crypto/device-id.ts";
import { SealEngine } from "../../../src/crypto/seal/engine.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { ClientState } from "../../../src/io/state/client-state.ts";
import { formatFingerprint } from "../../../src/wire/fingerprint.ts";
import { rejection } from "../../rejection.ts";
import { answered, codeOf } from "./liar.ts";
import { type Person, vaultTest } from "./sealed-site.ts";

const two = vaultTest(["ben"], { isGreeted: true });
const three = vaultTest(["ben", "eve"], { isGreeted: true });
const CHANGED =
  "ben's identity key has changed: verify it, then accept it: chat verify-user ben --accept";

async function forgeKeys(person: Person, user = "ben"): Promise<void> {
  const { identity, state } = person.world.device();
  const { fingerprint } = person.client;
  if (fingerprint === undefined) throw new Error("the server has no key");
  const keys = deviceKeys(identity, state);
  const place = { fingerprint, user: checkName(user), unixMs: Date.now() };
  const { deviceCert: cert } = await certifiedDevice(keys, place);
  const servers = [formatFingerprint(fingerprint)];
  const engine = await SealEngine.open({ signer: keys.device, cert, servers, unixMs: Date.now });
  const [made] = await engine.makeKeyPackages(1);
  const packages = [{ device: fromBase64Url(engine.device), keyPackage: made?.keyPackage }];
  person.tamperingLink.tampering = answered("key-package", () => ({ packages }));
}

function warnings(person: Person): string[] {
  return person.events.flatMap((event) => {
    if (event.kind === "sealed-remark") return [event.remark.text];
    return event.kind === "identity-changed" ? [event.sentence] : [];
  });
}

async function refusalOf(promise: Promise<unknown>): Promise<string> {
  const { message, remedy } = (await rejection(promise)) as Fault;
  return `${message}: ${remedy}`;
}

async function memberOf(person: Person, name: string) {
  const { members } = await person.status();
  return members.find(({ user }) => user === name);
}

function safetyNumber(person: Person, user: string) {
  return person.sealed((rooms) => rooms.safetyNumber(user));
}

function confirm(person: Person, user: string, digits: string): Promise<unknown> {
  return person.sealed((rooms) => rooms.confirmDigits(user, digits));
}

describe("safety numbers", () => {
  two("are equal for both users, and mark a compared user as verified", async ({ ana, ben }) => {
    const one = await safetyNumber(ana, "ben");
    expect(one).toEqual(await safetyNumber(ben, "ana"));
    expect(one.isVerified).toBe(false);
    expect(await codeOf(confirm(ana, "ben", "1".repeat(60)))).toBe("usage");
    await confirm(ana, "ben", one.digits);
    expect((await safetyNumber(ana, "ben")).isVerified).toBe(true);
    expect(await codeOf(safetyNumber(ana, "eve"))).toBe("user-unknown");
  });
});

describe("a directory that lies about a member's key", () => {
  three("changes no pin and is reported once", async ({ ana, ben }) => {
    const before = await safetyNumber(ana, "ben");
    await confirm(ana, "ben", before.digits);
    expect(await memberOf(ana, "ben")).toMatchObject({ isVerified: true });
    await forgeKeys(ana);
    for (let times = 0; times < 2; times++) {
      expect(await refusalOf(ana.invite("ben"))).toBe(CHANGED);
    }
    await ana.until("the line", () => warnings(ana)[0]);
    expect(warnings(ana)).toEqual([CHANGED]);
    expect(await refusalOf(ana.postText("secret"))).toBe(CHANGED);
    expect(await memberOf(ana, "ben")).toMatchObject({ isVerified: true, isChanged: true });
    expect((await memberOf(ana, "eve"))?.isChanged).toBeUndefined();
    await ben.postTo("it is me", ana);
    const now = await safetyNumber(ana, "ben");
    expect([now.former, now.isVerified]).toEqual([before.digits, false]);
    await confirm(ana, "ben", before.digits);
    ana.tamperingLink.tampering = {};
    await ana.postTo("so it is", ben);
    expect(await memberOf(ana, "ben")).toMatchObject({ isVerified: true });
    expect((await memberOf(ana, "ben"))?.isChanged).toBeUndefined();
    const { digits } = before;
    expect(await safetyNumber(ana, "ben")).toEqual({ digits, isVerified: true });
  });

  three("blocks only the rooms of that member", async ({ ana, ben, eve }) => {
    for (const room of ["attic", "cellar"]) await ana.createSealedRoom(room);
    await ana.addMember(ben, "attic");
    await ana.addMember(eve, "cellar");
    await forgeKeys(ana);
    expect(await codeOf(ana.invite("ben"))).toBe("seal-refused");
    expect(await codeOf(ana.postText("secret", "attic"))).toBe("seal-refused");
    await ana.postText("without ben", "cellar");
    await eve.waitForText("without ben", "cellar");
    ana.tamperingLink.tampering = {};
    await ana.kick("ben", "attic");
    await ana.postText("alone", "attic");
    expect(await codeOf(ana.postText("secret"))).toBe("seal-refused");
  });

  three("cannot substitute another user's key undetected", async ({ ana, eve }) => {
    await forgeKeys(ana, "ana");
    expect(await codeOf(ana.invite("ben"))).toBe("seal-refused");
    await ana.postTo("as before", eve);
    await forgeKeys(ana, "eve");
    expect(await refusalOf(ana.invite("ben"))).toBe(CHANGED.replaceAll("ben", "eve"));
    expect((await memberOf(ana, "ben"))?.isChanged).toBeUndefined();
  });
});

three("adds a member with a new key after it is accepted", async (scene) => {
  const { world, ana, ben: former, eve } = scene;
  await ana.makeAdmin("eve");
  const next = { ...(await world.link(former)), state: ClientState.inMemory() };
  const ben = await world.join("ben", next);
  await ben.request("revoke", { device: deviceIdOf(former.device.identity.publicKey, sha256) });
  expect(await refusalOf(ana.invite("ben"))).toBe(CHANGED);
  await ana.sealed((rooms) => rooms.acceptIdentity("ben"));
  await ana.invite("ben");
  await ana.postTo("welcome back", ben);
  await eve.until("the line", () => warnings(eve)[0]);
  expect(warnings(eve)).toEqual([CHANGED]);
  expect(await refusalOf(eve.postText("secret"))).toBe(CHANGED);
  const { digits } = await safetyNumber(ben, "eve");
  expect((await safetyNumber(eve, "ben")).digits).toBe(digits);
  await confirm(eve, "ben", digits);
  await eve.postTo("I have asked him", ben, ana);
  expect(await memberOf(eve, "ben")).toMatchObject({ isVerified: true });
  expect(await memberOf(ana, "ben")).toMatchObject({ isVerified: false });
  await ben.postTo("thank you", eve);
});
