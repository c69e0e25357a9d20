/** Account keys of the people whom this device has looked up: pins, checks and marks. */

import { asFault, ignoreFault, unlessFault } from "../base/fault.ts";
import type { ChatRecord } from "../core/client/chat-record.ts";
import {
  hasNewKey,
  isUnderNewKey,
  mergedPin,
  type PersonPin,
  withAccepted,
} from "../core/client/person-keys.ts";
import { isSameName } from "../core/model/item.ts";
import type { ChangePin, LogPins, LogReader } from "../io/state/log-pins.ts";
import { TaskQueue } from "../io/task-queue.ts";
import type { ProvedPeople } from "./sealed/room.ts";

export interface PeopleOptions {
  readonly logs: Pick<LogPins, "people" | "storePerson">;
  /** @throws {Fault} after an alarm; user-unknown, link-closed and others */
  readonly prove: (
    user: string,
    pin: PersonPin | undefined,
    isFresh: boolean,
  ) => Promise<PersonPin | undefined>;
  /** Returns the key that an encrypted room has pinned, in base64url. */
  readonly sealedKey: (user: string) => Promise<string | undefined>;
  /** `isNew`: the current key is one that this device did not know before. */
  readonly onChange: (pin: PersonPin, isNew: boolean) => void;
}

/** Checks of one link that messages have caused. */
const CHECKS_MAX = 1_000;

export class PeopleKeys implements ProvedPeople {
  readonly #pins = new Map<string, PersonPin>();
  readonly #checked = new Set<string>();
  /** A browser reads and writes all pins of an account together. */
  readonly #writes = new TaskQueue();
  #reader: LogReader | undefined;

  constructor(private readonly options: PeopleOptions) {}

  connected(reader: LogReader): void {
    this.#reader = reader;
    this.#checked.clear();
    void this.#load(reader);
  }

  /**
   * Reads the pins again, because another process may have changed them. Synchronous with a
   * synchronous store, so that the first record is marked too. Keeps the known pins if the store
   * fails.
   */
  #load(reader: LogReader): Promise<void> | undefined {
    const replace = (pins: readonly PersonPin[]) => {
      if (this.#reader !== reader) return;
      const before = new Map(this.#pins);
      this.#pins.clear();
      for (const pin of pins) {
        const name = pin.user.toLowerCase();
        this.#pins.set(name, pin);
        const known = before.get(name) ?? pin;
        if (hasNewKey(pin) || hasNewKey(known)) this.options.onChange(pin, false);
      }
    };
    const stored = unlessFault(() => this.options.logs.people(reader));
    if (stored instanceof Promise) return stored.then(replace).catch(ignoreFault);
    if (stored !== undefined) replace(stored);
    return undefined;
  }

  known(user: string): PersonPin | undefined {
    return this.#pins.get(user.toLowerCase());
  }

  /** Marks a record written under a key that the user has not accepted, and checks that key. */
  mark(record: ChatRecord): ChatRecord {
    const { from, by } = record;
    const pin = from === undefined ? undefined : this.known(from);
    if (pin === undefined || by === undefined) return record;
    const isNew = isUnderNewKey(pin, by);
    if (pin.n === 0 || (isNew && by !== pin.keys.at(-1)?.account)) this.#checkOnce(pin.user, by);
    return isNew ? { ...record, hasNewKey: true } : record;
  }

  #checkOnce(user: string, by: string): void {
    const key = `${user.toLowerCase()} ${by}`;
    if (this.#checked.has(key) || this.#checked.size >= CHECKS_MAX) return;
    this.#checked.add(key);
    void this.check(user).catch(ignoreFault);
  }

  /**
   * Requests the newest proofs of the user's account.
   * @param isFresh whether the answer must include changes of the last second
   * @returns the known keys; `undefined` if the server has never proved any
   * @throws {Fault} log-unproved and others if the proofs are wrong; if `isFresh`, also if the
   * server does not answer
   */
  async check(user: string, isFresh = false): Promise<PersonPin | undefined> {
    const reader = this.#reader;
    if (reader === undefined || isSameName(user, reader.user)) return undefined;
    await this.#load(reader);
    const known = this.known(user) ?? (await this.#sealedPin(user));
    const proving = this.options.prove(user, known, isFresh);
    const proved = await (isFresh ? proving : proving.catch(unlessAlarm));
    if (proved === undefined || proved.n === 0 || this.#reader !== reader) return this.known(user);
    await this.#load(reader);
    const merged: ChangePin = (stored) => mergedPin(proved, stored);
    const [before, current] = [known?.keys.at(-1), merged(this.known(user)).keys.at(-1)];
    const isSame = before?.key === current?.key && before?.account === current?.account;
    return this.#store(user, !isSame, merged);
  }

  async #sealedPin(user: string): Promise<PersonPin | undefined> {
    const key = await this.options.sealedKey(user);
    if (key === undefined) return undefined;
    return { user, keys: [{ account: "", key }], trusted: 0, n: 0, size: 0, devices: [] };
  }

  /** @param key the compared key in base64url; `undefined` accepts the current one */
  async accepted(user: string, key: string | undefined): Promise<void> {
    if (this.#reader !== undefined) await this.#load(this.#reader);
    const pin = this.known(user);
    if (pin === undefined) return;
    await this.#store(user, false, (stored = pin) => withAccepted(stored, key));
  }

  /** @param change applied to the pin that this or another process has stored */
  async #store(user: string, isNew: boolean, change: ChangePin): Promise<PersonPin> {
    const reader = this.#reader;
    const pin = change(this.known(user));
    if (reader === undefined) return pin;
    this.#set(pin, isNew);
    // A pin that cannot be stored still serves until the program ends.
    const write = async () => this.options.logs.storePerson(reader, pin, change);
    const stored = await this.#writes.run(write).catch(ignoreFault);
    if (stored === undefined || this.#reader !== reader) return pin;
    if (JSON.stringify(stored) !== JSON.stringify(pin)) this.#set(stored, false);
    return stored;
  }

  #set(pin: PersonPin, isNew: boolean): void {
    const isMarked = hasNewKey(pin);
    const wasMarked = hasNewKey(this.known(pin.user) ?? pin);
    this.#pins.set(pin.user.toLowerCase(), pin);
    if (isMarked || wasMarked) this.options.onChange(pin, isNew && isMarked);
  }
}

function unlessAlarm(error: unknown): undefined {
  if (asFault(error).code.startsWith("log-")) throw error;
}
