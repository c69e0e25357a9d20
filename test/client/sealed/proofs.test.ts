import { describe, expect } from "bun:test";
import { deviceIdOf } from "../../../src/crypto/device-id.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import type { Answer } from "../../../src/wire/messages.ts";
import { rejection } from "../../rejection.ts";
import { TOKEN } from "../../server/site-lab.ts";
import { answered, codeOf, type WireMessage } from "./liar.ts";
import { type Person, vaultTest } from "./sealed-site.ts";

const proved = vaultTest([], { signs: true });

function packagesOf(person: Person, user: string): Promise<Answer<"key-package">> {
  return person.request("key-package", { user });
}

function replay(person: Person, { packages }: Answer<"key-package">): void {
  person.tamperingLink.tampering = answered("key-package", () => ({ packages }));
}

describe("adds only devices that the server proves", () => {
  proved("also one that was linked a moment ago", async ({ world, ana }) => {
    const ben = await world.join("ben");
    const phone = await world.join("ben", await world.link(ben));
    expect(await ana.invite("ben")).toEqual({ added: 2, missing: 0 });
    await phone.request("join", { room: "vault" });
    expect(await ana.members()).toEqual({ ana: 1, ben: 2 });
  });

  proved("and not a revoked one", async ({ world, ana }) => {
    const ben = await world.join("ben");
    const device = await world.link(ben);
    const phone = await world.join("ben", device);
    const before = await packagesOf(ana, "ben");
    expect(before.packages).toHaveLength(2);
    await phone.quit();
    const id = deviceIdOf(device.identity.publicKey, sha256);
    const { devices } = await ben.request("devices", {});
    expect(devices.map((one) => one.device)).toContain(id);
    await ben.request("revoke", { device: id });
    replay(ana, before);
    const refused = await rejection(ana.invite("ben"));
    expect(refused).toMatchObject({
      code: "seal-refused",
      message: "the server does not prove that a device belongs to ben",
    });
    expect(await ana.members()).toEqual({ ana: 1 });
    ana.tamperingLink.tampering = {};
    expect(await ana.invite("ben")).toEqual({ added: 1, missing: 0 });
  });

  proved("and nobody without proof once there was one", async ({ world, ana }) => {
    await world.join("ben");
    await world.wait(ana.client.whois("ben"));
    ana.tamperingLink.tampering = {
      onRequest: ({ person: _, ...question }) => question as WireMessage,
    };
    expect(await codeOf(ana.invite("ben"))).toBe("log-unproved");
  });
});

proved("pins the proved key, and refuses another one", async ({ world, ana }) => {
  const ben = await world.join("ben");
  const own = await ben.sealed((rooms) => rooms.safetyNumber("ana"));
  // Nobody has added ben to a room yet.
  const number = await ana.sealed((rooms) => rooms.safetyNumber("ben"));
  expect(number).toEqual(own);
  const eve = await world.join("eve");
  const packages = await packagesOf(ana, "eve");
  replay(ana, packages);
  expect(await codeOf(ana.invite("ben"))).toBe("seal-refused");
  expect(await ana.members()).toEqual({ ana: 1 });
  expect(eve.events).not.toContainEqual(expect.objectContaining({ kind: "invited" }));
});

const operated = vaultTest([], { signs: true, operatorToken: TOKEN });

operated("compares proved keys with those of encrypted rooms", async ({ world, ana }) => {
  const ben = await world.join("ben");
  await ben.createSealedRoom("attic");
  await ben.addMember(ana, "attic");
  await ben.postText("welcome", "attic");
  await ana.waitForText("welcome", "attic");
  const olga = await world.join("olga");
  await world.join("eve");
  await olga.request("operate", { token: TOKEN });
  await olga.request("rename", { user: "ben", to: "old-ben" });
  await olga.request("rename", { user: "eve", to: "ben" });
  const { keys, hasNewKey } = await world.wait(ana.client.whois("ben"));
  expect([keys.map(({ sinceUnixMs }) => typeof sinceUnixMs), hasNewKey]).toEqual([
    ["undefined", "number"],
    true,
  ]);
  const { digits, former } = await ana.sealed((rooms) => rooms.safetyNumber("ben"));
  expect(former).toBeString();
  expect(await codeOf(ana.invite("ben"))).toBe("seal-refused");
  await ana.sealed((rooms) => rooms.confirmDigits("ben", digits));
  expect(await world.wait(ana.client.whois("ben"))).toMatchObject({ hasNewKey: false });
});
