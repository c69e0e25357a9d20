/**
 * Messages of files. Each transfer has its own data channel: chunks go one way and acknowledgements
 * the other, after `offer`, `finish` or `fetch`.
 */

import * as v from "valibot";
import {
  CHUNK_BYTES,
  FAULT_TEXT_BYTES_MAX,
  FILE_BYTES_MAX,
  FILE_NAME_BYTES_MAX,
  FILE_TARGETS_MAX,
  FILE_TEXT_BYTES_MAX,
  FOLDER_ENTRIES_MAX,
  MANIFEST_BYTES_MAX,
  TRANSFER_WINDOW_BYTES_MAX,
} from "../base/limits.ts";
import {
  bytes,
  count,
  fileId,
  HASH,
  id,
  list,
  moment,
  name,
  positive,
  type RequestRow,
  target,
  text,
} from "./field.ts";

const size = v.pipe(count, v.maxValue(FILE_BYTES_MAX));
const fileName = v.pipe(text(FILE_NAME_BYTES_MAX), v.minLength(1));
const window = v.pipe(positive, v.minValue(CHUNK_BYTES), v.maxValue(TRANSFER_WINDOW_BYTES_MAX));

/** A folder is one file whose content begins with a manifest (wire/manifest). */
const folder = v.object({
  entries: v.pipe(count, v.maxValue(FOLDER_ENTRIES_MAX)),
  manifestBytes: v.pipe(positive, v.maxValue(MANIFEST_BYTES_MAX)),
});

/** Requests on a data channel. */
export const FILE_REQUESTS = {
  /**
   * Starts or resumes an upload: the same `file` by the same account to the same targets is the
   * same upload.
   */
  offer: {
    phase: "lane",
    fields: {
      file: fileId,
      to: list(target, FILE_TARGETS_MAX, 1),
      name: fileName,
      /** Omitted if it is known only at the end. */
      size: v.optional(size),
      folder: v.optional(folder),
    },
    answer: v.object({
      /** Number of chunks on the server's disk: resume at this index. */
      have: count,
      /** Bytes that may be sent and not acknowledged. */
      window,
    }),
  },
  /**
   * All chunks were sent. The server notifies the targets once the file is complete, verified and
   * on the disk. Idempotent.
   */
  finish: {
    phase: "lane",
    fields: {
      ...{ file: fileId, size, chunks: count, digest: HASH },
      /** The sender's message with the file, recorded in its first record in each room. */
      text: v.optional(text(FILE_TEXT_BYTES_MAX)),
      /** An id that files sent together share, made by the sender; recorded like `text`. */
      sending: v.optional(id),
    },
    answer: v.object({
      /** The server knows `text`; older servers do not, and do not record it. */
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
      /** Targets that the sender may no longer write to. */
      refused: v.array(
        v.object({ to: target, code: text(64), message: text(FAULT_TEXT_BYTES_MAX) }),
      ),
    }),
  },
  /** Cancels one's own unfinished upload. */
  withdraw: { phase: "lane", fields: { file: fileId }, answer: v.object({}) },
  /** Requests a file from chunk `from` on, even while it is still being uploaded. */
  fetch: {
    phase: "lane",
    fields: { file: fileId, from: count, window },
    answer: v.object({
      name: fileName,
      /** Name of the sender. */
      from: name,
      /** Absent while the sender itself does not know it. */
      size: v.optional(size),
      /** Absent during the upload. */
      digest: v.optional(HASH),
      folder: v.optional(folder),
    }),
  },
  /** The receiver has the complete file, verified and under its name. */
  got: { phase: "lane", fields: { file: fileId }, answer: v.object({}) },
} as const satisfies Readonly<Record<string, RequestRow>>;

/** Notices on a data channel; `offered` on the main link. */
export const FILE_NOTICES = {
  /** Chunk `index` of CHUNK_BYTES bytes; only the last may be shorter, none is empty. */
  chunk: { file: fileId, index: count, sha256: HASH, bytes: bytes(CHUNK_BYTES) },
  /** The chunk was received with the right checksum. */
  ack: { file: fileId, index: count },
  /** The first `upTo` chunks are on the server's disk and need not be sent again. */
  durable: { file: fileId, upTo: count },
  /** Chunks are paused: the sender has sent no more, or the server's disk is slow. */
  held: { file: fileId, where: v.picklist(["sender", "disk"]) },
  /** The last chunk was sent; size and digest of the whole file. */
  end: { file: fileId, size, chunks: count, digest: HASH },
  /**
   * An upload to a room that the receiver reads has begun; not stored. Its `record` follows when
   * the file is complete.
   */
  offered: {
    room: id,
    file: fileId,
    from: name,
    name: fileName,
    size: v.optional(size),
    folder: v.optional(folder),
  },
} as const;
