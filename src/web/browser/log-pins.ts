/** Log pins in this browser: the newest log record seen from each server. */

import { fromBase64Url, toBase64Url } from "../../base/bytes.ts";
import { withoutLost } from "../../client/outbox-queue.ts";
import type { KnownRecord, LogPin } from "../../core/client/audit.ts";
import { hasNewKey, isPersonPin, type PersonPin } from "../../core/client/person-keys.ts";
import { keyWithoutThread, withoutTargets } from "../../core/model/draft-targets.ts";
import { isSameName } from "../../core/model/item.ts";
import type { ComposerDraft } from "../../core/model/state.ts";
import {
  type ChangePin,
  type LogPins,
  type LogReader,
  type OwnAccountPin,
  REPLACED_LOGS_MAX,
  type ReplacedLog,
} from "../../io/state/log-pins.ts";
import { isDraft, joinedDraft } from "../../ui/text/draft.ts";
import type { LogName } from "../../wire/kinds.ts";
import type { PostBody } from "../../wire/messages.ts";
import type { Locks } from "./environment.ts";
import { accountPrefix, type Store } from "./indexed-db.ts";
import { TAB_SEPARATOR } from "./preferences.ts";

const STORED_RECORDS_MAX = 256;
const PEOPLE_MAX = 256;

interface StoredPin {
  readonly origin: string;
  readonly size: number;
  readonly root: string;
  readonly note: string;
  readonly alarm: string | undefined;
  readonly common?: number | undefined;
}
type StoredRecord = Omit<KnownRecord, "leaf"> & { readonly leaf: string; readonly proved: boolean };

const LOCK_WAIT_MS = 5_000;

/**
 * Tabs share the rows, so each change reads and writes its row under a lock. A tab stores nothing
 * about the history that it has read once a different one was accepted: it must reload.
 */
export class BrowserLogPins implements LogPins {
  /** Newest acceptance when this tab first used the rows of a server. */
  readonly #known = new Map<string, number>();

  constructor(
    private readonly store: Store,
    private readonly locks: Pick<Locks, "run"> = { run: (_name, _waitMsMax, work) => work() },
  ) {}

  async pin(reader: LogReader, log?: LogName): Promise<LogPin | undefined> {
    const stored = await this.#storedPin(reader, log);
    if (stored === undefined) return undefined;
    const { origin, size, root, note } = stored;
    return { origin, size, root: fromBase64Url(root), note };
  }

  storePin(reader: LogReader, { origin, size, root, note }: LogPin, log?: LogName): Promise<void> {
    return this.#change(reader, async () => {
      const previous = await this.#storedPin(reader, log);
      if (previous !== undefined && (previous.origin !== origin || previous.size > size)) return;
      const pin = { origin, size, root: toBase64Url(root), note, alarm: previous?.alarm };
      await this.#write(pinKey(reader.fingerprint, log), pin satisfies StoredPin);
    });
  }

  storeRecords(reader: LogReader, records: readonly KnownRecord[]): Promise<void> {
    return this.#change(reader, async () => {
      const bySeq = new Map((await this.#records(reader)).map((record) => [record.seq, record]));
      // A page may receive a record twice, for example after it joins a room again.
      for (const record of records) {
        if (bySeq.has(record.seq)) continue;
        bySeq.set(record.seq, { ...record, leaf: toBase64Url(record.leaf), proved: false });
      }
      const all = [...bySeq.values()].sort((a, b) => a.seq - b.seq);
      await this.#write(recordsKey(reader), all.slice(-STORED_RECORDS_MAX));
    });
  }

  async storedRecords(reader: LogReader, which: "all" | "unproved"): Promise<KnownRecord[]> {
    const stored = await this.#records(reader);
    return stored
      .filter(({ proved }) => which === "all" || !proved)
      .map(({ proved: _, leaf, ...record }) => ({ ...record, leaf: fromBase64Url(leaf) }));
  }

  markProved(reader: LogReader, seqs: readonly number[]): Promise<void> {
    const provedSeqs = new Set(seqs);
    return this.#change(reader, async () => {
      const stored = await this.#records(reader);
      const updated = stored.map((record) =>
        provedSeqs.has(record.seq) ? { ...record, proved: true } : record,
      );
      await this.#write(recordsKey(reader), updated);
    });
  }

  storeConfirmed(reader: LogReader, seq: number): Promise<void> {
    return this.#change(reader, async () => {
      const confirmed = Math.max(seq, await this.confirmed(reader));
      await this.#write(confirmedKey(reader.fingerprint), confirmed);
    });
  }

  async confirmed({ fingerprint, formers }: LogReader): Promise<number> {
    let confirmed = 0;
    for (const key of [fingerprint, ...formers]) {
      const stored = await this.store.get("places", confirmedKey(key));
      if (typeof stored === "number") confirmed = Math.max(confirmed, stored);
    }
    return confirmed;
  }

  setAlarm(reader: LogReader, alarm: string | undefined, common?: number): Promise<void> {
    return this.#change(reader, async () => {
      const stored = await this.#storedPin(reader);
      if (stored === undefined || (stored.alarm === alarm && stored.common === common)) return;
      const pin = { ...stored, alarm, common } satisfies StoredPin;
      await this.#write(pinKey(reader.fingerprint), pin);
    });
  }

  async hasAlarm(reader: LogReader): Promise<boolean> {
    return (await this.#storedPin(reader))?.alarm !== undefined;
  }

  async replaced({ fingerprint, formers }: LogReader): Promise<readonly ReplacedLog[]> {
    for (const key of [fingerprint, ...formers]) {
      const stored = await this.store.get("places", replacedKey(key));
      if (Array.isArray(stored)) return stored as ReplacedLog[];
    }
    return [];
  }

  async ownAccount(reader: LogReader): Promise<OwnAccountPin | undefined> {
    return (await this.store.get("places", ownKey(reader))) as OwnAccountPin | undefined;
  }

  storeOwnAccount(reader: LogReader, { account, n, size }: OwnAccountPin): Promise<void> {
    return this.#change(reader, () => this.#write(ownKey(reader), { account, n, size }));
  }

  async people(reader: LogReader): Promise<readonly PersonPin[]> {
    for (const fingerprint of [reader.fingerprint, ...reader.formers]) {
      const stored = await this.store.get("places", peopleKey(fingerprint));
      if (Array.isArray(stored)) return stored.filter(isPersonPin);
    }
    return [];
  }

  async storePerson(
    reader: LogReader,
    pin: PersonPin,
    change: ChangePin = () => pin,
  ): Promise<PersonPin> {
    let changed = pin;
    await this.#change(reader, async () => {
      const stored = await this.people(reader);
      const isPerson = ({ user }: PersonPin) => isSameName(user, pin.user);
      changed = change(stored.find(isPerson));
      const people = [...stored.filter((one) => !isPerson(one)), changed];
      const dropped =
        people.length > PEOPLE_MAX
          ? (people.find((one) => !hasNewKey(one)) ?? people[0])
          : undefined;
      await this.#write(
        peopleKey(reader.fingerprint),
        people.filter((one) => one !== dropped),
      );
    });
    return changed;
  }

  /**
   * Forgets a replaced log's pin, so that the log that the server presents next is pinned. That log
   * must prove the keys of people again, but does not change which are accepted.
   */
  forget(reader: LogReader): Promise<void> {
    return this.#change(reader, () => this.#forget(reader));
  }

  async #forget(reader: LogReader): Promise<void> {
    const people = (await this.people(reader)).map((pin) => ({ ...pin, n: 0 }));
    if (people.length > 0) await this.#write(peopleKey(reader.fingerprint), people);
    await this.#storeReplaced(reader);
    const servers = [reader.fingerprint, ...reader.formers];
    const ofServer = (server: string) => [
      pinKey(server),
      pinKey(server, "accounts"),
      confirmedKey(server),
    ];
    const keys = [...servers.flatMap(ofServer), recordsKey(reader), ownKey(reader)];
    const changes = keys.map((key) => {
      return { table: "places", key, value: undefined } as const;
    });
    await this.store.write(changes);
  }

  async #storeReplaced(reader: LogReader): Promise<void> {
    const known = await this.#storedPin(reader);
    if (known === undefined) return;
    const logs = await this.replaced(reader);
    const { origin, size, common } = known;
    const log: ReplacedLog = { at: (logs.at(-1)?.at ?? 0) + 1, origin, size, common };
    await this.#write(replacedKey(reader.fingerprint), [...logs, log].slice(-REPLACED_LOGS_MAX));
    if (common === undefined) return;
    await this.#unlinkDrafts(reader, common);
    await this.#markUnsent(reader, common);
    await this.#unlinkRefused(reader, common);
  }

  /** The user may send them again. */
  async #unlinkRefused(reader: LogReader, common: number): Promise<void> {
    const posts = await this.store.all("refused", accountPrefix(reader));
    const changes = posts.map(([key, post]) => {
      const { body = { text: "" } } = Object(post) as { readonly body?: PostBody };
      const unlinked = withoutLost({ ...body, lostAfter: common }).body;
      return { table: "refused", key, value: { ...Object(post), body: unlinked } } as const;
    });
    if (changes.length > 0) await this.store.write(changes);
  }

  /** The client checks the marked posts when it adopts their outbox. */
  async #markUnsent(reader: LogReader, common: number): Promise<void> {
    const posts = await this.store.all("outbox", accountPrefix(reader));
    const changes = posts.map(([key, post]) => {
      const { body } = Object(post) as { readonly body?: { readonly lostAfter?: number } };
      const lostAfter = Math.min(body?.lostAfter ?? common, common);
      return {
        table: "outbox",
        key,
        value: { ...Object(post), body: { ...body, lostAfter } },
      } as const;
    });
    if (changes.length > 0) await this.store.write(changes);
  }

  /** A reply or an edit must not refer to another message with the same number. */
  async #unlinkDrafts(reader: LogReader, common: number): Promise<void> {
    const prefix = accountPrefix(reader);
    const drafts = new Map<string, ComposerDraft | undefined>();
    // The key of a room sorts before those of its threads.
    for (const [key, draft] of await this.store.all("drafts", prefix)) {
      if (!isDraft(draft)) continue;
      const [target = "", ...tab] = key.slice(prefix.length).split(TAB_SEPARATOR);
      const moved = prefix + [keyWithoutThread(target, common), ...tab].join(TAB_SEPARATOR);
      const unlinked = withoutTargets(draft, common);
      if (moved !== key) drafts.set(key, undefined);
      drafts.set(moved, joinedDraft(drafts.get(moved), unlinked));
    }
    const changes = [...drafts].map(([key, value]) => ({ table: "drafts", key, value }) as const);
    if (changes.length > 0) await this.store.write(changes);
  }

  async #storedPin(
    { fingerprint, formers }: LogReader,
    log?: LogName,
  ): Promise<StoredPin | undefined> {
    for (const key of [fingerprint, ...formers]) {
      const stored = await this.store.get("places", pinKey(key, log));
      if (stored !== undefined) return stored as StoredPin;
    }
    return undefined;
  }

  async #records(reader: LogReader): Promise<readonly StoredRecord[]> {
    const stored = await this.store.get("places", recordsKey(reader));
    return Array.isArray(stored) ? (stored as StoredRecord[]) : [];
  }

  /** Does nothing once a different history was accepted. */
  #change(reader: LogReader, work: () => Promise<void>): Promise<void> {
    return this.locks.run("chat log pins", LOCK_WAIT_MS, async () => {
      if ((await this.replacedAfter(reader)) === undefined) await work();
    });
  }

  /**
   * Returns the `seq` of the last record that this tab has in common with the history that was
   * accepted since its start, by this tab or another one; `undefined` if none was.
   */
  async replacedAfter(reader: LogReader): Promise<number | undefined> {
    const logs = await this.replaced(reader);
    const newest = logs.at(-1)?.at ?? 0;
    const known = this.#known.get(reader.fingerprint) ?? newest;
    this.#known.set(reader.fingerprint, known);
    const later = logs.filter(({ at }) => at > known).map(({ common = 0 }) => common);
    return later.length === 0 ? undefined : Math.min(...later);
  }

  #write(key: string, value: unknown): Promise<void> {
    return this.store.write([{ table: "places", key, value }]);
  }
}

function pinKey(fingerprint: string, log: LogName = "history"): string {
  return `${log === "history" ? "log" : "accounts-log"} ${fingerprint}`;
}

function replacedKey(fingerprint: string): string {
  return `replaced ${fingerprint}`;
}

function confirmedKey(fingerprint: string): string {
  return `confirmed ${fingerprint}`;
}

function ownKey(reader: LogReader): string {
  return `own ${accountPrefix(reader)}`;
}

function peopleKey(fingerprint: string): string {
  return `people ${fingerprint}`;
}

function recordsKey(reader: LogReader): string {
  return `seen ${accountPrefix(reader)}`;
}
