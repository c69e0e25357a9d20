/** Imports messages from a file into a room. Importing the file again adds no duplicates. */

import { firstIndex } from "../../base/binary-search.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { OutboxId } from "../../base/ids.ts";
import { defined } from "../../base/values.ts";
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
import { DIGEST_BYTES, doubled, ImportIndex } from "./import-index.ts";

export interface ImportResult {
  readonly posted: number;
  readonly present: number;
  /** Number of reactions and edits whose message is not in the file or no longer in the room. */
  readonly skipped: number;
  /** Number of changed messages that another account imported, whose text stays as it is. */
  readonly unchanged: number;
}

export interface ImportOptions {
  readonly client: Client;
  readonly room: string;
  readonly clock: Clock;
  /** Changes with the content of the imported file. */
  readonly digest: string;
  /** Number of entries in the file. */
  readonly count: number;
  readonly onProgress: (done: number) => void;
  /** Waits for the next connection after a loss. */
  readonly reconnected: () => Promise<unknown>;
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

/**
 * Digests of an entry. A message with an id in its source is identified by that id, whatever its
 * text and the name of its author are now: its post id contains a part of `id`, and `post` covers
 * that part.
 */
interface EntryDigests {
  /** Part of the post id. */
  readonly idHash: number;
  /** Digests under which the index may have the message. */
  readonly post: readonly string[];
  /** Digest of the message's instant and content, on which reactions to it depend. */
  readonly content: string;
}

type PostEntry = Exclude<ImportEntry, { kind: "edit" }>;
type TextEntry = Exclude<PostEntry, { kind: "reaction" }>;

interface PendingPost {
  readonly entry: PostEntry;
  readonly index: number;
  readonly digests: EntryDigests;
  readonly body: PostBody;
}

/**
 * Posts the entries of one file. Each post id contains part of a content hash, so a later import
 * recognises erased messages by their id and all others by their content.
 */
export class Importer {
  readonly #unmatched = new ImportIndex();
  /** Digests of the room's messages, to which reactions refer. */
  readonly #digests = new DigestsBySeq();
  /** Erased messages by the hash in their post ids. */
  readonly #erased = new Map<number, number[]>();
  readonly #edits = new Map<number, string>();
  /** Digests of texts of messages that have an id in their source, which may have changed there. */
  readonly #texts = new DigestsBySeq();
  readonly #byKey = new Map<string, { readonly seq: number; readonly digest: string }>();
  /** Last record that the index covers. */
  #scannedSeq = 0;
  /** Messages of the current batch that the server has confirmed. */
  readonly #confirmed = new Set<number>();
  #batch: PendingPost[] = [];
  #batchChars = 0;
  /** Highest index in the file that was posted from the file's first outbox. */
  #highestIndex = -1;
  /** Outboxes of the file: per attempt, one for each block of entries. */
  readonly #outboxes: OutboxId[][] = [];
  readonly #positions = new Map<OutboxId, { readonly attempt: number; readonly block: number }>();
  /** Attempt for messages before the highest index, at least 1. */
  #attempt = 0;
  #posted = 0;
  #presentCount = 0;
  #skipped = 0;
  #unchanged = 0;

  constructor(private readonly options: ImportOptions) {
    this.#openOutboxes();
    this.#nextAttempt();
  }

  /**
   * @throws {Fault} the fault with which the server refuses a post; earlier posts stay in the room
   */
  async run(entries: Iterable<ImportEntry> | AsyncIterable<ImportEntry>): Promise<ImportResult> {
    checkNotSealed(this.options);
    await this.#scan();
    let index = 0;
    for await (const entry of entries) {
      if (entry.kind === "edit") await this.#edit(entry);
      else await this.#import(entry, index);
      this.options.onProgress(++index);
    }
    await this.#flush();
    return {
      posted: this.#posted,
      present: this.#presentCount,
      skipped: this.#skipped,
      unchanged: this.#unchanged,
    };
  }

  /** Adds the records after the last scan to the index. */
  async #scan(): Promise<void> {
    const { client, room, reconnected } = this.options;
    for (;;) {
      try {
        for await (const records of historyPages(client, { target: room }, this.#scannedSeq)) {
          for (const record of records) {
            this.#scannedSeq = record.seq;
            this.#indexRecord(record);
          }
        }
        return;
      } catch (error) {
        if (!isLoss(error)) throw error;
        await reconnected();
      }
    }
  }

  #indexRecord(record: ChatRecord): void {
    const { seq, kind, body, state } = record;
    const { seq: editedSeq = 0, re = 0, react, text = "" } = fieldsIn(record);
    if (kind === "edit") this.#edits.set(editedSeq, text);
    const counter = importCounter(record.id);
    if (counter === undefined) return;
    const position = this.#positionOf(record.id);
    if (position?.attempt === 0) {
      this.#highestIndex = Math.max(this.#highestIndex, position.index);
    }
    if (this.#confirmed.has(seq) || this.#isPosted(position?.index)) return;
    const hash = counter % COUNTER_HASHES;
    if (state !== "whole") {
      const seqs = this.#erased.get(hash);
      if (seqs === undefined) this.#erased.set(hash, [seq]);
      else seqs.push(seq);
      return;
    }
    const imported = importOriginOf(body);
    if (imported === undefined) return;
    const { from, timeUnixMs } = imported;
    const isReaction = kind === "reaction";
    const content = isReaction ? react : text;
    const answeredDigest = isReaction ? (this.#digests.get(re) ?? "") : "";
    const digest = digestOf([kind, from, timeUnixMs, content, answeredDigest]);
    this.#digests.add(seq, digest);
    if (hashOf(digest) !== hash && isOfSourceId(hash)) {
      this.#unmatched.add(seq, [digest, sourceDigest(timeUnixMs, hash)]);
      this.#texts.add(seq, digestOf([content]));
    } else this.#unmatched.add(seq, [digest]);
  }

  /** Reports whether this run has posted the message at the index, in an earlier batch. */
  #isPosted(index: number | undefined): boolean {
    const [first] = this.#batch;
    return first !== undefined && index !== undefined && index < first.index;
  }

  /** @returns `undefined` if the message was posted from another file */
  #positionOf(id: string): { readonly attempt: number; readonly index: number } | undefined {
    const parsed = parsePostId(id);
    const outbox = parsed && this.#positions.get(parsed.outbox);
    if (parsed === undefined || outbox === undefined) return undefined;
    const { attempt, block } = outbox;
    const index = block * OUTBOX_ENTRIES + Math.floor(parsed.counter / COUNTER_HASHES) - 1;
    return { attempt, index };
  }

  async #import(entry: PostEntry, index: number): Promise<void> {
    const target = entry.re === undefined ? undefined : await this.#target(entry.re);
    const isReaction = entry.kind === "reaction";
    if (isReaction && target === undefined) {
      this.#skipped++;
      return;
    }
    const digests = this.#digestsOf(entry, target?.digest);
    const seq = this.#take(digests);
    if (seq !== undefined) {
      this.#match(entry, seq, this.#digests.get(seq) ?? digests.content);
      const isChanged = entry.kind !== "reaction" && this.#isChanged(seq, entry.text);
      if (isChanged) await this.#editAt(seq, entry.text);
      else this.#presentCount++;
      return;
    }
    const { from, timeUnixMs } = entry;
    const imported = { from, time: timeUnixMs };
    const re = target === undefined ? {} : { re: target.seq };
    const body = isReaction
      ? { text: "", react: entry.react, ...re, imported }
      : { text: entry.text, ...marksOf(entry, target !== undefined), ...re, imported };
    this.#batch.push({ entry, index, digests, body });
    this.#batchChars += body.text.length;
    if (this.#batch.length >= BATCH_POSTS_MAX || this.#batchChars >= BATCH_CHARS_MAX) {
      await this.#flush();
    }
  }

  /** Reports whether the source has another text than the room for a message with an id. */
  #isChanged(seq: number, text: string): boolean {
    const known = this.#texts.get(seq);
    return known !== undefined && known !== digestOf([text]) && this.#edits.get(seq) !== text;
  }

  #digestsOf(entry: PostEntry, answeredDigest = ""): EntryDigests {
    const { kind, from, timeUnixMs } = entry;
    const isReaction = kind === "reaction";
    const text = isReaction ? entry.react : entry.text;
    const answered = isReaction ? answeredDigest : "";
    const content = digestOf([kind, from, timeUnixMs, text, answered]);
    const { sourceId } = entry;
    if (sourceId !== undefined) {
      const idHash = sourceIdHash(sourceId);
      return { idHash, post: [content, sourceDigest(timeUnixMs, idHash)], content };
    }
    return { idHash: hashOf(content), post: [content], content };
  }

  #take({ idHash, post, content }: EntryDigests): number | undefined {
    for (const digest of post) {
      const seq = this.#unmatched.take(digest);
      if (seq !== undefined) return seq;
    }
    return this.#erased.get(idHash)?.shift() ?? this.#erased.get(hashOf(content))?.shift();
  }

  async #target(key: string) {
    if (!this.#byKey.has(key) && this.#batch.some(({ entry }) => keyOf(entry) === key)) {
      await this.#flush();
    }
    return this.#byKey.get(key);
  }

  #match(entry: PostEntry, seq: number, digest: string): void {
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
    if (this.#edits.get(target.seq) === text) this.#presentCount++;
    else await this.#editAt(target.seq, text);
  }

  async #editAt(seq: number, text: string): Promise<void> {
    for (;;) {
      try {
        await this.options.client.request("edit", { seq, text });
        this.#edits.set(seq, text);
        this.#posted++;
        return;
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        if (error.code === "not-allowed") {
          this.#unchanged++;
          return;
        }
        await this.#untilRetry(error);
      }
    }
  }

  /** @throws {Fault} the fault if a retry does not help */
  async #untilRetry(fault: Fault): Promise<void> {
    const { clock, reconnected } = this.options;
    if (isLoss(fault)) await reconnected();
    else if (fault.retryAfterMs === undefined) throw fault;
    // Waits for a whole batch; otherwise the server would refuse each remaining post.
    else await delay(clock, Math.max(fault.retryAfterMs, WAIT_MS_MIN));
  }

  async #flush(): Promise<void> {
    let posts: readonly PendingPost[] = this.#batch;
    let retries = 0;
    while (posts.length > 0) {
      const outcomes = await Promise.allSettled(posts.map((post) => this.#post(post)));
      const refused: PendingPost[] = [];
      let fault: Fault | undefined;
      for (const [position, outcome] of outcomes.entries()) {
        const pending = posts[position];
        if (pending === undefined) continue;
        if (outcome.status === "fulfilled") {
          this.#posted++;
          this.#confirmed.add(outcome.value.seq);
          this.#match(pending.entry, outcome.value.seq, pending.digests.content);
        } else if (outcome.reason instanceof Fault) {
          fault ??= outcome.reason;
          refused.push(pending);
        } else throw outcome.reason;
      }
      if (fault === undefined) break;
      if (fault.code === "out-of-order" && ++retries < ATTEMPTS_MAX) {
        posts = await this.#withoutPosted(refused);
        if (posts.length < refused.length) retries = 0;
        // A message was left out, but later ones were posted: their outbox accepts no earlier one.
        if (posts.some(({ index }) => index <= this.#highestIndex)) this.#nextAttempt();
      } else {
        // After a loss, the server recognizes the messages that it has recorded.
        await this.#untilRetry(fault);
        posts = refused;
      }
    }
    this.#batch = [];
    this.#batchChars = 0;
    this.#confirmed.clear();
  }

  /** Another process may import the same file at the same time. */
  async #withoutPosted(pending: readonly PendingPost[]): Promise<PendingPost[]> {
    await this.#scan();
    return pending.filter(({ entry, digests }) => {
      const seq = this.#take(digests);
      if (seq === undefined) return true;
      this.#presentCount++;
      this.#match(entry, seq, digests.content);
      return false;
    });
  }

  #post({ index, digests, body }: PendingPost) {
    const { client, room } = this.options;
    const attempt = index > this.#highestIndex ? 0 : this.#attempt;
    const outbox = this.#outboxes[attempt]?.[Math.floor(index / OUTBOX_ENTRIES)];
    if (outbox === undefined) throw new Error("an entry belongs to a block of its file");
    const counter = ((index % OUTBOX_ENTRIES) + 1) * COUNTER_HASHES + digests.idHash;
    return client.requestOnce("post", { outbox, counter, to: room, body });
  }

  #nextAttempt(): void {
    this.#attempt++;
    this.#openOutboxes();
  }

  #openOutboxes(): void {
    const { room, digest, count } = this.options;
    const attempt = this.#attempt;
    const blocks = Array.from({ length: Math.ceil(count / OUTBOX_ENTRIES) }, (_, block) =>
      outboxOf([room, block, attempt, digest]),
    );
    this.#outboxes.push(blocks);
    for (const [block, outbox] of blocks.entries()) this.#positions.set(outbox, { attempt, block });
  }
}

/** Digests by the `seq` of their messages, which are added in ascending order. */
class DigestsBySeq {
  #seqs = new Float64Array(1_024);
  #digests = new Uint8Array(1_024 * DIGEST_BYTES);
  #count = 0;

  add(seq: number, digest: string): void {
    if (this.#count === this.#seqs.length) {
      this.#seqs = doubled(this.#seqs, Float64Array);
      this.#digests = doubled(this.#digests, Uint8Array);
    }
    this.#seqs[this.#count] = seq;
    this.#digests.set(Buffer.from(digest, "base64url"), this.#count * DIGEST_BYTES);
    this.#count++;
  }

  get(seq: number): string | undefined {
    const index = firstIndex(this.#count, (at) => (this.#seqs[at] ?? 0) < seq);
    if (index === this.#count || this.#seqs[index] !== seq) return undefined;
    const start = index * DIGEST_BYTES;
    return Buffer.from(this.#digests.slice(start, start + DIGEST_BYTES)).toString("base64url");
  }
}

/** A reply to a message that is missing is shown in the room. */
function marksOf({ kind, thread, notice }: TextEntry, isReply: boolean): Partial<PostBody> {
  const isInThread = (isReply && thread) || undefined;
  return defined({ action: kind === "action" || undefined, thread: isInThread, notice });
}

function isLoss(error: unknown): boolean {
  return error instanceof Fault && error.code === "link-closed";
}

function keyOf(entry: PostEntry): string | undefined {
  return entry.kind === "reaction" ? undefined : entry.key;
}

/** The hash of a reply does not cover the answered message. */
function digestOf(fields: readonly unknown[]): string {
  const digest = Buffer.from(sha256(Buffer.from(JSON.stringify(fields))));
  return digest.toString("base64url", 0, DIGEST_BYTES);
}

/** Changes with the messages of a file. */
export function entriesDigest(entries: readonly ImportEntry[]): string {
  return digestOf([entries.map((post) => [post.from, post.timeUnixMs, post.kind])]);
}

function hashOf(digest: string): number {
  return Buffer.from(digest, "base64url").readUInt32BE(0);
}

/** Lowest bit of a hash: whether it was made from an id of the source or from a local time. */
const SOURCE_ID_MARK = 1;

function sourceIdHash(sourceId: string): number {
  const hash = hashOf(digestOf(["id", sourceId]));
  return hash - (hash % 2) + SOURCE_ID_MARK;
}

function isOfSourceId(hash: number): boolean {
  return hash % 2 === SOURCE_ID_MARK;
}

function sourceDigest(timeUnixMs: number, hash: number): string {
  return digestOf(["id", timeUnixMs, hash]);
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
