/** Push subscriptions by device, stored in `push.json`. */

import { Fault } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import {
  PUSH_DEVICES_MAX,
  PUSH_FILE_BYTES_MAX,
  PUSH_SUBSCRIPTIONS_MAX,
} from "../../base/limits-page.ts";
import type { Clock } from "../../io/clock.ts";
import { StateFile, type StateFileLocation } from "../queue/state-file.ts";

/** Secret, because anyone who knows the endpoint can send to it. */
export interface Subscription {
  readonly user: UserId;
  readonly device: string;
  readonly endpoint: string;
  /** Public key of the browser, in base64url. `auth` is the browser's secret. */
  readonly key: string;
  readonly auth: string;
}

/**
 * Only the server's OS user can read the file. If the file is damaged, a device's next log-in
 * restores its subscription.
 */
export class Subscriptions {
  readonly #file: StateFile;
  readonly #all = new Map<string, Subscription>();
  readonly #byUser = new Map<UserId, Set<string>>();

  constructor(location: StateFileLocation | undefined, clock: Clock, warn: (fault: Fault) => void) {
    this.#file = new StateFile(location, {
      name: "push.json",
      sizeBytesMax: PUSH_FILE_BYTES_MAX,
      writeDelayMs: 0,
      ...{ clock, warn },
      consequence: "devices receive pushes again after their next log-in",
      format: () => JSON.stringify({ subscriptions: [...this.#all.values()] }),
      parse: (text) => {
        const { subscriptions } = JSON.parse(text);
        if (!Array.isArray(subscriptions)) return false;
        const valid = subscriptions.filter(isSubscription);
        for (const subscription of valid.slice(0, PUSH_SUBSCRIPTIONS_MAX)) this.#put(subscription);
        return true;
      },
    });
  }

  open(isKnown: (subscription: Subscription) => boolean): void {
    this.#file.open();
    for (const subscription of [...this.#all.values()])
      if (!isKnown(subscription)) this.remove(subscription.device);
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

function isSubscription(value: unknown): value is Subscription {
  if (typeof value !== "object" || value === null) return false;
  const { user, device, endpoint, key, auth } = value as Readonly<Record<string, unknown>>;
  const isText = [user, device, endpoint, key, auth].every((field) => typeof field === "string");
  return isText && URL.canParse(endpoint as string);
}
