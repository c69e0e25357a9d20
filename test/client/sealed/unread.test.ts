import { expect, test } from "bun:test";
import { type ClientEvent, modelEventOf } from "../../../src/client/event.ts";
import { activityOf } from "../../../src/core/model/activity.ts";
import type { ModelEffect, ModelEvent } from "../../../src/core/model/event.ts";
import type { RoomState } from "../../../src/core/model/state.ts";
import { emptyModel, updateAll } from "../../../src/core/model/update.ts";
import { type Person, SealedSite } from "./sealed-site.ts";

class Screen {
  model = emptyModel();
  readonly effects: ModelEffect[] = [];

  readonly receive = (event: ClientEvent): void => {
    const change = modelEventOf(event, 0);
    if (change !== undefined) this.update(change);
  };

  update(event: ModelEvent): void {
    const { model, effects } = updateAll(this.model, [event]);
    this.model = model;
    this.effects.push(...effects);
  }

  room(target: string): RoomState | undefined {
    return [...this.model.rooms.values()].find((room) => room.target === target);
  }

  get notified(): string[] {
    return this.effects.flatMap((effect) =>
      effect.kind === "notify" ? [`${effect.target}: ${effect.item.text}`] : [],
    );
  }
}

async function openVault(world: SealedSite): Promise<[Person, Person, Screen]> {
  const screen = new Screen();
  const ana = await world.join("ana");
  const ben = await world.join("ben", undefined, { listener: screen.receive });
  await ana.createSealedRoom("vault");
  await ana.addMember(ben);
  return [ana, ben, screen];
}

function shows(person: Person, screen: Screen, text: string): Promise<unknown> {
  const rooms = () => [...screen.model.rooms.values()];
  return person.until(text, () =>
    rooms().some(({ tail }) => tail.items.some((one) => one.text === text)),
  );
}

test("counts texts, notifies of mentions and replies, and ignores reactions", async () => {
  await using world = await SealedSite.open();
  const [ana, ben, screen] = await openVault(world);
  const before = screen.room("vault")?.unread ?? 0;
  await ana.postText("nobody is called");
  await ana.post({ text: "come, ben", mentions: ["ben"] });
  await shows(ben, screen, "come, ben");
  expect(screen.room("vault")).toMatchObject({ unread: before + 2, isSealed: true });
  expect(screen.notified).toEqual(["vault: come, ben"]);
  const { seq } = await ben.postText("I come");
  await ana.post({ text: "", react: "👍", re: seq });
  await ana.post({ text: "good", re: seq });
  await shows(ben, screen, "good");
  expect(screen.notified).toEqual(["vault: come, ben", "vault: good"]);
  screen.update({ kind: "open", target: "vault" });
  screen.update({ kind: "focus", on: true });
  await ana.post({ text: "seen, ben", mentions: ["ben"] });
  await shows(ben, screen, "seen, ben");
  expect(screen.notified).toHaveLength(2);
});

test("counts missed messages from the last one that was printed", async () => {
  await using world = await SealedSite.open();
  const ana = await world.join("ana");
  const ben = await world.join("ben", undefined, { hasModel: true });
  await ana.createSealedRoom("vault");
  await ana.addMember(ben);
  await ana.postTo("one", ben);
  const room = ben.room();
  const unread = ({ client }: Person) => client.store.current.rooms.get(room.id)?.unread;
  for (const record of ben.records) ben.client.markPrinted(record);
  await ben.until("nothing is unread", () => unread(ben) === 0);
  await ben.quit();
  for (const text of ["two", "three"]) await ana.postText(text);
  const restarted = await world.join("ben", ben.device, { hasModel: true });
  await restarted.waitForText("three");
  expect(unread(restarted)).toBe(2);
});

test("counts on a linked device what was unread before, once it can be read", async () => {
  await using world = await SealedSite.open();
  const ana = await world.join("ana");
  const ben = await world.join("ben");
  await ana.createSealedRoom("vault");
  await ana.addMember(ben);
  await ana.postTo("before", ben);
  const { seq } = await ben.postText("mine");
  const texts = ["@ben first", "plain", "@ben second"];
  for (const text of texts) {
    await ana.post({ text, mentions: text.startsWith("@") ? ["ben"] : [] });
  }
  await ana.post({ text: "in a thread", re: seq, thread: true });
  await ana.post({ text: "an answer", re: seq });
  await ben.waitForText("an answer");
  const phone = await world.join("ben", await world.link(ben), { hasModel: true });
  const model = () => phone.client.store.current;
  const vault = () => model().rooms.get(ben.room().id);
  for (let s = 0; s < 90 && (vault()?.mentions.length ?? 0) === 0; s++) await world.pass(1_000);
  expect(vault()?.mentions).toHaveLength(4);
  expect(vault()?.unread).toBe(5);
  const activity = activityOf(model()).map(({ kind, item }) => [kind, item.text]);
  expect(activity).toEqual([
    ["reply", "an answer"],
    ["mention", "@ben second"],
    ["mention", "@ben first"],
  ]);
});

test("names only members in mentions", async () => {
  await using world = await SealedSite.open();
  const [ana, ben] = await openVault(world);
  const mentions = ["ben", "stranger", "everyone"];
  await ana.post({ text: "@ben @stranger @everyone", mentions });
  await ben.waitForText("@ben @stranger @everyone");
  await ana.post({ text: "@stranger", mentions: ["stranger"] });
  await ben.waitForText("@stranger");
  for (const person of [ana, ben]) {
    const { records } = await person.history({ kinds: ["text"] });
    expect(records.slice(-2).map(({ body }) => body?.["mentions"])).toEqual([
      ["ben", "everyone"],
      undefined,
    ]);
  }
});
