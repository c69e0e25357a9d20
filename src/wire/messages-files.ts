import * as v from "valibot";
import {
  CHUNK_BYTES,
  FILE_BYTES_MAX,
  FILE_NAME_BYTES_MAX,
  FILE_TARGETS_MAX,
  FILE_TEXT_BYTES_MAX,
  FOLDER_ENTRIES_MAX,
  MANIFEST_BYTES_MAX,
  SENTENCE_BYTES_MAX,
  TRANSFER_WINDOW_BYTES_MAX,
} from "../base/limits.ts";
import {
  bytes,
  count,
  fileId,
  HASH,
  id,
  moment,
  name,
  positive,
  type RequestRow,
  target,
  text,
} from "./field.ts";

/**
 * Messages of files. A transfer has a lane of its own: there chunks go one way, acknowledgements
 * the other, and both ends tell each other by `offer`, `finish` and `fetch` what they are about.
 */

const size = v.pipe(count, v.maxValue(FILE_BYTES_MAX));
const fileName = v.pipe(text(FILE_NAME_BYTES_MAX), v.minLength(1));
const window = v.pipe(positive, v.minValue(CHUNK_BYTES), v.maxValue(TRANSFER_WINDOW_BYTES_MAX));

/** A folder is one file whose content begins with a manifest of what follows (wire/manifest). */
const folder = v.object({
  entries: v.pipe(count, v.maxValue(FOLDER_ENTRIES_MAX)),
  manifestBytes: v.pipe(positive, v.maxValue(MANIFEST_BYTES_MAX)),
});

/** What is asked on a lane. */
export const FILE_REQUESTS = {
  /**
   * Begins to send a file, or goes on where it was left: the same `file` by the same account to the
   * same targets is the same upload.
   */
  offer: {
    phase: "lane",
    fields: {
      file: fileId,
      to: v.pipe(v.array(target), v.minLength(1), v.maxLength(FILE_TARGETS_MAX)),
      name: fileName,
      /** Left out: known at the end only. */
      size: v.optional(size),
      folder: v.optional(folder),
    },
    answer: v.object({
      /** Chunks that are on the server's disk: go on with this index. */
      have: count,
      /** Bytes that may be sent and not acknowledged. */
      window,
    }),
  },
  /** All was sent: told to the targets once it is whole, checked and on the disk. Idempotent. */
  finish: {
    phase: "lane",
    fields: {
      ...{ file: fileId, size, chunks: count, digest: HASH },
      /** What the sender says with it: recorded where the room is told of it for the first time. */
      text: v.optional(text(FILE_TEXT_BYTES_MAX)),
      /** The same of all files that were sent at once, made by the sender; recorded like `text`. */
      sending: v.optional(id),
    },
    answer: v.object({
      /** Stands with `text` in the request: older servers know none, and record none. */
      said: v.optional(v.boolean()),
      posted: v.array(
        v.object({
          to: target,
          seq: positive,
          n: positive,
          time: moment,
          queued: v.optional(v.boolean()),
        }),
      ),
      /** Targets that may not be written to any more. */
      refused: v.array(v.object({ to: target, code: text(64), message: text(SENTENCE_BYTES_MAX) })),
    }),
  },
  /** Gives up an upload of one's own that is not finished. */
  withdraw: { phase: "lane", fields: { file: fileId }, answer: v.object({}) },
  /** Asks for a file from chunk `from` on, while it is still being sent too. */
  fetch: {
    phase: "lane",
    fields: { file: fileId, from: count, window },
    answer: v.object({
      name: fileName,
      /** Who sent it. */
      from: name,
      /** Absent while the sender itself does not know it. */
      size: v.optional(size),
      /** Absent while the upload runs. */
      digest: v.optional(HASH),
      folder: v.optional(folder),
    }),
  },
  /** The receiver has it whole, checked and under its name. */
  got: { phase: "lane", fields: { file: fileId }, answer: v.object({}) },
} as const satisfies Readonly<Record<string, RequestRow>>;

/** What is told on a lane; `offered` on the main link. */
export const FILE_NOTICES = {
  /** Chunk `index` of CHUNK_BYTES bytes; only the last may be shorter, none is empty. */
  chunk: { file: fileId, index: count, sha256: HASH, bytes: bytes(CHUNK_BYTES) },
  /** Received, and its checksum is right. */
  ack: { file: fileId, index: count },
  /** The server has the first `upTo` chunks on its disk: they need not be sent again. */
  durable: { file: fileId, upTo: count },
  /** No chunk comes for now, and why: the sender has sent no more, or the server's disk is slow. */
  held: { file: fileId, where: v.picklist(["sender", "disk"]) },
  /** The last chunk was sent; this is what the whole must be. */
  end: { file: fileId, size, chunks: count, digest: HASH },
  /** A file is on its way to a room one reads; not stored. Its `record` comes when it is whole. */
  offered: {
    room: id,
    file: fileId,
    from: name,
    name: fileName,
    size: v.optional(size),
    folder: v.optional(folder),
  },
} as const;
