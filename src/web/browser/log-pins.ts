/** Log pins of this browser: the newest log record it has seen of each server. */

import { fromBase64Url, toBase64Url } from "../../base/bytes.ts";
import type { KnownRecord, LogPin } from "../../core/client/audit.ts";
import type { LogPins, LogReader } from "../../io/state/log-pins.ts";
import { accountPrefix, type Store } from "./indexed-db.ts";

/** Records that a browser remembers as read; they are written as one value. */
const PAGE_SEEN_RECORDS_MAX = 256;

/** A pin as stored; `chat web` stores it as JSON. */
interface KeptPin {
  readonly origin: string;
  readonly size: number;
  readonly root: string;
  readonly note: string;
  readonly alarm: string | undefined;
}
type KeptRecord = Omit<KnownRecord, "leaf"> & { readonly leaf: string; readonly proved: boolean };

/** Pinned logs of servers, with the newest records that this browser has read. */
export class BrowserLogPins implements LogPins {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async pin(reader: LogReader): Promise<LogPin | undefined> {
    const kept = await this.#kept(reader);
    if (kept === undefined) return undefined;
    const { origin, size, root, note } = kept;
    return { origin, size, root: fromBase64Url(root), note };
  }

  async storePin(reader: LogReader, { origin, size, root, note }: LogPin): Promise<void> {
    const before = await this.#kept(reader);
    if (before !== undefined && (before.origin !== origin || before.size > size)) return;
    const kept = { origin, size, root: toBase64Url(root), note, alarm: before?.alarm };
    await this.#write(pinKey(reader.fingerprint), kept satisfies KeptPin);
  }

  async storeRecords(reader: LogReader, records: readonly KnownRecord[]): Promise<void> {
    const before = await this.#records(reader);
    const known = new Set(before.map(({ seq }) => seq));
    const added = records
      .filter(({ seq }) => !known.has(seq))
      .map((record) => ({ ...record, leaf: toBase64Url(record.leaf), proved: false }));
    const all = [...before, ...added].sort((one, other) => one.seq - other.seq);
    await this.#write(seenKey(reader), all.slice(-PAGE_SEEN_RECORDS_MAX));
  }

  async storedRecords(reader: LogReader, which: "all" | "unproved"): Promise<KnownRecord[]> {
    const kept = await this.#records(reader);
    return kept
      .filter(({ proved }) => which === "all" || !proved)
      .map(({ proved: _, leaf, ...record }) => ({ ...record, leaf: fromBase64Url(leaf) }));
  }

  async markProved(reader: LogReader, seqs: readonly number[]): Promise<void> {
    const some = new Set(seqs);
    const kept = await this.#records(reader);
    const now = kept.map((one) => (some.has(one.seq) ? { ...one, proved: true } : one));
    await this.#write(seenKey(reader), now);
  }

  async storeConfirmed(reader: LogReader, seq: number): Promise<void> {
    const all = Math.max(seq, await this.confirmed(reader));
    await this.#write(confirmedKey(reader.fingerprint), all);
  }

  async confirmed({ fingerprint, formers }: LogReader): Promise<number> {
    let all = 0;
    for (const one of [fingerprint, ...formers]) {
      const kept = await this.#store.get("places", confirmedKey(one));
      if (typeof kept === "number") all = Math.max(all, kept);
    }
    return all;
  }

  async setAlarm(reader: LogReader, alarm: string | undefined): Promise<void> {
    const kept = await this.#kept(reader);
    if (kept === undefined || kept.alarm === alarm) return;
    await this.#write(pinKey(reader.fingerprint), { ...kept, alarm });
  }

  /** Accepts that the server's log was replaced: the next one is pinned instead. */
  async forget(reader: LogReader): Promise<void> {
    const servers = [reader.fingerprint, ...reader.formers];
    const keys = [...servers.map(pinKey), ...servers.map(confirmedKey), seenKey(reader)];
    const changes = keys.map((key) => {
      return { table: "places", key, value: undefined } as const;
    });
    await this.#store.write(changes);
  }

  /** Finds the pin under the server's current key or a former one. */
  async #kept({ fingerprint, formers }: LogReader): Promise<KeptPin | undefined> {
    for (const one of [fingerprint, ...formers]) {
      const kept = await this.#store.get("places", pinKey(one));
      if (kept !== undefined) return kept as KeptPin;
    }
    return undefined;
  }

  async #records(reader: LogReader): Promise<readonly KeptRecord[]> {
    const kept = await this.#store.get("places", seenKey(reader));
    return Array.isArray(kept) ? (kept as KeptRecord[]) : [];
  }

  #write(key: string, value: unknown): Promise<void> {
    return this.#store.write([{ table: "places", key, value }]);
  }
}

function pinKey(fingerprint: string): string {
  return `log ${fingerprint}`;
}

function confirmedKey(fingerprint: string): string {
  return `confirmed ${fingerprint}`;
}

function seenKey(reader: LogReader): string {
  return `seen ${accountPrefix(reader)}`;
}
