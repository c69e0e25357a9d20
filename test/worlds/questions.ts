import { Fault } from "../../src/base/fault.ts";
import type { FileId } from "../../src/base/ids.ts";
import type { Client } from "../../src/client/client.ts";
import { deviceIdOf } from "../../src/crypto/device-id.ts";
import type { Head } from "../../src/wire/record.ts";
import type { Device, Home } from "./device.ts";
import { OPERATOR_TOKEN } from "./machine.ts";
import { HOUSE, wishOf } from "./settings.ts";
import type { Witness } from "./witness.ts";

export interface Question extends Choice {
  readonly ask: keyof typeof QUESTIONS;
}

interface Choice {
  readonly room: string;
  readonly user: string;
  readonly on: boolean;
  /** How far before the newest message the one stands that this is about. */
  readonly back: number;
  readonly number: number;
}

export interface Scene {
  readonly witness: Witness;
  readonly devices: readonly Device[];
  unixMs(): number;
  comes(secret: string): void;
  readonly newcomer: string | undefined;
  recovers(token: string): void;
}

interface About extends Choice {
  readonly device: Device;
  readonly client: Client;
  readonly world: Scene;
}

type Ask = (about: About) => Promise<unknown>;

/** So many changes at once: a few of these pass what one account's log holds of them. */
const TOGGLES = 60;
const NO_ROOM = "rAAAAAAAAAAA";
const MUTES_UNTIL = [0, 4_000_000_000_000, 1];
const KEEP_MS = 60_000;
const POINT = new Uint8Array(65).fill(4);

function roomOf({ client, world, number }: About): string {
  const own = client.rooms.map(({ id }): string => id);
  const rooms = number % 10 === 9 ? [...world.witness.rooms.keys()] : own;
  return rooms[number % Math.max(1, rooms.length)] ?? NO_ROOM;
}

function seqOf(about: About, fits: (head: Head, user: string) => boolean = () => true): number {
  const { device, world, back, number } = about;
  const { witness } = world;
  const user = witness.idOf(device.home.user) ?? "";
  if (number % 8 === 7) return Math.max(1, witness.records.length - back);
  return witness.wordOf(back, (head) => witness.isMember(user, head.room) && fits(head, user));
}

function pinnable(about: About): number {
  const { witness } = about.world;
  return seqOf(about, ({ room }, user) => witness.keepsOrder(user, room));
}

/** Of what may be shown, mostly: one that the account has said itself. */
function ownOf(about: About): number {
  return seqOf(about, ({ by }, user) => by === user);
}

function operators(ask: Ask): Ask {
  return async (about) => {
    const { device, client, world } = about;
    world.witness.operates(device.home.user);
    await client.request("operate", { token: OPERATOR_TOKEN });
    return ask(about);
  };
}

/** In its order among others; what is acknowledged is so. */
async function prefsSet(about: About, room: string): Promise<void> {
  const { number } = about;
  const fields = {
    room,
    ...(number % 2 === 0 ? { muted: MUTES_UNTIL[number % 3] } : {}),
    ...(number % 3 === 0 ? { favourite: number % 6 === 0 } : {}),
    ...(number % 5 === 0 ? { hidden: number } : {}),
    ...(number % 7 === 0 ? { unread: 1 + number } : {}),
  };
  const granted = about.device.claim(wishOf(fields));
  await about.client.requestOnce("prefs-set", fields);
  granted();
}

async function save(about: About, seq: number, on: boolean): Promise<void> {
  const room = about.world.witness.records[seq - 1]?.head.room ?? NO_ROOM;
  const granted = about.device.claim(wishOf({ room, seq, on }));
  await about.client.requestOnce("save", { room, seq, on });
  granted();
}

/** Two things right behind each other, without waiting for the first answer. */
async function together(asked: readonly Promise<unknown>[]): Promise<void> {
  for (const one of await Promise.allSettled(asked)) {
    if (one.status === "rejected" && !(one.reason instanceof Fault)) throw one.reason;
  }
}

function toggle(about: About): Promise<void> {
  const seq = seqOf(about);
  const count = about.number % 4 === 0 ? TOGGLES : 2 + (about.number % 5);
  return together(Array.from({ length: count }, (_, i) => save(about, seq + (i % 3), i % 2 === 0)));
}

async function announce({ client, device }: About, text: string): Promise<void> {
  const granted = device.claim({ key: "announced", value: text }, HOUSE);
  await client.requestOnce("announce", { text });
  granted();
}

async function closesRegistration({ client, device }: About, closed: boolean): Promise<void> {
  const granted = device.claim({ key: "registration", value: closed ? "closed" : "" }, HOUSE);
  await client.requestOnce("registration", { closed });
  granted();
}

function homeOf({ device, world, number }: About): Home {
  const homes = world.devices.map(({ home }) => home);
  const own = homes.filter(({ user }) => user === device.home.user);
  return own[number % own.length] ?? device.home;
}

async function reset({ client, world, user, on }: About): Promise<void> {
  if (on) for (const { home } of world.devices) if (home.user === user) home.maySignOut();
  const { token } = await client.request("reset", { user, signOut: on });
  world.recovers(token);
}

async function revokesInvite({ client }: About): Promise<void> {
  const { invite } = await client.request("invite", { uses: 1 });
  await client.request("invite-revoke", { invite });
}

function fileOf({ world, number }: About): FileId {
  const told = [...world.witness.files.keys()];
  return (told[number % Math.max(1, told.length)] ?? "fAAAAAAAAAAA") as FileId;
}

/** What users do all day, and what has to hold most: asked more often than the rest. */
const COMMON: readonly Question["ask"][] = [
  ...(["prefs-set", "prefs-twice", "save", "toggle", "pin", "receipts", "readers"] as const),
  ...(["typing", "ignore", "push-subscribe", "upload", "upload-held"] as const),
];
const COMMON_TIMES = 4;

export const QUESTIONS = {
  prefs: ({ client }) => client.request("prefs", {}),
  "prefs-set": (about) => prefsSet(about, roomOf(about)),
  "prefs-twice": (about) => {
    const room = roomOf(about);
    return together([prefsSet(about, room), prefsSet({ ...about, number: 1 }, room)]);
  },
  save: (about) => save(about, seqOf(about), about.on),
  toggle,
  pin: (about) => about.client.request("pin", { seq: pinnable(about), on: about.on }),
  pins: ({ client, room }) => client.request("pins", { target: room }),
  receipts: ({ client, room, on }) => client.request("receipts", { target: room, on }),
  "receipts-here": (about) => {
    const { witness } = about.world;
    const room = witness.rooms.get(witness.records[pinnable(about) - 1]?.head.room ?? "");
    const other = room?.pair.find((item) => item !== witness.idOf(about.device.home.user));
    const target = room?.name ?? `@${witness.nameOf(other ?? "") ?? about.user}`;
    return about.client.request("receipts", { target, on: about.on });
  },
  readers: (about) => about.client.request("readers", { seq: ownOf(about) }),
  typing: (about) => about.client.request("typing", { room: roomOf(about), on: about.on }),
  ignore: ({ client, user, on }) => client.request("ignore", { user, on }),
  ignored: ({ client }) => client.request("ignored", {}),
  whois: ({ client, user }) => client.request("whois", { user }),
  "push-key": ({ client }) => client.request("push-key", {}),
  "push-subscribe": ({ client, device }) =>
    device.home.pushes(true, () => {
      const endpoint = `https://push.example/${device.home.name}`;
      return client.request("push-subscribe", { endpoint, key: POINT, auth: POINT.slice(0, 16) });
    }),
  "push-unsubscribe": ({ client, device }) =>
    device.home.pushes(false, () => client.request("push-unsubscribe", {})),
  devices: ({ client }) => client.request("devices", {}),
  revoke: (about) => {
    const home = homeOf(about);
    home.maySignOut();
    return about.client.request("revoke", { device: deviceIdOf(home.device.publicKey) });
  },
  forget: ({ device }) => device.comeAndGo(true),
  "erase-all": ({ client }) => client.request("erase-all", {}),
  upload: ({ device, room, number }) => device.uploads(room, number),
  "upload-held": ({ device, room, on }) => device.holdsUpload(room, on),
  fetch: (about) => about.device.fetches(fileOf(about)),
  download: (about) => about.client.request("download", { file: fileOf(about) }),
  inclusion: ({ client, world }) => {
    const size = Math.max(1, world.witness.records.length);
    return client.request("inclusion", { size, seqs: [size] });
  },
  invite: async ({ client, world }) => {
    const { token } = await client.request("invite", { uses: 1 });
    world.comes(token);
  },
  newcomer: ({ world }) => Promise.resolve(world.comes("")),
  invites: ({ client }) => client.request("invites", {}),
  "invite-revoke": operators(revokesInvite),
  registration: ({ client }) => client.request("registration", {}),
  "registration-closed": operators((about) => {
    const { witness, devices } = about.world;
    const isKnown = devices.every(({ home }) => witness.idOf(home.user) !== undefined);
    const closed = isKnown ? [true, false, about.on] : [false];
    return together(closed.map((item) => closesRegistration(about, item)));
  }),
  reset: operators(reset),
  "sign-out": operators(({ client, world, user }) => {
    for (const { home } of world.devices) if (home.user === user) home.maySignOut();
    return client.request("sign-out", { user });
  }),
  close: operators(({ client, room, on }) => client.request("close", { room, on })),
  "rename-room": operators(({ client, room, on }) =>
    client.request("rename", on ? { room, to: `${room}x` } : { room: `${room}x`, to: room }),
  ),
  "remove-room": operators(({ client, room }) => client.request("remove", { room })),
  "rename-user": operators(async ({ client, world: { newcomer: user } }) => {
    if (user !== undefined) await client.request("rename", { user, to: `${user}r` });
  }),
  "remove-user": operators(async ({ client, world: { newcomer: user } }) => {
    if (user !== undefined) await client.request("remove", { user });
  }),
  retention: operators(({ client, room, on }) =>
    client.request("retention", { room, ...(on ? { keepMs: KEEP_MS } : {}) }),
  ),
  bans: operators(({ client }) => client.request("bans", {})),
  announce: operators((about) => {
    const texts = [`news ${about.number}`, ""];
    return together(texts.slice(about.on ? 0 : 1).map((text) => announce(about, text)));
  }),
  watch: operators(({ client, on }) => client.request("watch", { on })),
  clients: operators(({ client }) => client.request("clients", {})),
  transfers: operators(({ client }) => client.request("transfers", {})),
  stats: operators(({ client }) => client.request("stats", {})),
  samples: operators(({ client }) => client.request("samples", {})),
  events: operators(({ client }) => client.request("events", {})),
  decisions: operators(({ client }) => client.request("decisions", {})),
  accounts: operators(({ client }) => client.request("accounts", {})),
  "all-rooms": operators(({ client }) => client.request("all-rooms", {})),
  "all-files": operators(({ client }) => client.request("all-files", {})),
  cancel: operators(async ({ client, user }) => {
    const { transfers } = await client.request("transfers", {});
    const file = transfers[0]?.file ?? "fAAAAAAAAAAA";
    await client.request("cancel", { file, user, direction: "up" });
  }),
} as const satisfies Readonly<Record<string, Ask>>;

export const QUESTION_KINDS: readonly Question["ask"][] = [
  ...(Object.keys(QUESTIONS) as Question["ask"][]),
  ...Array.from({ length: COMMON_TIMES }, () => COMMON).flat(),
];

/** Asks, and takes whatever comes of it; only a fault may. */
export function askQuestion(question: Question, device: Device, world: Scene): void {
  const ask: Ask = QUESTIONS[question.ask];
  device.ask((client) => ask({ ...question, client, device, world }));
}
