import { expect, test } from "bun:test";
import type { ModelEffect, ModelEvent } from "../../../src/core/model/event.ts";
import type { RoomState } from "../../../src/core/model/state.ts";
import { emptyModel, updateAll } from "../../../src/core/model/update.ts";
import { type Person, SealedSite } from "./sealed-site.ts";

/** What is unread, and who is called, in sealed rooms: as in open ones, once it is opened. */

/** What a face with a model would show, and ring for. */
class Face {
  model = emptyModel();
  readonly effects: ModelEffect[] = [];

  readonly hear = (event: ModelEvent): void => {
    const { model, effects } = updateAll(this.model, [event]);
    this.model = model;
    this.effects.push(...effects);
  };

  room(target: string): RoomState | undefined {
    return [...this.model.rooms.values()].find((room) => room.target === target);
  }

  get calls(): string[] {
    return this.effects.flatMap((effect) =>
      effect.kind === "notify" ? [`${effect.target}: ${effect.why}: ${effect.item.text}`] : [],
    );
  }
}

async function two(world: SealedSite): Promise<{ ana: Person; ben: Person; face: Face }> {
  const face = new Face();
  const ana = await world.join("ana");
  const ben = world.person("ben", undefined, undefined, "all", face.hear);
  await ben.enter();
  await ana.makes("vault");
  await ana.letsIn(ben, "vault");
  return { ana, ben, face };
}

async function seen(person: Person, face: Face, text: string): Promise<void> {
  await person.until(text, () =>
    [...face.model.rooms.values()].some(({ tail }) => tail.items.some((one) => one.text === text))
      ? true
      : undefined,
  );
}

test("words count, who is called or answered is told, a reaction does neither", async () => {
  await using world = await SealedSite.open();
  const { ana, ben, face } = await two(world);
  const before = face.room("vault")?.unread ?? 0;
  await ana.say("vault", "nobody is called");
  await world.wait(ana.client.post("vault", { text: "come, ben", mentions: ["ben"] }));
  await seen(ben, face, "come, ben");
  expect(face.room("vault")).toMatchObject({ unread: before + 2, isSealed: true });
  expect(face.calls).toEqual(["vault: mention: come, ben"]);
  const { seq } = await world.wait(ben.client.post("vault", { text: "I come" }));
  await world.wait(ana.client.post("vault", { text: "", react: "👍", re: seq }));
  await world.wait(ana.client.post("vault", { text: "good", re: seq }));
  await seen(ben, face, "good");
  expect(face.calls).toEqual(["vault: mention: come, ben", "vault: mention: good"]);
  face.hear({ kind: "open", target: "vault" });
  face.hear({ kind: "focus", on: true });
  await world.wait(ana.client.post("vault", { text: "seen, ben", mentions: ["ben"] }));
  await seen(ben, face, "seen, ben");
  expect(face.calls).toHaveLength(2);
});

test("each word of a sealed conversation is told", async () => {
  await using world = await SealedSite.open();
  const { ana, ben, face } = await two(world);
  await ana.say("@ben", "in the open");
  await ana.until("it", () => ana.client.rooms.find(({ kind }) => kind === "person"));
  await ana.sealed((rooms) => rooms.begin(ana.room("@ben"), "ben"));
  await ana.say("@ben", "between us");
  await seen(ben, face, "between us");
  expect(face.calls).toEqual(["@ana: direct: in the open", "@ana: direct: between us"]);
  expect(face.room("@ana")).toMatchObject({ isSealed: true });
});

test("a client of lines counts what came while it was away", async () => {
  await using world = await SealedSite.open();
  const { ana, ben } = await two(world);
  await ana.say("vault", "one");
  await ben.hears("vault", "one");
  const room = ben.room("vault");
  for (const record of ben.records) ben.client.reading.seen(record);
  ben.client.reading.flush();
  expect(ben.client.reading.unread(room.id)).toBe(0);
  await world.wait(ben.leave());
  await ana.say("vault", "two");
  await ana.say("vault", "three");
  const again = await world.join("ben", ben.device);
  await again.hears("vault", "three");
  expect(again.client.reading.unread(room.id)).toBe(2);
});
