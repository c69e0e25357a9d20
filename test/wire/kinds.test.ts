import { expect, test } from "bun:test";
import { join } from "node:path";
import { utf8Encode } from "../../src/base/bytes.ts";
import type { RoomId, UserId } from "../../src/base/ids.ts";
import type { Name } from "../../src/base/names.ts";
import { bodyJson, displayBody } from "../../src/cli/output/records.ts";
import type { ChatRecord } from "../../src/core/client/chat-record.ts";
import { claimsOf } from "../../src/core/cluster/claims.ts";
import { erasuresOf } from "../../src/core/log/erasures.ts";
import { noteChange } from "../../src/core/model/changes.ts";
import { hasNoItem, itemOf } from "../../src/core/model/item.ts";
import { Registry } from "../../src/core/rooms/accounts.ts";
import { Files } from "../../src/core/rooms/files.ts";
import { Rooms } from "../../src/core/rooms/rooms.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { fieldsOf, type RecordKind } from "../../src/wire/kinds.ts";
import { type FoldedRecord, parseBody } from "../../src/wire/record.ts";
import { ANA, BEN, EVE, ROOM } from "../core/ledger.ts";
import { expectGoldenRow, RECORDS_GOLDEN } from "../golden.ts";
import { sampleSize } from "../samples.ts";

/** CHAT_GOLDEN=write records the digests of new kinds and of kinds that are read otherwise. */
const DIGESTS = join(import.meta.dir, "../vectors/bodies.json");
const DIGEST_LENGTH = 16;
const DIRECT = "dDDDDDDDDDDDDDDDDDDDDDD" as RoomId;
const FILE = { file: "fAAECAwQFBgc", name: "a.txt", size: 3, chunks: 1, digest: "a".repeat(64) };
const GROUP = { group: "Zw", epoch: 1, commitId: "Yw", device: "ZGV2", info: "aQ" };
const MEMBER = { user: BEN, name: "ben" };
const PASSWORD = { password: "$argon2id$1" };

const BODIES = {
  room: { name: "Dev", locked: true, sealed: true, direct: [ANA, BEN] },
  join: { name: "ana" },
  leave: { name: "ana", reason: "bye" },
  topic: { topic: "bugs" },
  profile: { title: "Lab 1", mark: "🌋", chalk: 3 },
  text: {
    text: "hi @ben",
    notice: true,
    re: 4,
    mentions: ["ben"],
    imported: { from: "x", time: 1 },
  },
  action: {
    text: "waves",
    re: 4,
    thread: true,
    mentions: ["ben"],
    imported: { from: "x", time: 1 },
  },
  reaction: { react: "+1", re: 4, imported: { from: "x", time: 1 } },
  edit: { seq: 4, text: "new", mentions: ["ben"] },
  erase: { seq: 4, also: [5, 6], retention: true, replaces: 3 },
  kick: { ...MEMBER, removed: true, reason: "spam" },
  mute: { ...MEMBER, on: true, until: 9e12 },
  admission: { ...MEMBER, on: true },
  grant: { ...MEMBER, on: true },
  file: {
    text: "see @ben",
    files: [
      { ...FILE, folder: { entries: 2, manifestBytes: 9 }, details: { mode: 0o700, mtimeMs: -1 } },
    ],
  },
  rename: { was: "Dev", name: "Ops", user: BEN },
  close: { on: true },
  remove: { vacant: true },
  retention: { keepMs: 86_400_000 },
  pin: { seq: 4, on: true },
  receipts: { on: true },
  hand: { user: BEN, name: "ben", on: true },
  wall: { on: true, scene: "timer", names: "full", line: "p. 12", lengthMs: 300_000, leftMs: 9 },
  poll: { seq: 4, on: true, options: 3, many: true, anonymous: true, until: 5 },
  vote: { re: 4, choices: [1, 3], voter: "dm90ZXI" },
  knock: { user: BEN, name: "ben", on: true },
  rules: {
    post: "moderators",
    topic: "everyone",
    slow: 30,
    join: "approval",
    everyone: "everyone",
  },
  group: { ...GROUP, commit: "Yg", welcome: "dw", added: [["ZGV2", BEN]], removed: [], instead: 9 },
  sealed: { epoch: 1, data: "ZA", reason: "broken" },
  checkpoint: { note: "x" },
  fork: { from: "x", keptSize: 3 },
  clock: { to: 3 },
  account: { name: "eve", accountKey: "AAAA", device: "ZGV2", cert: "Yw", lost: true, ...PASSWORD },
  "account-name": { name: "anna" },
  "display-name": { text: "Anna Ruíz" },
  "external-id": { value: "0051234567" },
  "account-gone": { replaces: 2, also: [4] },
  device: { device: "ZGV2", cert: "Yw" },
  "device-gone": { device: "AAAA" },
  password: { ...PASSWORD, replaces: 2, also: [1], seq: 1 },
  reset: { hash: "aA", expires: 9e12, signsOut: true },
  avatar: { picture: "iVBORw" },
  "avatar-gone": { also: [4] },
  "irc-password": { hash: "aA", label: "WeeChat" },
  "irc-password-gone": { also: [4] },
  "room-password": PASSWORD,
  ban: { on: true, address: "::1", until: 9e12, reason: "spam" },
  bot: { on: true },
  role: { operator: true },
  registration: { closed: true },
  "server-rules": { direct: "moderators", rooms: "operators", files: "operators" },
  "server-clock": { to: 3 },
  announcement: { text: "soon" },
  invite: {
    hash: "aB",
    uses: 2,
    expires: 9e12,
    room: ROOM,
    post: ROOM,
    read: ROOM,
    operator: true,
  },
  "invite-used": {},
  "invite-gone": {},
  ignore: { user: BEN, on: true },
  prefs: {
    room: ROOM,
    muted: 1,
    favourite: true,
    hidden: 2,
    unread: 3,
    seq: 4,
    on: true,
    thread: 5,
    read: 6,
    all: {
      rooms: [{ room: ROOM, muted: 2 }],
      saved: [{ room: ROOM, seq: 3, on: true }],
      follows: [{ room: ROOM, thread: 3, on: true, read: 4 }],
    },
  },
  "prefs-erase": { also: [4] },
  identity: { old: "AAAA", new: "BBBB", signature: "CCCC" },
} satisfies Record<RecordKind, object>;

const VALUES: readonly unknown[] = [
  ...[undefined, null, true, false, 0, 1, 3, -1, 2.5, 1e300, "", "x", "Ops", "ana", BEN, "-"],
  ...[[], [5, "6", 2.5, null, 3], [ANA, BEN], [ANA, BEN, EVE], [["ZGV2", BEN]], [["ZGV2", 1]]],
  ...[{}, { entries: 1, manifestBytes: 5, from: 7, rooms: 1, time: 5 }, [{ user: "eve" }]],
  ...[[FILE, { ...FILE, file: "fBBBBBBBBBBB", folder: { entries: 2, manifestBytes: 9 } }]],
  ...[
    [FILE, FILE],
    [FILE, { ...FILE, file: "?" }],
    [{ ...FILE, digest: "x" }, null],
  ],
];

let seq = 0;
function record(kind: RecordKind, room: string, body: unknown, by: string = ANA): FoldedRecord {
  seq += 1;
  const position = {
    v: 1,
    seq,
    n: seq,
    time: 1_800_000_000_000 + seq,
    room: room as RoomId,
  } as const;
  const head = { ...position, kind, by: by as UserId, id: kind === "file" ? FILE.file : "" };
  return { head, bodyBytes: utf8Encode(JSON.stringify(body) ?? "") };
}

const OPEN = "rOOOOOOOOOOO";
const HISTORY = [
  ...[record("room", ROOM, { name: "Dev", locked: true }), record("join", ROOM, {})],
  ...[record("join", ROOM, {}, BEN), record("text", ROOM, { text: "hi" })],
  ...[record("edit", ROOM, { seq: 4, text: "ho" }), record("file", ROOM, { files: [FILE] })],
  ...[record("pin", ROOM, { seq: 4, on: true }), record("mute", ROOM, { user: BEN, on: true })],
  record("group", ROOM, { ...GROUP, epoch: 0, added: [["AAAA", BEN]], removed: [] }),
  ...[record("grant", ROOM, { user: BEN, on: true }), record("receipts", ROOM, { on: true })],
  record("retention", ROOM, { keepMs: 86_400_000 }),
];
seq = 0;
const ACCOUNTS = [
  record("account", ANA, { name: "ana", accountKey: "AAAA", device: "AAAA", cert: "Yw" }),
  ...[
    record("password", ANA, PASSWORD),
    record("account", BEN, { name: "ben", accountKey: "BBBB" }),
  ],
  ...[
    record("prefs", ANA, { room: ROOM, muted: 5 }),
    record("reset", ANA, { hash: "r", expires: 9 }),
  ],
  ...[record("ban", BEN, { on: true }), record("role", ANA, { operator: true })],
  ...[
    record("invite", "i1", { hash: "h", uses: 1 }),
    record("announcement", "server", { text: "a" }),
  ],
];

function jsonOf(state: unknown): string {
  return JSON.stringify(state, (_, value: unknown) => {
    if (value instanceof Uint8Array) return value.toHex();
    if (typeof value === "object" && value !== null && Symbol.iterator in value) {
      return [...(value as Iterable<unknown>)];
    }
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    if (!isObject) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function registryOf(registry: Registry): unknown {
  const { policy, predecessors, successor, head, namesVersion } = registry;
  const accounts = [ANA, BEN, EVE].map((id) => {
    const account = registry.get(id);
    if (account === undefined) return undefined;
    const ircPasswords = account.ircPasswords.size === 0 ? undefined : account.ircPasswords;
    const avatars = account.avatars[0] && account.avatars;
    const isBot = account.isBot || undefined;
    const follows = account.prefs?.follows.size === 0 ? undefined : account.prefs?.follows;
    const prefs = account.prefs && { ...account.prefs, follows };
    return { ...account, prefs, ircPasswords, avatars, isBot, lastN: undefined };
  });
  const names = ["ana", "anna", "ben", "eve", "Ops"].map(
    (name) => registry.findWithRemoved(name as Name)?.id,
  );
  const policyState = [policy.bans(0), policy.invites(0), policy.isClosed, policy.announced];
  const roles = [ANA, BEN].map((id) => policy.isOperator(id));
  const codes = ["r", "aA", "x"].map((hash) => registry.byReset(hash, 0)?.id);
  const last = [registry.roomPassword(ROOM), policy.inviteByHash("h"), policy.inviteByHash("aB")];
  return {
    predecessors,
    successor,
    head,
    namesVersion,
    people: accounts,
    names,
    house: policyState,
    roles,
    codes,
    last,
  };
}

function outcomeOf(kind: RecordKind, room: string, body: unknown, state: object): string {
  const logs = [HISTORY, ACCOUNTS].map((before) => {
    seq = before.length;
    return [...before, { ...record(kind, room, body), ...state }];
  });
  const [rooms, files, registry] = [new Rooms(), new Files(), new Registry()];
  for (const one of logs[0] ?? []) {
    rooms.apply(one);
    files.apply(one);
  }
  for (const one of logs[1] ?? []) registry.apply(one);
  const [last] = logs[0]?.slice(-1) ?? [];
  if (last === undefined) throw new Error("no record");
  const { head } = last;
  const read = parseBody(last);
  const view = { seq: head.seq, n: head.n, timeUnixMs: head.time, kind, from: "ana", id: "" };
  const displayed = {
    ...view,
    state: read === undefined ? "damaged" : "whole",
    body: read,
  } as const;
  const roomView = { kind: "room", name: "Dev", id: ROOM, topic: "" } as const;
  const chat: ChatRecord = { ...displayed, room: roomView };
  const changes = new Map();
  const claims = claimsOf({ kind, room: head.room, by: head.by, id: head.id, body: read });
  const folds = [rooms.value(), files.value(), registryOf(registry), erasuresOf(last)];
  const model = [
    itemOf(chat, "ben", () => false),
    hasNoItem(chat),
    noteChange(changes, chat),
    changes,
  ];
  return jsonOf([claims, folds, model, bodyJson(displayBody(displayed))]);
}

/** Rooms and accounts of a record; the first two matter to most kinds. */
function placesOf(kind: RecordKind): readonly string[] {
  return kind === "room" ? [DIRECT, OPEN, ROOM] : [ROOM, ANA, EVE, "server", "i1"];
}

function digestIn(room: string, kind: RecordKind): string {
  const example: Record<string, unknown> = BODIES[kind];
  const bodies: unknown[] = [example, {}, null, "x", [1], 3, undefined];
  for (const field of Object.keys(example)) {
    for (const value of VALUES) bodies.push({ ...example, [field]: value }, { [field]: value });
  }
  const outcomes = [
    ...bodies.map((body) => outcomeOf(kind, room, body, {})),
    ...[{ damaged: true }, { erased: 99 }].map((state) =>
      outcomeOf(kind, room, example, { ...state, bodyBytes: undefined }),
    ),
  ];
  return sha256(utf8Encode(outcomes.join("\n")))
    .toHex()
    .slice(0, DIGEST_LENGTH);
}

test.each(Object.keys(BODIES) as RecordKind[])("parses bodies of %s", (kind) => {
  const places = placesOf(kind);
  const count = RECORDS_GOLDEN ? places.length : Math.max(2, sampleSize(places.length, 5));
  for (const [index, room] of places.slice(0, count).entries()) {
    expectGoldenRow(DIGESTS, `${kind} ${index}`, digestIn(room, kind));
  }
});

test("drops a field of another type and keeps the others", () => {
  const body = { user: BEN, name: 7, on: "yes", until: 2.5, later: true };
  expect(fieldsOf("mute", body)).toEqual({ user: BEN, until: 2.5 });
  const counts = [-1, 1.5, 2 ** 53, "1", null].map((seq) => fieldsOf("pin", { seq, on: true }));
  expect(counts).toEqual(counts.map(() => ({ on: true })));
  const pairs = [[ANA], [ANA, 2], [ANA, BEN, EVE]].map((direct) => fieldsOf("room", { direct }));
  expect(pairs).toEqual([{}, {}, {}]);
  expect(fieldsOf("group", { added: [[ANA, BEN]], removed: [[ANA]] })).toEqual({
    added: [[ANA, BEN]],
  });
});

test("leaves a field to the reader if malformed and absent values differ", () => {
  expect(fieldsOf("rename", { user: null })).toEqual({ user: null });
  expect(fieldsOf("prefs", { seq: "x" })).toEqual({ seq: "x" });
});
