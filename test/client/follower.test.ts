import { expect, test } from "bun:test";
import { AccountFeed } from "../../src/client/account-feed.ts";
import type { ClientEvent } from "../../src/client/event.ts";
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
