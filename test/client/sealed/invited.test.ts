import { describe, expect, test } from "bun:test";
import { ignoreFault } from "../../../src/base/fault.ts";
import { KEY_PACKAGES_PER_HOUR } from "../../../src/base/limits-sealed.ts";
import { deviceIdOf } from "../../../src/crypto/device-id.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import type { Clock } from "../../../src/io/clock.ts";
import { codeOf } from "./liar.ts";
import { type Device, type Person, SealedSite, vaultTest } from "./sealed-site.ts";

const OPERATOR_TOKEN = "operator token";
const two = vaultTest(["ben"], { operatorToken: OPERATOR_TOKEN });

const signed = vaultTest(["ben"], { signs: true });

const usersOf = async (person: Person) => {
  const { users } = await person.request("who", { room: "vault" });
  return users.map(({ user, invited = false }) => [user, invited]);
};

async function inviteDora(world: SealedSite, ana: Person): Promise<Person> {
  const dora = await world.join("dora");
  await ana.invite("dora");
  return dora;
}

function count(person: Person, change: "remove"): number {
  return person.changes.filter((one) => one === change).length;
}

async function expectLockedOut(dora: Person): Promise<void> {
  expect(await codeOf(dora.request("join", { room: "vault" }))).toBe("sealed-room");
  expect(dora.texts()).toEqual([]);
}

type Scene = Parameters<Parameters<typeof two>[1]>[0];

/** An operator removes dora from the room while its only admin is not connected. */
async function kickDoraWithoutAdmin({ world, ana, ben }: Scene): Promise<void> {
  await inviteDora(world, ana);
  const operator = await world.join("olga");
  await operator.request("operate", { token: OPERATOR_TOKEN });
  await ana.quit();
  await operator.kick("dora");
  await ben.until("the kick", () => ben.records.some(({ kind }) => kind === "kick"));
}

describe("a user who was invited but has not joined", () => {
  two("is listed as invited until they join", async ({ world, ana }) => {
    const dora = await inviteDora(world, ana);
    const members = [
      ["ana", false],
      ["ben", false],
    ];
    expect(await usersOf(ana)).toEqual([...members, ["dora", true]]);
    await dora.request("join", { room: "vault" });
    expect(await usersOf(ana)).toEqual([...members, ["dora", false]]);
  });

  two("is removed with all devices before the next message", async ({ world, ana, ben }) => {
    const dora = await inviteDora(world, ana);
    await ana.kick("dora");
    expect(await ana.members()).toEqual({ ana: 1, ben: 1 });
    await ana.postTo("without dora", ben);
    await expectLockedOut(dora);
    expect(await usersOf(ana)).toHaveLength(2);
    await ana.addMember(dora);
    await ana.postTo("back", dora);
    expect(dora.texts()).toEqual(["ana: back"]);
  });

  two("is removed by an operator, whose device is not in the group", async (scene) => {
    const { world, ana, ben } = scene;
    const dora = await inviteDora(world, ana);
    const operator = await world.join("olga");
    await operator.request("operate", { token: OPERATOR_TOKEN });
    await operator.kick("dora");
    await ben.until("the removal", () => ben.changes.includes("remove"));
    await ben.postTo("after the operator", ana);
    expect(await ben.members()).toEqual({ ana: 1, ben: 1 });
    await expectLockedOut(dora);
  });

  two("keeps others from posting until an admin's device is there", async (scene) => {
    const { world, ana, ben } = scene;
    await kickDoraWithoutAdmin(scene);
    const waiting = ["held 1", "held 2"].map((text) => ben.client.post("vault", { text }));
    await ben.postText("elsewhere", "lobby");
    waiting.push(ben.client.post("vault", { text: "held 3" }));
    await world.pass(10_000);
    const faults = ben.events.flatMap((event) =>
      event.kind === "sealed-fault" ? [event.fault.message] : [],
    );
    expect(faults).toEqual(["the devices of dora have not been removed from 'vault' yet"]);
    expect(ben.client.unsent).toBe(3);
    expect(ben.client.unsentFault()?.message).toContain("3 messages are not sent yet: the devices");
    const back = await world.join("ana", ana.device);
    const receipts = await world.wait(Promise.all(waiting));
    expect(receipts.map(({ seq }) => seq)).toEqual(receipts.map(({ seq }) => seq).toSorted());
    await back.waitForText("held 3");
    expect(back.texts()).toEqual(["ben: held 1", "ben: held 2", "ben: held 3"]);
    expect(back.records.filter(({ withheld }) => withheld !== undefined)).toEqual([]);
    expect(await ben.members()).toEqual({ ana: 1, ben: 1 });
  });

  two("does not matter if a user who has left is kicked as well", async (scene) => {
    const { world, ana, ben } = scene;
    const dora = await inviteDora(world, ana);
    await dora.request("join", { room: "vault" });
    await dora.until("the state", () => dora.changes.includes("add"));
    const operator = await world.join("olga");
    await operator.request("operate", { token: OPERATOR_TOKEN });
    await ana.quit();
    await dora.leavesRoom();
    await operator.kick("dora");
    await ben.until("the kick", () => ben.records.some(({ kind }) => kind === "kick"));
    await ben.postText("without an admin");
    expect(await ben.members()).toEqual({ ana: 1, ben: 1 });
  });

  two("keeps others' posts in the outbox of an ended program", async (scene) => {
    const { world, ana, ben } = scene;
    await kickDoraWithoutAdmin(scene);
    const held = ben.client.post("vault", { text: "held" }).catch(ignoreFault);
    await ben.postText("elsewhere", "lobby");
    expect(await codeOf(world.wait(ben.client.drain()))).toBe("admin-pending");
    const again = await ben.restart();
    await held;
    await again.postText("elsewhere again", "lobby");
    again.client.post("vault", { text: "after it" }).catch(ignoreFault);
    await world.pass(5_000);
    expect(again.client.unsent).toBe(2);
    const last = await again.restart();
    const back = await world.join("ana", ana.device);
    await back.waitForText("after it");
    expect(back.texts()).toEqual(["ben: held", "ben: after it"]);
    expect(last.client.unsent).toBe(0);
  });

  two("may decline, and is removed with all devices", async ({ world, ana, ben }) => {
    const dora = await inviteDora(world, ana);
    await dora.world.wait(dora.client.actions.leave("vault"));
    await ben.until("the removal", () => ben.changes.includes("remove"));
    await ben.postTo("without dora", ana);
    expect(await ben.members()).toEqual({ ana: 1, ben: 1 });
    await expectLockedOut(dora);
    const again = await dora.restart();
    expect(again.events.filter(({ kind }) => kind === "invited")).toEqual([]);
    expect(await codeOf(dora.request("leave", { room: "vault" }))).not.toBeUndefined();
    await ana.addMember(again);
    await ana.postTo("back", again);
  });

  two("leaves the group when the account is removed", async ({ world, ana, ben }) => {
    const dora = await inviteDora(world, ana);
    await dora.request("unregister", {}).catch(ignoreFault);
    await ben.until("the removal", () => ben.changes.includes("remove"));
    await ben.postTo("after dora", ana);
    expect(await ben.members()).toEqual({ ana: 1, ben: 1 });
  });

  signed(
    "loses a revoked device, also while no admin is connected",
    async ({ world, ana, ben }) => {
      const phones: Device[] = [];
      const dora = await world.join("dora");
      for (let i = 0; i < 2; i++) {
        const phone = await world.link(dora);
        phones.push(phone);
        await (await world.join("dora", phone)).quit();
      }
      await ana.invite("dora");
      expect(await ana.members()).toEqual({ ana: 1, ben: 1, dora: 3 });
      const [lost, stolen] = phones.map((phone) => deviceIdOf(phone.identity.publicKey, sha256));
      await dora.request("revoke", { device: lost ?? "" });
      await ben.until("the removal", () => ben.changes.includes("remove"));
      expect(await ben.members()).toEqual({ ana: 1, ben: 1, dora: 2 });
      await ana.quit();
      await dora.request("revoke", { device: stolen ?? "" });
      const again = await world.join("ana", ana.device);
      await ben.until("another removal", () => count(ben, "remove") === 2);
      expect(await ben.members()).toEqual({ ana: 1, ben: 1, dora: 1 });
      await dora.request("join", { room: "vault" });
      await dora.waitForRoom();
      await again.postTo("to dora", dora, ben);
    },
  );

  two("is not removed by a member without the right", async ({ world, ana, ben }) => {
    await inviteDora(world, ana);
    expect(await codeOf(ben.kick("dora"))).toBe("not-allowed");
    expect(await codeOf(ana.kick("nobody"))).toBe("user-unknown");
    expect(await ana.members()).toEqual({ ana: 1, ben: 1, dora: 1 });
  });
});

describe("an admin who was invited but has not joined", () => {
  /** An operator removes eve, while dora is the only admin except for those who `retire`. */
  async function removeEve({ world, ana, ben }: Scene, retire: () => Promise<void>) {
    const dora = await inviteDora(world, ana);
    await ana.makeAdmin("dora");
    await world.join("eve");
    await ana.invite("eve");
    const operator = await world.join("olga");
    await operator.request("operate", { token: OPERATOR_TOKEN });
    await retire();
    await operator.kick("eve");
    await ben.until("the kick", () => ben.records.some(({ kind }) => kind === "kick"));
    const posting = ben.client.post("vault", { text: "held" });
    await world.pass(10_000);
    expect(ben.client.unsent).toBe(1);
    return { dora, operator, posting };
  }

  const remediesOf = ({ events }: Person) =>
    events.flatMap((event) => (event.kind === "sealed-fault" ? [event.fault.remedy] : []));

  two("is named to those whose messages wait, which are sent once they join", async (scene) => {
    const { world, ana, ben } = scene;
    const { dora, posting } = await removeEve(scene, () => ana.quit());
    expect(remediesOf(ben)).toEqual([
      "messages are sent when an admin who has joined the room connects; admins: ana, dora",
    ]);
    await dora.request("join", { room: "vault" });
    await world.wait(posting);
    expect(await ben.members()).toEqual({ ana: 1, ben: 1, dora: 1 });
    await dora.waitForText("held");
  });

  two("may be removed by an operator, and then all members are admins", async (scene) => {
    const { world, ana, ben } = scene;
    const { operator, posting } = await removeEve(scene, () => ana.leavesRoom());
    expect(remediesOf(ben)).toEqual([
      "messages are sent when an admin who has joined the room connects; admins: dora",
    ]);
    await operator.kick("dora");
    await world.wait(posting);
    expect(await ben.members()).toEqual({ ben: 1 });
  });
});

describe("a user with a device that has no keys", () => {
  two("is added with the others, however often", async ({ world, ana }) => {
    const dora = await world.join("dora");
    await world.link(dora); // This device never logs in.
    const once = { added: 1, missing: 1 };
    for (let i = 0; i < KEY_PACKAGES_PER_HOUR + 2; i++) {
      expect(await ana.invite("dora")).toEqual(once);
      expect(await ana.invite("dora")).toEqual({ added: 0, missing: 1 });
      await ana.kick("dora");
    }
  });
});

describe("a wrong clock", () => {
  const DAYS_MS = 200 * 86_400_000;

  test("of the server does not make members refuse an addition", async () => {
    await using world = await SealedSite.open();
    const { site } = world;
    const clock: Clock = {
      now: () => site.clock.now(),
      unixMs: () => site.clock.unixMs() - DAYS_MS,
      after: (ms, callback) => site.clock.after(ms, callback),
    };
    site.skewMs += DAYS_MS;
    const join = (user: string) => world.join(user, { ...world.device(), clock });
    const [ana, ben, eve] = [await join("ana"), await join("ben"), await join("eve")];
    await ana.createSealedRoom("vault");
    await ana.addMember(ben);
    await ana.addMember(eve);
    await ben.postTo("to all", ana, eve);
    expect((await ben.status()).status).toBe("in");
  });

  two("of a device matters only until it is right again", async ({ world, ana }) => {
    let skewMs = DAYS_MS;
    const { site } = world;
    const clock: Clock = {
      now: () => site.clock.now(),
      unixMs: () => site.clock.unixMs() + skewMs,
      after: (ms, callback) => site.clock.after(ms, callback),
    };
    const early = await world.join("eve", { ...world.device(), clock });
    expect(await codeOf(ana.invite("eve"))).toBe("seal-refused");
    skewMs = 0;
    const eve = await early.restart();
    await ana.addMember(eve);
    await ana.postTo("to eve", eve);
  });
});
