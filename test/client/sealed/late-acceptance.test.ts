import { describe, expect } from "bun:test";
import { confirmKey } from "../../../src/client/sealed/identities.ts";
import { deviceIdOf } from "../../../src/crypto/device-id.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { ClientState } from "../../../src/io/state/client-state.ts";
import { codeOf } from "./liar.ts";
import { type Person, type SealedSite, vaultTest } from "./sealed-site.ts";

const three = vaultTest(["ben", "eve"], { isGreeted: true });

const four = vaultTest(["ben", "dora", "eve"], { isGreeted: true });

interface Scene {
  readonly world: SealedSite;
  readonly ana: Person;
}

/** A member has a new account key. Ana accepts it, and adds the new device. */
async function replaceMember({ world, ana }: Scene, former: Person): Promise<Person> {
  const { name } = former;
  const person = await withNewKey(world, former);
  await codeOf(ana.invite(name));
  await accept(ana, name);
  await ana.invite(name);
  return person;
}

async function withNewKey(world: SealedSite, former: Person): Promise<Person> {
  const next = { ...(await world.link(former)), state: ClientState.inMemory() };
  const person = await world.join(former.name, next);
  await person.request("revoke", { device: deviceIdOf(former.device.identity.publicKey, sha256) });
  return person;
}

function accept(person: Person, user = "ben"): Promise<void> {
  return person.sealed((rooms) => rooms.acceptIdentity(user));
}

/** Confirms the digits of the user's former key. */
async function reject(person: Person, user = "ben"): Promise<void> {
  const { former = "" } = await person.sealed((rooms) => rooms.safetyNumber(user));
  await person.sealed((rooms) => rooms.confirmDigits(user, former));
}

async function closedReasons(person: Person): Promise<unknown[]> {
  const { records } = await person.history();
  return records.flatMap(({ sealed, body }) => (sealed === "closed" ? [body?.["reason"]] : []));
}

const LATER = "A".repeat(43);

function rowOf(person: Person) {
  return person.sealed((rooms) => rooms.get(person.room()).run(({ row }) => row));
}

function resumed(person: Person): number | undefined {
  const steps = person.events.flatMap((event) => (event.kind === "handover" ? [event] : []));
  return steps.find(({ step }) => step === "resumed")?.messages;
}

function untilHeld(person: Person): Promise<unknown> {
  return person.until("the other key", () =>
    person.events.find(({ kind }) => kind === "identity-changed"),
  );
}

/** The others talk while eve has not decided. */
async function talk(ana: Person, ben: Person): Promise<number> {
  await ana.postTo("first", ben);
  await ben.postTo("second", ana);
  const { seq } = await ana.postText("thrid");
  await ana.edit(seq, "third");
  await ben.waitForText("thrid");
  return seq;
}

const SPOKEN = ["ready", "first", "second", "thrid"];

describe("a device whose owner accepts a member's new key later", () => {
  three("reads what others sent in between", async (scene) => {
    const { ana, eve } = scene;
    const ben = await replaceMember(scene, scene.ben);
    await untilHeld(eve);
    await talk(ana, ben);
    expect(await closedReasons(eve)).toEqual(["waiting", "waiting", "waiting", "waiting"]);
    const { records } = await eve.history();
    expect(records.at(-1)).toMatchObject({ sealed: "closed", waitsFor: "ben" });
    expect(await eve.status()).toMatchObject({ status: "suspect" });
    expect(await codeOf(eve.postText("too early"))).toBe("seal-refused");
    await accept(eve);
    expect(await eve.past()).toEqual(SPOKEN);
    expect(resumed(eve)).toBe(3);
    expect(eve.rejoins()).toBe(0);
    expect(eve.remarks).toEqual([]);
    await eve.postTo("now I see", ana, ben);
    await ben.postTo("good", eve);
  });

  three("reads it if another program of the device was told", async (scene) => {
    const { world, ana, eve } = scene;
    const ben = await replaceMember(scene, scene.ben);
    await untilHeld(eve);
    await ana.postTo("first", ben);
    const other = await world.join("eve", eve.device, { follow: "none" });
    await accept(other);
    await other.quit();
    expect(await eve.until("the room", () => resumed(eve))).toBe(1);
    await ben.postTo("second", ana);
    await eve.waitForText("second");
    expect(await eve.past()).toEqual(["ready", "first", "second"]);
  });

  three("reads it after restarts before and after the decision", async (scene) => {
    const { world, ana, eve: first } = scene;
    const ben = await replaceMember(scene, scene.ben);
    await untilHeld(first);
    await talk(ana, ben);
    const eve = await first.restart();
    expect(await closedReasons(eve)).toHaveLength(4);
    // The program ends before it has read on.
    eve.tamperingLink.tampering = {
      onRequest: (question) => (question.kind === "history" ? undefined : question),
    };
    void eve.client.sealedRooms().then((rooms) => rooms.acceptIdentity("ben"));
    await world.pass(2_000);
    const again = await eve.restart();
    expect(await again.past()).toEqual(SPOKEN);
    await again.postTo("now I see", ana, ben);
  });

  three("reads it although an erasure came in between", async (scene) => {
    const { ana, eve } = scene;
    const { seq: early } = await eve.postText("typed here");
    await ana.waitForText("typed here");
    const ben = await replaceMember(scene, scene.ben);
    await untilHeld(eve);
    const seq = await talk(ana, ben);
    await ana.request("erase", { seq });
    await eve.request("erase", { seq: early });
    expect((await eve.history({ grep: "typed" })).records).toEqual([]);
    await accept(eve);
    expect(await eve.past()).toEqual(["ready", "first", "second"]);
    expect((await eve.history({ grep: "third" })).records).toEqual([]);
    await eve.postTo("now I see", ana, ben);
  });

  three("reads it although the owner had rejected the key first", async (scene) => {
    const { ana, eve } = scene;
    const ben = await replaceMember(scene, scene.ben);
    await untilHeld(eve);
    await talk(ana, ben);
    await reject(eve);
    expect(await closedReasons(eve)).toEqual(["refused", "refused", "refused", "refused"]);
    const writing = eve.sealed((rooms) => rooms.get(eve.room()).checkMayWrite());
    expect(await codeOf(writing)).toBe("admin-pending");
    await eve.sealed((rooms) => rooms.safetyNumber("ben"));
    await accept(eve);
    await eve.entersRoom();
    expect(await eve.past()).toEqual(SPOKEN);
    await eve.postTo("now I see", ana, ben);
  });

  four("waits again for the key of another member", async (scene) => {
    const { ana, eve, dora: former } = scene;
    const ben = await replaceMember(scene, scene.ben);
    await untilHeld(eve);
    await ana.postTo("first", ben);
    const dora = await replaceMember(scene, former);
    await ana.postTo("second", dora);
    await accept(eve);
    expect(await eve.past()).toEqual(["ready", "first"]);
    expect(await closedReasons(eve)).toEqual(["waiting"]);
    await accept(eve, "dora");
    expect(await eve.past()).toEqual(["ready", "first", "second"]);
    await eve.postTo("now I see", ana, dora);
  });

  three("decides about each of a member's keys", async (scene) => {
    const { ana, eve } = scene;
    const first = await replaceMember(scene, scene.ben);
    await untilHeld(eve);
    await ana.postTo("first", first);
    await ana.kick("ben");
    await ana.postText("between");
    const key = await rowOf(eve);
    await eve.sealed((rooms) =>
      rooms.get(eve.room()).run(({ vault }) => confirmKey(vault, { user: "ben", account: LATER })),
    );
    expect(await closedReasons(eve)).toEqual(["waiting", "waiting"]);
    expect((await rowOf(eve))?.other).toEqual(key?.other);
    await accept(eve);
    expect(await eve.past()).toEqual(["ready", "first", "between"]);
    await eve.postTo("now I see", ana);
  });

  three("cannot accept the room's state instead", async (scene) => {
    const { eve } = scene;
    await replaceMember(scene, scene.ben);
    await untilHeld(eve);
    const accepting = eve.sealed((rooms) => rooms.get(eve.room()).acceptState());
    expect(await codeOf(accepting)).toBe("seal-refused");
  });

  three("joins a room with the new key, and reads it from the invitation on", async (scene) => {
    const { world, ana, eve } = scene;
    const ben = await withNewKey(world, scene.ben);
    await codeOf(ana.invite("ben"));
    await accept(ana);
    await ana.createSealedRoom("attic");
    await ana.addMember(ben, "attic");
    await ana.addMember(eve, "attic");
    await untilHeld(eve);
    await ana.postText("welcome", "attic");
    await ben.waitForText("welcome", "attic");
    expect(await codeOf(eve.postText("no", "attic"))).toBe("seal-refused");
    await accept(eve);
    await world.pass(5_000);
    const { records } = await eve.history({ target: "attic" });
    expect(records.flatMap(({ body }) => body?.["text"] ?? [])).toEqual(["welcome"]);
    await eve.postText("hello", "attic");
    await ben.waitForText("hello", "attic");
    expect(eve.rejoins()).toBe(0);
  });
});

three("a change that the owner rejects is replaced by an admin's device", async (scene) => {
  const { ana, eve } = scene;
  await ana.makeAdmin("eve");
  await ana.request("grant", { room: "vault", user: "eve", on: true });
  const ben = await replaceMember(scene, scene.ben);
  await untilHeld(eve);
  await ana.postTo("first", ben);
  await reject(eve);
  await eve.entersRoom();
  await eve.until("the room", () => eve.changes.at(-1) === "update");
  expect(await closedReasons(eve)).toEqual(["refused"]);
  expect(await eve.status()).toMatchObject({ status: "in" });
  await ana.until("the rejoin", () => ana.rejoins() > 0);
  await eve.postTo("without the stranger", ana);
  expect(await ana.past()).toContain("first");
});
