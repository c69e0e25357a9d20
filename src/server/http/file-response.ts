/** HTTP response with a whole file, a range of a file, or a folder as an archive. */

import { assert } from "../../base/assert.ts";
import { utf8Encode } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { cleanFileName } from "../../base/file-names.ts";
import { CHUNK_BYTES } from "../../base/limits.ts";
import { parseRange } from "./byte-range.ts";
import { matches } from "./static.ts";
import type { ZipLists } from "./zip-list.ts";
import { type ZipSource, zipStream } from "./zip-stream.ts";

export interface WebFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly digest: string;
  readonly manifestBytes?: number;
  /** Returns verified chunks starting at index `from`. Supports one call at a time. */
  chunks(from: number): AsyncGenerator<Uint8Array>;
  onArchive?(): () => void;
}

/** Longer responses are streamed. Bun 1.4.4 omits the length of streamed responses. */
const BUFFERED_BYTES_MAX = 4 * CHUNK_BYTES;

const INLINE_TYPES: ReadonlyMap<string, string> = new Map([
  ["mp3", "audio/mpeg"],
  ["ogg", "audio/ogg"],
  ["wav", "audio/wav"],
  ["m4a", "audio/mp4"],
  ["mp4", "video/mp4"],
  ["webm", "video/webm"],
  ["pdf", "application/pdf"],
]);

/** Denies scripts, requests and an origin, and permits frames only on the server's own page. */
const INLINE_POLICY = "sandbox; default-src 'none'; frame-ancestors 'self'";

/**
 * Serves GET and HEAD. `?view` displays a file of a known type inline.
 * @throws {Fault} the file's fault if no byte has been sent yet
 */
export async function fileResponse(
  request: Request,
  file: WebFile,
  lists: ZipLists,
): Promise<Response> {
  const { manifestBytes } = file;
  return manifestBytes === undefined
    ? contentResponse(request, file)
    : folderResponse(request, file, { ...zipSource(file), manifestBytes, lists });
}

function zipSource({ name, digest, chunks }: WebFile): Omit<ZipSource, "manifestBytes" | "lists"> {
  return { name, digest, chunks };
}

async function contentResponse(request: Request, file: WebFile): Promise<Response> {
  const { sizeBytes } = file;
  const etag = `"${file.digest}"`;
  const name = cleanFileName(file.name);
  const viewed = inlineType(request, name);
  const headers = headersOf(name, etag, viewed ?? "application/octet-stream");
  headers["accept-ranges"] = "bytes";
  if (viewed !== undefined) {
    headers["content-disposition"] = "inline";
    headers["content-security-policy"] = INLINE_POLICY;
  }
  const { headers: requested } = request;
  if (matches(requested.get("if-none-match"), etag)) {
    return new Response(null, { status: 304, headers });
  }
  const ifRange = requested.get("if-range");
  const isSame = ifRange === null || ifRange === etag;
  const range = parseRange(isSame ? requested.get("range") : null, sizeBytes);
  if (range.kind === "none") {
    headers["content-range"] = `bytes */${sizeBytes}`;
    return new Response(null, { status: 416, headers });
  }
  const { start, end } = range.kind === "part" ? range : { start: 0, end: sizeBytes };
  const status = range.kind === "part" ? 206 : 200;
  if (status === 206) headers["content-range"] = `bytes ${start}-${end - 1}/${sizeBytes}`;
  if (request.method === "HEAD" || start === end) {
    headers["content-length"] = String(end - start);
    return new Response(null, { status, headers });
  }
  const chunks = file.chunks(Math.floor(start / CHUNK_BYTES));
  const pieces = slice(chunks, start % CHUNK_BYTES, end - start);
  const isLong = end - start > BUFFERED_BYTES_MAX;
  const body = isLong ? await streamOf(pieces, request) : await buffered(pieces);
  return new Response(body, { status, headers });
}

async function folderResponse(
  request: Request,
  file: WebFile,
  source: ZipSource,
): Promise<Response> {
  const name = `${cleanFileName(file.name)}.zip`;
  const headers = headersOf(cleanFileName(name), `"${file.digest}-zip"`, "application/zip");
  headers["accept-ranges"] = "none";
  if (request.method === "HEAD") return new Response(null, { headers });
  return new Response(await streamOf(archive(file, source), request), { headers });
}

async function* archive(file: WebFile, source: ZipSource): AsyncGenerator<Uint8Array> {
  const onEnd = file.onArchive?.();
  try {
    yield* zipStream(source);
  } finally {
    onEnd?.();
  }
}

function inlineType({ url }: Request, name: string): string | undefined {
  if (!new URL(url).searchParams.has("view")) return undefined;
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

/**
 * Reads a piece after the client has consumed the previous one, so that a slow client delays the
 * source. Reads the first piece immediately, so that an early fault determines the status.
 */
async function streamOf(
  pieces: AsyncGenerator<Uint8Array>,
  { signal }: Request,
): Promise<ReadableStream<Uint8Array>> {
  const end = async () => {
    await pieces.return(undefined);
  };
  // If the client disconnects before the first byte, Bun neither reads nor cancels the stream, so
  // end it here.
  signal.addEventListener("abort", () => void end(), { once: true });
  let first: IteratorResult<Uint8Array> | undefined = await pieces.next();
  if (signal.aborted) await end();
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const { done, value } = first ?? (await pieces.next());
        first = undefined;
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  );
}

async function buffered(pieces: AsyncGenerator<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  const body = new Uint8Array(Buffer.concat(all));
  assert(body.length <= BUFFERED_BYTES_MAX, "the buffered response is small");
  return body;
}
