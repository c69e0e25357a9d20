/** Body of a post as an outbox stores it. */

import { fromBase64Url, toBase64Url } from "../../base/bytes.ts";
import { decodeJson } from "../../base/decode.ts";
import type { PostBody } from "../../wire/messages.ts";
import type { WaitingMessage } from "./outgoing.ts";

/** The server does not receive the additional fields. */
export interface QueuedBody extends PostBody {
  /** Key of the message, by which a repeated command finds the post. */
  readonly message?: string | undefined;
  /** Names of `files`, in the same order, for the sender's own view. */
  readonly names?: readonly string[] | undefined;
  /** The message with which the post began, and to which its author returns if it is refused. */
  readonly waiting?: WaitingOrigin | undefined;
  readonly lostAfter?: number;
  readonly edits?: number;
}

export interface WaitingOrigin {
  readonly key: string;
  readonly message: WaitingMessage<unknown>;
}

export function sentBody({ message: _, names: __, waiting: ___, ...body }: QueuedBody): PostBody {
  return body;
}

export function encodeQueued({ files, ...body }: QueuedBody): string {
  return JSON.stringify(files === undefined ? body : { ...body, files: files.map(encodeFile) });
}

/** Returns an empty body if the stored body is corrupted; the server then refuses the post. */
export function decodeQueued(line: string): QueuedBody {
  try {
    const value: unknown = decodeJson(line);
    if (typeof value !== "object" || value === null || !("text" in value)) return { text: "" };
    if (typeof value.text !== "string") return { text: "" };
    const { files, ...body } = value as QueuedBody;
    return files === undefined ? body : { ...body, files: files.map(decodeFile) };
  } catch {}
  return { text: "" };
}

type QueuedFile = NonNullable<PostBody["files"]>[number];

/** JSON has no bytes. */
function encodeFile({ digest, preview, ...file }: QueuedFile): object {
  const encoded = preview && { ...preview, digest: toBase64Url(preview.digest) };
  return { ...file, digest: toBase64Url(digest), preview: encoded };
}

function decodeFile({ digest, preview, ...file }: QueuedFile): QueuedFile {
  const decoded = { ...file, digest: decodeBytes(digest) };
  if (preview === undefined) return decoded;
  return { ...decoded, preview: { ...preview, digest: decodeBytes(preview.digest) } };
}

function decodeBytes(encoded: unknown): Uint8Array {
  return fromBase64Url(String(encoded));
}
