import { describe, expect, test } from "bun:test";
import type { FileId } from "../../../src/base/ids.ts";
import { PRESENCE_MEMBERS_MAX } from "../../../src/base/limits.ts";
import { CLOSED_ROOM_ITEMS_MAX, PAGE_ROOM_ITEMS_MAX } from "../../../src/base/limits-page.ts";
import type { ModelEvent } from "../../../src/core/model/event.ts";
import { itemOf } from "../../../src/core/model/item.ts";
import {
  append,
  applyRoomUpdate,
  closeView,
  endListing,
  isFromOthers,
  jumpTo,
  newRoom,
  noteMention,
  positionAfterPrinted,
  prepend,
  type RoomDraft,
  readUpTo,
  unloadClosed,
} from "../../../src/core/model/room.ts";
import { type Updated, updateAll } from "../../../src/core/model/update.ts";
import { BEN, LOBBY, lobbyOf, record, recordEvent, scene } from "../model-scene.ts";

const ANA = { me: "ana", prefs: undefined, ignored: new Set<string>() };
const item = (seq: number) => itemOf(record(seq), "ana", () => false);

function room(...seqs: readonly number[]): RoomDraft {
  const made = newRoom({ kind: "room", room: LOBBY, name: "lobby", n: 1, skipped: 0 });
  made.tail = { items: seqs.map(item), hasOlder: true, hasNewer: false };
  made.receivedN = seqs.at(-1) ?? 0;
  return made;
}

test("joins a jump with the newest items when they meet", () => {
  const draft = room(50, 51);
  jumpTo(draft, { items: [10, 11].map(item), hasOlder: true, hasNewer: true });
  expect(draft.jump?.items).toHaveLength(2);
  append(draft, [11, 12, 13].map(item), true, PAGE_ROOM_ITEMS_MAX);
  expect(draft.jump?.items.map(({ seq }) => seq)).toEqual([10, 11, 12, 13]);
  prepend(draft, [9, 10].map(item), false, PAGE_ROOM_ITEMS_MAX);
  append(draft, [49, 50].map(item), true, PAGE_ROOM_ITEMS_MAX);
  expect(draft.jump).toBeUndefined();
  expect(draft.tail.items.map(({ seq }) => seq)).toEqual([9, 10, 11, 12, 13, 49, 50, 51]);
  expect(draft.tail.hasOlder).toBe(false);
});

test("loads messages again that could not be read before", () => {
  const draft = room(3, 4, 5, 6);
  const closed = (seq: number) => itemOf({ ...record(seq), kind: "sealed" }, "ana", () => false);
  draft.tail = { ...draft.tail, items: [item(3), closed(4), item(5), item(6)], hasOlder: false };
  draft.jump = { items: [closed(1)], hasOlder: false, hasNewer: true };
  unloadClosed(draft);
  expect(draft.tail.items.map(({ seq }) => seq)).toEqual([5, 6]);
  expect(draft.tail.hasOlder).toBe(true);
  expect(draft.jump).toBeUndefined();
  unloadClosed(draft);
  expect(draft.tail.items).toHaveLength(2);
});

test("displays a page that fits with the newest, and ignores an empty page", () => {
  const draft = room(5, 6);
  prepend(draft, [3, 4].map(item), false, 4);
  expect([draft.jump, draft.tail.items.length]).toEqual([undefined, 4]);
  const empty = room();
  jumpTo(empty, { items: [], hasOlder: false, hasNewer: false });
  expect(empty.tail).toEqual({ items: [], hasOlder: true, hasNewer: false });
  const news = { kind: "room", room: LOBBY, name: "lobby", skipped: 0 } as const;
  expect([1, 2].map((n) => newRoom({ ...news, n }).tail.hasOlder)).toEqual([false, true]);
  const short = room(...Array.from({ length: CLOSED_ROOM_ITEMS_MAX }, (_, i) => i + 1));
  short.tail = { ...short.tail, hasOlder: false };
  closeView(short);
  expect(short.tail.hasOlder).toBe(false);
  prepend(draft, [1, 2].map(item), false, 5);
  expect(draft.jump?.items).toHaveLength(5);
  append(draft, [7].map(item), true, 5);
  expect([draft.tail.items.length, draft.jump]).toEqual([5, undefined]);
  jumpTo(draft, { items: [item(-9), item(-8)], hasOlder: false, hasNewer: true });
  append(draft, [-7, -6].map(item), true, 3);
  expect(draft.jump).toMatchObject({ hasOlder: true, items: { length: 3 } });
  const long = room(...Array.from({ length: CLOSED_ROOM_ITEMS_MAX + 2 }, (_, i) => i + 9));
  prepend(long, [7, 8].map(item), false, CLOSED_ROOM_ITEMS_MAX + 2);
  expect(long.tail.items).toHaveLength(CLOSED_ROOM_ITEMS_MAX);
});

test("updates a room each time the server lists it", () => {
  const news = { kind: "room", room: LOBBY, name: "lobby", n: 6, skipped: 0 } as const;
  const set = { closed: true, receipts: true, receiptsWanted: true, moderates: true };
  const flags = (draft: RoomDraft) => {
    const { isClosed, receipts, receiptsWanted, moderates } = draft;
    return [isClosed, receipts, receiptsWanted, moderates];
  };
  const draft = newRoom(news);
  expect([flags(draft), flags(newRoom({ ...news, ...set }))]).toEqual([
    ...[Array(4).fill(false), Array(4).fill(true)],
  ]);
  applyRoomUpdate(draft, { ...news, ...set }, ANA);
  expect(flags(draft)).toEqual(Array(4).fill(true));
  applyRoomUpdate(draft, { ...news, read: 5, unread: 2 }, ANA);
  expect([flags(draft), draft.unread]).toEqual([Array(4).fill(false), 2]);
  applyRoomUpdate(draft, { ...news, read: 3, unread: 7 }, ANA);
  expect(draft.unread).toBe(2);
});

test("notifies of a reply, and stores the retention", () => {
  const answer = (re: number) => recordEvent(4, { body: { text: "x", re } });
  const calls = (re: number) =>
    lobbyOf(scene(recordEvent(2, { from: "ana" }), recordEvent(3), answer(re)).model).mentions.map(
      ({ n }) => n,
    );
  expect([calls(2), calls(3)]).toEqual([[4], []]);
  const retained = scene(
    recordEvent(2, { kind: "retention", body: { keepMs: 60_000 } }),
    recordEvent(3),
  ).model;
  expect(lobbyOf(retained).keepMs).toBe(60_000);
});

test("marks records behind a printed one as read that have no item", () => {
  const draft = { ...room(5, 6, 9), receivedN: 11 };
  const after = [4, 5, 6, 7, 9, 11, 12].map((n) => positionAfterPrinted(draft, n));
  expect(after).toEqual([4, 5, 8, 8, 11, 11, undefined]);
  expect(positionAfterPrinted({ ...room(), receivedN: 3 }, 2)).toBe(2);
  const printed = { kind: "printed", room: LOBBY, n: 2 } as const;
  const read = { kind: "read", room: LOBBY, n: 2 } as const;
  const { effects } = scene(recordEvent(2), recordEvent(3), printed, printed);
  expect(effects.filter(({ kind }) => kind === "read")).toEqual([read]);
});

test("an erased message keeps neither its text nor its files", () => {
  const digest = "0".repeat(64);
  const files = [{ file: "fAAAAAAAAAAA", name: "secret.txt", size: 1, chunks: 1, digest }];
  const { model } = scene(recordEvent(2, { kind: "file", body: { text: "look", files } }));
  expect(lobbyOf(model).tail.items.at(-1)).toMatchObject({ text: "look", files: [{}] });
  const erased = updateAll(model, [recordEvent(3, { kind: "erase", body: { seq: 2 } })]);
  const item = lobbyOf(erased.model).tail.items.at(-1);
  expect(item).toMatchObject({ state: "erased", text: "", files: [] });
  expect(JSON.stringify(item)).not.toContain("secret");
});

test("notes calls in records that the server does not send", () => {
  const calls = [1, 4, 5, 6].map((n) => ({ n, seq: n }));
  const update = { kind: "room", room: LOBBY, name: "lobby", n: 6, skipped: 3, read: 2 } as const;
  const { model } = updateAll(scene().model, [
    { ...update, calls },
    { ...update, calls },
  ]);
  expect(lobbyOf(model).mentions.map(({ n }) => n)).toEqual([4, 5]);
  expect(newRoom({ ...update, calls }).mentions.map(({ n }) => n)).toEqual([4, 5]);
  // A call was edited or erased in records that this client never received.
  const later = updateAll(model, [
    { ...update, n: 9, calls: calls.slice(2) },
    recordEvent(9, { body: { text: "@ana", mentions: ["ana"] } }),
    { ...update, n: 10, calls: calls.slice(2) },
  ]);
  expect(lobbyOf(later.model).mentions.map(({ n }) => n)).toEqual([5, 6, 9]);
});

test("counts again when the user ignores people, and when the user no longer does", () => {
  const ignored = (...users: string[]): ModelEvent => ({ kind: "ignored", users });
  const body = { text: "@ana", mentions: ["ana"] };
  const events = [recordEvent(2, { body }), recordEvent(3, { from: "carl", body })];
  const counts = (...after: readonly ModelEvent[]) => {
    const { unread, mentions } = lobbyOf(scene(...events, ...after).model);
    return [unread, mentions.map(({ seq }) => seq)];
  };
  expect(counts()).toEqual([2, [2, 3]]);
  expect(counts(ignored("Ben"))).toEqual([1, [3]]);
  expect(counts(ignored("ben", "carl"))).toEqual([0, []]);
  expect(counts(ignored("ben"), ignored())).toEqual([2, [2, 3]]);
  expect(counts(ignored("ben"), recordEvent(4, { body }))).toEqual([1, [3]]);
  expect(counts(ignored("ben"), { kind: "read", room: LOBBY, n: 2, unread: 1 })).toEqual([1, [3]]);
});

test("updates read position and mentions exactly at the boundaries", () => {
  const draft = room(5, 6, 7);
  Object.assign(draft, {
    read: 1,
    last: 8,
    unread: 9,
    mentions: [4, 5].map((n) => ({ n, seq: n })),
  });
  readUpTo(draft, 3, ANA);
  expect(draft.unread).toBe(5);
  readUpTo(draft, 4, ANA);
  expect([draft.unread, draft.mentions.map(({ n }) => n)]).toEqual([3, [5]]);
  noteMention(draft, item(4));
  noteMention(draft, item(6));
  draft.linkN = 5;
  endListing(draft);
  expect(draft.mentions.map(({ n }) => n)).toEqual([5]);
  const readOf = (...events: readonly ModelEvent[]) => lobbyOf(scene(...events).model).read;
  expect([
    readOf(recordEvent(2, { from: "ana" })),
    readOf(recordEvent(2), recordEvent(3, { from: "ana" })),
  ]).toEqual([...[2, 1]]);
});

test("restarts a room after a gap", () => {
  const { model } = scene(recordEvent(2), recordEvent(3), recordEvent(5));
  expect(lobbyOf(model).tail.items.map(({ seq }) => seq)).toEqual([5]);
  expect(lobbyOf(model).tail.hasOlder).toBe(true);
  const missed = { kind: "room", room: LOBBY, name: "lobby", n: 5, skipped: 0 } as const;
  const behind = scene(recordEvent(2), recordEvent(3), missed).model;
  expect(lobbyOf(behind).tail).toEqual({ items: [], hasOlder: true, hasNewer: false });
  expect(lobbyOf(behind)).toMatchObject({ receivedN: 4, last: 4 });
  const direct = { kind: "person", name: "ben", id: BEN, topic: "" } as const;
  const second = scene(recordEvent(5, { n: 2, room: direct })).model.rooms.get(BEN);
  expect(second?.tail.hasOlder).toBe(true);
  const draft = room(5);
  endListing(draft);
  expect(draft.tail).toEqual({ items: [], hasOlder: false, hasNewer: false });
});

test("accepts a server that has lost its newest records", () => {
  const { model } = scene(recordEvent(2), recordEvent(3), recordEvent(4), {
    kind: "mark-read",
    room: LOBBY,
  });
  const again = updateAll(model, [
    { kind: "connection", connection: { kind: "connecting" } },
    { kind: "entered", user: "ana" },
    { kind: "room", room: LOBBY, name: "lobby", n: 3, skipped: 0, read: 1 },
    { kind: "caught-up" },
    recordEvent(3, { body: { text: "other" } }),
  ]);
  expect(lobbyOf(again.model).tail.items.map(({ text }) => text)).toEqual(["other"]);
  expect(lobbyOf(again.model)).toMatchObject({ last: 3, read: 2, unread: 1 });
});

test("reports its read position again to a server that has lost it", () => {
  const { model } = scene(recordEvent(2), recordEvent(3), { kind: "mark-read", room: LOBBY });
  const listing = (read: number) =>
    updateAll(model, [
      { kind: "connection", connection: { kind: "connecting" } },
      { kind: "entered", user: "ana" },
      { kind: "room", room: LOBBY, name: "lobby", n: 4, skipped: 0, read },
      { kind: "caught-up" },
    ]).effects.filter(({ kind }) => kind === "read");
  expect(listing(2)).toEqual([{ kind: "read", room: LOBBY, n: 3 }]);
  expect(listing(3)).toEqual([]);
});

test("ignores people until the next link lists its rooms, behind records to decrypt", () => {
  const entered: ModelEvent = { kind: "entered", user: "ana" };
  const ignored = (...events: readonly ModelEvent[]) => [
    ...scene({ kind: "ignored", users: ["Ben"] }, entered, ...events).model.ignored,
  ];
  expect([ignored(), ignored({ kind: "listing" })]).toEqual([["ben"], []]);
});

test("removes rooms that the new list lacks once it is complete", () => {
  const again = updateAll(scene(recordEvent(2)).model, [
    { kind: "listing" },
    { kind: "room", room: LOBBY, name: "lobby", n: 3, skipped: 0, read: 1 },
    { kind: "caught-up" },
  ]);
  expect([...again.model.rooms.keys()]).toEqual([LOBBY]);
  expect(lobbyOf(again.model).tail.items).toHaveLength(1);
});

test("keeps a room sealed permanently, and removes completed offers", () => {
  const lobby = { kind: "room", room: LOBBY, name: "lobby", n: 2, skipped: 0 } as const;
  const isSealed = (...events: readonly ModelEvent[]) => lobbyOf(scene(...events).model).isSealed;
  expect([isSealed(lobby), isSealed({ ...lobby, sealed: true }, lobby)]).toEqual([false, true]);
  const body = { name: "a.png", size: 1, chunks: 1, digest: "0a".repeat(32) };
  const [file, other] = ["fabcdefghijk" as FileId, "fABCDEFGHIJK" as FileId];
  const offer = (id: FileId): ModelEvent => {
    return { kind: "offered", room: LOBBY, file: id, from: "ben", name: "a.png", size: 1 };
  };
  const { model } = scene(
    ...[offer(file), offer(other), offer(other), recordEvent(2)],
    recordEvent(3, { kind: "file", body: { files: [{ ...body, file }] } }),
  );
  expect(lobbyOf(model).offered.map((item) => item.file)).toEqual([other]);
});

test("adds, removes and promotes members", () => {
  const member = (name: string) => ({ name, isOnline: true, role: "member" });
  const { model } = scene(
    { kind: "members", room: LOBBY, members: [member("ana"), member("ben")] },
    recordEvent(2, { kind: "join", from: "cleo", body: {} }),
    recordEvent(3, { kind: "kick", from: "ana", body: { name: "ben" } }),
    recordEvent(4, { kind: "grant", from: "ana", body: { name: "cleo", on: true } }),
    recordEvent(5, { kind: "topic", from: "cleo", body: { topic: "new" } }),
    recordEvent(6, { kind: "join", from: "dora", body: {} }),
    recordEvent(7, { kind: "leave", from: "dora", body: {} }),
    { kind: "presence", room: LOBBY, user: "ana", online: false },
  );
  expect(lobbyOf(model).members).toEqual([
    { name: "ana", isOnline: false, role: "member" },
    { name: "cleo", isOnline: false, role: "moderator" },
  ]);
  expect(lobbyOf(model).topic).toBe("new");
});

test("shows a status that members set, and removes it", () => {
  const members = ["ana", "ben"].map((name) => ({ name, isOnline: true, role: "member" }));
  const status = { kind: "status", room: LOBBY, user: "ana", status: "away" } as const;
  const listed = { kind: "members", room: LOBBY, members } as const;
  const statuses = (...events: ModelEvent[]) =>
    lobbyOf(scene(...events).model).members?.map((member) => member.status);
  expect(statuses(listed, status)).toEqual(["away", undefined]);
  expect(statuses(listed, status, { ...status, status: undefined })).toEqual([
    undefined,
    undefined,
  ]);
});

test("counts a user who joins a large room as online", () => {
  const joined = (count: number) => {
    const members = Array.from({ length: count }, (_, i) => {
      return { name: `p${i}`, isOnline: false, role: "member" };
    });
    const { model } = scene(
      { kind: "members", room: LOBBY, members },
      recordEvent(2, { kind: "join", from: "cleo", body: {} }),
    );
    return lobbyOf(model).members?.at(-1);
  };
  const cleo = { name: "cleo", role: "member" };
  expect(joined(PRESENCE_MEMBERS_MAX - 1)).toEqual({ ...cleo, isOnline: false });
  expect(joined(PRESENCE_MEMBERS_MAX)).toEqual({ ...cleo, isOnline: true });
});

test("marks muted members, and the user's own mute", () => {
  const members = ["ana", "ben"].map((name) => ({ name, isOnline: true, role: "member" }));
  const mute = (seq: number, body: object) =>
    recordEvent(seq, { kind: "mute", from: "olga", body: { name: "Ben", ...body } });
  const mutes = (...events: ReturnType<typeof mute>[]) => {
    const { model } = scene({ kind: "members", room: LOBBY, members }, ...events);
    return lobbyOf(model).members?.map((member) => member.mutedUntilUnixMs);
  };
  const muted = mute(2, { on: true });
  expect(mutes(muted)).toEqual([undefined, 0]);
  expect(mutes(muted, mute(3, { on: true, until: 7 }))).toEqual([undefined, 7]);
  for (const body of [{ on: false }, { on: true, until: 0 }])
    expect(mutes(muted, mute(3, body))).toEqual([undefined, undefined]);
  const news = { kind: "room", room: LOBBY, name: "lobby", n: 6, skipped: 0 } as const;
  const draft = newRoom({ ...news, mutedUntil: 7 });
  expect(draft.mutedUntilUnixMs).toBe(7);
  applyRoomUpdate(draft, news, ANA);
  expect(draft.mutedUntilUnixMs).toBeUndefined();
});

test("distinguishes messages of others from notices and the user's own messages", () => {
  expect(isFromOthers(item(2), "ana")).toBe(true);
  expect(isFromOthers(item(2), "ben")).toBe(false);
  expect(isFromOthers({ ...item(2), isNotice: true }, "ana")).toBe(false);
});

test("reports who removed the user from a room", () => {
  const kick = (name: string) => recordEvent(2, { kind: "kick", from: "olga", body: { name } });
  const notifications = ({ effects }: Updated) =>
    effects.flatMap((effect) =>
      effect.kind === "notify" ? [`${effect.why} ${effect.target} ${effect.item.from}`] : [],
    );
  expect(notifications(scene(kick("Ana"), { kind: "room-gone", room: LOBBY }))).toEqual([
    "put-out lobby olga",
  ]);
  expect(notifications(scene(kick("ben")))).toEqual([]);
});

test("closes only the removed room", () => {
  const open = (target: string) =>
    scene({ kind: "open", target }, { kind: "room-gone", room: LOBBY }).model.open;
  expect([open("lobby"), open("@ben")]).toEqual([undefined, "@ben"]);
  const left = scene({ kind: "open", target: "@ben" }, { kind: "room-gone", room: BEN });
  expect(left.model.open).toBe("@ben");
});

describe("renaming", () => {
  test("keeps the open room and its draft", () => {
    const { model, effects } = scene(
      { kind: "open", target: "lobby" },
      { kind: "draft", target: "lobby", draft: { text: "half" } },
      recordEvent(2, { kind: "rename", from: "olga", body: { was: "lobby", name: "hall" } }),
      { kind: "room", room: LOBBY, name: "hall", closed: true, n: 3, skipped: 0 },
    );
    expect([model.open, lobbyOf(model).target, lobbyOf(model).isClosed]).toEqual([
      "hall",
      "hall",
      true,
    ]);
    expect([...model.drafts]).toEqual([["hall", { text: "half" }]]);
    expect(effects).toContainEqual({ kind: "keep-draft", target: "lobby", draft: undefined });
    const item = lobbyOf(model).tail.items.at(-1);
    expect([item?.kind, item?.oldName, item?.oldRoomName, item?.subject]).toEqual([
      "rename",
      undefined,
      "lobby",
      "hall",
    ]);
  });

  test("renames the author of loaded messages, reactions and erasures", () => {
    const body = { user: "u1", was: "Ben", name: "benno" };
    const rename = recordEvent(5, { kind: "rename", from: "olga", body });
    const events = [
      recordEvent(2, { from: "ana" }),
      recordEvent(3, { from: "ben" }),
      recordEvent(4, { kind: "reaction", from: "ben", body: { re: 2, react: "+" } }),
    ];
    const names = ({ model }: Updated) =>
      lobbyOf(model).tail.items.map((item) => [
        item.from,
        item.erasedBy ?? item.reactions.flatMap(({ by }) => by).join(),
      ]);
    const renamed = scene(...events, rename);
    const erase = recordEvent(6, { kind: "erase", from: "benno", body: { seq: 2 } });
    const again = recordEvent(6, { kind: "reaction", from: "cleo", body: { re: 2, react: "+" } });
    expect(names(renamed)).toEqual([
      ["ana", "benno"],
      ["benno", ""],
      ["olga", ""],
    ]);
    expect(names(updateAll(renamed.model, [again]))[0]).toEqual(["ana", "benno,cleo"]);
    expect(names(updateAll(renamed.model, [erase]))[0]).toEqual(["ana", "benno"]);
    const back = recordEvent(7, { kind: "rename", body: { ...body, was: "benno", name: "ben" } });
    expect(names(updateAll(renamed.model, [erase, back]))[0]).toEqual(["ana", "ben"]);
    const relogged = updateAll(scene(...events).model, [
      { kind: "entered", user: "ana" },
      { kind: "room", room: LOBBY, name: "lobby", n: 5, skipped: 0 },
      rename,
    ]);
    expect(names(relogged)[1]).toEqual(["ben", ""]);
  });

  test("marks what an account wrote under a name whose key is new", () => {
    const marks = ({ model }: Updated) =>
      lobbyOf(model).tail.items.map(({ hasNewKey }) => hasNewKey === true);
    const { model } = scene(
      recordEvent(2, { from: "ben", by: "uOLD" }),
      recordEvent(3, { from: "ben", by: "uNEW" }),
      recordEvent(4, { from: "cleo", by: "uNEW" }),
      recordEvent(5, { from: "ben", by: "uNEW", hasNewKey: true }),
      recordEvent(6, { from: "ana", by: "uANA", hasNewKey: true }),
    );
    const marked = updateAll(model, [{ kind: "author-key", user: "BEN", by: "uNEW" }]);
    expect(marks(marked)).toEqual([false, true, false, true, false]);
    const accepted = { kind: "author-key", user: "ben", by: undefined } as const;
    expect(marks(updateAll(marked.model, [accepted]))).not.toContain(true);
  });

  test("renames the voters of a loaded poll", () => {
    const { model } = scene(
      recordEvent(2, {
        from: "ana",
        body: { text: "Lunch?\n1. soup\n2. rice", poll: { options: 2 } },
      }),
      recordEvent(3, { kind: "vote", from: "ben", body: { re: 2, choices: [2] } }),
      recordEvent(4, {
        kind: "rename",
        from: "olga",
        body: { user: "u1", was: "ben", name: "bo" },
      }),
    );
    const [item] = lobbyOf(model).tail.items;
    expect(item?.poll?.options.map(({ by }) => by)).toEqual([[], ["bo"]]);
  });

  test("renames members, online or not, and the user", () => {
    const renamed = { user: "u1", was: "ben", name: "benno" };
    const { model } = scene(
      { kind: "presence", room: LOBBY, user: "ben", online: true },
      recordEvent(2, { kind: "rename", from: "olga", body: renamed }),
      { kind: "room", room: BEN, with: "benno", n: 1, skipped: 0 },
      { kind: "entered", user: "anna", isRenamed: true },
    );
    expect(model.rooms.get(BEN)?.target).toBe("@benno");
    expect([model.me, model.rooms.size]).toEqual(["anna", 2]);
    const seen = scene(
      { kind: "presence", room: LOBBY, user: "ben", online: true },
      recordEvent(2, { kind: "rename", from: "olga", body: renamed }),
    );
    expect([...lobbyOf(seen.model).online]).toEqual(["benno"]);
    const nameless = scene(
      { kind: "presence", room: LOBBY, user: "ben", online: true },
      recordEvent(2, { kind: "rename", from: "olga", body: { user: "u1", was: "ben" } }),
    );
    expect([...lobbyOf(nameless.model).online]).toEqual(["ben"]);
  });
});

test("updates pins by records and erasures", () => {
  const pin = (seq: number, of: number, on = true) =>
    recordEvent(seq, { kind: "pin", body: { seq: of, on } });
  const { model } = scene(
    recordEvent(2),
    recordEvent(3),
    pin(4, 2),
    pin(5, 3),
    pin(6, 2, false),
    pin(7, 2),
  );
  expect(lobbyOf(model).pins).toEqual([3, 2]);
  const news = {
    kind: "room",
    room: LOBBY,
    name: "lobby",
    n: 2,
    skipped: 0,
    pins: [3, 2],
  } as const;
  const again = updateAll(model, [
    { kind: "entered", user: "ana" },
    news,
    recordEvent(2),
    pin(4, 2),
  ]);
  expect(lobbyOf(again.model).pins).toEqual([3, 2]);
  const erased = updateAll(model, [recordEvent(8, { kind: "erase", body: { seq: 3 } })]);
  expect(lobbyOf(erased.model).pins).toEqual([2]);
  const { model: one } = scene(
    recordEvent(2),
    pin(3, 2),
    recordEvent(4, { kind: "erase", body: { seq: 2 } }),
  );
  expect(lobbyOf(one).pins).toEqual([]);
  const answered = updateAll(model, [recordEvent(8, { body: { text: "answer", re: 3 } })]);
  expect(lobbyOf(answered.model).pins).toEqual([3, 2]);
});
