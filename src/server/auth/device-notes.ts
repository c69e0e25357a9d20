/** Label and last day of use of each device, shown to the account's owner. */

import * as v from "valibot";
import { deviceLabelOf } from "../../base/client-name.ts";
import type { UserId } from "../../base/ids.ts";
import { DEVICE_NOTES_SAVE_INTERVAL_MS } from "../../base/limits.ts";
import { jsonLine } from "../../base/text.ts";
import { clampUnixMs, DAY_MS } from "../../base/time.ts";
import { type Account, dayOf } from "../../core/rooms/accounts.ts";
import { count, tableOf } from "../../wire/field.ts";
import type { LogRecord } from "../../wire/record.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { SeenDevice } from "../kernel/siblings.ts";
import { StateFile, type StateFileLocation } from "../queue/state-file.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { MemberState } from "../session/connection-state.ts";

const DEVICE_NOTES_BYTES_MAX = 16 * 1024 * 1024;

const DEVICE_NOTES_MAX = 100_000;

const FILE = v.object({
  format: v.literal(1),
  seen: tableOf(tableOf(v.tuple([count, v.string()]))),
});

function unixMsOf(day: number): number {
  return clampUnixMs(day * DAY_MS);
}

/** Stored in `devices.json`. A crash may lose recent notes. */
export class DeviceNotes {
  readonly #context: ServerContext;
  readonly #file: StateFile<typeof FILE>;

  constructor(context: ServerContext, location: StateFileLocation | undefined) {
    this.#context = context;
    const { clock, warn, registry } = context;
    this.#file = new StateFile(location, {
      name: "devices.json",
      sizeBytesMax: DEVICE_NOTES_BYTES_MAX,
      writeDelayMs: DEVICE_NOTES_SAVE_INTERVAL_MS,
      clock,
      warn,
      consequence: "devices are listed without names until they sign in again",
      schema: FILE,
      format: () => formatDevices(registry.all()),
    });
  }

  start(): void {
    const { seen = {} } = this.#file.open() ?? {};
    for (const [user, devices] of Object.entries(seen)) {
      for (const [device, [day, label]] of Object.entries(devices)) {
        const unixMs = unixMsOf(day);
        this.#context.registry.noteDeviceSeen(user as UserId, device, unixMs, deviceLabelOf(label));
      }
    }
  }

  onLogin(_client: ClientConnection, member: MemberState): void {
    this.#record(member);
  }

  onLogout(_client: ClientConnection, member: MemberState): void {
    this.#record(member);
  }

  #record({ account: { id }, device, handshake: greeted }: MemberState): void {
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
