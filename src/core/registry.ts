import { assert } from "../base/assert.ts";
import { fromBase64Url, toBase64Url } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import type { RoomId, UserId } from "../base/ids.ts";
import { ACCOUNTS_MAX, DEVICES_PER_ACCOUNT_MAX } from "../base/limits.ts";
import { type FoldedName, foldName, isName, type Name } from "../base/names.ts";
import type { Draft, LogRecord } from "../wire/record.ts";
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
  /** base64url of the device's Ed25519 public key. */
  readonly devices: Map<string, Device>;
  /** Seq of the last record about it. */
  lastSeq: number;
}

export interface Device {
  /** Signed by the account key; without it the device came in by password. */
  readonly certified: boolean;
  readonly sinceSeq: number;
}

export interface Enrolment {
  readonly name: Name;
  readonly accountKey: Uint8Array;
  readonly passwordHash: string | undefined;
  readonly deviceKey: Uint8Array;
  readonly deviceCert: Uint8Array;
}

export class Registry {
  readonly #byName = new Map<FoldedName, Account>(); // Bounded by `reserve`.
  readonly #byId = new Map<UserId, Account>();
  readonly #roomPasswords = new Map<RoomId, string>();
  /** Names whose first record is on its way to the disk. */
  readonly #reserved = new Set<FoldedName>();

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
    const { name, accountKey, passwordHash, deviceKey, deviceCert } = enrolment;
    const body = {
      name,
      accountKey: toBase64Url(accountKey),
      device: toBase64Url(deviceKey),
      cert: toBase64Url(deviceCert),
      ...(passwordHash === undefined ? {} : { password: passwordHash }),
    };
    return { kind: "account", room: id, by: id, id: "", body };
  }

  /** Undefined: the device is enrolled already. @throws Fault too-many */
  deviceDraft(account: Account, deviceKey: Uint8Array): Draft | undefined {
    const device = toBase64Url(deviceKey);
    if (account.devices.has(device)) return undefined;
    if (account.devices.size >= DEVICES_PER_ACCOUNT_MAX) {
      const sentence = `${account.name} has ${DEVICES_PER_ACCOUNT_MAX} devices, which is the most`;
      throw new Fault("too-many", sentence, { remedy: "sign one out first: chat logout" });
    }
    return { kind: "device", room: account.id, by: account.id, id: "", body: { device } };
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

  passwordDraft(account: Account, passwordHash: string): Draft {
    const body = { password: passwordHash };
    return { kind: "password", room: account.id, by: account.id, id: "", body };
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
    if (body === undefined) return; // Erased or damaged: it changes nothing any more.
    if (head.kind === "account") this.#enrol(head.room as UserId, head.seq, body);
    if (head.kind === "room-password" && typeof body["password"] === "string") {
      this.#roomPasswords.set(head.room as RoomId, body["password"]);
    }
    if (known !== undefined) change(known, record, body);
  }

  #enrol(id: UserId, seq: number, body: Readonly<Record<string, unknown>>): void {
    const { name, device, password } = body;
    const accountKey = keyOf(body["accountKey"]);
    if (typeof name !== "string" || !isName(name) || accountKey === undefined) return;
    const account: Account = {
      id,
      name,
      accountKey,
      passwordHash: typeof password === "string" ? password : undefined,
      devices: new Map(),
      lastSeq: seq,
    };
    if (typeof device === "string") account.devices.set(device, { certified: true, sinceSeq: seq });
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
  { device, password }: Readonly<Record<string, unknown>>,
): void {
  if (head.kind === "device" && typeof device === "string") {
    account.devices.set(device, { certified: false, sinceSeq: head.seq });
  }
  if (head.kind === "device-gone" && typeof device === "string") account.devices.delete(device);
  if (head.kind === "password" && typeof password === "string") account.passwordHash = password;
}
