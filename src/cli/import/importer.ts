/** Posts the messages of a file into a room, each once however often it is imported. */

import { Fault } from "../../base/fault.ts";
import type { OutboxId } from "../../base/ids.ts";
import type { Client } from "../../client/client.ts";
import { bodyText, type ChatRecord, importOriginOf } from "../../core/client/chat-record.ts";
import { isOutboxId, parsePostId } from "../../core/rooms/dedup.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { type Clock, delay } from "../../io/clock.ts";
import type { PostBody } from "../../wire/messages.ts";
import { historyPages } from "../connect/lists.ts";
import type { ImportEntry } from "./entry.ts";

export interface ImportResult {
  readonly posted: number;
  /** Messages that were already in the room. */
  readonly present: number;
  /** Reactions and edits of messages that are not in the file, or no longer in the room. */
  readonly skipped: number;
}

export interface ImportOptions {
  readonly client: Client;
  readonly room: string;
  readonly clock: Clock;
  readonly onProgress: (done: number, total: number) => void;
}

/** Unacknowledged posts: below a server's limit for one outbox. */
const BATCH_POSTS_MAX = 128;
const BATCH_CHARS_MAX = 256 * 1024;
/** Entries that share an outbox. */
const OUTBOX_ENTRIES = 1 << 20;
/**
 * Range of the low part of a counter: a part of the message's hash, which identifies an erased one.
 */
const COUNTER_HASHES = 2 ** 32;
const PREFIX = "import";
/** A server that accepts 500 posts a second accepts a batch after this time. */
const WAIT_MS_MIN = 250;
/** Maximum conflicts between concurrent imports of one file. */
const ATTEMPTS_MAX = 8;

type PostEntry = Exclude<ImportEntry, { kind: "edit" }>;

interface Pending {
  readonly entry: PostEntry;
  readonly index: number;
  readonly digest: string;
  readonly body: PostBody;
}

/**
 * The id of each post contains a part of a hash of its content. Messages in the room are recognized
 * by their content or, if erased, by their id. So an interrupted import resumes, a file that has
 * grown adds only new messages, and erased ones stay erased.
 */
export class Importer {
  readonly #options: ImportOptions;
  /** Imported messages in the room: by digest, the seqs that were not matched in the file yet. */
  #present = new Map<string, number[]>();
  /** Erased ones, by the hash in their counter. */
  #erased = new Map<number, number[]>();
  /** Seqs matched in the file or posted by this run. */
  readonly #matched = new Set<number>();
  /** Latest text of edited messages. */
  #edits = new Map<number, string>();
  /** Messages of the file: by key, their seq and digest. */
  readonly #bySource = new Map<string, { readonly seq: number; readonly digest: string }>();
  #batch: Pending[] = [];
  #batchChars = 0;
  /** Digest of the file's entries. */
  #file = "";
  #attempt = 0;
  #posted = 0;
  #known = 0;
  #skipped = 0;

  constructor(options: ImportOptions) {
    this.#options = options;
  }

  /** @throws Fault as the server refuses a post; earlier posts stay */
  async run(entries: readonly ImportEntry[]): Promise<ImportResult> {
    this.#file = digestOf([entries.map((one) => [one.from, one.timeUnixMs, one.kind])]);
    await this.#scan();
    for (const [index, entry] of entries.entries()) {
      if (entry.kind === "edit") await this.#edit(entry);
      else await this.#import(entry, index);
      this.#options.onProgress(index + 1, entries.length);
    }
    await this.#flush();
    return { posted: this.#posted, present: this.#known, skipped: this.#skipped };
  }

  /** Reads earlier imports in the room, by anyone. */
  async #scan(): Promise<void> {
    const { client, room } = this.#options;
    this.#present = new Map();
    this.#erased = new Map();
    this.#edits = new Map();
    const digests = new Map<number, string>();
    for await (const records of historyPages(client, { target: room })) {
      for (const record of records) this.#note(record, digests);
    }
  }

  #note(record: ChatRecord, digests: Map<number, string>): void {
    const { seq, kind, body, state } = record;
    if (kind === "edit") this.#edits.set(Number(body?.["seq"]), bodyText(record));
    const counter = importCounter(record.id);
    if (counter === undefined) return;
    if (this.#matched.has(seq)) return;
    if (state !== "whole") {
      addSeq(this.#erased, counter % COUNTER_HASHES, seq);
      return;
    }
    const imported = importOriginOf(body);
    if (imported === undefined) return;
    const { from, timeUnixMs } = imported;
    const isReaction = kind === "reaction";
    const said = isReaction ? body?.["react"] : body?.["text"];
    const about = isReaction ? (digests.get(Number(body?.["re"])) ?? "") : "";
    const digest = digestOf([kind, from, timeUnixMs, said, about]);
    digests.set(seq, digest);
    addSeq(this.#present, digest, seq);
  }

  async #import(entry: PostEntry, index: number): Promise<void> {
    const target = entry.re === undefined ? undefined : await this.#target(entry.re);
    const isReaction = entry.kind === "reaction";
    if (isReaction && target === undefined) {
      this.#skipped++;
      return;
    }
    const { kind, from, timeUnixMs } = entry;
    const said = isReaction ? entry.react : entry.text;
    const digest = digestOf([kind, from, timeUnixMs, said, isReaction ? target?.digest : ""]);
    const seq = this.#present.get(digest)?.shift() ?? this.#erased.get(hashOf(digest))?.shift();
    if (seq !== undefined) {
      this.#known++;
      this.#match(entry, seq, digest);
      return;
    }
    const imported = { from, time: timeUnixMs };
    const re = target === undefined ? {} : { re: target.seq };
    const body = isReaction
      ? { text: "", react: entry.react, ...re, imported }
      : { text: entry.text, ...(kind === "action" ? { action: true } : {}), ...re, imported };
    this.#batch.push({ entry, index, digest, body });
    this.#batchChars += said.length;
    if (this.#batch.length >= BATCH_POSTS_MAX || this.#batchChars >= BATCH_CHARS_MAX) {
      await this.#flush();
    }
  }

  /** The answered message must exist: if it is in the batch, the batch is sent first. */
  async #target(key: string) {
    if (!this.#bySource.has(key) && this.#batch.some(({ entry }) => keyOf(entry) === key)) {
      await this.#flush();
    }
    return this.#bySource.get(key);
  }

  #match(entry: PostEntry, seq: number, digest: string): void {
    this.#matched.add(seq);
    const key = keyOf(entry);
    if (key !== undefined) this.#bySource.set(key, { seq, digest });
  }

  async #edit({ re, text }: Extract<ImportEntry, { kind: "edit" }>): Promise<void> {
    await this.#flush();
    const target = this.#bySource.get(re);
    if (target === undefined) {
      this.#skipped++;
      return;
    }
    if (this.#edits.get(target.seq) === text) {
      this.#known++;
      return;
    }
    await this.#options.client.request("edit", { seq: target.seq, text });
    this.#edits.set(target.seq, text);
    this.#posted++;
  }

  /** Sends the batch, and retries posts that the server delayed. */
  async #flush(): Promise<void> {
    let waiting = this.#batch;
    this.#batch = [];
    this.#batchChars = 0;
    while (waiting.length > 0) {
      const outcomes = await Promise.allSettled(waiting.map((one) => this.#post(one)));
      const again: Pending[] = [];
      let fault: Fault | undefined;
      for (const [at, outcome] of outcomes.entries()) {
        const pending = waiting[at];
        if (pending === undefined) continue;
        if (outcome.status === "fulfilled") {
          this.#posted++;
          this.#match(pending.entry, outcome.value.seq, pending.digest);
        } else if (outcome.reason instanceof Fault) {
          fault ??= outcome.reason;
          again.push(pending);
        } else throw outcome.reason;
      }
      if (fault === undefined) return;
      if (fault.code === "out-of-order" && ++this.#attempt < ATTEMPTS_MAX) {
        waiting = await this.#withoutPosted(again);
      } else if (fault.retryAfterMs !== undefined) {
        // Wait once for the batch: otherwise the rest would be refused, again and again.
        await delay(this.#options.clock, Math.max(fault.retryAfterMs, WAIT_MS_MIN));
        waiting = again;
      } else throw fault;
    }
  }

  /**
   * Later messages of these outboxes are in the log, from another import of this file, or from this
   * one before the file was changed. Messages posted meanwhile are not posted again.
   */
  async #withoutPosted(pending: readonly Pending[]): Promise<Pending[]> {
    await this.#scan();
    return pending.filter(({ entry, digest }) => {
      const seq = this.#present.get(digest)?.shift();
      if (seq === undefined) return true;
      this.#known++;
      this.#match(entry, seq, digest);
      return false;
    });
  }

  #post({ index, digest, body }: Pending) {
    const { client, room } = this.#options;
    const block = Math.floor(index / OUTBOX_ENTRIES);
    const outbox = outboxOf([room, block, this.#attempt, this.#file]);
    const counter = ((index % OUTBOX_ENTRIES) + 1) * COUNTER_HASHES + hashOf(digest);
    return client.requestOnce("post", { outbox, counter, to: room, body });
  }
}

function keyOf(entry: PostEntry): string | undefined {
  return entry.kind === "reaction" ? undefined : entry.key;
}

function addSeq<Key>(map: Map<Key, number[]>, key: Key, seq: number): void {
  const seqs = map.get(key);
  if (seqs === undefined) map.set(key, [seq]);
  else seqs.push(seq);
}

/** Hash of the visible parts of a message; for replies the answered message does not matter. */
function digestOf(parts: readonly unknown[]): string {
  return Buffer.from(sha256(Buffer.from(JSON.stringify(parts)))).toString("base64url", 0, 16);
}

function hashOf(digest: string): number {
  return Buffer.from(digest, "base64url").readUInt32BE(0);
}

/** The counter of a post by an import, which its outbox distinguishes from others. */
function importCounter(id: string): number | undefined {
  const parsed = parsePostId(id);
  return parsed?.outbox.startsWith(PREFIX) === true ? parsed.counter : undefined;
}

function outboxOf(parts: readonly unknown[]): OutboxId {
  const outbox = PREFIX + digestOf(parts).slice(0, 11 - PREFIX.length);
  if (!isOutboxId(outbox)) throw new Error("an outbox id has 11 letters");
  return outbox;
}
