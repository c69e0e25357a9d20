import { utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import {
  PUSH_DEVICES_MAX,
  PUSH_FILE_BYTES_MAX,
  PUSH_SUBSCRIPTIONS_MAX,
} from "../../base/limits-page.ts";
import type { Disk } from "../../io/disk/disk.ts";
import { Mutex } from "../../io/disk/mutex.ts";
import { readWholeFile, writeWholeFile } from "../../io/disk/whole-file.ts";

/** Where a device takes pushes: who has the endpoint may send there, and so nobody else sees it. */
export interface Subscription {
  readonly user: UserId;
  /** base64url of the device's public key. */
  readonly device: string;
  readonly endpoint: string;
  /** base64url: the browser's own keys, for encryption. */
  readonly key: string;
  readonly auth: string;
}

/** Where they are kept; left out: only in memory. */
export interface SubscriptionFile {
  readonly disk: Disk;
  readonly folder: string;
}

/**
 * One for each device, in `push.json`, which only this server's user may read. What a damaged file
 * loses comes again with the next log-in of each device.
 */
export class Subscriptions {
  readonly #place: SubscriptionFile | undefined;
  readonly #warn: (fault: Fault) => void;
  /** By device, the one that said so last at the end. Bounded by PUSH_SUBSCRIPTIONS_MAX. */
  readonly #all = new Map<string, Subscription>();
  readonly #byUser = new Map<UserId, Set<string>>();
  readonly #mutex = new Mutex();
  #isDirty = false;

  constructor(place: SubscriptionFile | undefined, warn: (fault: Fault) => void) {
    this.#place = place;
    this.#warn = warn;
  }

  /** Starts with what is kept. @param isKnown whether the device still belongs to the account */
  open(isKnown: (subscription: Subscription) => boolean): void {
    const kept = this.#kept();
    const known = kept.filter(isKnown);
    for (const one of known) this.#put(one);
    this.#isDirty = known.length < kept.length;
    void this.#writeOrWarn();
  }

  get size(): number {
    return this.#all.size;
  }

  users(): Iterable<UserId> {
    return this.#byUser.keys();
  }

  has(user: UserId): boolean {
    return this.#byUser.has(user);
  }

  of(user: UserId): Subscription[] {
    const devices = this.#byUser.get(user) ?? [];
    return [...devices].flatMap((device) => this.#all.get(device) ?? []);
  }

  get(device: string): Subscription | undefined {
    return this.#all.get(device);
  }

  /** Resolves when it is on the disk. @throws Fault too-many, store-… */
  async add(subscription: Subscription): Promise<void> {
    const { user, device, endpoint } = subscription;
    const known = this.#all.get(device);
    if (known !== undefined && isSame(known, subscription)) return;
    if (known === undefined && this.#all.size >= PUSH_SUBSCRIPTIONS_MAX) {
      const remedy = "ask whoever runs the server";
      throw new Fault("too-many", "this server has no room for more devices that take pushes", {
        remedy,
      });
    }
    // A browser has one endpoint: of two accounts that used it, the one that came last has it.
    for (const other of this.#all.values()) {
      if (other.endpoint === endpoint && other.device !== device) this.#take(other.device);
    }
    this.#take(device);
    const [oldest = "", ...others] = this.#byUser.get(user) ?? [];
    if (others.length + 1 >= PUSH_DEVICES_MAX) this.#take(oldest);
    this.#put(subscription);
    await this.#write();
  }

  /** Nothing is sent there from now on; a crash in this very moment may bring it back. */
  remove(device: string): void {
    if (!this.#take(device)) return;
    void this.#writeOrWarn();
  }

  /** Writes what is not on the disk yet. */
  close(): Promise<void> {
    return this.#writeOrWarn();
  }

  #put(subscription: Subscription): void {
    const { user, device } = subscription;
    this.#all.set(device, subscription);
    this.#byUser.set(user, (this.#byUser.get(user) ?? new Set()).add(device));
    this.#isDirty = true;
  }

  #take(device: string): boolean {
    const known = this.#all.get(device);
    if (known === undefined) return false;
    this.#all.delete(device);
    const devices = this.#byUser.get(known.user);
    devices?.delete(device);
    if (devices?.size === 0) this.#byUser.delete(known.user);
    this.#isDirty = true;
    return true;
  }

  get #path(): string {
    return `${this.#place?.folder}/push.json`;
  }

  #kept(): Subscription[] {
    if (this.#place === undefined) return [];
    try {
      const bytes = readWholeFile(this.#place.disk, this.#path, PUSH_FILE_BYTES_MAX);
      if (bytes === undefined) return [];
      const { subscriptions } = JSON.parse(utf8Decode(bytes));
      if (!Array.isArray(subscriptions)) throw new Error("it has no subscriptions");
      return subscriptions.filter(isSubscription).slice(0, PUSH_SUBSCRIPTIONS_MAX);
    } catch (cause) {
      if (!(cause instanceof Error)) throw cause;
      const sentence = `${this.#path} cannot be read; devices get pushes after their next log-in`;
      this.#warn(new Fault("data-foreign", sentence, { cause }));
      return [];
    }
  }

  async #writeOrWarn(): Promise<void> {
    try {
      await this.#write();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#warn(error);
    }
  }

  #write(): Promise<void> {
    return this.#mutex.run(async () => {
      if (!this.#isDirty || this.#place === undefined) return;
      this.#isDirty = false;
      const { disk, folder } = this.#place;
      const text = JSON.stringify({ subscriptions: [...this.#all.values()] });
      try {
        await writeWholeFile(disk, this.#path, utf8Encode(text), folder);
      } catch (error) {
        this.#isDirty = true; // The next change tries again.
        throw error;
      }
    });
  }
}

function isSame(one: Subscription, other: Subscription): boolean {
  return (
    one.user === other.user &&
    one.endpoint === other.endpoint &&
    one.key === other.key &&
    one.auth === other.auth
  );
}

function isSubscription(value: unknown): value is Subscription {
  if (typeof value !== "object" || value === null) return false;
  const { user, device, endpoint, key, auth } = value as Readonly<Record<string, unknown>>;
  const isText = [user, device, endpoint, key, auth].every((field) => typeof field === "string");
  return isText && URL.canParse(endpoint as string);
}
