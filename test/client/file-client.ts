import type { Fault } from "../../src/base/fault.ts";
import type { FileId } from "../../src/base/ids.ts";
import type { Client } from "../../src/client/client.ts";
import type { TransferProgress } from "../../src/client/files/progress.ts";
import type { DownloadedFile, DownloadRequest } from "../../src/client/files/transfers.ts";
import { ClientFixture } from "./client-fixture.ts";
import { MemoryFolder, type MemorySource } from "./contents.ts";
import type { FakeFiles } from "./fake-files.ts";
import { type FileToSend, type SentFile, sendFile } from "./send-file.ts";

// Loading takes real time, which must not pass while the simulated clock runs.
await import("../../src/client/files/message.ts");

export const FILE = "fAAAAAAAAAAA" as FileId;

export class FileClient {
  readonly fixture: ClientFixture;
  readonly folder = new MemoryFolder();
  readonly reports: TransferProgress[] = [];
  client: Client;

  private constructor(fixture: ClientFixture) {
    this.fixture = fixture;
    this.client = fixture.client().client;
  }

  static async enter(fixture = new ClientFixture()): Promise<FileClient> {
    const entered = new FileClient(fixture);
    await fixture.outcome(entered.client.connect());
    return entered;
  }

  async restarts(): Promise<void> {
    await this.fixture.outcome(this.client.close());
    this.client = (await this.fixture.connect()).client;
  }

  get files(): FakeFiles {
    return this.fixture.server.files;
  }

  readonly #onProgress = (progress: TransferProgress) => void this.reports.push(progress);

  startSend(source: MemorySource, more: Partial<FileToSend> = {}): Promise<SentFile> {
    const request = { source, to: ["lobby"], onProgress: this.#onProgress, ...more };
    return sendFile(this.client.transfers, request);
  }

  send(source: MemorySource, more?: Partial<FileToSend>): Promise<SentFile | Fault> {
    return this.fixture.outcome(this.startSend(source, more));
  }

  async sendPart(source: MemorySource, chunks: number): Promise<Fault | SentFile> {
    const stop = new AbortController();
    this.files.onChunk = ({ index }) => {
      if (index === chunks) stop.abort();
    };
    const outcome = await this.send(source, { signal: stop.signal });
    this.files.onChunk = () => {};
    return outcome;
  }

  hasSent(bytes: Uint8Array): boolean {
    const [file] = this.files.files.values();
    const chunks = file?.chunks.map(({ chunk }) => chunk) ?? [];
    return file?.digest !== undefined && Buffer.concat(chunks).equals(bytes);
  }

  startGet(more: Partial<DownloadRequest> = {}): Promise<DownloadedFile> {
    const request = { file: FILE, into: "/in", openSink: this.folder.open };
    return this.client.transfers.get({ ...request, onProgress: this.#onProgress, ...more });
  }

  get(more?: Partial<DownloadRequest>): Promise<DownloadedFile | Fault> {
    return this.fixture.outcome(this.startGet(more));
  }

  async getPart(chunks: number): Promise<DownloadedFile | Fault> {
    this.folder.failAt(chunks);
    const outcome = await this.get();
    this.folder.onAppend = () => {};
    return outcome;
  }

  has(bytes: Uint8Array): boolean {
    return Buffer.from(this.folder.files.get("a.bin") ?? "none").equals(bytes);
  }
}
