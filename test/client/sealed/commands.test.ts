import { describe, expect } from "bun:test";
import type { Device, Person, SealedSite } from "./sealed-site.ts";
import { vaultTest } from "./sealed-site.ts";

const two = vaultTest(["ben"], { isGreeted: true });

/** Each run of a command is a client of its own, which does not follow its rooms. */
async function command(world: SealedSite, user: string, device: Device): Promise<unknown[]> {
  const person = await world.join(user, device, { follow: "none", stocks: false });
  const texts = await person.past();
  await person.quit();
  return texts;
}

function step(person: Person, name: string): unknown {
  return person.events.find((event) => event.kind === "handover" && event.step === name);
}

describe("a linked device that only runs commands", () => {
  two("enters rooms and reads what another device hands over", async ({ world, ana }) => {
    await ana.postText("second");
    const device = await world.link(ana);
    expect(await command(world, "ana", device)).toEqual(["ready", "second"]);
    await ana.until("the end", () => step(ana, "sent"));
    await ana.postText("third");
    expect(await command(world, "ana", device)).toEqual(["ready", "second", "third"]);
  });

  two("reads it with a later command if no other device was there", async ({ world, ana }) => {
    await ana.postText("second");
    const device = await world.link(ana);
    await ana.quit();
    expect(await command(world, "ana", device)).toEqual([]);
    const again = await world.join("ana", ana.device);
    await again.until("the offer", () => step(again, "sending"));
    await world.pass(5_000);
    expect(await command(world, "ana", device)).toEqual(["ready", "second"]);
  });

  two("enters all rooms at once", async ({ world, ana }) => {
    await ana.createSealedRoom("attic");
    await ana.postText("above", "attic");
    const device = await world.link(ana);
    const person = await world.join("ana", device, { follow: "none", stocks: false });
    await world.wait(person.client.enterSealedRooms());
    expect(
      person.events.flatMap((event) => (event.kind === "handover" ? [event.step] : [])),
    ).toEqual(["receiving", "read", "receiving", "read"]);
  });
});

two("a command rejoins a room whose state its home has lost", async ({ world, ana, ben }) => {
  await ben.quit();
  ben.device.forget();
  expect(await command(world, "ben", ben.device)).toEqual([]);
  await ana.postText("now");
  expect(await command(world, "ben", ben.device)).toEqual(["now"]);
});
