import type { Fault } from "../../src/base/fault.ts";
import { deviceIdOf } from "../../src/crypto/device-id.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { type PostBody, type RequestKind, STAMPS } from "../../src/wire/messages.ts";
import { pngHead } from "../cli/screen/pictures/test-png.ts";
import { commitBytes, GROUP, INFO } from "../server/sealed/sealed-lab.ts";
import { EMPTY_FILE, type Facts, type Fields, fieldsOf, fileIdOf, RUN } from "./examples.ts";

/**
 * Attackers by request kind. A kind without an entry in `PREPARED` is attacked with requests that
 * are derived from its schema.
 */

/** One link of an attacker. */
export interface Party {
  ask(kind: RequestKind, fields: Fields): Promise<Fields>;
  raw(bytes: Uint8Array): void;
  /** Data channel of this session. */
  channel(): Promise<Party>;
  /** Another link of the same machine, before its log-in. */
  link(): Promise<Party>;
  registration(user: string): Fields;
  /** Key and certificate of a new device of the account. */
  newDevice(user: string): { readonly deviceKey: Uint8Array; readonly deviceCert: Uint8Array };
  close(): void;
}

export type Attack = (party: Party, facts: Facts, i: number) => Promise<unknown>;

/** Room, users and records that attacks use, created by the victim and an attacker. */
export interface Scene {
  readonly room: string;
  readonly gate: string;
  readonly poll: number;
  readonly secretPoll: number;
  readonly crowd: readonly string[];
}

const ROOM = "honest";
const GATE = "gate";
const PASSWORD = "an attacker's password";
const POINT = new Uint8Array(65).fill(4);

let made = 0;
/** A name that no other request of any process uses. */
function newName(letter: string): string {
  return `${letter}${RUN}${(++made).toString(36)}`;
}

let counter = 0;

const CHOICE = "which one?\n1. a\n2. b\n3. c";

export async function postIn(
  party: Party,
  to: string,
  text: string,
  poll?: PostBody["poll"],
): Promise<number> {
  const outbox = `${RUN}o${(++counter).toString(36)}`.padEnd(11, "A");
  const body = { text, ...(poll === undefined ? {} : { poll }) };
  const answer = await party.ask("post", { outbox, counter: 1, to, body });
  return Number(answer["seq"]);
}

/** @param victim member who is disturbed; `crowd`: names of accounts that are not in its rooms */
export async function prepareVictim(victim: Party, crowd: readonly string[]): Promise<Scene> {
  await victim.ask("join", { room: ROOM, create: true });
  await victim.ask("rules", { room: ROOM, topic: "everyone" });
  await victim.ask("join", { room: GATE, create: true });
  await victim.ask("rules", { room: GATE, join: "approval" });
  const poll = await postIn(victim, ROOM, CHOICE, { options: 3 });
  const secretPoll = await postIn(victim, ROOM, CHOICE, { options: 3, anonymous: true });
  return { room: ROOM, gate: GATE, poll, secretPoll, crowd };
}

export async function prepareAttacker(
  party: Party,
  user: string,
  victim: string,
  scene: Scene,
  textBytes = 200,
): Promise<Facts> {
  const { room: roomId } = await party.ask("join", { room: scene.room });
  const seq = await postIn(party, scene.room, "an attacker's text");
  const ownRoom = newName("own");
  await party.ask("join", { room: ownRoom, create: true });
  await party.ask("receipts", { target: ownRoom, on: true });
  const assignment = newName("task");
  await party.ask("join", { room: assignment, create: true });
  const ownSeq = await postIn(party, ownRoom, "an attacker's text");
  await party.ask("rules", { room: assignment, post: "private" });
  await postIn(party, `${assignment}@${user}`, "an attacker's work");
  const vault = newName("vault");
  await party.ask("join", { room: vault, create: true, sealed: true });
  await party.ask("group-create", { target: vault, group: GROUP, commitId: "first", info: INFO });
  const file = fileIdOf(++made);
  const channel = await party.channel();
  await upload(channel, file, scene.room);
  channel.close();
  const body = { text: "", files: [{ file, ...EMPTY_FILE }] };
  await party.ask("post", { outbox: file.slice(1), counter: 1, to: scene.room, body });
  const { room, ...more } = scene;
  const own = { ownRoom, ownSeq, assignment, vault, file };
  return { user, victim, room, roomId: String(roomId), seq, textBytes, ...more, ...own };
}

async function upload(channel: Party, file: string, room: string): Promise<void> {
  await channel.ask("offer", { file, to: [room], name: "a file", size: 0 });
  await channel.ask("finish", { file, ...EMPTY_FILE });
}

/** Attack from a link of its own before the log-in. */
function stranger(attack: Attack): Attack {
  return async (party, facts, i) => {
    const link = await party.link();
    try {
      await attack(link, facts, i);
    } finally {
      link.close();
    }
  };
}

/** Attack over a data channel, which is used for several requests. */
function onChannel(attack: Attack): Attack {
  return async (party, facts, i) => {
    const channel = await party.channel();
    try {
      for (let part = 0; part < 8; part++) await attack(channel, facts, 8 * i + part);
    } finally {
      channel.close();
    }
  };
}

const derived =
  (kind: RequestKind, more: (facts: Facts, i: number) => Fields = () => ({})): Attack =>
  (party, facts, i) =>
    party.ask(kind, fieldsOf(kind, facts, i, more(facts, i)));

const newFile = (i: number) => fileIdOf(1_000_000 + i);
const epochs = new WeakMap<Party, number>();

async function newAccount(party: Party): Promise<Party> {
  const link = await party.link();
  const user = newName("r");
  await link.ask("register", link.registration(user));
  return link;
}

const PREPARED: Readonly<Partial<Record<RequestKind, Attack>>> = {
  admit: stranger(derived("admit")),
  register: stranger((link) => link.ask("register", link.registration(newName("r")))),
  login: stranger(derived("login", () => ({ password: "wrong" }))),
  "code-ask": async (party, facts, i) => {
    const { number } = await party.ask("code-offer", {});
    await stranger(derived("code-ask", () => ({ number })))(party, facts, i);
  },
  "recover-user": stranger(derived("recover-user")),
  recover: stranger(derived("recover")),
  lane: async (party) => (await party.channel()).close(),
  logout: async (party) => (await newAccount(party)).ask("logout", {}),
  unregister: async (party) => (await newAccount(party)).ask("unregister", {}),
  passwd: (party) => party.ask("passwd", { password: PASSWORD, current: PASSWORD }),
  "device-add": (party, { user }) => party.ask("device-add", party.newDevice(user)),
  revoke: async (party, { user }) => {
    const device = party.newDevice(user);
    await party.ask("device-add", device);
    await party.ask("revoke", { device: deviceIdOf(device.deviceKey, sha256) });
  },
  "irc-password-revoke": async (party) => {
    const { id } = await party.ask("irc-password", {});
    await party.ask("irc-password-revoke", { id });
  },
  "avatar-set": (party, _, i) => party.ask("avatar-set", { picture: pngHead(1 + (i % 512), 1) }),
  "code-reply": async (party, facts, i) => {
    const { number } = await party.ask("code-offer", {});
    const link = await party.link();
    const asked = link.ask("code-ask", { number, message: new Uint8Array(8) }).catch(ignoreFault);
    await party.ask("code-reply", { exchange: 1 + i, message: new Uint8Array(8) });
    link.close();
    await asked;
    await party.ask("code-withdraw", fieldsOf("code-withdraw", facts, i));
  },
  "push-subscribe": (party, _, i) => {
    const endpoint = `https://push.example/${i}`;
    return party.ask("push-subscribe", { endpoint, key: POINT, auth: POINT.slice(0, 16) });
  },
  ignore: derived("ignore", ({ crowd }, i) => ({ user: crowd[(i >> 1) % crowd.length] })),
  "prefs-set": (party, facts, i) =>
    i % 2 === 0
      ? party.ask("prefs-set", { room: "everywhere", status: `status ${i}` })
      : party.ask("prefs-set", fieldsOf("prefs-set", facts, i)),
  save: derived("save", ({ seq }, i) => ({ seq: 1 + (i % seq) })),
  follow: derived("follow", ({ seq }, i) => ({ seq: 1 + (i % seq), read: 0 })),
  erase: async (party, { room }) =>
    party.ask("erase", { seq: await postIn(party, room, "to be erased") }),
  unread: derived("unread", ({ roomId }) => ({ room: roomId })),
  pin: derived("pin", ({ ownSeq }) => ({ seq: ownSeq })),
  pins: derived("pins", ({ ownRoom }) => ({ target: ownRoom })),
  hand: (party, { room }, i) => party.ask("hand", { room, on: i % 2 === 0 }),
  poll: async (party, facts) => {
    const seq = await postIn(party, facts.room, CHOICE, { options: 3 });
    await party.ask("poll", { seq });
  },
  vote: derived("vote", ({ poll, secretPoll }, i) => ({
    seq: i % 2 === 0 ? secretPoll : poll,
    choices: [1 + ((i >> 1) % 3)],
  })),
  knock: (party, { gate: room }, i) => party.ask("knock", { room, on: i % 2 === 0 }),
  profile: (party, { ownRoom: room }, i) =>
    party.ask("profile", { room, title: `Title ${i}`, mark: `${i % 10}`, chalk: i % 13 }),
  rules: (party, { ownRoom: room }, i) => party.ask("rules", { room, slow: i % 100 }),
  wall: (party, { ownRoom: room }, i) =>
    party.ask("wall", { room, line: `line ${i}`, turn: i % 3 }),
  receipts: derived("receipts", ({ ownRoom }) => ({ target: ownRoom })),
  readers: derived("readers", ({ ownSeq }) => ({ seq: ownSeq })),
  handed: derived("handed", ({ assignment }) => ({ room: assignment })),
  collect: derived("collect", ({ assignment }) => ({ room: assignment })),
  kick: async (party, { crowd }, i) => {
    const user = crowd[i % crowd.length];
    const { name: room } = await party.ask("conversation", {
      users: [user, crowd[(i + 1) % crowd.length]],
    });
    await party.ask("kick", { room, user });
  },
  "invite-user": async (party, { ownRoom: room, crowd }, i) => {
    const user = crowd[i % crowd.length];
    await party.ask("invite-user", { room, user });
    await party.ask("kick", { room, user }).catch(ignoreFault);
  },
  "erase-all": async (party, { room }) => {
    await postIn(party, room, "to be erased");
    await party.ask("erase-all", {});
  },
  mute: derived("mute", ({ ownRoom, crowd }, i) => ({
    room: ownRoom,
    user: crowd[(i >> 1) % crowd.length],
  })),
  grant: derived("grant", ({ ownRoom }) => ({ room: ownRoom })),
  conversation: (party, { crowd }, i) =>
    party.ask("conversation", { users: crowd.filter((_, bit) => ((i + 1) & (1 << bit)) !== 0) }),
  "invite-revoke": async (party) => {
    const { invite } = await party.ask("invite", { uses: 1 });
    await party.ask("invite-revoke", { invite });
  },
  join: (party) => party.ask("join", { room: newName("j"), create: true }),
  leave: async (party, { room }, i) => {
    await party.ask("leave", { room, reason: `reason ${i}` }).catch(ignoreFault);
    await party.ask("join", { room });
  },
  /** Every other post is a reaction, each with another text, and every fourth one is a stamp. */
  post: derived("post", ({ seq, assignment, user }, i) => {
    if (i % 2 === 1) return { body: { text: "", react: `r${i}`, re: seq } };
    if (i % 4 === 0) return {};
    const stamp = STAMPS[(i >> 2) % STAMPS.length];
    return { to: `${assignment}@${user}`, body: { text: `stamp ${i}`, stamp } };
  }),
  retention: derived("retention", ({ ownRoom }) => ({ room: ownRoom })),
  "group-create": async (party) => {
    const target = newName("s");
    await party.ask("join", { room: target, create: true, sealed: true });
    await party.ask("group-create", { target, group: GROUP, commitId: "first", info: INFO });
  },
  "group-commit": (party, { vault: target }, i) => {
    const epoch = epochs.get(party) ?? 0;
    epochs.set(party, epoch + 1);
    const commitId = `commit ${i}`;
    const changes = { target, group: GROUP, epoch, commitId, added: [], removed: [] };
    return party.ask("group-commit", {
      ...changes,
      commit: commitBytes(epoch, commitId),
      info: new Uint8Array(100).fill(i),
    });
  },
  group: derived("group", ({ vault }) => ({ target: vault })),
  offer: async (party, facts, i) => {
    const channel = await party.channel();
    await channel.ask("offer", fieldsOf("offer", facts, i, { file: newFile(i), size: 1 }));
    channel.close();
  },
  finish: onChannel((channel, { room }, i) => upload(channel, newFile(i), room)),
  put: (party, { room }, i) => {
    const { digest } = EMPTY_FILE;
    const content = { sha256: digest, bytes: new Uint8Array() };
    return party.ask("put", { file: newFile(i), to: [room], name: "a file", ...content });
  },
  withdraw: onChannel(async (channel, { room }, i) => {
    const file = newFile(i);
    await channel.ask("offer", { file, to: [room], name: "a file", size: 1 });
    await channel.ask("withdraw", { file });
  }),
  fetch: onChannel(derived("fetch")),
  got: onChannel(derived("got")),
};

export function attackWith(kind: RequestKind): Attack {
  return PREPARED[kind] ?? derived(kind);
}

/** Ignores a refusal within an attack that consists of several requests. */
function ignoreFault(_: Fault): void {}
