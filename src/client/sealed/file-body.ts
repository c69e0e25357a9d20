/** Description of a file in a sealed message. */

import { fromBase64Url, toBase64Url, toHex, utf8Encode } from "../../base/bytes.ts";
import type { FileId } from "../../base/ids.ts";
import { CHUNK_BYTES, FILE_NAME_BYTES_MAX } from "../../base/limits.ts";
import { fileBodyOf } from "../../core/rooms/files.ts";
import {
  FILE_KEY_BYTES,
  FILE_PREFIX_BYTES,
  FILE_TAG_BYTES,
  type FileSecret,
} from "../../crypto/seal/file-stream.ts";
import type { FolderSize } from "../../io/blob/interfaces.ts";
import { chunkCount } from "../../wire/chunks.ts";
import type { SealedBody } from "./body.ts";

/** Bytes of plaintext that fill one chunk on the server after encryption. */
export const PLAIN_CHUNK_BYTES = CHUNK_BYTES - FILE_TAG_BYTES;

export interface SealedFile {
  readonly file: FileId;
  /** Name chosen by the sender, not sanitised. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Hex digest of the content over chunks of CHUNK_BYTES, as for a file in an open room. */
  readonly digest: string;
  readonly root: Uint8Array;
  readonly folder: FolderSize | undefined;
  readonly secret: FileSecret;
  readonly text?: string;
  readonly sending?: string;
}

const DIGEST = /^[0-9a-f]{64}$/;

export function sealedFileBody(about: SealedFile): SealedBody {
  const { file, name, sizeBytes, digest, root, folder, secret, text = "", sending } = about;
  return {
    kind: "file",
    file,
    name,
    size: sizeBytes,
    chunks: chunkCount(sizeBytes),
    digest,
    ...(folder === undefined ? {} : { folder: { ...folder } }),
    chunk: PLAIN_CHUNK_BYTES,
    root: toHex(root),
    key: toBase64Url(secret.key),
    prefix: toBase64Url(secret.prefix),
    ...(text === "" ? {} : { text }),
    ...(sending === undefined ? {} : { sending }),
  };
}

export function readSealedFile(body: Readonly<Record<string, unknown>>): SealedFile | undefined {
  const file = fileBodyOf(body);
  if (file === undefined || utf8Encode(file.name).length > FILE_NAME_BYTES_MAX) return undefined;
  const { root, chunk } = body;
  const key = decodeBytes(body["key"], FILE_KEY_BYTES);
  const prefix = decodeBytes(body["prefix"], FILE_PREFIX_BYTES);
  if (key === undefined || prefix === undefined || chunk !== PLAIN_CHUNK_BYTES) return undefined;
  if (typeof root !== "string" || !DIGEST.test(root)) return undefined;
  const { name, size, digest, folder } = file;
  return {
    file: file.file,
    name,
    sizeBytes: size,
    digest,
    folder,
    root: Uint8Array.from(root.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)),
    secret: { key, prefix },
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
