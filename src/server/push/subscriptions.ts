/** Push subscriptions by device, stored in `push.json`. */

import * as v from "valibot";
import { Fault } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import {
  PUSH_DEVICES_MAX,
  PUSH_FILE_BYTES_MAX,
  PUSH_SUBSCRIPTIONS_MAX,
} from "../../base/limits-page.ts";
import type { Clock } from "../../io/clock.ts";
import { brandedText } from "../../wire/field.ts";
import { StateFile, type StateFileLocation } from "../queue/state-file.ts";

const SUBSCRIPTION = v.object({
  user: brandedText<UserId>(),
  device: v.string(),
  endpoint: v.pipe(v.string(), v.check(URL.canParse)),
  /** Public key of the browser, in base64url. `auth` is the browser's secret. */
  key: v.string(),
  auth: v.string(),
});
const FILE = v.object({ subscriptions: v.array(v.unknown()) });

/** Secret, because anyone who knows the endpoint can send to it. */
export type Subscription = Readonly<v.InferOutput<typeof SUBSCRIPTION>>;

/**
 * Only the server's OS user can read the file. If the file is damaged, a device's next log-in
 * restores its subscription.
 */
export class Subscriptions {
  readonly #file: StateFile<typeof FILE>;
  readonly #all = new Map<string, Subscription>();
  readonly #byUser = new Map<UserId, Set<string>>();

  constructor(location: StateFileLocation | undefined, clock: Clock, warn: (fault: Fault) => void) {
    this.#file = new StateFile(location, {
      name: "push.json",
      sizeBytesMax: PUSH_FILE_BYTES_MAX,
      writeDelayMs: 0,
      clock,
      warn,
      consequence: "devices receive pushes again after their next log-in",
      schema: FILE,
      format: () => JSON.stringify({ subscriptions: [...this.#all.values()] }),
    });
  }

  open(isKnown: (subscription: Subscription) => boolean): void {
    const { subscriptions = [] } = this.#file.open() ?? {};
    const valid = subscriptions.filter((stored) => v.is(SUBSCRIPTION, stored));
    for (const subscription of valid.slice(0, PUSH_SUBSCRIPTIONS_MAX)) {
      if (isKnown(subscription)) this.#put(subscription);
      else this.#file.markDirty();
    }
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

  async add(subscription: Subscription): Promise<void> {
    const { user, device, endpoint } = subscription;
    const current = this.#all.get(device);
    if (current !== undefined && isSame(current, subscription)) return this.#file.sync();
    if (current === undefined && this.#all.size >= PUSH_SUBSCRIPTIONS_MAX) {
      const remedy = "ask the server's owner";
      throw new Fault("too-many", "this server has too many devices with push notifications", {
        remedy,
      });
    }
    // A browser has one endpoint, which belongs to the account that used the browser last.
    for (const other of this.#all.values()) {
      if (other.endpoint === endpoint && other.device !== device) this.#delete(other.device);
    }
    this.#delete(device);
    const [oldest = "", ...others] = this.#byUser.get(user) ?? [];
    if (others.length + 1 >= PUSH_DEVICES_MAX) this.#delete(oldest);
    this.#put(subscription);
    this.#file.markDirty();
    await this.#file.sync();
  }

  remove(device: string): void {
    if (this.#delete(device)) this.#file.markDirty();
  }

  sync(): Promise<void> {
    return this.#file.sync();
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #put(subscription: Subscription): void {
    const { user, device } = subscription;
    this.#all.set(device, subscription);
    this.#byUser.set(user, (this.#byUser.get(user) ?? new Set()).add(device));
  }

  #delete(device: string): boolean {
    const current = this.#all.get(device);
    if (current === undefined) return false;
    this.#all.delete(device);
    const devices = this.#byUser.get(current.user);
    devices?.delete(device);
    if (devices?.size === 0) this.#byUser.delete(current.user);
    return true;
  }
}

function isSame(a: Subscription, b: Subscription): boolean {
  return a.user === b.user && a.endpoint === b.endpoint && a.key === b.key && a.auth === b.auth;
}
