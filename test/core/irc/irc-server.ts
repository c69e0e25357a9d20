import { AwayReasons } from "../../../src/core/irc/away.ts";
import { AskSchedule } from "../../../src/core/irc/deliveries.ts";
import { MemberLists } from "../../../src/core/irc/member-lists.ts";
import type { IrcServer } from "../../../src/core/irc/server.ts";
import { LiveTimes } from "../../../src/core/irc/shown-times.ts";
import { TokenBuckets } from "../../../src/core/rate.ts";
import { Registry } from "../../../src/core/rooms/accounts.ts";
import { Rooms } from "../../../src/core/rooms/rooms.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";

/** State of a server without rooms and accounts, unless they are given. */
export function ircServer(fields: Partial<IrcServer> = {}): IrcServer {
  const { registry = new Registry() } = fields;
  return {
    name: "site",
    version: "test",
    startedUnixMs: 0,
    sha256,
    rooms: new Rooms(),
    registry,
    memberLists: new MemberLists(registry),
    askSchedule: new AskSchedule(),
    reactions: new Map(),
    away: new AwayReasons(
      () => 1,
      () => {},
    ),
    lines: new TokenBuckets(1, 1),
    work: new TokenBuckets(1, 1),
    pace: new TokenBuckets(1, 1),
    texts: new WeakMap(),
    liveTimes: new LiveTimes(),
    unixMs: () => 0,
    expiryUnixMs: () => 0,
    entropy: (count) => new Uint8Array(count),
    onlineCount: () => 0,
    isOnline: () => false,
    ownRecords: { ownShown: () => 0, showOwn: () => {} },
    fileAddress: () => undefined,
    ...fields,
  };
}
