import { describe, expect } from "bun:test";
import type { Fault } from "../../../src/base/fault.ts";
import { deviceIdOf } from "../../../src/crypto/device-id.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { rejection } from "../../rejection.ts";
import { codeOf } from "./liar.ts";
import { type Device, type Person, type SealedSite, vaultTest } from "./sealed-site.ts";

const two = vaultTest(["ben"]);
const REFUSED = "seal-refused";

function count(person: Person, change: "join" | "remove"): number {
  return person.changes.filter((one) => one === change).length;
}

function revoke(person: Person, { identity }: Device) {
  return person.request("revoke", { device: deviceIdOf(identity.publicKey, sha256) });
}

describe("a linked device", () => {
  two("joins by itself, reads and writes from then on", async ({ world, ana, ben }) => {
    await ben.postText("before the second");
    const phone = await world.join("ben", await world.link(ben));
    await ana.until("the device", () => count(ana, "join") > 0);
    await ana.postTo("to both", phone);
    await phone.postTo("from the phone", ben);
    await ben.postTo("from the desk", phone, ana);
    const since = ["ana: to both", "ben: from the phone", "ben: from the desk"];
    expect(phone.texts()).toEqual(since);
    expect(ben.texts().slice(-3)).toEqual(since);
    expect(await ana.members()).toEqual({ ana: 1, ben: 2 });
    const { records } = await phone.history();
    const closed = records.filter(({ sealed }) => sealed === "closed");
    expect(closed.map(({ kind }) => kind)).toEqual(["sealed"]);
  });

  two("that is revoked is removed by another one", async ({ world, ana, ben }) => {
    const device = await world.link(ben);
    const phone = await world.join("ben", device);
    const third = await world.join("ben", await world.link(ben));
    await ana.until("both devices", () => count(ana, "join") === 2);
    await revoke(ben, device);
    const removesRevoked = () =>
      ben.sealed((rooms) => rooms.get(ben.room()).changes.removeRevoked());
    await removesRevoked();
    expect(await ben.members()).toEqual({ ana: 1, ben: 2 });
    await ana.postTo("without the phone", third);
    expect(phone.texts()).toEqual([]);
    await removesRevoked();
    await ana.postTo("once", third);
    expect(count(third, "remove")).toBe(1);
  });
});

describe("a linked device that another client revokes", () => {
  two("is removed at once by those that are connected", async ({ world, ana, ben }) => {
    const device = await world.link(ben);
    await (await world.join("ben", device)).quit();
    await ana.until("the device", () => count(ana, "join") > 0);
    await revoke(ben, device);
    await ana.until("the removal", () => count(ana, "remove") > 0);
    expect(await ana.members()).toEqual({ ana: 1, ben: 1 });
  });
});

describe("a device that was signed out", () => {
  /** A linked device that the group has removed. */
  async function removed({
    world,
    ana,
    ben,
  }: Record<"ana" | "ben", Person> & { world: SealedSite }) {
    const device = await world.link(ben);
    const phone = await world.join("ben", device);
    await phone.postTo("from the phone", ana);
    await phone.quit();
    await revoke(ben, device);
    await ana.until("the removal", () => count(ana, "remove") > 0);
    await ana.postTo("without the phone", ben);
    return device;
  }

  two("enters its rooms again once it is linked again", async (scene) => {
    const { world, ana, ben } = scene;
    const device = await world.link(ben, await removed(scene));
    const phone = await world.join("ben", device);
    await ana.until("the device", () => count(ana, "join") > 1);
    await phone.postTo("linked again", ana, ben);
    await ana.postTo("to both", ben, phone);
    expect(await ana.members()).toEqual({ ana: 1, ben: 2 });
  });

  two("needs no link with a password, because it has the account's key", async (scene) => {
    const { world, ana, ben } = scene;
    const password = "correct horse battery";
    await ben.request("passwd", { password });
    const phone = await world.join("ben", await removed(scene), { password });
    await ana.until("the device", () => count(ana, "join") > 1);
    await phone.postTo("signed in again", ana, ben);
    await ana.postTo("to both", ben, phone);
  });

  two("cannot use encrypted rooms without the account's key", async ({ world, ana, ben }) => {
    const password = "correct horse battery";
    await ben.request("passwd", { password });
    const other = await world.join("ben", world.device(), { password, stocks: false });
    expect(await codeOf(other.postText("a stranger with the password"))).toBe("not-allowed");
    expect(await ana.members()).toEqual({ ana: 1, ben: 1 });
    expect(await codeOf(world.link(other))).toBe("not-allowed");
    // The device with the key was lost.
    await ana.kick("ben");
    await revoke(other, ben.device);
    const invited = await rejection(ana.invite("ben"));
    expect((invited as Fault).message).toBe("no device of ben has the key for encrypted rooms");
  });
});

describe("an admin of a sealed room", () => {
  const grant = async (by: Person, user: string, on: boolean) => {
    await by.request("grant", { room: "vault", user, on });
    await by.makeAdmin(user, on);
  };

  two("lets in and removes until that is revoked", async ({ world, ana, ben }) => {
    const [eve, dan] = await world.joinAll("eve", "daniel");
    expect(await codeOf(ben.addMember(eve))).toBe(REFUSED);
    await grant(ana, "ben", true);
    await ben.addMember(eve);
    await eve.postTo("added by ben", ana);
    await ben.kick("eve");
    expect(await ana.members()).toEqual({ ana: 1, ben: 1 });
    await grant(ana, "ben", false);
    expect(await codeOf(ben.addMember(dan))).toBe(REFUSED);
    expect(await codeOf(ben.makeAdmin("ben"))).toBe(REFUSED);
  });

  two("changes no role on the server alone", async ({ world, ana, ben }) => {
    const moderators = async () => {
      const { users } = await ana.request("who", { room: "vault" });
      return users.flatMap(({ user, role }) => (role === "moderator" ? [user] : []));
    };
    const before = await moderators();
    const setAdmin = (by: Person, user: string, on: boolean) =>
      codeOf(world.wait(by.client.actions.grant("vault", user, on)));
    await world.join("cleo"); // Has no device in the group.
    expect(await setAdmin(ana, "cleo", true)).toBe("not-member");
    expect(await setAdmin(ana, "ana", false)).toBe("not-allowed");
    expect(await setAdmin(ben, "ben", true)).toBe(REFUSED);
    expect(await moderators()).toEqual(before);
    await world.wait(ana.client.actions.grant("vault", "ben", true));
    expect(await moderators()).toEqual(["ana", "ben"]);
  });

  for (const [how, remove] of [
    ["left without a signature", (ana) => ana.request("leave", { room: "vault" })],
    // Without a commit, because operators are not in the group.
    ["was removed by the server", (ana) => ana.request("kick", { room: "vault", user: "ana" })],
    ["has no account any more", (ana) => ana.request("unregister", {})],
  ] as readonly (readonly [string, (ana: Person) => Promise<unknown>])[]) {
    two(`who ${how} leaves the room to the others`, async ({ world, ana, ben }) => {
      const [eve, dan] = await world.joinAll("eve", "daniel");
      await ana.addMember(eve);
      await remove(ana);
      await ben.postTo("the founder is gone", eve);
      expect(await eve.members()).toEqual({ ben: 1, eve: 1 });
      await eve.addMember(dan);
      await dan.postTo("added by eve", ben);
    });
  }

  for (const how of ["leave", "unregister"] as const) {
    two(`removes, once connected, a member after ${how}`, async ({ world, ana, ben }) => {
      const eve = await world.join("eve");
      await ana.addMember(eve);
      await ana.quit();
      await (how === "leave" ? eve.request(how, { room: "vault" }) : eve.request(how, {}));
      const held = ben.postText("eve is still in the group");
      const rejoined = await world.join("ana", ana.device);
      while ("eve" in (await ben.members())) await world.pass(10);
      await held;
      await ben.postTo("without eve", rejoined);
      await rejoined.postTo("now you may", ben);
    });
  }
});

describe("a member", () => {
  two("who lost their keys may be removed and invited again", async ({ world, ana, ben }) => {
    await ben.quit();
    ben.device.forget();
    const rejoined = await world.join("ben", ben.device);
    await rejoined.postText("ben is back");
    await ana.kick("ben");
    await rejoined.until("the end", () => rejoined.events.some(({ kind }) => kind === "room-gone"));
    await ana.addMember(rejoined);
    await rejoined.postTo("and once more", ana);
  });
});
