import { expect, test } from "bun:test";
import { utf8Encode } from "../../src/base/bytes.ts";
import { AccountFeed } from "../../src/client/account-feed.ts";
import type { ClientEvent } from "../../src/client/event.ts";
import type { FollowerEvent } from "../../src/client/follower.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import type { Fingerprint } from "../../src/wire/fingerprint.ts";

const CONNECTED = {
  kind: "connected",
  server: "town",
  address: "127.0.0.1:2428",
  user: "ana",
  transport: "memory",
  fingerprint: "x" as Fingerprint,
  welcome: undefined,
  registered: false,
} as const;
const LOBBY = { kind: "room", room: "rLobby", name: "lobby", n: 1, skipped: 0 } as const;

test("a room that goes before a new link has told of it is told as gone", () => {
  const events: ClientEvent[] = [];
  const follower = new AccountFeed("all", undefined, sha256, {
    event: (event) => void events.push(event),
    saw: () => undefined,
    cursor: () => {},
    rewind: () => {},
    hole: () => {},
  });
  follower.connected(CONNECTED);
  follower.notice(LOBBY);
  follower.notice({ kind: "caught-up", seq: 1 });
  follower.connected(CONNECTED); // Lost before it told of anything.
  follower.connected(CONNECTED);
  follower.notice({ kind: "room-gone", room: "rLobby" });
  follower.notice({ kind: "caught-up", seq: 2 });
  expect(events.map(({ kind }) => kind)).toEqual([
    "connected",
    "caught-up",
    "connected",
    "room-gone",
    "caught-up",
  ]);
});

test("what an earlier link told is told before the next one begins, however late", async () => {
  const events: string[] = [];
  const followed: FollowerEvent["kind"][] = [];
  const opening: (() => void)[] = [];
  const feed = new AccountFeed("all", undefined, sha256, {
    event: (event) => {
      const rooms = event.kind === "connected" ? event.rooms.map(({ name }) => name) : [];
      const n = event.kind === "record" ? [event.record.n] : [];
      events.push([event.kind, ...rooms, ...n].join(" "));
    },
    followed: ({ kind }) => void followed.push(kind),
    opener: {
      opens: () => true,
      open: (records) => new Promise((resolve) => opening.push(() => resolve(records))),
    },
    saw: () => undefined,
    cursor: () => {},
    rewind: () => {},
    hole: () => {},
  });
  const vault = { kind: "room", room: "rVault", name: "vault", n: 1, skipped: 0 } as const;
  feed.connected(CONNECTED);
  feed.notice(LOBBY);
  feed.notice({ kind: "caught-up", seq: 1 });
  feed.notice(vault);
  for (const n of [1, 2]) feed.notice({ kind: "record", head: headOf(n) });
  feed.notice({ ...vault, n: 3 });
  // The next link knows no room of that name, until somebody lets this account in again.
  feed.connected(CONNECTED);
  feed.notice(LOBBY);
  feed.notice({ kind: "caught-up", seq: 3 });
  feed.notice(vault);
  feed.notice({ kind: "record", head: headOf(1) });
  followed.splice(0);
  for (let opened = opening.shift(); opened !== undefined; opened = opening.shift()) {
    opened();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(events).toEqual([
    ...["connected lobby", "caught-up", "room", "record 1", "record 2"],
    ...["connected lobby", "caught-up", "room", "record 1"],
  ]);
  const links = ["record", "record", "connected", "room", "caught-up", "room", "record"] as const;
  expect(followed.filter((kind) => kind !== "cursor")).toEqual([...links]);
});

test("that a link which is gone had told all is not told of the next one", async () => {
  const followed: FollowerEvent["kind"][] = [];
  let opened = () => {};
  const feed = new AccountFeed("all", undefined, sha256, {
    event: () => {},
    followed: ({ kind }) => void followed.push(kind),
    opener: {
      opens: () => true,
      open: (records) =>
        new Promise((resolve) => {
          opened = () => resolve(records);
        }),
    },
    saw: () => undefined,
    cursor: () => {},
    rewind: () => {},
    hole: () => {},
  });
  const vault = { kind: "room", room: "rVault", name: "vault", n: 1, skipped: 0 } as const;
  feed.connected(CONNECTED);
  feed.notice(vault);
  feed.notice({ kind: "record", head: headOf(1) });
  feed.notice({ ...vault, n: 2 });
  feed.notice({ kind: "caught-up", seq: 2 });
  feed.connected(CONNECTED);
  opened();
  await new Promise((resolve) => setImmediate(resolve));
  expect(followed).toEqual(["connected", "room", "record", "cursor", "connected"]);
});

function headOf(n: number): Uint8Array {
  const head = { seq: n + 1, n, time: 1, kind: "sealed", room: "rVault", id: `x.${n}`, commit: "" };
  return utf8Encode(JSON.stringify(head));
}
