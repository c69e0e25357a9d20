import { describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Fault } from "../../../src/base/fault.ts";
import { deviceIdOf } from "../../../src/crypto/device-id.ts";
import { SEALED_STATE_FILE } from "../../../src/io/state/sealed-store.ts";
import { type Person, SealedSite } from "./sealed-site.ts";

/** Several devices of one account, and who rules a room. */

async function two(world: SealedSite): Promise<[Person, Person]> {
  const [ana, ben] = [await world.join("ana"), await world.join("ben")];
  await ana.makes("vault");
  await ana.letsIn(ben, "vault");
  return [ana, ben];
}

async function faultOf(promise: Promise<unknown>): Promise<Fault> {
  return promise.then(
    () => {
      throw new Error("it was not refused");
    },
    (error: Fault) => error,
  );
}

async function membersOf(person: Person, room = "vault") {
  const { members } = await person.sealed((rooms) => rooms.sealing(person.room(room)));
  return Object.fromEntries(members.map(({ user, devices }) => [user, devices.length]));
}

describe("a linked device", () => {
  test("comes in by itself; both show the same from then on, and both speak", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    await ben.say("vault", "before the second");
    const phone = await world.join("ben", await world.link(ben), "10.0.1.77");
    await ana.until("the device", () =>
      ana.records.find(({ kind, body }) => kind === "group" && body?.["change"] === "join"),
    );
    await ana.say("vault", "to both");
    await phone.hears("vault", "to both");
    await phone.say("vault", "from the phone");
    await ben.hears("vault", "from the phone");
    await ben.say("vault", "from the desk");
    await phone.hears("vault", "from the desk");
    await ana.hears("vault", "from the desk");
    const since = ["ana: to both", "ben: from the phone", "ben: from the desk"];
    expect(phone.texts("vault")).toEqual(since);
    expect(ben.texts("vault").slice(-3)).toEqual(since);
    expect(await membersOf(ana)).toEqual({ ana: 1, ben: 2 });
    const page = await world.wait(phone.client.history({ target: "vault", limit: 50 }));
    const closed = page.records.filter(({ sealed }) => sealed === "closed");
    expect(closed.map(({ kind }) => kind)).toEqual(["sealed"]);
  });

  test("that is signed out is taken out by the other one, and reads no more", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    const device = await world.link(ben);
    const phone = await world.join("ben", device, "10.0.1.77");
    const third = await world.join("ben", await world.link(ben), "10.0.1.78");
    await ana.until("both devices", () =>
      ana.records.filter(({ body }) => body?.["change"] === "join").length === 2 ? true : undefined,
    );
    const id = deviceIdOf(device.identity.publicKey);
    await world.wait(ben.client.request("revoke", { device: id }));
    await ben.sealed((rooms) => rooms.removeRevoked(ben.room("vault")));
    expect(await membersOf(ben)).toEqual({ ana: 1, ben: 2 });
    await ana.say("vault", "without the phone");
    await third.hears("vault", "without the phone");
    expect(phone.texts("vault")).toEqual([]);
    // Nothing is done again where nothing is revoked.
    await ben.sealed((rooms) => rooms.removeRevoked(ben.room("vault")));
    await ana.say("vault", "once");
    await third.hears("vault", "once");
    const removals = third.records.filter(({ body }) => body?.["change"] === "remove");
    expect(removals).toHaveLength(1);
  });

  test("signed out while no other one looked is taken out with the next link", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    const device = await world.link(ben);
    await world.join("ben", device, "10.0.1.77");
    await ana.until("the device", () =>
      ana.records.find(({ body }) => body?.["change"] === "join"),
    );
    await world.wait(
      ben.client.request("revoke", { device: deviceIdOf(device.identity.publicKey) }),
    );
    await world.wait(ben.leave());
    await world.join("ben", ben.device);
    await ana.until("the removal", () =>
      ana.records.find(({ body }) => body?.["change"] === "remove"),
    );
    expect(await membersOf(ana)).toEqual({ ana: 1, ben: 1 });
  });
});

describe("who rules a sealed room", () => {
  const grants = async (world: SealedSite, by: Person, user: string, on: boolean) => {
    await world.wait(by.client.request("grant", { room: "vault", user, on }));
    await by.sealed((rooms) => rooms.rule(by.room("vault"), user, on));
  };

  test("a moderator lets others in and puts them out, until it is taken back", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    const [eve, dan] = [await world.join("eve"), await world.join("daniel")];
    expect((await faultOf(ben.letsIn(eve, "vault"))).code).toBe("seal-refused");
    await grants(world, ana, "ben", true);
    await ben.letsIn(eve, "vault");
    await eve.say("vault", "let in by ben");
    await ana.hears("vault", "let in by ben");
    await ben.sealed((rooms) => rooms.kick(ben.room("vault"), "eve"));
    expect(await membersOf(ana)).toEqual({ ana: 1, ben: 1 });
    await grants(world, ana, "ben", false);
    expect((await faultOf(ben.letsIn(dan, "vault"))).code).toBe("seal-refused");
    const own = ben.sealed((rooms) => rooms.rule(ben.room("vault"), "ben", true));
    expect((await faultOf(own)).code).toBe("seal-refused");
  });

  test("the last one cannot give it away to nobody; who is not in cannot have it", async () => {
    await using world = await SealedSite.open();
    const [ana] = await two(world);
    const rule = (user: string, on: boolean) =>
      faultOf(ana.sealed((rooms) => rooms.rule(ana.room("vault"), user, on)));
    expect((await rule("ana", false)).code).toBe("not-allowed");
    expect((await rule("eve", true)).code).toBe("not-member");
  });

  test("once the founder has left, each of the others may let in", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    const eve = await world.join("eve");
    const leave = await ana.sealed((rooms) => rooms.leaving(ana.room("vault")));
    await world.wait(ana.client.request("leave", { room: "vault", ...leave }));
    await ben.say("vault", "now we are alone");
    await ben.letsIn(eve, "vault");
    await eve.say("vault", "so I am in");
    await ben.hears("vault", "so I am in");
  });

  test("and the founder, too: who comes back so reads from then on", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    const leave = await ana.sealed((rooms) => rooms.leaving(ana.room("vault")));
    await world.wait(ana.client.request("leave", { room: "vault", ...leave }));
    await ben.say("vault", "now I am alone");
    await ben.sealed((rooms) => rooms.invite(ben.room("vault"), "ana"));
    await ben.say("vault", "welcome back, ana");
    await world.wait(ana.client.request("join", { room: "vault" }));
    await ana.until("the room", () => ana.client.rooms.find(({ name }) => name === "vault"));
    await ana.say("vault", "thank you");
    await ana.hears("vault", "thank you");
    expect(ana.texts("vault")).toEqual(["ben: welcome back, ana", "ana: thank you"]);
  });

  test("when the founder's account is removed, the others go on without it", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    const eve = await world.join("eve");
    await ana.letsIn(eve, "vault");
    await world.wait(ana.client.request("unregister", {}));
    await ben.say("vault", "the founder is gone");
    await eve.hears("vault", "the founder is gone");
    expect(await membersOf(eve)).toEqual({ ben: 1, eve: 1 });
  });

  test("when the founder is put out by the server, the others go on without them", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    const [eve, dan] = [await world.join("eve"), await world.join("daniel")];
    await ana.letsIn(eve, "vault");
    // Without a commit: as operators do, who are in no group.
    await world.wait(ana.client.request("kick", { room: "vault", user: "ana" }));
    await ben.say("vault", "the founder was put out");
    await eve.hears("vault", "the founder was put out");
    expect(await membersOf(eve)).toEqual({ ben: 1, eve: 1 });
    await eve.letsIn(dan, "vault");
    await dan.say("vault", "let in by eve");
    await ben.hears("vault", "let in by eve");
  });

  test("when the founder leaves without a word of their device, the others go on", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    await world.wait(ana.client.request("leave", { room: "vault" }));
    await ben.say("vault", "the founder has left");
    expect(await membersOf(ben)).toEqual({ ben: 1 });
  });

  test("a member who is put out by the server is taken out by an admin who is there", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    const eve = await world.join("eve");
    await ana.letsIn(eve, "vault");
    await world.wait(ana.leave());
    await world.wait(eve.client.request("leave", { room: "vault" }));
    expect((await faultOf(ben.say("vault", "eve is in the group"))).code).toBe("seal-refused");
    const again = await world.join("ana", ana.device);
    while ("eve" in (await membersOf(ben))) await world.site.time.advance(10);
    await ben.say("vault", "without eve");
    await again.hears("vault", "without eve");
  });

  test("who left may be let in again before anybody has spoken", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    const leave = await ben.sealed((rooms) => rooms.leaving(ben.room("vault")));
    await world.wait(ben.client.request("leave", { room: "vault", ...leave }));
    const invite = ana.sealed((rooms) => rooms.invite(ana.room("vault"), "ben"));
    expect((await invite).added).toBe(1);
    await world.wait(ben.client.request("join", { room: "vault" }));
    await ben.until("the room", () => ben.client.rooms.find(({ name }) => name === "vault"));
    await ben.say("vault", "back already");
    await ana.hears("vault", "back already");
  });

  test("who lost their keys, and was out, is let in again all the same", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    await world.wait(ben.leave());
    for (const end of ["", "-wal", "-shm"]) {
      rmSync(join(ben.device.folder, `${SEALED_STATE_FILE}${end}`), { force: true });
    }
    const again = await world.join("ben", ben.device);
    await again.say("vault", "ben is back");
    await ana.sealed((rooms) => rooms.kick(ana.room("vault"), "ben"));
    await again.until("the end", () => again.events.find(({ kind }) => kind === "room-gone"));
    // What the server has of ben's key packages is from before.
    await ana.letsIn(again, "vault");
    await again.say("vault", "and once more");
    await ana.hears("vault", "and once more");
  });

  test("a device that comes in after somebody left follows their removal", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    const eve = await world.join("eve");
    await ana.letsIn(eve, "vault");
    const leave = await eve.sealed((rooms) => rooms.leaving(eve.room("vault")));
    await world.wait(eve.client.request("leave", { room: "vault", ...leave }));
    const second = await world.join("ben", await world.link(ben), "10.0.1.77");
    await second.until("it is in", () => second.events.length > 0 || undefined);
    await world.wait(second.client.sealedRooms().then((r) => r.enter(second.room("vault"))));
    await ben.say("vault", "eve has left");
    await ana.hears("vault", "eve has left");
    await second.hears("vault", "eve has left");
    await second.say("vault", "and I follow");
    await ana.hears("vault", "and I follow");
  });

  test("the devices of a removed account an admin takes out, where one is", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    const eve = await world.join("eve");
    await ana.letsIn(eve, "vault");
    await world.wait(ana.leave());
    await world.wait(eve.client.request("unregister", {}));
    const fault = await faultOf(ben.say("vault", "eve is still in the group"));
    expect(fault.code).toBe("seal-refused");
    const again = await world.join("ana", ana.device);
    await again.say("vault", "without eve");
    await ben.hears("vault", "without eve");
    await ben.say("vault", "now I may");
  });
});
