import { expect, test } from "bun:test";
import { utf8Encode } from "../../src/base/bytes.ts";
import type { RoomId } from "../../src/base/ids.ts";
import { AccountReader } from "../../src/client/account-reader.ts";
import type { ClientEvent, ReaderEvent } from "../../src/client/event.ts";
import { Follower, type FollowerEvent } from "../../src/client/follower.ts";
import { EventStage } from "../../src/client/session.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import type { Fingerprint } from "../../src/wire/fingerprint.ts";

const CONNECTED = {
  server: "town",
  address: "127.0.0.1:2428",
  user: "ana",
  transport: "memory",
  fingerprint: "x" as Fingerprint,
  welcome: undefined,
  registered: false,
} as const;
const LOBBY = { kind: "room", room: "rLobby", name: "lobby", n: 1, skipped: 0 } as const;
const VAULT = { kind: "room", room: "rVault", name: "vault", n: 1, skipped: 0 } as const;

const turn = () => new Promise((resolve) => setImmediate(resolve));

function headOf(n: number): Uint8Array {
  const head = { seq: n + 1, n, time: 1, kind: "sealed", room: "rVault", id: `x.${n}`, commit: "" };
  return utf8Encode(JSON.stringify(head));
}

function feedOf() {
  const events: ReaderEvent[] = [];
  const followed: FollowerEvent["kind"][] = [];
  const opening: (() => void)[] = [];
  const ignore = () => undefined;
  const sink = { event: (event: ReaderEvent) => void events.push(event) };
  const reader = new AccountReader("all", () => feed.rooms, {
    ...sink,
    cursor: ignore,
    rewind: ignore,
  });
  const opener: ConstructorParameters<typeof EventStage>[0] = {
    needsOpening: ({ kind }) => kind === "sealed",
    openRecords: (records) => new Promise((resolve) => opening.push(() => resolve(records))),
  };
  const next = (event: FollowerEvent) => {
    followed.push(event.kind);
    reader.handle(event as ClientEvent);
  };
  const stage = new EventStage(opener, next, ignore);
  const passed = { event: (event: FollowerEvent) => stage.pass(event), gap: ignore };
  const feed = new Follower("all", undefined, { sha256, clock: { unixMs: () => 0 } }, passed);
  return { feed, events, followed, opening };
}

test("reports all events of a link before those of the next", async () => {
  const { feed, events, followed, opening } = feedOf();
  feed.connected(CONNECTED);
  feed.notice(LOBBY);
  feed.notice({ kind: "caught-up", seq: 1 });
  feed.notice(VAULT);
  for (const n of [1, 2]) feed.notice({ kind: "records", records: [{ head: headOf(n) }] });
  feed.notice({ ...VAULT, n: 3 });
  feed.connected(CONNECTED);
  feed.notice(LOBBY);
  feed.notice({ kind: "caught-up", seq: 3 });
  feed.notice(VAULT);
  feed.notice({ kind: "records", records: [{ head: headOf(1) }] });
  followed.splice(0);
  for (let opened = opening.shift(); opened !== undefined; opened = opening.shift()) {
    opened();
    await turn();
  }
  const reported = events.map((event) => {
    const rooms = event.kind === "connected" ? event.rooms.map(({ name }) => name) : [];
    const n = event.kind === "record" ? [event.record.n] : [];
    return [event.kind, ...rooms, ...n].join(" ");
  });
  expect(reported).toEqual([
    ...["connected lobby", "caught-up", "room", "record 1", "record 2"],
    ...["connected lobby", "caught-up", "room", "record 1"],
  ]);
  const links = ["record", "record", "listing", "room", "caught-up", "room", "record"] as const;
  expect(followed.filter((kind) => kind !== "cursor")).toEqual([...links]);
});

test("reports files that are offered in open rooms that the user is still in", async () => {
  const { feed, events, opening } = feedOf();
  const offer = (room: string, name: string) =>
    feed.notice({ kind: "offered", room, file: "fAAAAAAAAAAA", from: "ben", name });
  feed.connected(CONNECTED);
  feed.notice(LOBBY);
  feed.notice({ ...VAULT, sealed: true });
  feed.notice({ ...LOBBY, room: "rHall", name: "hall" });
  feed.notice({ kind: "caught-up", seq: 1 });
  feed.notice({ kind: "records", records: [{ head: headOf(1) }] });
  offer("rLobby", "open.png");
  offer("rVault", "sealed.bin");
  offer("rHall", "left.png");
  feed.notice({ ...LOBBY, name: "entry" });
  feed.notice({ kind: "room-gone", room: "rHall" });
  opening.shift()?.();
  await turn();
  await turn();
  const offers = events.filter((event) => event.kind === "offered");
  expect(offers.map(({ room, name }) => `${room} ${name}`)).toEqual(["rLobby open.png"]);
  expect(events.at(-1)).toEqual({ kind: "room-gone", room: "rHall" as RoomId });
});
