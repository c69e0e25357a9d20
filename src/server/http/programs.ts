/** `GET /program/…`, which serves downloads of the program itself without a log-in. */

import { Fault } from "../../base/fault.ts";
import {
  PROGRAM_DOWNLOADS_MAX,
  PROGRAM_DOWNLOADS_PER_ADDRESS_MAX,
  PROGRAM_STALL_MS,
} from "../../base/limits-page.ts";
import { jsonLine } from "../../base/text.ts";
import type { Clock } from "../../io/clock.ts";
import type { OpenProgram, ProgramFolder } from "../../io/file/program-folder.ts";
import type { Address } from "../../io/link/link.ts";
import { addressKey, isOwnHost } from "../session/connection-limits.ts";
import { fileResponse } from "./file-response.ts";
import { ZipLists } from "./zip-stream.ts";

export interface ProgramSource extends Pick<ProgramFolder, "list" | "open"> {
  readonly release?: InstallableRelease | undefined;
}

interface InstallableRelease {
  readonly version: string;
  /** `sha256//` and the server's public key hash; absent if browsers trust the certificate. */
  readonly pin?: string | undefined;
}

export interface ProgramDownloadsOptions {
  readonly clock: Pick<Clock, "now">;
  readonly source: ProgramSource;
}

interface ProgramDownload {
  readonly address: string;
  program: OpenProgram | undefined;
  lastReadAt: number;
  isReading: boolean;
  isEnded: boolean;
}

const BUSY_MS = 10_000;
const SUMS = "SHA256SUMS";

/**
 * Serves `/program/` (a JSON list), `/program/SHA256SUMS` and `/program/NAME` (a file). A release
 * provides its own `SHA256SUMS`.
 */
export class ProgramDownloads {
  readonly #active = new Set<ProgramDownload>();
  readonly #zipLists = new ZipLists();

  constructor(private readonly options: ProgramDownloadsOptions) {}

  async serve(request: Request, name: string, remote: Address): Promise<Response> {
    const { source } = this.options;
    if (name === "") return listResponse(await source.list(), source.release);
    if (name !== SUMS || source.release !== undefined) return this.#file(request, name, remote);
    const programs = await source.list();
    if (programs.length === 0) throw unknown();
    const lines = programs.map((program) => `${program.sha256}  ${program.name}\n`);
    return new Response(lines.join(""), { headers: { "content-type": "text/plain" } });
  }

  stop(): void {
    for (const run of [...this.#active]) this.#end(run);
  }

  async #file(request: Request, name: string, remote: Address): Promise<Response> {
    const { clock, source } = this.options;
    const address = this.#checkCapacity(remote.host);
    const run: ProgramDownload = {
      address,
      program: undefined,
      lastReadAt: clock.now(),
      isReading: false,
      isEnded: false,
    };
    this.#active.add(run);
    try {
      run.program = await source.open(name);
    } finally {
      if (run.program === undefined) this.#end(run);
    }
    const { program } = run;
    if (program === undefined) throw unknown();
    const { sizeBytes, sha256: digest } = program;
    const chunks = (from: number) => this.#chunks(run, program, from);
    const onEnd = () => this.#end(run);
    const file = { name, sizeBytes, digest, details: undefined, chunks, onEnd };
    return fileResponse(request, file, this.#zipLists);
  }

  async *#chunks(
    run: ProgramDownload,
    program: OpenProgram,
    from: number,
  ): AsyncGenerator<Uint8Array> {
    const { clock } = this.options;
    try {
      const chunks = program.chunks(from);
      for (;;) {
        if (run.isEnded) throw unknown();
        run.isReading = true;
        const { done, value } = await chunks.next();
        run.isReading = false;
        if (done === true) return;
        run.lastReadAt = clock.now();
        yield value;
      }
    } finally {
      run.isReading = false;
      this.#end(run);
    }
  }

  #checkCapacity(host: string): string {
    const now = this.options.clock.now();
    // Stalled downloads must not block new downloads.
    const stalled = [...this.#active].filter(
      ({ lastReadAt }) => now - lastReadAt >= PROGRAM_STALL_MS,
    );
    for (const run of stalled) if (!run.isReading) this.#end(run);
    const address = addressKey(host);
    const fromAddress = [...this.#active].filter((run) => run.address === address).length;
    // All clients behind a local proxy share the loopback address.
    const isFull = !isOwnHost(host) && fromAddress >= PROGRAM_DOWNLOADS_PER_ADDRESS_MAX;
    if (isFull || this.#active.size >= PROGRAM_DOWNLOADS_MAX) {
      const message = "too many downloads of the program";
      throw new Fault("too-many", message, { retryAfterMs: BUSY_MS });
    }
    return address;
  }

  #end(run: ProgramDownload): void {
    run.isEnded = true;
    this.#active.delete(run);
    if (!run.isReading) run.program?.close();
  }
}

export function listResponse(
  programs: Awaited<ReturnType<ProgramFolder["list"]>>,
  release?: InstallableRelease,
): Response {
  const listed = programs.map(({ name, sizeBytes: size, sha256 }) => ({ name, size, sha256 }));
  const headers = { "content-type": "application/json; charset=utf-8" };
  return new Response(jsonLine({ programs: listed, release }), { headers });
}

function unknown(): Fault {
  return new Fault("file-unknown", "no such program");
}
