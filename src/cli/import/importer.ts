/** Imports messages from a file into a room. Importing the file again adds no duplicates. */

import { Fault, msg } from "../../base/fault.ts";
import type { OutboxId } from "../../base/ids.ts";
import type { Client } from "../../client/client.ts";
import {
  type ChatRecord,
  fieldsIn,
  importOriginOf,
  type RoomView,
} from "../../core/client/chat-record.ts";
import { isSameName } from "../../core/model/item.ts";
import { isOutboxId, parsePostId } from "../../core/rooms/dedup.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { type Clock, delay } from "../../io/clock.ts";
import type { PostBody } from "../../wire/messages.ts";
import { historyPages } from "../connect/lists.ts";
import type { ImportEntry } from "./entry.ts";

export interface ImportResult {
  readonly posted: number;
  readonly present: number;
  /** Number of reactions and edits whose message is not in the file or no longer in the room. */
  readonly skipped: number;
}

export interface ImportOptions {
  readonly client: Client;
  readonly room: string;
  readonly clock: Clock;
  readonly onProgress: (done: number, total: number) => void;
}

/** Below the server's limit for unacknowledged posts from one outbox. */
const BATCH_POSTS_MAX = 128;
const BATCH_CHARS_MAX = 256 * 1024;
const OUTBOX_ENTRIES = 1 << 20;
/** The low part of a post's counter is a hash that identifies the message even after erasure. */
const COUNTER_HASHES = 2 ** 32;
const PREFIX = "import";
/** A server that accepts 500 posts per second accepts a whole batch in this time. */
const WAIT_MS_MIN = 250;
const ATTEMPTS_MAX = 8;

type PostEntry = Exclude<ImportEntry, { kind: "edit" }>;

interface PendingPost {
  readonly entry: PostEntry;
  readonly index: number;
  readonly digest: string;
  readonly body: PostBody;
}

/**
 * Posts the entries of one file. Each post id contains part of a content hash, so a later import
 * recognises erased messages by their id and all others by their content.
 */
export class Importer {
  #unmatched = new Map<string, number[]>();
  #erased = new Map<number, number[]>();
  readonly #matched = new Set<number>();
  #edits = new Map<number, string>();
  readonly #byKey = new Map<string, { readonly seq: number; readonly digest: string }>();
  #batch: PendingPost[] = [];
  #batchChars = 0;
  #fileDigest = "";
  #attempt = 0;
  #posted = 0;
  #presentCount = 0;
  #skipped = 0;

  constructor(private readonly options: ImportOptions) {}

  /**
   * @throws {Fault} the fault with which the server refuses a post; earlier posts stay in the room
   */
  async run(entries: readonly ImportEntry[]): Promise<ImportResult> {
    checkNotSealed(this.options);
    this.#fileDigest = digestOf([entries.map((post) => [post.from, post.timeUnixMs, post.kind])]);
    await this.#scan();
    for (const [index, entry] of entries.entries()) {
      if (entry.kind === "edit") await this.#edit(entry);
      else await this.#import(entry, index);
      this.options.onProgress(index + 1, entries.length);
    }
    await this.#flush();
    return { posted: this.#posted, present: this.#presentCount, skipped: this.#skipped };
  }

  async #scan(): Promise<void> {
    const { client, room } = this.options;
    this.#unmatched = new Map();
    this.#erased = new Map();
    this.#edits = new Map();
    const digests = new Map<number, string>();
    for await (const records of historyPages(client, { target: room })) {
      for (const record of records) this.#indexRecord(record, digests);
    }
  }

  #indexRecord(record: ChatRecord, digests: Map<number, string>): void {
    const { seq, kind, body, state } = record;
    const { seq: editedSeq = 0, re = 0, react, text = "" } = fieldsIn(record);
    if (kind === "edit") this.#edits.set(editedSeq, text);
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
    const content = isReaction ? react : text;
    const answeredDigest = isReaction ? (digests.get(re) ?? "") : "";
    const digest = digestOf([kind, from, timeUnixMs, content, answeredDigest]);
    digests.set(seq, digest);
    addSeq(this.#unmatched, digest, seq);
  }

  async #import(entry: PostEntry, index: number): Promise<void> {
    const target = entry.re === undefined ? undefined : await this.#target(entry.re);
    const isReaction = entry.kind === "reaction";
    if (isReaction && target === undefined) {
      this.#skipped++;
      return;
    }
    const { kind, from, timeUnixMs } = entry;
    const content = isReaction ? entry.react : entry.text;
    const digest = digestOf([kind, from, timeUnixMs, content, isReaction ? target?.digest : ""]);
    const seq = this.#unmatched.get(digest)?.shift() ?? this.#erased.get(hashOf(digest))?.shift();
    if (seq !== undefined) {
      this.#presentCount++;
      this.#match(entry, seq, digest);
      return;
    }
    const imported = { from, time: timeUnixMs };
    const re = target === undefined ? {} : { re: target.seq };
    const body = isReaction
      ? { text: "", react: entry.react, ...re, imported }
      : { text: entry.text, ...(kind === "action" ? { action: true } : {}), ...re, imported };
    this.#batch.push({ entry, index, digest, body });
    this.#batchChars += content.length;
    if (this.#batch.length >= BATCH_POSTS_MAX || this.#batchChars >= BATCH_CHARS_MAX) {
      await this.#flush();
    }
  }

  async #target(key: string) {
    if (!this.#byKey.has(key) && this.#batch.some(({ entry }) => keyOf(entry) === key)) {
      await this.#flush();
    }
    return this.#byKey.get(key);
  }

  #match(entry: PostEntry, seq: number, digest: string): void {
    this.#matched.add(seq);
    const key = keyOf(entry);
    if (key !== undefined) this.#byKey.set(key, { seq, digest });
  }

  async #edit({ re, text }: Extract<ImportEntry, { kind: "edit" }>): Promise<void> {
    await this.#flush();
    const target = this.#byKey.get(re);
    if (target === undefined) {
      this.#skipped++;
      return;
    }
    if (this.#edits.get(target.seq) === text) {
      this.#presentCount++;
      return;
    }
    await this.options.client.request("edit", { seq: target.seq, text });
    this.#edits.set(target.seq, text);
    this.#posted++;
  }

  async #flush(): Promise<void> {
    let posts = this.#batch;
    this.#batch = [];
    this.#batchChars = 0;
    while (posts.length > 0) {
      const outcomes = await Promise.allSettled(posts.map((post) => this.#post(post)));
      const refused: PendingPost[] = [];
      let fault: Fault | undefined;
      for (const [position, outcome] of outcomes.entries()) {
        const pending = posts[position];
        if (pending === undefined) continue;
        if (outcome.status === "fulfilled") {
          this.#posted++;
          this.#match(pending.entry, outcome.value.seq, pending.digest);
        } else if (outcome.reason instanceof Fault) {
          fault ??= outcome.reason;
          refused.push(pending);
        } else throw outcome.reason;
      }
      if (fault === undefined) return;
      if (fault.code === "out-of-order" && ++this.#attempt < ATTEMPTS_MAX) {
        posts = await this.#withoutPosted(refused);
      } else if (fault.retryAfterMs !== undefined) {
        // Waits for the whole batch; otherwise the server would refuse each remaining post.
        await delay(this.options.clock, Math.max(fault.retryAfterMs, WAIT_MS_MIN));
        posts = refused;
      } else throw fault;
    }
  }

  async #withoutPosted(pending: readonly PendingPost[]): Promise<PendingPost[]> {
    await this.#scan();
    return pending.filter(({ entry, digest }) => {
      const seq = this.#unmatched.get(digest)?.shift();
      if (seq === undefined) return true;
      this.#presentCount++;
      this.#match(entry, seq, digest);
      return false;
    });
  }

  #post({ index, digest, body }: PendingPost) {
    const { client, room } = this.options;
    const block = Math.floor(index / OUTBOX_ENTRIES);
    const outbox = outboxOf([room, block, this.#attempt, this.#fileDigest]);
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

/** The hash of a reply does not cover the answered message. */
function digestOf(fields: readonly unknown[]): string {
  return Buffer.from(sha256(Buffer.from(JSON.stringify(fields)))).toString("base64url", 0, 16);
}

function hashOf(digest: string): number {
  return Buffer.from(digest, "base64url").readUInt32BE(0);
}

function importCounter(id: string): number | undefined {
  const parsed = parsePostId(id);
  return parsed?.outbox.startsWith(PREFIX) === true ? parsed.counter : undefined;
}

function outboxOf(fields: readonly unknown[]): OutboxId {
  const outbox = PREFIX + digestOf(fields).slice(0, 11 - PREFIX.length);
  if (!isOutboxId(outbox)) throw new Error("an outbox id has 11 letters");
  return outbox;
}

/**
 * Checks before the first message is sent, because the server must not receive its text. Devices
 * would refuse imported messages, which name an author and a time that their sender has not signed.
 */
function checkNotSealed({ client, room }: Pick<ImportOptions, "client" | "room">): void {
  const isTarget = (view: RoomView) => view.kind === "room" && isSameName(view.name, room);
  if (!client.rooms.some((view) => isTarget(view) && view.isSealed === true)) return;
  throw new Fault("sealed-room", msg`messages cannot be imported into an encrypted room`, {
    remedy: msg`import them into a room that is not encrypted`,
  });
}
