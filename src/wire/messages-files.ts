/**
 * Messages for files. Each transfer has its own data channel, on which chunks and acknowledgements
 * go in opposite directions after `offer`, `finish` or `fetch`.
 */

import * as v from "valibot";
import {
  CHUNK_BYTES,
  FILE_BYTES_MAX,
  FILE_NAME_BYTES_MAX,
  FILE_TARGETS_MAX,
  FOLDER_ENTRIES_MAX,
  MANIFEST_BYTES_MAX,
  SMALL_FILE_BYTES_MAX,
  TRANSFER_WINDOW_BYTES_MAX,
  UPLOADS_PAGE_MAX,
} from "../base/limits.ts";
import { PREVIEW_SIDE_MAX, SEALED_PREVIEW_BYTES_MAX } from "../base/limits-page.ts";
import {
  bytes,
  count,
  fileId,
  HASH,
  id,
  list,
  name,
  positive,
  type RequestRow,
  target,
  text,
  unixMs,
} from "./field.ts";
import { fileDetails } from "./file-details.ts";

const size = v.pipe(count, v.maxValue(FILE_BYTES_MAX));
const fileName = v.pipe(text(FILE_NAME_BYTES_MAX), v.minLength(1));
const previewSide = v.pipe(positive, v.maxValue(PREVIEW_SIDE_MAX));
const window = v.pipe(positive, v.minValue(CHUNK_BYTES), v.maxValue(TRANSFER_WINDOW_BYTES_MAX));

/** A folder is sent as one file whose content begins with a manifest (wire/manifest). */
const folder = v.object({
  entries: v.pipe(count, v.maxValue(FOLDER_ENTRIES_MAX)),
  manifestBytes: v.pipe(positive, v.maxValue(MANIFEST_BYTES_MAX)),
});

const preview = v.object({
  file: fileId,
  size: v.pipe(positive, v.maxValue(SEALED_PREVIEW_BYTES_MAX)),
  digest: HASH,
  width: v.optional(previewSide),
  height: v.optional(previewSide),
});

/** Complete upload, with its content, so that a record lists what its author has sent. */
export const attachedFile = v.object({
  file: fileId,
  size,
  chunks: count,
  digest: HASH,
  preview: v.optional(preview),
});
export type AttachedFile = v.InferOutput<typeof attachedFile>;

/**
 * Purpose of an upload that no post lists and that is not announced: a preview of another file, or
 * messages of an encrypted room for a device that joined later.
 */
export const uploadPurpose = v.picklist(["preview", "handover"]);
export type UploadPurpose = v.InferOutput<typeof uploadPurpose>;

/** Root of the thread that will show the file, for the notices to readers. */
const uploadThread = positive;

const fetched = {
  name: fileName,
  from: name,
  size: v.optional(size),
  digest: v.optional(HASH),
  folder: v.optional(folder),
  /** Size without long runs of zeros, which receivers need not store. Absent if unknown. */
  data: v.optional(size),
  details: v.optional(fileDetails),
};

export const FILE_REQUESTS = {
  /** Starts or resumes an upload, which is identified by `file`, account and targets. */
  offer: {
    phase: "lane",
    fields: {
      file: fileId,
      to: list(target, FILE_TARGETS_MAX, 1),
      name: fileName,
      size: v.optional(size),
      folder: v.optional(folder),
      /** Details of the file, or of the folder itself. */
      details: v.optional(fileDetails),
      purpose: v.optional(uploadPurpose),
      /**
       * Number of chunks that the file still has; the server drops the others. A server that cannot
       * drop them answers with a larger `have`.
       */
      keep: v.optional(count),
      thread: v.optional(uploadThread),
    },
    answer: v.object({
      /** Number of chunks on the server's disk, at which the client resumes. */
      have: count,
      window,
    }),
  },
  /** Ends an upload. Answered when the file is complete, verified and on the disk. Idempotent. */
  finish: {
    phase: "lane",
    fields: { file: fileId, size, chunks: count, digest: HASH },
    answer: v.object({}),
  },
  /**
   * Uploads a small file, on the main link: `offer`, the only chunk and `finish` in one.
   * Idempotent.
   */
  put: {
    fields: {
      file: fileId,
      to: list(target, FILE_TARGETS_MAX, 1),
      name: fileName,
      folder: v.optional(folder),
      details: v.optional(fileDetails),
      purpose: v.optional(uploadPurpose),
      thread: v.optional(uploadThread),
      sha256: HASH,
      bytes: bytes(SMALL_FILE_BYTES_MAX),
    },
    answer: v.object({}),
  },
  /**
   * Deletes the account's own upload, even while another data channel sends it, or messages that
   * were handed over to the account.
   */
  withdraw: { phase: "lane", fields: { file: fileId }, answer: v.object({}) },
  /**
   * Lists the account's uploads that are not posted yet, on the main link. Sorted by file.
   * `handed`: also messages of encrypted rooms that other accounts have handed over to it.
   */
  uploads: {
    fields: { after: v.optional(fileId), handed: v.optional(v.boolean()) },
    answer: v.object({
      uploads: list(
        v.object({
          file: fileId,
          to: list(target, FILE_TARGETS_MAX),
          name: fileName,
          purpose: v.optional(uploadPurpose),
          /** Bytes that the server has. */
          bytes: count,
          /** Size of the file; absent for a stream. */
          size: v.optional(size),
          since: unixMs,
          expires: unixMs,
          /** True while a data channel sends the upload. */
          sending: v.boolean(),
          /** True if a post can list the upload. */
          complete: v.optional(v.boolean()),
        }),
        UPLOADS_PAGE_MAX,
      ),
      more: v.boolean(),
    }),
  },
  /** Downloads a file from chunk `from` on. The upload may still be in progress. */
  fetch: {
    phase: "lane",
    fields: {
      file: fileId,
      from: count,
      window,
      /** Requests a `prefix` notice before the first chunk. */
      prefix: v.optional(v.boolean()),
    },
    answer: v.object(fetched),
  },
  /**
   * Fetches a small file with its content, on the main link. The server then reports it as
   * received, unless the client displays it without storing it.
   */
  "fetch-small": {
    fields: { file: fileId, view: v.optional(v.boolean()) },
    answer: v.object({
      /** Absent if the file is too long or incomplete, so that it needs a data channel. */
      content: v.optional(
        v.object({
          ...fetched,
          /** Absent for an empty file. */
          sha256: v.optional(HASH),
          bytes: bytes(SMALL_FILE_BYTES_MAX),
        }),
      ),
    }),
  },
  /** Reports that the receiver has verified and stored the complete file. */
  got: { phase: "lane", fields: { file: fileId }, answer: v.object({}) },
} as const satisfies Readonly<Record<string, RequestRow>>;

/** Notices on a data channel, except `offered`, which is sent on the main link. */
export const FILE_NOTICES = {
  /** Only the last chunk may be shorter than CHUNK_BYTES, and no chunk is empty. */
  chunk: { file: fileId, index: count, sha256: HASH, bytes: bytes(CHUNK_BYTES) },
  ack: { file: fileId, index: count },
  /** The first `upTo` chunks are on the server's disk, so the client need not send them again. */
  durable: { file: fileId, upTo: count },
  /** The transfer pauses because the sender or the server's disk is slow. */
  held: { file: fileId, where: v.picklist(["sender", "disk"]) },
  /**
   * Digest of the file's first chunks. With it, a client checks chunks that it received from
   * another server.
   */
  prefix: { file: fileId, chunks: count, digest: HASH },
  end: { file: fileId, size, chunks: count, digest: HASH },
  /**
   * Announces an upload to one of the receiver's rooms. The file's `record` follows when the file
   * is complete.
   */
  offered: {
    room: id,
    file: fileId,
    from: name,
    name: fileName,
    size: v.optional(size),
    folder: v.optional(folder),
    thread: v.optional(uploadThread),
  },
} as const;
