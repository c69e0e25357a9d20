import { expect, test } from "bun:test";
import type { RoomId } from "../../../src/base/ids.ts";
import type { ModelEvent } from "../../../src/core/model/event.ts";
import { isMuted, roomList } from "../../../src/core/model/selectors.ts";
import type { Item, Model } from "../../../src/core/model/state.ts";
import { updateAll } from "../../../src/core/model/update.ts";
import { EVERYWHERE, type RoomPrefs } from "../../../src/core/rooms/prefs.ts";
import { BEN, LOBBY, lobbyOf, record, recordEvent, scene, seen } from "../model-scene.ts";

const ZOO = "zoo" as RoomId;
const NONE: ModelEvent = { kind: "prefs", rooms: [], saved: [] };
const mention = { text: "@ana", mentions: ["ana"] };

function prefs(room: RoomId, set: RoomPrefs): ModelEvent {
  return { kind: "prefs-set", room, prefs: set };
}

function fromBen(seq: number, n = seq): ModelEvent {
  const room = { kind: "person", name: "ben", id: BEN, topic: "" } as const;
  return { kind: "record", record: record(seq, { n, room }) };
}

test("counts mentions in a muted room only in its own entry", () => {
  const away: ModelEvent = { kind: "focus", on: false };
  const { model, effects } = scene(
    NONE,
    away,
    prefs(LOBBY, { muted: 0 }),
    recordEvent(2, { body: mention }),
  );
  expect(effects.some(({ kind }) => kind === "notify")).toBe(false);
  const lines = roomList(model);
  expect(lines.rooms[0]).toMatchObject({ unread: 1, mentions: 1, isMuted: true });
  expect([lines.unread, lines.mentions, isMuted(model, LOBBY), isMuted(model, BEN)]).toEqual([
    ...[0, 0, true, false],
  ]);
  const updated = updateAll(model, [prefs(LOBBY, {}), recordEvent(3, { body: mention })]);
  expect(updated.effects.some(({ kind }) => kind === "notify")).toBe(true);
  expect(roomList(updated.model).mentions).toBe(2);
});

test("notifies of messages by the level of their room or conversation", () => {
  const texts = (...events: readonly ModelEvent[]) =>
    scene(NONE, ...events).effects.flatMap((effect) =>
      effect.kind === "notify" ? effect.item.seq : [],
    );
  const inLobby = [recordEvent(2), recordEvent(3, { body: mention })];
  expect(texts(...inLobby)).toEqual([3]);
  expect(texts(prefs(LOBBY, { notify: "all" }), ...inLobby)).toEqual([2, 3]);
  expect(texts(prefs(LOBBY, { notify: "all", muted: 0 }), ...inLobby)).toEqual([]);
  expect(texts(fromBen(4, 1))).toEqual([4]);
  expect(texts(prefs(BEN, { notify: "mentions" }), fromBen(4, 1))).toEqual([]);
  const quiet = prefs(EVERYWHERE, { muted: 9e12 });
  expect(texts(quiet, prefs(LOBBY, { notify: "all" }), ...inLobby, fromBen(4, 1))).toEqual([]);
  expect(texts(quiet, prefs(EVERYWHERE, {}), ...inLobby)).toEqual([3]);
  const ignoring: ModelEvent = { kind: "ignored", users: ["ben"] };
  expect(texts(ignoring, prefs(LOBBY, { notify: "all" }), ...inLobby)).toEqual([]);
});

test("treats a keyword like a mention, except in the user's own messages and notices", () => {
  const keywords = prefs(EVERYWHERE, { keywords: ["bus"] });
  const bus = { text: "the BUS is late" };
  const away: ModelEvent = { kind: "focus", on: false };
  const { model, effects } = scene(
    ...[NONE, away, keywords, recordEvent(2, { body: bus })],
    ...[recordEvent(3, { body: { text: "busy" } }), recordEvent(4, { from: "ana", body: bus })],
    recordEvent(5, { body: { ...bus, notice: true } }),
  );
  const marked = ({ items }: { readonly items: readonly Item[] }) =>
    items.filter(({ mentionsMe }) => mentionsMe).map(({ seq }) => seq);
  expect(marked(lobbyOf(model).tail)).toEqual([2]);
  expect(effects.filter(({ kind }) => kind === "notify")).toHaveLength(1);
  expect(roomList(model).mentions).toBe(1);
});

test("marks loaded messages when the keywords arrive, and counts unread ones once", () => {
  const keywords = prefs(EVERYWHERE, { keywords: ["bus"] });
  const bus = (seq: number) => recordEvent(seq, { body: { text: "@ana: bus", mentions: ["ana"] } });
  const loaded = [NONE, recordEvent(2, { body: { text: "a bus" } }), bus(3), recordEvent(4)];
  const { model } = scene(...loaded);
  expect(roomList(model).mentions).toBe(1);
  const updated = updateAll(model, [keywords]).model;
  expect(lobbyOf(updated).mentions.map(({ n }) => n)).toEqual([3, 2]);
  expect(updateAll(updated, [keywords, prefs(EVERYWHERE, {}), keywords]).model.rooms).toEqual(
    updated.rooms,
  );
  const ignoring: ModelEvent = { kind: "ignored", users: ["ben"] };
  expect(lobbyOf(updateAll(model, [ignoring, keywords]).model).mentions).toEqual([]);
});

test("lists favourites first, both rooms and people", () => {
  const { model } = scene(
    { kind: "room", room: ZOO, name: "zoo", n: 1, skipped: 0, read: 0 },
    { kind: "prefs", rooms: [{ room: ZOO, favourite: true }], saved: [] },
  );
  const lines = roomList(model).rooms.map(({ target, isFavourite }) => [target, isFavourite]);
  expect(lines).toEqual([
    ["zoo", true],
    ["lobby", false],
  ]);
});

test("lists rooms with unread messages first if the account wants that", () => {
  const zoo = { kind: "room", room: ZOO, name: "zoo", n: 1, skipped: 0, read: 0 } as const;
  const room = { kind: "room", name: "zoo", id: ZOO, topic: "" } as const;
  const inZoo: ModelEvent = { kind: "record", record: record(2, { n: 1, room }) };
  const names = (model: Model) => roomList(model).rooms.map(({ target }) => target);
  const { model } = scene(zoo, NONE, inZoo);
  expect(names(model)).toEqual(["lobby", "zoo"]);
  const sorted = updateAll(model, [prefs(EVERYWHERE, { unreadFirst: true })]).model;
  expect(names(sorted)).toEqual(["zoo", "lobby"]);
  const opened = updateAll(sorted, [{ kind: "open", target: "zoo" }]).model;
  const read = updateAll(opened, [{ kind: "read", room: ZOO, n: 1 }]).model;
  expect(names(read)).toEqual(["zoo", "lobby"]); // It keeps its position while it is open.
  expect(names(updateAll(read, [{ kind: "open", target: "lobby" }]).model)).toEqual([
    "lobby",
    "zoo",
  ]);
  const muted = updateAll(sorted, [prefs(ZOO, { muted: 0 })]).model;
  expect(names(muted)).toEqual(["lobby", "zoo"]);
});

test("marks rooms with a password while they have one", () => {
  const zoo = { kind: "room", room: ZOO, name: "zoo", n: 1, skipped: 0, read: 0 } as const;
  const { model } = scene({ ...zoo, locked: true });
  expect(roomList(model).rooms.map(({ isLocked }) => isLocked)).toEqual([false, true]);
  const open = updateAll(model, [zoo]).model;
  expect(roomList(open).rooms.map(({ isLocked }) => isLocked)).toEqual([false, false]);
});

test("shows a hidden conversation again with a new message, or when opened", () => {
  const peopleScene = (...events: readonly ModelEvent[]) => scene(NONE, ...events);
  const listedPeople = ({ model }: ReturnType<typeof peopleScene>) =>
    roomList(model).people.map(({ target }) => target);
  const hidden = [fromBen(3, 1), { kind: "focus", on: true }, { kind: "open", target: "@ben" }];
  const hide = [
    ...hidden,
    seen(1, 1, BEN),
    { kind: "open", target: "lobby" },
    prefs(BEN, { hidden: 1 }),
  ];
  const events = hide as readonly ModelEvent[];
  expect(listedPeople(peopleScene(...events))).toEqual([]);
  const joined: ModelEvent = {
    kind: "record",
    record: record(4, {
      n: 2,
      kind: "group",
      body: { added: [{ user: "ben" }] },
      room: { kind: "person", name: "ben", id: BEN, topic: "" },
    }),
  };
  expect(listedPeople(peopleScene(...events, joined))).toEqual([]);
  const early = [...events, prefs(BEN, { hidden: 2 }), fromBen(4, 2)];
  expect(peopleScene(...early).effects.some(({ kind }) => kind === "prefs-set")).toBe(false);
  expect(listedPeople(peopleScene(...early))).toEqual(["@ben"]);
  const spoken = peopleScene(...events, fromBen(4, 2));
  expect(listedPeople(spoken)).toEqual(["@ben"]);
  const back = { kind: "prefs-set", room: BEN, prefs: { hidden: undefined } } as const;
  expect(spoken.effects).toContainEqual(back);
  const opened = peopleScene(...events, { kind: "open", target: "@ben" });
  expect([listedPeople(opened), opened.effects.some(({ kind }) => kind === "prefs-set")]).toEqual([
    ...[["@ben"], true],
  ]);
});

test("marks a room as unread until it is opened again, with a row before the message", () => {
  const read: readonly ModelEvent[] = [
    NONE,
    recordEvent(2),
    recordEvent(3),
    { kind: "focus", on: true },
    { kind: "open", target: "lobby" },
    seen(2, 3),
  ];
  const { model, effects } = scene(...read, { kind: "mark-unread", room: LOBBY, n: 3 });
  expect(roomList(model).rooms[0]?.unread).toBe(1);
  expect(lobbyOf(model).readAtOpening).toBe(2);
  expect(effects).toContainEqual({ kind: "prefs-set", room: LOBBY, prefs: { unread: 3 } });
  const left = updateAll(model, [{ kind: "open", target: "@ben" }]).model;
  expect(roomList(left).rooms[0]).toMatchObject({ unread: 1 });
  const again = updateAll(left, [{ kind: "open", target: "lobby" }]);
  expect(roomList(again.model).rooms[0]).toMatchObject({ unread: 0 });
  expect(lobbyOf(again.model).readAtOpening).toBe(2);
  expect(again.effects).toContainEqual({
    kind: "prefs-set",
    room: LOBBY,
    prefs: { unread: undefined },
  });
});

test("clears a mark set by another device when the room is selected again", () => {
  const here: readonly ModelEvent[] = [NONE, recordEvent(2), { kind: "open", target: "lobby" }];
  const { model, effects } = scene(...here, prefs(LOBBY, { unread: 2 }));
  expect(roomList(model).rooms[0]?.unread).toBe(1);
  expect(effects.some(({ kind }) => kind === "prefs-set")).toBe(false);
  const again = updateAll(model, [{ kind: "open", target: "lobby" }]);
  expect(again.effects).toContainEqual({
    kind: "prefs-set",
    room: LOBBY,
    prefs: { unread: undefined },
  });
});

test("counts mentions or messages marked unread in a muted entry", () => {
  const muted = [
    NONE,
    recordEvent(2),
    recordEvent(3, { body: mention }),
    prefs(LOBBY, { muted: 0 }),
  ];
  const badge = (...more: readonly ModelEvent[]) =>
    roomList(scene(...muted, ...more).model).rooms[0]?.badge;
  expect(badge()).toBe(1);
  expect(badge({ kind: "mark-unread", room: LOBBY, n: 2 })).toBe(2);
  const read = scene(...muted, { kind: "mark-read", room: LOBBY });
  expect(roomList(read.model).rooms[0]).toMatchObject({ badge: 0, unread: 0 });
  expect(read.effects).toContainEqual({ kind: "read", room: LOBBY, n: 3 });
});

test("sends no preferences to a server without support for them", () => {
  const { model, effects } = scene({ kind: "mark-unread", room: LOBBY, n: 1 });
  expect(model.prefs).toBeUndefined();
  expect(effects.some(({ kind }) => kind === "prefs-set")).toBe(false);
});

test("lists saved messages by seq in the order of saving", () => {
  const saving = (seq: number, on: boolean): ModelEvent => ({ kind: "save", room: LOBBY, seq, on });
  const first: ModelEvent = { kind: "prefs", rooms: [], saved: [{ room: LOBBY, seq: 9 }] };
  const { model } = scene(first, saving(4, true), saving(5, true), saving(4, false));
  expect([...model.saved.keys()]).toEqual([9, 5]);
});
