import { expect, test } from "bun:test";
import {
  RENEW_JITTER_MS,
  RENEW_LOOK_MS,
  RENEW_MESSAGES,
  RENEW_MS,
} from "../../../src/base/limits-sealed.ts";
import { type Person, SealedSite } from "./sealed-site.ts";

async function room(world: SealedSite, names: readonly string[]): Promise<Person[]> {
  const people: Person[] = [];
  for (const name of names) people.push(await world.join(name));
  const [ana, ...others] = people;
  await ana?.makes("vault");
  for (const one of others) await ana?.letsIn(one, "vault");
  await ana?.say("vault", "welcome");
  for (const one of others) await one.hears("vault", "welcome");
  return people;
}

async function epochOf(world: SealedSite, { client }: Person): Promise<number> {
  return (await world.wait(client.request("group", { target: "vault" }))).made?.epoch ?? -1;
}

async function again(world: SealedSite, { name, device }: Person): Promise<Person> {
  const person = await world.join(name, device);
  await person.until("the room", () =>
    person.client.rooms.find(({ name: known }) => known === "vault"),
  );
  await person.sealed((rooms) => rooms.enter(person.room("vault")));
  return person;
}

test("an idle device gives itself new keys when it next connects, a week later", async () => {
  await using world = await SealedSite.open();
  const [ana, ben] = await room(world, ["ana", "ben"]);
  if (ana === undefined || ben === undefined) throw new Error("nobody");
  const before = await epochOf(world, ana);
  await world.wait(ben.leave());
  world.site.skewMs += RENEW_MS - 60_000;
  const early = await again(world, ben);
  expect(await epochOf(world, ana)).toBe(before);
  await world.wait(early.leave());
  world.site.skewMs += RENEW_JITTER_MS + 120_000;
  const late = await again(world, ben);
  expect(await epochOf(world, ana)).toBe(before + 1);
  await world.wait(late.leave());
  const later = await again(world, ben);
  expect(await epochOf(world, ana)).toBe(before + 1);
  await later.say("vault", "with new keys");
  await ana.hears("vault", "with new keys");
});

test("many who connect at once after a month renew once each, and all are in", async () => {
  await using world = await SealedSite.open();
  const names = ["ana", "ben", "cem", "dan", "eve", "fay", "gus", "hal"];
  const people = await room(world, names);
  const [ana] = people;
  if (ana === undefined) throw new Error("nobody");
  const before = await epochOf(world, ana);
  for (const person of people) await world.wait(person.leave());
  world.site.skewMs += 30 * 86_400_000;
  const back = await Promise.all(people.map((person) => again(world, person)));
  const [one] = back;
  if (one === undefined) throw new Error("nobody");
  expect(await epochOf(world, one)).toBe(before + names.length);
  for (const person of back) await person.say("vault", `${person.name} is back`);
  for (const person of back) await one.hears("vault", `${person.name} is back`);
});

test("who stays connected looks from time to time", async () => {
  await using world = await SealedSite.open();
  const [ana] = await room(world, ["ana"]);
  if (ana === undefined) throw new Error("nobody");
  const before = await epochOf(world, ana);
  world.site.skewMs += RENEW_MS + RENEW_JITTER_MS;
  expect(await epochOf(world, ana)).toBe(before);
  await world.site.time.advance(RENEW_LOOK_MS);
  await ana.until("another epoch", () => ana.records.filter(({ kind }) => kind === "group")[1]);
  expect(await epochOf(world, ana)).toBe(before + 1);
}, 60_000);

test("who says much renews after so many messages, and loses none", async () => {
  await using world = await SealedSite.open();
  const [ana, ben] = await room(world, ["ana", "ben"]);
  if (ana === undefined || ben === undefined) throw new Error("nobody");
  const before = await epochOf(world, ana);
  const words = Array.from({ length: RENEW_MESSAGES - 1 }, (_, at) => `word ${at}`);
  await world.wait(Promise.all(words.map((text) => ana.client.post("vault", { text }))));
  expect(await epochOf(world, ana)).toBe(before);
  for (const text of ["the first after", "the second after"]) {
    await ana.say("vault", text);
    await ben.hears("vault", text);
  }
  expect(await epochOf(world, ana)).toBe(before + 1);
  expect(ben.texts("vault")).toHaveLength(RENEW_MESSAGES + 2);
}, 60_000);
