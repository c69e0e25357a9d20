import { describe, expect, test } from "bun:test";
import { fromBase64Url } from "../../../src/base/bytes.ts";
import type { Fault } from "../../../src/base/fault.ts";
import { checkName } from "../../../src/base/names.ts";
import { deviceKeys } from "../../../src/cli/connect/keys.ts";
import { certifiedDevice } from "../../../src/client/link/keys.ts";
import { deviceIdOf } from "../../../src/crypto/device-id.ts";
import { SealEngine } from "../../../src/crypto/seal/engine.ts";
import { ClientState } from "../../../src/io/state/client-state.ts";
import { formatFingerprint } from "../../../src/wire/fingerprint.ts";
import { codeOf } from "./liar.ts";
import { type Person, SealedSite } from "./sealed-site.ts";

/** Another account key under a name that is known. */

const SENTENCE = "ben's identity key has changed: compare with chat verify-user ben, then --accept";

async function three(world: SealedSite): Promise<[Person, Person, Person]> {
  const [ana, ben, eve] = [
    await world.join("ana"),
    await world.join("ben"),
    await world.join("eve"),
  ];
  await ana.makes("vault");
  await ana.letsIn(ben, "vault");
  await ana.letsIn(eve, "vault");
  await ana.say("vault", "ready");
  await ben.hears("vault", "ready");
  await eve.hears("vault", "ready");
  return [ana, ben, eve];
}

/** A key package of a device that says it is ben's, by an account key of its own making. */
async function falseKeys(world: SealedSite, person: Person, user = "ben") {
  const { identity, state } = world.device();
  const { fingerprint } = person.client;
  if (fingerprint === undefined) throw new Error("the server has no key");
  const keys = deviceKeys(identity, state);
  const place = { fingerprint, user: checkName(user), unixMs: Date.now() };
  const { deviceCert: cert } = await certifiedDevice(keys, place);
  const servers = [formatFingerprint(fingerprint)];
  const engine = await SealEngine.open({ signer: keys.device, cert, servers, unixMs: Date.now });
  const [made] = await engine.makeKeyPackages(1);
  if (made === undefined) throw new Error("no key package");
  return { device: fromBase64Url(engine.device), keyPackage: made.keyPackage };
}

/** The server hands these out as the keys of whoever is asked for. */
function directory(person: Person, packages: readonly unknown[]): void {
  person.liar.lies = {
    tells: (word, asked) => [
      asked?.kind === "key-package" && word.kind === "ok" ? { ...word, packages } : word,
    ],
  };
}

function told(person: Person): string[] {
  return person.events.flatMap((event) =>
    event.kind === "identity-changed" || event.kind === "sealed-remark" ? [event.sentence] : [],
  );
}

/** As a face shows it. */
async function refusalOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "fine",
    (error: Fault) => `${error.message}: ${error.remedy}`,
  );
}

async function memberOf(person: Person, name: string) {
  const { members } = await person.sealed((rooms) => rooms.sealing(person.room("vault")));
  return members.find(({ user }) => user === name);
}

function invite(person: Person, user: string) {
  return person.sealed((rooms) => rooms.invite(person.room("vault"), user));
}

describe("a directory that lies about a member's key", () => {
  test("changes no pin: one line says so, and nothing is said where they are", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await three(world);
    const before = await ana.sealed((rooms) => rooms.safetyNumber("ben"));
    await ana.sealed((rooms) => rooms.confirm("ben", before.digits));
    expect(await memberOf(ana, "ben")).toMatchObject({ isVerified: true });
    directory(ana, [await falseKeys(world, ana)]);
    for (let times = 0; times < 2; times++) {
      expect(await refusalOf(invite(ana, "ben"))).toBe(SENTENCE);
    }
    await ana.until("the line", () => told(ana)[0]);
    expect(told(ana)).toEqual([SENTENCE]);
    expect(await refusalOf(ana.say("vault", "secret"))).toBe(SENTENCE);
    expect(await memberOf(ana, "ben")).toMatchObject({ isVerified: true, isChanged: true });
    expect(await memberOf(ana, "eve")).not.toHaveProperty("isChanged");
    // What ben says is ben's, and is read.
    await ben.say("vault", "it is me");
    await ana.hears("vault", "it is me");
    // Ben still sees the former digits: the server lied.
    const now = await ana.sealed((rooms) => rooms.safetyNumber("ben"));
    expect([now.former, now.isVerified]).toEqual([before.digits, false]);
    await ana.sealed((rooms) => rooms.confirm("ben", before.digits));
    ana.liar.lies = {};
    await ana.say("vault", "so it is");
    await ben.hears("vault", "so it is");
    expect(await memberOf(ana, "ben")).toMatchObject({ isVerified: true });
    expect(await memberOf(ana, "ben")).not.toHaveProperty("isChanged");
    expect(await ana.sealed((rooms) => rooms.safetyNumber("ben"))).toEqual({
      digits: before.digits,
      isVerified: true,
    });
  });

  test("stops other rooms of theirs, too, and no room where they are not", async () => {
    await using world = await SealedSite.open();
    const [ana, ben, eve] = await three(world);
    for (const room of ["attic", "cellar"]) await ana.makes(room);
    await ana.letsIn(ben, "attic");
    await ana.letsIn(eve, "cellar");
    directory(ana, [await falseKeys(world, ana)]);
    expect(await codeOf(invite(ana, "ben"))).toBe("seal-refused");
    expect(await codeOf(ana.say("attic", "secret"))).toBe("seal-refused");
    await ana.say("cellar", "without ben");
    await eve.hears("cellar", "without ben");
    ana.liar.lies = {};
    // Whom the owner does not trust they may put out.
    await ana.sealed((rooms) => rooms.kick(ana.room("attic"), "ben"));
    await ana.say("attic", "alone");
    expect(await codeOf(ana.say("vault", "secret"))).toBe("seal-refused");
  });

  test("is remembered by the next run; two keys one after the other stay one line", async () => {
    await using world = await SealedSite.open();
    const [ana] = await three(world);
    for (let times = 0; times < 2; times++) {
      directory(ana, [await falseKeys(world, ana)]);
      expect(await codeOf(invite(ana, "ben"))).toBe("seal-refused");
    }
    expect(told(ana)).toEqual([SENTENCE]);
    await world.wait(ana.leave());
    const again = await world.join("ana", ana.device);
    expect(await codeOf(again.say("vault", "secret"))).toBe("seal-refused");
    expect(await memberOf(again, "ben")).toMatchObject({ isChanged: true });
  });

  test("cannot give one user's key for another's without naming them", async () => {
    await using world = await SealedSite.open();
    const [ana] = await three(world);
    directory(ana, [await falseKeys(world, ana, "eve")]);
    expect(await refusalOf(invite(ana, "ben"))).toBe(SENTENCE.replaceAll("ben", "eve"));
    expect(await memberOf(ana, "ben")).not.toHaveProperty("isChanged");
  });

  test("says nothing of one's own: there is nobody to compare with", async () => {
    await using world = await SealedSite.open();
    const [ana, , eve] = await three(world);
    directory(ana, [await falseKeys(world, ana, "ana")]);
    expect(await codeOf(invite(ana, "ben"))).toBe("seal-refused");
    await ana.say("vault", "as before");
    await eve.hears("vault", "as before");
  });
});

describe("a member who begins anew with another key", () => {
  /** Ben has lost all that he had, and comes under his name again. */
  async function anew(world: SealedSite, ben: Person): Promise<Person> {
    const next = { ...(await world.link(ben)), state: ClientState.inMemory() };
    const device = deviceIdOf(ben.device.identity.publicKey);
    const person = await world.join("ben", next, "10.0.1.44");
    await world.wait(person.client.request("revoke", { device }));
    return person;
  }

  test("is let in after --accept, also by who refused the change", async () => {
    await using world = await SealedSite.open();
    const [ana, former, eve] = await three(world);
    // Eve could put another change in its place: she does not before she has decided.
    await ana.sealed((rooms) => rooms.rule(ana.room("vault"), "eve", true));
    const ben = await anew(world, former);
    expect(await refusalOf(invite(ana, "ben"))).toBe(SENTENCE);
    await ana.sealed((rooms) => rooms.acceptIdentity("ben"));
    await invite(ana, "ben");
    await ana.say("vault", "welcome back");
    await ben.hears("vault", "welcome back");
    await eve.until("the line", () => told(eve)[0]);
    expect(told(eve)).toEqual([SENTENCE]);
    expect(await refusalOf(eve.say("vault", "secret"))).toBe(SENTENCE);
    const now = await eve.sealed((rooms) => rooms.safetyNumber("ben"));
    const other = await ben.sealed((rooms) => rooms.safetyNumber("eve"));
    expect(now.digits).toBe(other.digits);
    await eve.sealed((rooms) => rooms.confirm("ben", other.digits));
    await eve.say("vault", "I have asked him");
    await ben.hears("vault", "I have asked him");
    await ana.hears("vault", "I have asked him");
    expect(await memberOf(eve, "ben")).toMatchObject({ isVerified: true });
    expect(await memberOf(ana, "ben")).toMatchObject({ isVerified: false });
    await ben.say("vault", "thank you");
    await eve.hears("vault", "thank you");
  });

  test("in a conversation is let in again by who accepted", async () => {
    await using world = await SealedSite.open();
    const [ana, former] = await three(world);
    await ana.say("@ben", "hello");
    await ana.until("the conversation", () =>
      ana.client.rooms.find(({ kind }) => kind === "person"),
    );
    await ana.sealed((rooms) => rooms.begin(ana.room("@ben"), "ben"));
    await former.hears("ana", "hello");
    directory(ana, [await falseKeys(world, ana)]);
    const again = ana.sealed((rooms) => rooms.invite(ana.room("@ben"), "ben"));
    expect(await codeOf(again)).toBe("seal-refused");
    expect(await codeOf(ana.say("@ben", "secret"))).toBe("seal-refused");
    ana.liar.lies = {};
    // Ben's own digits are asked for by voice, and they are the former ones.
    const { former: digits = "" } = await ana.sealed((rooms) => rooms.safetyNumber("ben"));
    await ana.sealed((rooms) => rooms.confirm("ben", digits));
    await ana.say("@ben", "between us");
    await former.until("it", () => former.texts("ana").find((text) => text.endsWith("between us")));
  });
});
