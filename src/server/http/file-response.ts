/** HTTP response with a whole file, a range of a file, or a folder as an archive. */

import { assert } from "../../base/assert.ts";
import { utf8Encode } from "../../base/bytes.ts";
import { tryUrl } from "../../base/decode.ts";
import { Fault } from "../../base/fault.ts";
import { cleanFileName } from "../../base/file-names.ts";
import { CHUNK_BYTES } from "../../base/limits.ts";
import { dateOf } from "../../base/time.ts";
import type { FileDetails } from "../../wire/file-details.ts";
import { offsetsIn } from "./reader-zone.ts";
import { responseStream, type StallLimit } from "./response-stream.ts";
import { matches } from "./static.ts";
import { type ZipLists, type ZipSource, zipStream } from "./zip-stream.ts";

export interface WebFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly digest: string;
  readonly details: FileDetails | undefined;
  readonly manifestBytes?: number;
  /** Returns verified chunks starting at index `from`. Supports one call at a time. */
  chunks(from: number): AsyncGenerator<Uint8Array>;
  /** Ends the response when the server needs its capacity for others. */
  readonly signal?: AbortSignal;
  readonly stall?: StallLimit;
  /** Called when the client is ready for a piece. */
  onRead?(): void;
  /** Called at least once, when no further chunk will be read. */
  onEnd(): void;
}

/** Longer responses are streamed. Bun 1.4.4 omits the length of streamed responses. */
const BUFFERED_BYTES_MAX = 4 * CHUNK_BYTES;

const INLINE_TYPES: ReadonlyMap<string, string> = new Map([
  ["mp3", "audio/mpeg"],
  ["ogg", "audio/ogg"],
  ["wav", "audio/wav"],
  ["m4a", "audio/mp4"],
  ["weba", "audio/webm"],
  ["aac", "audio/aac"],
  ["flac", "audio/flac"],
  ["opus", "audio/ogg"],
  ["m4v", "video/mp4"],
  ["mov", "video/mp4"],
  ["mp4", "video/mp4"],
  ["webm", "video/webm"],
  ["pdf", "application/pdf"],
]);

/** Denies scripts, requests and an origin, and permits frames only on the server's own page. */
const INLINE_POLICY = "sandbox; default-src 'none'; frame-ancestors 'self'";

/** Response before its content is read. `pieces` is `undefined` if it has no content. */
interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly pieces?: AsyncGenerator<Uint8Array>;
  /** `undefined` if unknown. */
  readonly sizeBytes?: number;
}

/**
 * Serves GET and HEAD. `?view` displays a file of a known type inline, and `?zone=` names the
 * reader's time zone for the times in an archive.
 * @throws {Fault} the file's fault if no byte has been sent yet
 */
export async function fileResponse(
  request: Request,
  file: WebFile,
  lists: ZipLists,
): Promise<Response> {
  const { manifestBytes, onEnd } = file;
  let isStreamed = false;
  try {
    const answer =
      manifestBytes === undefined
        ? contentAnswer(request, file)
        : folderAnswer(request, { ...file, manifestBytes, lists });
    const { pieces, sizeBytes = Number.POSITIVE_INFINITY, ...init } = answer;
    if (pieces === undefined) return new Response(null, init);
    if (sizeBytes <= BUFFERED_BYTES_MAX) return new Response(await buffered(pieces), init);
    // Read the first piece immediately, so that an early fault determines the status.
    const first = await pieces.next();
    isStreamed = true;
    const { signal: ended, stall, onRead } = file;
    const options = { signal: request.signal, ended, first, stall, onRead, onEnd };
    return new Response(responseStream(pieces, options), init);
  } finally {
    if (!isStreamed) onEnd();
  }
}

function contentAnswer(request: Request, file: WebFile): Answer {
  const { sizeBytes } = file;
  const etag = `"${file.digest}"`;
  const name = cleanFileName(file.name);
  const viewed = inlineType(request, name);
  const headers = headersOf(name, etag, viewed ?? "application/octet-stream");
  headers["accept-ranges"] = "bytes";
  const modified = httpDate(file.details?.mtimeMs);
  if (modified !== undefined) headers["last-modified"] = modified;
  if (viewed !== undefined) {
    headers["content-disposition"] = "inline";
    headers["content-security-policy"] = INLINE_POLICY;
  }
  const { headers: requested } = request;
  if (matches(requested.get("if-none-match"), etag)) return { status: 304, headers };
  const ifRange = requested.get("if-range");
  const isSame = ifRange === null || ifRange === etag;
  const range = parseRange(isSame ? requested.get("range") : null, sizeBytes);
  if (range.kind === "none") {
    headers["content-range"] = `bytes */${sizeBytes}`;
    return { status: 416, headers };
  }
  const { start, end } = range.kind === "part" ? range : { start: 0, end: sizeBytes };
  const status = range.kind === "part" ? 206 : 200;
  if (status === 206) headers["content-range"] = `bytes ${start}-${end - 1}/${sizeBytes}`;
  if (request.method === "HEAD" || start === end) {
    headers["content-length"] = String(end - start);
    return { status, headers };
  }
  const chunks = file.chunks(Math.floor(start / CHUNK_BYTES));
  const pieces = slice(chunks, start % CHUNK_BYTES, end - start);
  return { status, headers, pieces, sizeBytes: end - start };
}

function folderAnswer(request: Request, source: Omit<ZipSource, "offsetMinutes">): Answer {
  const name = `${cleanFileName(source.name)}.zip`;
  const headers = headersOf(cleanFileName(name), `"${source.digest}-zip"`, "application/zip");
  headers["accept-ranges"] = "none";
  if (request.method === "HEAD") return { status: 200, headers };
  const offsetMinutes = offsetsIn(parametersOf(request).get("zone"));
  return { status: 200, headers, pieces: zipStream({ ...source, offsetMinutes }) };
}

function parametersOf({ url }: Request): URLSearchParams {
  // Without a host, Bun gives only the path.
  return tryUrl(url, "http://localhost")?.searchParams ?? new URLSearchParams();
}

function inlineType(request: Request, name: string): string | undefined {
  if (!parametersOf(request).has("view")) return undefined;
  return INLINE_TYPES.get(/\.(\w+)$/.exec(name)?.[1]?.toLowerCase() ?? "");
}

function headersOf(name: string, etag: string, type: string): Record<string, string> {
  return {
    etag,
    "content-type": type,
    "content-disposition": disposition(name),
    "cache-control": "private, no-store",
  };
}

/** `undefined` if HTTP cannot express the time. `curl -R` and `wget` give it to what they save. */
function httpDate(unixMs = Number.NaN): string | undefined {
  const date = dateOf(unixMs);
  const year = date.getUTCFullYear();
  return Number.isNaN(unixMs) || year < 1 || year > 9999 ? undefined : date.toUTCString();
}

function disposition(name: string): string {
  const ascii = name.replaceAll(/[^ -~]|["\\%]/g, "_");
  const bytes = utf8Encode(name);
  const encoded = [...bytes].map((byte) => {
    const character = String.fromCharCode(byte);
    if (/[A-Za-z0-9!#$&+.^_`|~-]/.test(character)) return character;
    return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  });
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded.join("")}`;
}

async function* slice(
  chunks: AsyncGenerator<Uint8Array>,
  skip: number,
  length: number,
): AsyncGenerator<Uint8Array> {
  let [toSkip, remaining] = [skip, length];
  for await (const chunk of chunks) {
    const piece = chunk.subarray(toSkip, toSkip + remaining);
    toSkip = 0;
    remaining -= piece.length;
    yield piece;
    if (remaining === 0) return;
  }
  throw new Fault("checksum-wrong", "the file is truncated");
}

async function buffered(pieces: AsyncGenerator<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  const body = new Uint8Array(Buffer.concat(all));
  assert(body.length <= BUFFERED_BYTES_MAX, "the buffered response is small");
  return body;
}

type ByteRange =
  /** Also used for multiple ranges, which a server may ignore. */
  | { readonly kind: "whole" }
  | { readonly kind: "part"; readonly start: number; readonly end: number }
  | { readonly kind: "none" };

const WHOLE = { kind: "whole" } as const;
const SPEC = /^bytes=[ \t]*(\d{0,15})-(\d{0,15})[ \t]*$/i;

/** @internal */
export function parseRange(header: string | null, sizeBytes: number): ByteRange {
  const [, first = "", last = ""] = SPEC.exec(header ?? "") ?? [];
  if (first === "" && last === "") return WHOLE;
  if (first === "") {
    const start = Math.max(0, sizeBytes - Number(last));
    return start < sizeBytes ? { kind: "part", start, end: sizeBytes } : { kind: "none" };
  }
  const start = Number(first);
  if (last !== "" && Number(last) < start) return WHOLE;
  const end = last === "" ? sizeBytes : Math.min(sizeBytes, Number(last) + 1);
  return start < sizeBytes ? { kind: "part", start, end } : { kind: "none" };
}
