import { Fault } from "../../src/base/fault.ts";
import type { FileId } from "../../src/base/ids.ts";
import type { Client } from "../../src/client/client.ts";
import { deviceIdOf } from "../../src/crypto/device-id.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { STAMPS } from "../../src/wire/messages.ts";
import { type Head, type LogRecord, parseBody } from "../../src/wire/record.ts";
import { pngHead } from "../cli/screen/pictures/test-png.ts";
import type { Device, Home } from "./device.ts";
import { OPERATOR_TOKEN } from "./machine.ts";
import { check, type ReferenceModel } from "./reference-model.ts";
import { SERVER_WIDE, settingChangeOf } from "./settings.ts";

export interface RequestChoice extends Choice {
  readonly kind: keyof typeof REQUESTS;
}

interface Choice {
  readonly room: string;
  readonly user: string;
  readonly on: boolean;
  /** Number of messages between the newest and the affected one. */
  readonly back: number;
  readonly number: number;
}

export interface RequestContext {
  readonly model: ReferenceModel;
  readonly devices: readonly Device[];
  unixMs(): number;
  addNewcomer(secret: string): void;
  readonly newcomer: string | undefined;
  addRecovery(token: string): void;
}

interface About extends Choice {
  readonly device: Device;
  readonly client: Client;
  readonly world: RequestContext;
}

type SendRequest = (about: About) => Promise<unknown>;

/** A few rounds of concurrent changes exceed the entries that an account's log can hold. */
const TOGGLES_MAX = 60;
const PUPILS_MAX = 20;
const NO_ROOM = "rAAAAAAAAAAA";
const MUTES_UNTIL = [0, 4_000_000_000_000, 1];
const KEEP_MS = 60_000;
const POINT = new Uint8Array(65).fill(4);

function roomOf({ client, world, number }: About): string {
  const own = client.rooms.map(({ id }): string => id);
  const rooms = number % 10 === 9 ? [...world.model.rooms.keys()] : own;
  return rooms[number % Math.max(1, rooms.length)] ?? NO_ROOM;
}

function seqOf(about: About, fits: (head: Head, user: string) => boolean = () => true): number {
  const { device, world, back, number } = about;
  const { model } = world;
  const user = model.idOf(device.home.user) ?? "";
  if (number % 8 === 7) return Math.max(1, model.records.length - back);
  return model.messageSeq(back, (head) => model.isMember(user, head.room) && fits(head, user));
}

function pinnableSeq(about: About): number {
  const { model } = about.world;
  return seqOf(about, ({ room }, user) => model.canModerate(user, room));
}

function ownSeq(about: About): number {
  return seqOf(about, ({ by }, user) => by === user);
}

function asOperator(kind: SendRequest): SendRequest {
  return async (about) => {
    const { device, client, world } = about;
    world.model.addOperator(device.home.user);
    await client.request("operate", { token: OPERATOR_TOKEN });
    return kind(about);
  };
}

/** An acknowledged change must have taken effect, in order. */
async function prefsSet(about: About, room: string): Promise<void> {
  const { number } = about;
  const fields = {
    room,
    ...(number % 2 === 0 ? { muted: MUTES_UNTIL[number % 3] } : {}),
    ...(number % 3 === 0 ? { favourite: number % 6 === 0 } : {}),
    ...(number % 5 === 0 ? { hidden: number } : {}),
    ...(number % 7 === 0 ? { unread: 1 + number } : {}),
  };
  const acknowledge = about.device.expectChange(settingChangeOf(fields));
  await about.client.requestOnce("prefs-set", fields);
  acknowledge();
}

async function save(about: About, seq: number, on: boolean): Promise<void> {
  const room = about.world.model.records[seq - 1]?.head.room ?? NO_ROOM;
  const acknowledge = about.device.expectChange(settingChangeOf({ room, seq, on }));
  await about.client.requestOnce("save", { room, seq, on });
  acknowledge();
}

async function follow(about: About, seq: number, on: boolean): Promise<void> {
  const room = about.world.model.records[seq - 1]?.head.room ?? NO_ROOM;
  const fields = { room, seq, on, read: seq };
  const acknowledge = about.device.expectChange(settingChangeOf(fields));
  await about.client.requestOnce("follow", fields);
  acknowledge();
}

async function settleAll(requests: readonly Promise<unknown>[]): Promise<void> {
  for (const one of await Promise.allSettled(requests)) {
    if (one.status === "rejected" && !(one.reason instanceof Fault)) throw one.reason;
  }
}

function toggle(about: About): Promise<void> {
  const seq = seqOf(about);
  const count = about.number % 4 === 0 ? TOGGLES_MAX : 2 + (about.number % 5);
  return settleAll(
    Array.from({ length: count }, (_, i) => save(about, seq + (i % 3), i % 2 === 0)),
  );
}

async function announce({ client, device }: About, text: string): Promise<void> {
  const acknowledge = device.expectChange({ key: "announced", value: text }, SERVER_WIDE);
  await client.requestOnce("announce", { text });
  acknowledge();
}

async function closeRegistration({ client, device }: About, closed: boolean): Promise<void> {
  const acknowledge = device.expectChange(
    { key: "registration", value: closed ? "closed" : "" },
    SERVER_WIDE,
  );
  await client.requestOnce("registration", { closed });
  acknowledge();
}

function homeOf({ device, world, number }: About): Home {
  const homes = world.devices.map(({ home }) => home);
  const own = homes.filter(({ user }) => user === device.home.user);
  return own[number % own.length] ?? device.home;
}

async function reset({ client, world, user, on }: About): Promise<void> {
  if (on) for (const { home } of world.devices) if (home.user === user) home.markSignedOut();
  const { token } = await client.request("reset", { user, signOut: on });
  world.addRecovery(token);
}

async function changeIrcPasswords({ client, number, on }: About): Promise<void> {
  await client.request("irc-password", on ? { label: `client ${number}` } : {});
  const { passwords } = await client.request("irc-passwords", {});
  const { id = 1 } = passwords[number % (passwords.length + 1)] ?? {};
  await client.request("irc-password-revoke", { id });
}

async function changeAvatar({ client, number, on, user }: About): Promise<void> {
  const picture = pngHead(1 + (number % 512), 1);
  await Promise.all([
    client.request("avatar-set", on ? { picture } : {}),
    client.request("avatars", { users: [user] }),
    client.request("avatar", { user }),
  ]);
}

/** Half of the devices compete for one name. */
async function changeDisplayName({ client, number, on, user }: About): Promise<void> {
  const text = on ? (number % 2 === 0 ? "Añá Ruíz" : `Ana Ruiz ${number % 50}`) : "";
  await client.request("display-name", { text });
  await client.request("display-names", { users: [user] });
}

async function revokeInvite({ client }: About): Promise<void> {
  const { invite } = await client.request("invite", { uses: 1 });
  await client.request("invite-revoke", { invite });
}

export function ruleChange(on: boolean, number: number) {
  const who = on ? "moderators" : "everyone";
  const changes = [
    ...[{ post: who }, { topic: who }, { everyone: who }, { slow: on ? 1 + (number % 3) : 0 }],
    ...[{ join: on ? "approval" : "open" }, { join: "password", password: "open sesame" }],
    { newcomers: on },
  ] as const;
  return changes[number % changes.length];
}

function changeRules({ client, room, on, number }: About): Promise<unknown> {
  return client.request("rules", { room, ...ruleChange(on, number) });
}

function fileOf({ world, number }: About): FileId {
  const files = [...world.model.files.keys()];
  return (files[number % Math.max(1, files.length)] ?? "fAAAAAAAAAAA") as FileId;
}

function pollSeq({ model }: About["world"]): number {
  const isPoll = (record: LogRecord) =>
    record.head.kind === "text" && parseBody(record)?.["poll"] !== undefined;
  return model.records.findLast(isPoll)?.head.seq ?? 1;
}

const COMMON: readonly RequestChoice["kind"][] = [
  ...([
    "prefs-set",
    "prefs-twice",
    "save",
    "toggle",
    "pin",
    "receipts",
    "readers",
    "inbox",
    "unread",
  ] as const),
  ...(["poll", "vote", "vote"] as const),
  ...(["typing", "ignore", "push-subscribe", "upload", "upload-held"] as const),
];
const COMMON_TIMES = 4;

export const REQUESTS = {
  prefs: ({ client }) => client.request("prefs", {}),
  "prefs-set": (about) => prefsSet(about, roomOf(about)),
  "prefs-twice": (about) => {
    const room = roomOf(about);
    return settleAll([prefsSet(about, room), prefsSet({ ...about, number: 1 }, room)]);
  },
  save: (about) => save(about, seqOf(about), about.on),
  follow: (about) => follow(about, seqOf(about), about.on),
  toggle,
  pin: (about) => about.client.request("pin", { seq: pinnableSeq(about), on: about.on }),
  pins: ({ client, room }) => client.request("pins", { target: room }),
  receipts: ({ client, room, on }) => client.request("receipts", { target: room, on }),
  hand: ({ client, room, on, number, user }) =>
    client.request("hand", { room, on, ...(number % 3 === 0 ? { user, call: !on } : {}) }),
  wall: ({ client, room, on, number, user }) =>
    client.request("wall", {
      room,
      on: number % 7 !== 0,
      ...(on ? { line: `Page ${number}` } : { runs: number % 2 === 0, leftMs: number }),
      ...(number % 5 === 0 ? { round: on ? [user] : [], turn: number % 3 } : {}),
    }),
  poll: async ({ client, device, world, room, on, number }) => {
    const poll = { options: 3, many: number % 2 === 0, anonymous: number % 3 === 0 };
    if (on) return device.postPoll(room, poll);
    return client.request("poll", { seq: pollSeq(world) });
  },
  /** No room of a world is a box, so each stamp is refused, also that of a moderator. */
  stamp: async ({ device, room, number }) => {
    device.postStamp(room, STAMPS[number % STAMPS.length]);
  },
  vote: ({ client, world, number }) => {
    const choices = number % 5 === 0 ? [1, 2] : [1 + (number % 4)];
    return client.request("vote", { seq: pollSeq(world), choices });
  },
  conversation: ({ client, user, world, number }) => {
    const others = world.devices.map(({ home }) => home.user);
    const users = [user, ...others].slice(0, 2 + (number % 3));
    return client.request("conversation", { users });
  },
  knock: ({ client, room, on, number, user }) =>
    client.request("knock", { room, on, ...(number % 3 === 0 ? { user } : {}) }),
  rules: changeRules,
  "rules-of-operator": asOperator(changeRules),
  // Rooms compete for one name.
  profile: ({ client, room, on, number }) =>
    client.request("profile", {
      room,
      title: on ? (["Labor Ä", `Room ${number % 20}`][number % 2] ?? "") : "",
      ...(number % 3 === 0 ? { mark: on ? "🌋" : "", chalk: number % 13 } : {}),
    }),
  "receipts-here": (about) => {
    const { model } = about.world;
    const room = model.rooms.get(model.records[pinnableSeq(about) - 1]?.head.room ?? "");
    const other = room?.pair.find((item) => item !== model.idOf(about.device.home.user));
    const target = room?.name ?? `@${model.nameOf(other ?? "") ?? about.user}`;
    return about.client.request("receipts", { target, on: about.on });
  },
  inbox: async ({ client }) => {
    const { rooms, calls } = await client.request("inbox", {});
    const listed = new Set(rooms.map(({ room }) => room));
    check(
      calls.every(({ room }) => listed.has(room)),
      () => "a call is in a room that the inbox does not list",
    );
  },
  unread: async (about) => {
    const room = roomOf(about);
    const { unread, people } = await about.client.request("unread", { room });
    const counted = people.reduce((sum, one) => sum + one.unread, 0);
    check(counted <= unread, () => "people wrote more than is unread");
  },
  readers: (about) => about.client.request("readers", { seq: ownSeq(about) }),
  handed: (about) => about.client.request("handed", { room: about.room }),
  collect: (about) => about.client.request("collect", { room: about.room }),
  typing: (about) => about.client.request("typing", { room: roomOf(about), on: about.on }),
  ignore: ({ client, user, on }) => client.request("ignore", { user, on }),
  bot: ({ client, on }) => client.request("bot", { on }),
  ignored: ({ client }) => client.request("ignored", {}),
  addresses: ({ client }) => client.request("addresses", {}),
  whois: ({ client, user }) => client.request("whois", { user }),
  "write-limit": ({ client, user }) => client.request("write-limit", { target: `@${user}` }),
  "push-key": ({ client }) => client.request("push-key", {}),
  "push-subscribe": ({ client, device }) =>
    device.home.changePush(true, () => {
      const endpoint = `https://push.example/${device.home.name}`;
      return client.request("push-subscribe", { endpoint, key: POINT, auth: POINT.slice(0, 16) });
    }),
  "push-unsubscribe": ({ client, device }) =>
    device.home.changePush(false, () => client.request("push-unsubscribe", {})),
  devices: ({ client }) => client.request("devices", {}),
  revoke: (about) => {
    const home = homeOf(about);
    home.markSignedOut();
    return about.client.request("revoke", { device: deviceIdOf(home.device.publicKey, sha256) });
  },
  "irc-password": changeIrcPasswords,
  "avatar-set": changeAvatar,
  "display-name": changeDisplayName,
  forget: ({ device }) => device.relogin(true),
  "erase-all": ({ client }) => client.request("erase-all", {}),
  upload: ({ device, room, number }) => device.upload(room, number),
  "upload-held": ({ device, room, on }) => device.holdUpload(room, on),
  fetch: (about) => about.device.fetchFile(fileOf(about)),
  download: async (about) => {
    await about.client.request("uploads", {});
    return about.client.request("download", { file: fileOf(about) });
  },
  inclusion: ({ client, world }) => {
    const size = Math.max(1, world.model.records.length);
    return client.request("inclusion", { size, seqs: [size] });
  },
  invite: async ({ client, world }) => {
    const { token } = await client.request("invite", { uses: 1 });
    world.addNewcomer(token);
  },
  newcomer: ({ world }) => Promise.resolve(world.addNewcomer("")),
  "invite-user": ({ client, room, user }) => client.request("invite-user", { room, user }),
  invites: ({ client }) => client.request("invites", {}),
  "invite-revoke": asOperator(revokeInvite),
  registration: ({ client }) => client.request("registration", {}),
  "registration-closed": asOperator((about) => {
    const { model, devices } = about.world;
    const isKnown = devices.every(({ home }) => model.idOf(home.user) !== undefined);
    const closed = isKnown ? [true, false, about.on] : [false];
    return settleAll(closed.map((item) => closeRegistration(about, item)));
  }),
  "server-rules": asOperator(({ client, on, number }) => {
    const who = (["everyone", "moderators", "operators"] as const)[number % 3] ?? "everyone";
    const rooms = on ? ("everyone" as const) : ("operators" as const);
    const rule = number % 2 === 0 ? { direct: who } : { files: who, rooms };
    const open = { direct: "everyone", rooms: "everyone", files: "everyone" } as const;
    return settleAll([client.request("server-rules", rule), client.request("server-rules", open)]);
  }),
  reset: asOperator(reset),
  enrol: asOperator(({ client, number }) =>
    client.request("enrol", { user: `pupil${number % PUPILS_MAX}` }),
  ),
  add: asOperator(({ client, room, user }) => client.request("add", { room, user })),
  "sign-out": asOperator(({ client, world, user }) => {
    for (const { home } of world.devices) if (home.user === user) home.markSignedOut();
    return client.request("sign-out", { user });
  }),
  close: asOperator(({ client, room, on }) => client.request("close", { room, on })),
  "rename-room": asOperator(({ client, room, on }) =>
    client.request("rename", on ? { room, to: `${room}x` } : { room: `${room}x`, to: room }),
  ),
  "remove-room": asOperator(({ client, room }) => client.request("remove", { room })),
  "external-id": asOperator(({ client, number, on, user }) =>
    client.request("external-id", { user, value: on ? `00${number % 9}` : "" }),
  ),
  "rename-user": asOperator(async ({ client, world: { newcomer: user } }) => {
    if (user !== undefined) await client.request("rename", { user, to: `${user}r` });
  }),
  "remove-user": asOperator(async ({ client, world: { newcomer: user } }) => {
    if (user !== undefined) await client.request("remove", { user });
  }),
  retention: asOperator(({ client, room, on }) =>
    client.request("retention", { room, ...(on ? { keepMs: KEEP_MS } : {}) }),
  ),
  bans: asOperator(({ client }) => client.request("bans", {})),
  announce: asOperator((about) => {
    const texts = [`announcement ${about.number}`, ""];
    return settleAll(texts.slice(about.on ? 0 : 1).map((text) => announce(about, text)));
  }),
  watch: asOperator(({ client, on }) => client.request("watch", { on })),
  clients: asOperator(({ client }) => client.request("clients", {})),
  transfers: asOperator(({ client }) => client.request("transfers", {})),
  stats: asOperator(({ client }) => client.request("stats", {})),
  clock: asOperator(({ client }) => client.request("clock", { accept: true })),
  samples: asOperator(({ client }) => client.request("samples", {})),
  events: asOperator(({ client }) => client.request("events", {})),
  decisions: asOperator(({ client }) => client.request("decisions", {})),
  accounts: asOperator(({ client, on: memberships }) =>
    client.request("accounts", { memberships }),
  ),
  "all-rooms": asOperator(({ client }) => client.request("all-rooms", {})),
  "all-groups": asOperator(({ client }) => client.request("all-groups", {})),
  "remove-groups": asOperator(({ client, user }) => client.request("remove-groups", { user })),
  "all-files": asOperator(({ client }) => client.request("all-files", {})),
  cancel: asOperator(async ({ client, user }) => {
    const { transfers } = await client.request("transfers", {});
    const file = transfers[0]?.file ?? "fAAAAAAAAAAA";
    await client.request("cancel", { file, user, direction: "up" });
  }),
} as const satisfies Readonly<Record<string, SendRequest>>;

export const REQUEST_KINDS: readonly RequestChoice["kind"][] = [
  ...(Object.keys(REQUESTS) as RequestChoice["kind"][]),
  ...Array.from({ length: COMMON_TIMES }, () => COMMON).flat(),
];

export function sendRequest(question: RequestChoice, device: Device, world: RequestContext): void {
  const kind: SendRequest = REQUESTS[question.kind];
  device.request((client) => kind({ ...question, client, device, world }));
}
