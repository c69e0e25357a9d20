/** Files for the page of `chat web`. */

import { Fault } from "../../base/fault.ts";
import type { FileId } from "../../base/ids.ts";
import { CHUNK_BYTES } from "../../base/limits.ts";
import { PROGRAM } from "../../base/version.ts";
import { DownloadChannel } from "../../client/files/download-channel.ts";
import { Connection } from "../../client/link/connection.ts";
import { greet } from "../../client/link/greeting.ts";
import { nativeVerifier } from "../../crypto/identity.ts";
import type { Clock } from "../../io/clock.ts";
import { systemEntropy } from "../../io/entropy.ts";
import type { Link } from "../../io/link/link.ts";
import { fileResponse, type WebFile } from "../../server/http/file-response.ts";
import type { HttpFiles } from "../../server/http/handler.ts";
import { faultResponse } from "../../server/http/post-api.ts";
import { ZipLists } from "../../server/http/zip-stream.ts";
import type { Fingerprint } from "../../wire/fingerprint.ts";
import type { Answer } from "../../wire/messages.ts";
import { nativeHashing } from "../connect/keys.ts";

export interface WebFilesOptions {
  readonly clock: Clock;
  readonly dial: () => Promise<Link>;
  readonly fingerprint: Fingerprint;
}

/**
 * Serves files that are downloaded over a data channel. Each chunk is verified before the browser
 * receives it.
 */
export function webFiles(options: WebFilesOptions): HttpFiles {
  const lists = new ZipLists();
  return {
    async serve(request, token) {
      let open: OpenFile | undefined;
      try {
        open = await openFile(options, token, firstChunk(request));
        return await fileResponse(request, webFile(options, token, open), lists);
      } catch (error) {
        open?.close();
        if (error instanceof Fault) return faultResponse(error);
        throw error;
      }
    },
  };
}

/**
 * Returns the chunk at which a resumed download starts, so that one data channel is usually enough.
 */
function firstChunk(request: Request): number {
  const first = /^bytes=(\d{1,15})-/i.exec(request.headers.get("range") ?? "")?.[1];
  return request.method === "GET" ? Math.floor(Number(first ?? 0) / CHUNK_BYTES) : 0;
}

interface OpenFile {
  readonly about: Answer<"fetch">;
  readonly from: number;
  readonly channel: DownloadChannel;
  close(): void;
}

/** @throws {Fault} file-unknown, fingerprint-changed, unreachable, … */
async function openFile(options: WebFilesOptions, token: string, from: number): Promise<OpenFile> {
  const connection = new Connection(await options.dial(), options.clock);
  try {
    const file = await requestChannel(connection, options, token);
    const { channel, answer, actualFrom } = await fetchFrom(connection, file, from);
    return { about: answer, from: actualFrom, channel, close: () => connection.close() };
  } catch (error) {
    connection.close();
    throw error;
  }
}

async function requestChannel(
  connection: Connection,
  { clock, fingerprint }: WebFilesOptions,
  token: string,
): Promise<FileId> {
  const program = `${PROGRAM} web`;
  const options = { clock, entropy: systemEntropy(), verifier: nativeVerifier, program };
  const { fingerprint: serverFingerprint, formers } = await greet(connection, options);
  if (serverFingerprint !== fingerprint && !formers.includes(fingerprint)) {
    throw new Fault("fingerprint-changed", "a different server answers at the file's address");
  }
  const unknown = () => new Fault("file-unknown", "no such file");
  const { file } = await connection.request("lane", { ticket: token }).catch((error: unknown) => {
    throw error instanceof Fault && error.code === "login-refused" ? unknown() : error;
  });
  if (file === undefined) throw unknown();
  return file as FileId;
}

async function fetchFrom(connection: Connection, file: FileId, from: number) {
  const options = { connection, hashing: nativeHashing(), file };
  const channel = new DownloadChannel({ ...options, from });
  try {
    return { channel, answer: await channel.fetch(), actualFrom: from };
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "usage" || from === 0) throw error;
    const completeChannel = new DownloadChannel({ ...options, from: 0 });
    return { channel: completeChannel, answer: await completeChannel.fetch(), actualFrom: 0 };
  }
}

/** @throws {Fault} file-unknown if the upload is still running */
function webFile(options: WebFilesOptions, token: string, open: OpenFile): WebFile {
  const { name, size, digest, folder, details } = open.about;
  if (size === undefined || digest === undefined) {
    throw new Fault("file-unknown", "this file is still uploading");
  }
  return {
    name,
    sizeBytes: size,
    digest: digest.toHex(),
    manifestBytes: folder?.manifestBytes,
    details,
    async *chunks(from) {
      let source = open;
      if (from !== open.from) {
        open.close();
        source = await openFile(options, token, from);
      }
      yield* chunksOf(source);
    },
    onEnd: open.close,
  };
}

/** Acknowledges a chunk after the browser has received it, so that the server sends no faster. */
async function* chunksOf({ channel, close }: OpenFile): AsyncGenerator<Uint8Array> {
  const handover = new Handover();
  const sink = { append: handover.put, sync: () => Promise.resolve() };
  const receiving = channel
    .receive(sink, () => undefined)
    .then(
      () => handover.end(undefined),
      (error: unknown) => handover.end(error),
    );
  try {
    for (;;) {
      const chunk = await handover.next();
      if (chunk === undefined) return;
      yield chunk;
    }
  } finally {
    close();
    handover.end(new Fault("link-closed", "the reader has ended"));
    await receiving;
  }
}

class Handover {
  #chunk: Uint8Array | undefined;
  #isEnded = false;
  #error: unknown;
  #onTaken = () => {};
  #onAvailable = () => {};

  readonly put = async (_sha256: Uint8Array, bytes: Uint8Array): Promise<void> => {
    if (this.#isEnded) throw this.#error;
    this.#chunk = bytes.slice(); // The buffer may be reused before the browser has received it.
    this.#onAvailable();
    await new Promise<void>((resolve) => {
      this.#onTaken = resolve;
    });
  };

  /**
   * @returns `undefined` after the last chunk
   * @throws the error that ended the download
   */
  async next(): Promise<Uint8Array | undefined> {
    if (this.#chunk === undefined && !this.#isEnded) {
      await new Promise<void>((resolve) => {
        this.#onAvailable = resolve;
      });
    }
    const chunk = this.#chunk;
    this.#chunk = undefined;
    this.#onTaken();
    if (chunk === undefined && this.#error !== undefined) throw this.#error;
    return chunk;
  }

  end(error: unknown): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#error = error;
    this.#onAvailable();
    this.#onTaken();
  }
}
