import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import type { RoomId } from "../../../src/base/ids.ts";
import type { ChatRecord } from "../../../src/core/client/chat-record.ts";
import type { ModelEvent } from "../../../src/core/model/event.ts";
import {
  canPin,
  isCaption,
  isIgnored,
  isPostPending,
  knownNames,
  knownPeople,
  lastMessage,
  lastUnignored,
  openRoom,
  rightsIn,
  roomList,
  roomOf,
  typingNames,
} from "../../../src/core/model/selectors.ts";
import type { RoomRules } from "../../../src/wire/messages.ts";
import { BEN, LOBBY, lobbyOf, record, recordEvent, scene, seen } from "../model-scene.ts";

const FILE = { file: "fabcdefghijk", name: "a.png", size: 1, chunks: 1, digest: "0a".repeat(32) };
const mention = { text: "@ana", mentions: ["ana"] };

test("lists rooms and people with unread counts and mentions", () => {
  const direct = { kind: "person", name: "ben", id: BEN, topic: "" } as const;
  const { model } = scene(
    recordEvent(2, { body: mention }),
    recordEvent(3),
    { kind: "record", record: record(4, { n: 1, room: direct }) },
    { kind: "presence", room: LOBBY, user: "Ben", online: true },
    { kind: "presence", room: LOBBY, user: "ana", online: true },
    { kind: "draft", target: "lobby", draft: { text: "half" } },
    { kind: "open", target: "@cleo" },
  );
  const lines = roomList(model);
  expect(lines.rooms).toEqual([
    expect.objectContaining({ target: "lobby", unread: 2, mentions: 1, hasDraft: true }),
  ]);
  expect(lines.people.map(({ target, badge, isOnline }) => [target, badge, isOnline])).toEqual([
    ["@cleo", 0, undefined],
    ["@ben", 1, true],
  ]);
  expect([lines.unread, lines.mentions]).toEqual([3, 2]);
  expect(knownNames(model)).toEqual(["ben"]);
  expect([...knownPeople(model)]).toEqual([["ben", "ben"]]);
  expect(roomOf(model, "#LOBBY")?.id).toBe(LOBBY);
  expect(openRoom(model)).toBeUndefined();
  expect(lobbyOf(model).unread).toBe(2);
});

test("displays a person without a conversation as online while they share a room", () => {
  const peopleAfter = (...events: readonly ModelEvent[]) =>
    roomList(scene({ kind: "open", target: "@cleo" }, ...events).model).people;
  expect(peopleAfter()[0]).toMatchObject({ target: "@cleo", isOnline: undefined, hasDraft: false });
  expect(
    peopleAfter(
      { kind: "presence", room: LOBBY, user: "Cleo", online: true },
      { kind: "draft", target: "@cleo", draft: { text: "half" } },
    )[0],
  ).toMatchObject({ target: "@cleo", isOnline: true, hasDraft: true });
});

test("has no presence while offline", () => {
  const direct = { kind: "person", name: "ben", id: BEN, topic: "" } as const;
  const { model } = scene(
    { kind: "record", record: record(2, { n: 1, room: direct }) },
    { kind: "presence", room: LOBBY, user: "Ben", online: true },
  );
  const isOnline = (kind: "online" | "connecting") =>
    roomList({ ...model, connection: { kind } }).people.map((line) => line.isOnline);
  expect(isOnline("online")).toEqual([true]);
  expect(isOnline("connecting")).toEqual([undefined]);
});

test("lets moderators, operators and both users of a conversation pin and set receipts", () => {
  const { model } = scene();
  const may = (room: object, isOperator = false) =>
    canPin({ ...model, isOperator }, { ...lobbyOf(model), ...room });
  expect([may({}), may({ moderates: true }), may({}, true), may({ kind: "person" })]).toEqual([
    ...[false, true, true, true],
  ]);
});

test("treats the text of a loaded file as a caption", () => {
  const open: ModelEvent = { kind: "open", target: "lobby" };
  const { model } = scene(
    recordEvent(2),
    recordEvent(3, { kind: "file", body: { files: [FILE] } }),
    open,
  );
  const captions = [undefined, 2, 3, 4].map((edits) =>
    isCaption(model, edits === undefined ? {} : { edits }),
  );
  expect(captions).toEqual([false, false, true, false]);
});

test("sorts rooms in natural order", () => {
  const rooms = ["room10", "Room2", "room1"].map((name): ModelEvent => {
    return { kind: "room", room: name as RoomId, name, n: 1, skipped: 0, read: 1 };
  });
  const { model } = scene(...rooms);
  const names = roomList(model).rooms.map(({ name }) => name);
  expect(names).toEqual(["lobby", "room1", "Room2", "room10"]);
});

test("does not count messages or mentions by ignored users", () => {
  const direct = { kind: "person", name: "ben", id: BEN, topic: "" } as const;
  const { model } = scene({ kind: "ignored", users: ["ben"] }, recordEvent(2, { body: mention }), {
    kind: "record",
    record: record(3, { n: 1, room: direct }),
  });
  expect(isIgnored(model, "Ben")).toBe(true);
  expect(roomList(model).people).toMatchObject([{ unread: 0, badge: 0 }]);
  expect(roomList(model).mentions).toBe(0);
});

test("lists people with unread messages first, except the open conversation", () => {
  const direct = (name: string, id: string) => ({ kind: "person", name, id, topic: "" }) as const;
  const talk = (seq: number, name: string, id: string): ModelEvent => ({
    kind: "record",
    record: record(seq, { n: 1, from: name, room: direct(name, id) as ChatRecord["room"] }),
  });
  const ids = ["d2", "d3"] as RoomId[];
  const [cleo = LOBBY, dan = LOBBY] = ids;
  const events: readonly ModelEvent[] = [
    { kind: "room", room: cleo, with: "cleo", n: 1, skipped: 0, read: 1 },
    { kind: "room", room: dan, with: "dan", n: 1, skipped: 0, read: 1 },
    talk(5, "ben", BEN),
    talk(6, "cleo", cleo),
    talk(7, "dan", dan),
  ];
  const order = (...more: readonly ModelEvent[]) =>
    roomList(scene(...events, ...more).model).people.map(({ target }) => target);
  expect(order()).toEqual(["@ben", "@dan", "@cleo"]);
  const read: readonly ModelEvent[] = [
    { kind: "open", target: "@ben" },
    { kind: "focus", on: true },
    seen(1, 2, BEN),
  ];
  expect(order(...read)).toEqual(["@ben", "@dan", "@cleo"]);
  expect(order(...read, { kind: "open", target: "lobby" })).toEqual(["@dan", "@cleo", "@ben"]);
  const away = [{ kind: "open", target: "lobby" } as const, read[0] ?? read[1]];
  expect(order(...read, ...(away as ModelEvent[]))).toEqual(["@dan", "@cleo", "@ben"]);
  expect(order({ kind: "ignored", users: ["ben"] })).toEqual(["@dan", "@cleo", "@ben"]);
});

test("finds the user's last message and pending posts", () => {
  const post = { key: "k", id: "k", to: "lobby", body: { text: "x" }, writtenUnixMs: 0 };
  const begun = [
    recordEvent(2, { from: "ana" }),
    recordEvent(3),
    recordEvent(4, { from: "ana", state: "erased", body: {} }),
    recordEvent(5, { kind: "join", from: "cleo", body: {} }),
    { kind: "posted", ...post },
  ] as const;
  const { model } = scene(...begun);
  expect(lastMessage(lobbyOf(model), true)?.seq).toBe(2);
  expect(lastMessage(lobbyOf(model), false)?.seq).toBe(3);
  expect(lastMessage(undefined, true)).toBeUndefined();
  const files = [6, 7].map((seq) =>
    recordEvent(seq, { kind: "file", from: seq === 6 ? "ben" : "ana", body: { files: [FILE] } }),
  );
  const shared = lobbyOf(scene(...begun, ...files).model);
  expect([lastMessage(shared, false)?.seq, lastMessage(shared, true)?.seq]).toEqual([6, 7]);
  expect([isPostPending(model, "Lobby"), isPostPending(model, "@ben")]).toEqual([true, false]);
  // The server has recorded the post but not sent the record.
  const receipt = { seq: 6, n: 6, timeUnixMs: 1 } as never;
  const accepted = { kind: "settled", key: "k", outcome: { kind: "durable", receipt } } as never;
  const late = scene(...begun, accepted).model;
  expect(isPostPending(late, "lobby")).toBe(true);
  const recorded = scene(
    ...begun,
    accepted,
    recordEvent(6, { from: "ana", id: "k" as never }),
  ).model;
  expect([isPostPending(recorded, "lobby"), lastMessage(lobbyOf(recorded), true)?.seq]).toEqual([
    false,
    6,
  ]);
  const fault = new Fault("muted", "you are muted");
  const refused = { kind: "settled", key: "k", outcome: { kind: "refused", fault } } as const;
  expect(isPostPending(scene(...begun, refused).model, "lobby")).toBe(false);
});

test("offers what the server accepts in a room", () => {
  const rights = (
    { isOperator = false, unixMs = 5, target = "hw", ...fields }: Record<string, unknown>,
    rules: RoomRules = {},
  ) => {
    const common = { kind: "room", n: 0, skipped: 0 } as const;
    const { model } = scene(
      { ...common, room: "r0" as RoomId, name: "hw", rules },
      { ...common, room: "r1" as RoomId, name: String(target), ...fields },
      ...(target === "hw"
        ? [{ ...common, room: "r1" as RoomId, name: "hw", rules, ...fields }]
        : []),
    );
    const { mayPost, mayReact, mayAct } = rightsIn(
      { ...model, isOperator: isOperator === true },
      model.rooms.get("r1" as RoomId),
      Number(unixMs),
    );
    return [mayPost, mayReact, mayAct].map((may) => (may ? "+" : "-")).join("");
  };
  expect(rights({})).toBe("+++");
  expect(rights({ closed: true })).toBe("---");
  expect(rights({ closed: true, moderates: true })).toBe("---");
  expect([0, 6, 5].map((mutedUntil) => rights({ mutedUntil }))).toEqual(["---", "---", "+++"]);
  const [teachers, assignment] = [{ post: "moderators" }, { post: "private" }] as const;
  expect([rights({}, teachers), rights({ sealed: true }, teachers)]).toEqual(["-++", "--+"]);
  expect(rights({}, assignment)).toBe("--+");
  expect(rights({ moderates: true }, assignment)).toBe("+++");
  expect(rights({ isOperator: true }, assignment)).toBe("+++");
  const box = { target: "hw@ana" };
  expect([rights(box), rights(box, assignment)]).toEqual(["---", "+++"]);
  expect(rights({ ...box, moderates: true })).toBe("+++");
});

test("lists typing users until their message arrives or the link is lost", () => {
  const users = ["Ben", "cleo", "ana"];
  const typing: readonly ModelEvent[] = [
    { kind: "open", target: "lobby" },
    { kind: "typing", room: LOBBY, users },
    { kind: "typing", room: "r9" as RoomId, users },
  ];
  const after = (...more: readonly ModelEvent[]) => typingNames(scene(...typing, ...more).model);
  expect(after()).toEqual(["Ben", "cleo"]);
  expect(after({ kind: "ignored", users: ["ben"] })).toEqual(["cleo"]);
  expect(after({ kind: "open", target: "@ben" })).toEqual([]);
  expect(after(recordEvent(2, { kind: "join" }))).toEqual(["Ben", "cleo"]);
  expect(after(recordEvent(2))).toEqual(["cleo"]);
  expect(after({ kind: "typing", room: LOBBY, users: [] })).toEqual([]);
  expect(after({ kind: "connection", connection: { kind: "connecting" } })).toEqual([]);
  expect(after({ kind: "entered", user: "ana" })).toEqual([]);
});

test("shows the last message of a user who is not ignored in the list of rooms", () => {
  const last = (...events: readonly ModelEvent[]) => {
    const { model } = scene(recordEvent(2, { from: "ana" }), recordEvent(3), ...events);
    return lastUnignored(model, "lobby")?.seq;
  };
  expect(last()).toBe(3);
  expect(last({ kind: "ignored", users: ["ben"] })).toBe(2);
});
