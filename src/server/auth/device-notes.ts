/** Label and last day of use of each device, shown to the account's owner. */

import { deviceLabelOf } from "../../base/client-name.ts";
import type { UserId } from "../../base/ids.ts";
import { DEVICE_NOTES_SAVE_INTERVAL_MS } from "../../base/limits.ts";
import { jsonLine } from "../../base/text.ts";
import { clampUnixMs } from "../../base/time.ts";
import { isCount } from "../../base/values.ts";
import { type Account, dayOf } from "../../core/rooms/accounts.ts";
import type { LogRecord } from "../../wire/record.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { SeenDevice } from "../kernel/siblings.ts";
import { StateFile, type StateFileLocation } from "../queue/state-file.ts";
import type { Member } from "../session/connection-state.ts";

const DEVICE_NOTES_BYTES_MAX = 16 * 1024 * 1024;

const DEVICE_NOTES_MAX = 100_000;

const DAY_MS = 24 * 60 * 60_000;

function unixMsOf(day: number): number {
  return clampUnixMs(day * DAY_MS);
}

/** Stored in `devices.json`. A crash may lose recent notes. */
export class DeviceNotes {
  readonly #context: ServerContext;
  readonly #file: StateFile;

  constructor(context: ServerContext, location: StateFileLocation | undefined) {
    this.#context = context;
    const { clock, warn, registry } = context;
    this.#file = new StateFile(location, {
      name: "devices.json",
      sizeBytesMax: DEVICE_NOTES_BYTES_MAX,
      writeDelayMs: DEVICE_NOTES_SAVE_INTERVAL_MS,
      ...{ clock, warn },
      consequence: "devices are listed without names until they sign in again",
      format: () => formatDevices(registry.all()),
      parse: (text) => this.#read(text),
    });
  }

  open(): void {
    this.#file.open();
  }

  record({ account: { id }, device, handshake: greeted }: Member): void {
    if (device === undefined) return;
    const { clock, siblings } = this.#context;
    const now = clock.unixMs();
    const label = deviceLabelOf(greeted.clientName);
    this.#note(id, device, now, label);
    siblings.publish({ kind: "device-seen", user: id, device, day: dayOf(now), label });
  }

  recordRemote({ user, device, day, label }: SeenDevice): void {
    this.#note(user, device, unixMsOf(day), deviceLabelOf(label));
  }

  onAccountRecord({ head }: LogRecord): void {
    if (head.kind.endsWith("-gone")) this.#file.markDirty();
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #note(user: UserId, device: string, unixMs: number, label: string): void {
    const isNew = this.#context.registry.noteDeviceSeen(user, device, unixMs, label);
    if (isNew) this.#file.markDirty();
  }

  #read(text: string): boolean {
    const { registry } = this.#context;
    const { format, seen } = parsed(text);
    if (format !== 1 || typeof seen !== "object" || seen === null) return false;
    for (const [user, devices] of Object.entries(seen)) {
      for (const [device, note] of Object.entries(devices ?? {})) {
        const [day, label] = Array.isArray(note) ? note : [];
        if (!isCount(day) || typeof label !== "string") return false;
        registry.noteDeviceSeen(user as UserId, device, unixMsOf(day), deviceLabelOf(label));
      }
    }
    return true;
  }
}

function formatDevices(accounts: Iterable<Account>): string {
  const notes: SeenDevice[] = [];
  for (const { id, devices } of accounts) {
    for (const [device, { seenUnixMs, label = "" }] of devices) {
      if (seenUnixMs === undefined) continue;
      notes.push({ user: id, device, day: dayOf(seenUnixMs), label });
    }
  }
  if (notes.length > DEVICE_NOTES_MAX) notes.sort((a, b) => b.day - a.day);
  const seen: Record<string, Record<string, readonly [day: number, label: string]>> = {};
  for (const { user, device, day, label } of notes.slice(0, DEVICE_NOTES_MAX)) {
    seen[user] ??= {};
    seen[user][device] = [day, label];
  }
  return jsonLine({ format: 1, seen });
}

function parsed(text: string): { readonly format?: unknown; readonly seen?: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
