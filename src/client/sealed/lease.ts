/** Lease by which the server detects copies of a device's folder. */

import { fromBase64Url, toBase64Url } from "../../base/bytes.ts";
import { Fault, fixedText, msg } from "../../base/fault.ts";
import { LEASE_BYTES, REJOINS_MAX, REJOINS_WINDOW_MS } from "../../base/limits-sealed.ts";
import type { Clock } from "../../io/clock.ts";
import type { Entropy } from "../../io/entropy.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import type { SendRequest } from "../link/queries.ts";
import type { RoomStates } from "./room-state.ts";
import { LEASE_KEY, type LeaseRow } from "./rows.ts";
import type { Vault } from "./vault.ts";

const USE_ANOTHER_HOME = fixedText(
  "on one machine, use a different CHAT_HOME and run chat link-device, or use only one for an hour",
);

const LEASE_ATTEMPTS_MAX = 8;

export interface DeviceLeaseOptions {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly states: RoomStates;
  readonly request: SendRequest;
  /** Called if two machines use the folder. */
  readonly onRefused: (fault: Fault) => void;
}

/**
 * Detects a folder that was restored from a backup or is in use on another machine. The next lease
 * is stored before it is requested, so that a lost answer is not mistaken for a copy.
 */
export class DeviceLease {
  readonly #queue = new TaskQueue();
  #result: Promise<void> | undefined;

  constructor(private readonly options: DeviceLeaseOptions) {}

  connected(): void {
    this.#result = undefined;
  }

  /**
   * Checks the lease once on each link, before anything is sent. An older copy of the folder gets a
   * new `instance` and rejoins each room.
   * @throws {Fault} seal-refused if two machines use the folder
   */
  hold(): Promise<void> {
    this.#result ??= this.check();
    return this.#result;
  }

  check(): Promise<void> {
    const result = this.#queue.run(() => this.#acquire());
    this.#result = result;
    result.catch((error: unknown) => {
      if (this.#result === result) this.#result = undefined;
      if (error instanceof Fault && error.code === "seal-refused") this.options.onRefused(error);
    });
    return result;
  }

  async #acquire(): Promise<void> {
    const { states, request } = this.options;
    for (let attempt = 1; attempt <= LEASE_ATTEMPTS_MAX; attempt++) {
      const planned = await states.transact((vault) => this.#plan(vault));
      const { lease, next } = planned;
      const answer = await request("seal-lease", {
        count: planned.count,
        lease: lease === undefined ? undefined : fromBase64Url(lease),
        next: fromBase64Url(next),
      });
      const isDone = await states.transact(async (vault) => {
        const current = await leaseOf(vault);
        // Another process stored a lease first, so its state is newer than this answer.
        if (current?.next !== next) return answer.isLatest;
        if (answer.isLatest) await vault.put(LEASE_KEY, grantedRow(current, answer.count));
        else await vault.put(LEASE_KEY, this.#newInstance(current, answer.count));
        return answer.isLatest;
      });
      if (isDone) return;
    }
    throw new Fault("stale-epoch", msg`another copy of this device folder is in use`, {
      retryAfterMs: 1_000,
    });
  }

  async #plan(vault: Vault): Promise<LeaseRow & { readonly next: string }> {
    const { entropy } = this.options;
    const row: LeaseRow = (await leaseOf(vault)) ?? { count: 0, instance: "", anew: [] };
    if (row.next !== undefined) return { ...row, next: row.next };
    const planned = { ...row, next: toBase64Url(entropy(LEASE_BYTES)) };
    await vault.put(LEASE_KEY, planned);
    return planned;
  }

  #newInstance(row: LeaseRow, count: number): LeaseRow {
    const { clock, entropy } = this.options;
    const now = clock.unixMs();
    const recent = row.anew.filter((unixMs) => Math.abs(now - unixMs) < REJOINS_WINDOW_MS);
    if (recent.length >= REJOINS_MAX) throw twoMachines();
    const instance = toBase64Url(entropy(LEASE_BYTES));
    return { count, instance, anew: [...recent, now], next: instance };
  }
}

function leaseOf(vault: Vault): Promise<LeaseRow | undefined> {
  return vault.find<LeaseRow>(LEASE_KEY);
}

function grantedRow({ next, instance, anew }: LeaseRow, count: number): LeaseRow {
  return { count, instance, anew, lease: next };
}

function twoMachines(): Fault {
  return new Fault("seal-refused", msg`two machines use copies of the same device folder`, {
    remedy: USE_ANOTHER_HOME,
  });
}
