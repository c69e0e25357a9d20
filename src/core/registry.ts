import { assert } from "../base/assert.ts";
import { fromBase64Url, toBase64Url } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import type { RoomId, UserId } from "../base/ids.ts";
import {
  ACCOUNTS_MAX,
  DEVICES_PER_ACCOUNT_MAX,
  IGNORED_MAX,
  PREDECESSORS_MAX,
} from "../base/limits.ts";
import { type FoldedName, foldName, isName, type Name } from "../base/names.ts";
import type { Draft, LogRecord } from "../wire/record.ts";
import { HouseRules } from "./house-rules.ts";
import { bodyOf } from "./room.ts";

/**
 * Accounts as a fold over the accounts log: who owns which name, which devices and which password
 * sign them in, and the hashes of room passwords. Checks that need slow work (hashing) happen
 * outside; the registry says what is true and makes the drafts.
 */
export interface Account {
  readonly id: UserId;
  readonly name: Name;
  /** Ed25519 public key that signs this account's devices, raw. */
  readonly accountKey: Uint8Array;
  /** PHC string of argon2id; absent: devices alone sign in. */
  passwordHash: string | undefined;
  /** Seq of the record that holds it, where it has one of its own. */
  passwordSeq: number | undefined;
  /** base64url of the device's Ed25519 public key. */
  readonly devices: Map<string, Device>;
  /** Whose words this person does not want to see. */
  readonly ignored: Set<UserId>;
  /** Seq of the last record about it. */
  lastSeq: number;
}

export interface Device {
  /** Signed by the account key; without it the device came in by password. */
  readonly certified: boolean;
  readonly sinceSeq: number;
  /** When it was enrolled, Unix milliseconds. */
  readonly sinceUnixMs: number;
}

/** A key that this server had, and its word for the one after it. */
export interface Predecessor {
  readonly key: Uint8Array;
  readonly signature: Uint8Array;
}

export interface Enrolment {
  readonly name: Name;
  readonly accountKey: Uint8Array;
  readonly deviceKey: Uint8Array;
  readonly deviceCert: Uint8Array;
}

/** Where records stand that are about the server itself. */
const SERVER_PLACE = "server" as UserId;

/** More registrations than are under way at once. */
const EARLY_MAX = 1_024;

export class Registry {
  readonly #byName = new Map<FoldedName, Account>(); // Bounded by `reserve`.
  readonly #byId = new Map<UserId, Account>();
  /** Passwords whose account comes next; without one its registration was cut off. */
  readonly #early = new Map<UserId, { readonly hash: string; readonly seq: number }>();
  readonly #roomPasswords = new Map<RoomId, string>();
  /** Names whose first record is on its way to the disk. */
  readonly #reserved = new Set<FoldedName>();

  /** What holds for everybody: operators, bans, invites, registration. */
  readonly rules = new HouseRules();

  /** Keys that the server had before its present one, newest first. */
  readonly predecessors: Predecessor[] = [];
  /** The key that the last of them names. */
  successor: Uint8Array | undefined;

  head = 0;

  find(name: Name): Account | undefined {
    return this.#byName.get(foldName(name));
  }

  get(id: UserId): Account | undefined {
    return this.#byId.get(id);
  }

  nameOf(id: UserId | "server"): Name | undefined {
    return id === "server" ? undefined : this.#byId.get(id)?.name;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** In the order in which they registered. */
  all(): Iterable<Account> {
    return this.#byId.values();
  }

  roomPassword(room: RoomId): string | undefined {
    return this.#roomPasswords.get(room);
  }

  /** Holds a name while its account is made. @throws Fault name-taken, too-many */
  reserve(name: Name): void {
    const folded = foldName(name);
    if (this.#byName.has(folded) || this.#reserved.has(folded)) {
      throw new Fault("name-taken", `the name '${name}' is taken`);
    }
    if (this.#byId.size + this.#reserved.size >= ACCOUNTS_MAX) {
      throw new Fault("too-many", `this server holds ${ACCOUNTS_MAX} accounts and takes no more`);
    }
    this.#reserved.add(folded);
  }

  release(name: Name): void {
    this.#reserved.delete(foldName(name));
  }

  accountDraft(id: UserId, enrolment: Enrolment): Draft {
    const { name, accountKey, deviceKey, deviceCert } = enrolment;
    const body = {
      name,
      accountKey: toBase64Url(accountKey),
      device: toBase64Url(deviceKey),
      cert: toBase64Url(deviceCert),
    };
    return { kind: "account", room: id, by: id, id: "", body };
  }

  /**
   * @param cert the account key's word for it; without one it came in by password
   * @returns undefined when the device is enrolled already
   * @throws Fault too-many
   */
  deviceDraft(account: Account, deviceKey: Uint8Array, cert?: Uint8Array): Draft | undefined {
    const device = toBase64Url(deviceKey);
    const known = account.devices.get(device);
    if (known !== undefined && (known.certified || cert === undefined)) return undefined;
    if (known === undefined && account.devices.size >= DEVICES_PER_ACCOUNT_MAX) {
      const sentence = `${account.name} has ${DEVICES_PER_ACCOUNT_MAX} devices, which is the most`;
      throw new Fault("too-many", sentence, { remedy: "sign one out first: chat logout" });
    }
    const body = { device, ...(cert === undefined ? {} : { cert: toBase64Url(cert) }) };
    return { kind: "device", room: account.id, by: account.id, id: "", body };
  }

  /** @throws Fault last-credential: nobody could sign in any more */
  deviceGoneDraft(account: Account, device: string): Draft {
    if (account.passwordHash === undefined && account.devices.size <= 1) {
      const sentence = `${account.name} has no password and no other device to sign in with`;
      throw new Fault("last-credential", sentence);
    }
    const body = { device };
    return { kind: "device-gone", room: account.id, by: account.id, id: "", body };
  }

  /** A record of its own, that can be blanked when the next one `replaces` it. */
  passwordDraft(id: UserId, passwordHash: string): Draft {
    const replaces = this.get(id)?.passwordSeq;
    const body = { password: passwordHash, ...(replaces === undefined ? {} : { replaces }) };
    return { kind: "password", room: id, by: id, id: "", body };
  }

  /** Undefined: it is so already. @throws Fault not-allowed, too-many */
  ignoreDraft(account: Account, user: UserId, on: boolean): Draft | undefined {
    if (account.ignored.has(user) === on) return undefined;
    if (user === account.id) throw new Fault("not-allowed", "nobody can ignore themselves");
    if (on && account.ignored.size >= IGNORED_MAX) {
      throw new Fault("too-many", `you ignore ${IGNORED_MAX} people, which is the most`);
    }
    const body = { user, on };
    return { kind: "ignore", room: account.id, by: account.id, id: "", body };
  }

  /** The server's old key passes its name on. */
  identityDraft(old: Uint8Array, next: Uint8Array, signature: Uint8Array): Draft {
    const body = {
      old: toBase64Url(old),
      new: toBase64Url(next),
      signature: toBase64Url(signature),
    };
    return { kind: "identity", room: SERVER_PLACE, by: "server", id: "", body };
  }

  roomPasswordDraft(room: RoomId, by: UserId, passwordHash: string): Draft {
    return { kind: "room-password", room, by, id: "", body: { password: passwordHash } };
  }

  /** Records must come in order of `seq`, each once. */
  apply(record: LogRecord): void {
    const { head } = record;
    assert(head.seq === this.head + 1, "the accounts log has a hole or a double");
    this.head = head.seq;
    const known = this.#byId.get(head.room as UserId);
    if (known !== undefined) known.lastSeq = head.seq;
    const body = bodyOf(record);
    this.rules.apply(record, body);
    if (body === undefined) return; // Erased or damaged: it changes nothing any more.
    if (head.kind === "account") this.#enrol(record, body);
    if (head.kind === "identity") this.#succeed(body);
    if (head.kind === "room-password" && typeof body["password"] === "string") {
      this.#roomPasswords.set(head.room as RoomId, body["password"]);
    }
    if (known !== undefined) change(known, record, body);
    else if (head.kind === "password") this.#keepEarly(record, body);
  }

  /** A registration records the password first, so that no crash leaves an account without it. */
  #keepEarly({ head }: LogRecord, { password }: Readonly<Record<string, unknown>>): void {
    if (typeof password !== "string") return;
    this.#early.set(head.room as UserId, { hash: password, seq: head.seq });
    for (const oldest of this.#early.keys()) {
      if (this.#early.size <= EARLY_MAX) break;
      this.#early.delete(oldest);
    }
  }

  #succeed(body: Readonly<Record<string, unknown>>): void {
    const [key, next, signature] = [body["old"], body["new"], body["signature"]].map(keyOf);
    if (key === undefined || next === undefined || signature === undefined) return;
    this.predecessors.unshift({ key, signature });
    this.predecessors.splice(PREDECESSORS_MAX);
    this.successor = next;
  }

  #enrol({ head }: LogRecord, body: Readonly<Record<string, unknown>>): void {
    const id = head.room as UserId;
    const { seq, time } = head;
    const { name, device, password } = body;
    const accountKey = keyOf(body["accountKey"]);
    if (typeof name !== "string" || !isName(name) || accountKey === undefined) return;
    const early = this.#early.get(id);
    this.#early.delete(id);
    const account: Account = {
      id,
      name,
      accountKey,
      passwordHash: typeof password === "string" ? password : early?.hash,
      passwordSeq: early?.seq,
      devices: new Map(),
      ignored: new Set(),
      lastSeq: seq,
    };
    if (typeof device === "string") {
      account.devices.set(device, { certified: true, sinceSeq: seq, sinceUnixMs: time });
    }
    this.#byName.set(foldName(name), account);
    this.#byId.set(id, account);
  }
}

/** Undefined, as for a damaged body: one bad record must not keep a server from starting. */
function keyOf(text: unknown): Uint8Array | undefined {
  try {
    return typeof text === "string" ? fromBase64Url(text) : undefined;
  } catch {
    return undefined;
  }
}

function change(
  account: Account,
  { head }: LogRecord,
  { device, cert, password, user, on }: Readonly<Record<string, unknown>>,
): void {
  if (head.kind === "device" && typeof device === "string") {
    const since = account.devices.get(device) ?? { sinceSeq: head.seq, sinceUnixMs: head.time };
    // The server has checked the certificate before it was recorded.
    account.devices.set(device, { ...since, certified: typeof cert === "string" });
  }
  if (head.kind === "device-gone" && typeof device === "string") account.devices.delete(device);
  if (head.kind === "ignore" && typeof user === "string") {
    if (on === true) account.ignored.add(user as UserId);
    else account.ignored.delete(user as UserId);
  }
  if (head.kind === "password" && typeof password === "string") {
    account.passwordHash = password;
    account.passwordSeq = head.seq;
  }
}
