/** Plaintext bodies of sealed messages, and their records as readers see them. */

import { fromBase64Url, fromHex, toBase64Url, toHex, utf8Encode } from "../../base/bytes.ts";
import type { FileId } from "../../base/ids.ts";
import { type Fields, listOf, objectFields } from "../../base/json-fields.ts";
import {
  CHUNK_BYTES,
  FILE_NAME_BYTES_MAX,
  FILES_PER_POST_MAX,
  TEXT_BYTES_MAX,
} from "../../base/limits.ts";
import type { ChatRecord } from "../../core/client/chat-record.ts";
import {
  contentIds,
  erasedFilesIn,
  type FilePreview,
  fileIn,
  HEX_DIGEST,
  isMarkedErased,
  withErasedFiles,
} from "../../core/rooms/files.ts";
import {
  FILE_KEY_BYTES,
  FILE_PREFIX_BYTES,
  FILE_TAG_BYTES,
  type FileSecret,
} from "../../crypto/seal/file-stream.ts";
import type { FolderSize } from "../../io/blob/interfaces.ts";
import { chunkCount } from "../../wire/chunks.ts";
import type { FileDetails } from "../../wire/file-details.ts";
import { type KindWith, kindsWith } from "../../wire/kinds.ts";
import { type PostBody, recordOfPost } from "../../wire/messages.ts";
import { parseObject } from "../../wire/record.ts";
import type { ContentRow, RoomRow } from "./rows.ts";

/**
 * Maximum number of withheld messages that is displayed. The number comes from the sender's device
 * and may be wrong.
 */
const WITHHELD_DISPLAY_MAX = 9_999;
/** Maximum nesting depth of a body. This program itself writes three levels. */
const BODY_NESTING_MAX = 8;
/** UTF-16 code units per field except `text`. File names are the longest such fields. */
const FIELD_CHARS_MAX = 4_096;

export interface SealedBody {
  readonly kind: KindWith<"sealable">;
  readonly [field: string]: unknown;
}

const SEALABLE_KINDS: ReadonlySet<unknown> = kindsWith("sealable");

/** These fields exist only in sealed rooms and are never sent unencrypted. */
type SealedPostBody = PostBody & { readonly edits?: number; readonly meant?: "sealed" };

export function markSealed(body: PostBody): PostBody {
  const marked: SealedPostBody = { ...body, meant: "sealed" };
  return marked;
}

export function isMarkedSealed(body: PostBody): boolean {
  return (body as SealedPostBody).meant !== undefined;
}

export function sealedEdit(seq: number, text: string): PostBody {
  const body: SealedPostBody = { text, edits: seq };
  return body;
}

/** Returns the seq of the message that the post edits; `undefined` if it is not an edit. */
export function editedByPost(body: PostBody): number | undefined {
  return (body as SealedPostBody).edits;
}

/** Reports whether the post makes sense only in a sealed room, and must never leave unencrypted. */
export function needsSealing(body: PostBody): boolean {
  return editedByPost(body) !== undefined || isMarkedSealed(body);
}

/** @param files descriptions of the files that the post lists */
export function sealedBodyOf(
  { edits, meant: _, files: __, ...body }: SealedPostBody,
  files: readonly SealedFileEntry[] = [],
): SealedBody {
  if (edits !== undefined) return { kind: "edit", seq: edits, text: body.text };
  if (body.react !== undefined) return { kind: "reaction", react: body.react, re: body.re };
  const { kind, fields } = recordOfPost(body);
  if (files.length === 0) return { kind, ...fields };
  return { kind: "file", ...fields, text: body.text || undefined, files };
}

export function packBody(body: SealedBody): Uint8Array {
  return utf8Encode(JSON.stringify(body));
}

export function readBody(bytes: Uint8Array): SealedBody | undefined {
  if (isTooDeep(bytes)) return undefined;
  const body = parseObject(bytes);
  if (body === undefined || !Object.entries(body).every(isWithinLimit)) return undefined;
  return body !== undefined && SEALABLE_KINDS.has(body["kind"]) ? (body as SealedBody) : undefined;
}

function isWithinLimit([key, value]: readonly [string, unknown]): boolean {
  if (key === "files") return listOf(value).every(hasShortTexts);
  if (typeof value !== "string") return true;
  return value.length <= (key === "text" ? TEXT_BYTES_MAX : FIELD_CHARS_MAX);
}

function hasShortTexts(entry: unknown): boolean {
  return Object.values(objectFields(entry) ?? {}).every((value) => isWithinLimit(["", value]));
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d]);

function isTooDeep(bytes: Uint8Array): boolean {
  let [depth, isText] = [0, false];
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] ?? 0;
    if (byte === BACKSLASH && isText) index++;
    else if (byte === QUOTE) isText = !isText;
    else if (!isText && OPENING.has(byte) && ++depth > BODY_NESTING_MAX) return true;
    else if (!isText && CLOSING.has(byte)) depth--;
  }
  return false;
}

export function openedRecord(record: ChatRecord, content: ContentRow): ChatRecord {
  switch (content.kind) {
    case "said": {
      const { kind, ...fields } = content.body as SealedBody;
      const files = listOf(fields["files"]).map(withoutFileSecrets);
      const erased = contentIds(erasedFilesIn(record.body));
      const body = kind === "file" ? withErasedFiles({ ...fields, files }, erased) : fields;
      return { ...record, kind, from: content.user, body, sealed: "open", ...missedOf(content) };
    }
    case "change": {
      const { kind, change, by, added, removed } = content;
      return { ...record, from: by, body: { kind, change, by, added, removed }, sealed: "open" };
    }
    default:
      if (content.reason === "erased") {
        return { ...record, kind: "edit", state: "erased", body: undefined };
      }
      if (content.reason === "deleted") return { ...record, state: "erased", body: undefined };
      return {
        ...record,
        from: content.user ?? record.from,
        body: { reason: content.reason },
        sealed: "closed",
        ...missedOf(content),
      };
  }
}

function missedOf({ missed }: { readonly missed?: number }): { readonly withheld?: number } {
  return missed === undefined ? {} : { withheld: Math.min(missed, WITHHELD_DISPLAY_MAX) };
}

export function withoutFileSecrets(entry: unknown) {
  const { key: _key, prefix: _prefix, root: _root, chunk: _chunk, ...publicFields } = Object(entry);
  const preview = fileIn(entry)?.preview;
  return preview === undefined ? publicFields : { ...publicFields, preview };
}

/**
 * Record that this device cannot read.
 * @param room stored state of its room, which may wait for a decision about the key of a user
 */
export function closedRecord(
  record: ChatRecord,
  { held, other }: Pick<RoomRow, "held" | "other"> = {},
): ChatRecord {
  const isHeld = held !== undefined && record.seq > held.seq;
  if (!isHeld) return { ...record, body: { reason: "absent" }, sealed: "closed" };
  if (other === undefined) return { ...record, body: { reason: "refused" }, sealed: "closed" };
  const { user: waitsFor } = held;
  return { ...record, body: { reason: "waiting" }, sealed: "closed", waitsFor };
}

/** Bytes of plaintext that fill one chunk on the server after encryption. */
export const PLAIN_CHUNK_BYTES = CHUNK_BYTES - FILE_TAG_BYTES;

/** Entry of `files` in the body of a sealed message. */
export type SealedFileEntry = Fields;

export interface SealedFileBody {
  readonly file: FileId;
  /** Name chosen by the sender, not sanitised. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Hex digest of the content over chunks of CHUNK_BYTES, as for a file in an open room. */
  readonly digest: string;
  readonly root: Uint8Array;
  readonly folder: FolderSize | undefined;
  readonly details: FileDetails | undefined;
  readonly secret: FileSecret;
  readonly preview?: SealedPreview | undefined;
}

export interface SealedPreview extends FilePreview {
  readonly root: Uint8Array;
  readonly secret: FileSecret;
}

export function sealedFileEntry({
  file,
  name,
  sizeBytes,
  digest,
  folder,
  details,
  ...encryption
}: Omit<SealedFileBody, "preview">): SealedFileEntry {
  return {
    file,
    name,
    size: sizeBytes,
    chunks: chunkCount(sizeBytes),
    digest,
    folder: folder === undefined ? undefined : { ...folder },
    details,
    chunk: PLAIN_CHUNK_BYTES,
    ...secretFields(encryption),
  };
}

/** Entry of a preview in that of its file. */
export function sealedPreviewEntry({ root, secret, ...fields }: SealedPreview): SealedFileEntry {
  return { ...fields, ...secretFields({ root, secret }) };
}

type Encryption = Pick<SealedFileBody, "root" | "secret">;

function secretFields({ root, secret }: Encryption) {
  const { key, prefix } = secret;
  return { root: toHex(root), key: toBase64Url(key), prefix: toBase64Url(prefix) };
}

function readEncryption(body: Readonly<Record<string, unknown>>): Encryption | undefined {
  const { root } = body;
  const key = decodeBytes(body["key"], FILE_KEY_BYTES);
  const prefix = decodeBytes(body["prefix"], FILE_PREFIX_BYTES);
  if (key === undefined || prefix === undefined) return undefined;
  if (typeof root !== "string" || !HEX_DIGEST.test(root)) return undefined;
  return { root: fromHex(root), secret: { key, prefix } };
}

/**
 * Returns the files of a message that were not erased without it; `undefined` if the list or an
 * entry of it is invalid.
 */
export function readSealedFiles({ files }: Fields): readonly SealedFileBody[] | undefined {
  const listed = listOf(files).filter((entry) => !isMarkedErased(entry));
  if (listed.length === 0 || listed.length > FILES_PER_POST_MAX) return undefined;
  const entries = listed.map((entry) => readEntry(objectFields(entry)));
  const valid = entries.filter((entry) => entry !== undefined);
  return valid.length === listed.length ? valid : undefined;
}

function readEntry(body: Fields = {}): SealedFileBody | undefined {
  const file = fileIn(body);
  if (file === undefined || utf8Encode(file.name).length > FILE_NAME_BYTES_MAX) return undefined;
  const encryption = readEncryption(body);
  if (encryption === undefined || body["chunk"] !== PLAIN_CHUNK_BYTES) return undefined;
  const { name, size, digest, folder, details } = file;
  const previewEncryption = file.preview && readEncryption(Object(body["preview"]));
  return {
    file: file.file,
    name,
    sizeBytes: size,
    digest,
    folder,
    details,
    ...encryption,
    preview:
      file.preview && previewEncryption ? { ...file.preview, ...previewEncryption } : undefined,
  };
}

function decodeBytes(text: unknown, count: number): Uint8Array | undefined {
  if (typeof text !== "string") return undefined;
  try {
    const bytes = fromBase64Url(text);
    return bytes.length === count ? bytes : undefined;
  } catch {
    return undefined;
  }
}
