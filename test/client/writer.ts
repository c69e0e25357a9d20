import type { Fault } from "../../src/base/fault.ts";
import type { Client } from "../../src/client/client.ts";
import type { TransferProgress } from "../../src/client/transfer/progress.ts";
import type { SendRequest, SentFile } from "../../src/client/transfer/transfers.ts";
import { ClientFixture } from "./client-fixture.ts";
import type { HeldSource } from "./contents.ts";

/** Somebody who is in and has something to send. */
export class Writer {
  readonly fixture: ClientFixture;
  readonly reports: TransferProgress[] = [];
  client: Client;

  private constructor(fixture: ClientFixture) {
    this.fixture = fixture;
    this.client = fixture.client().client;
  }

  static async enter(fixture = new ClientFixture()): Promise<Writer> {
    const writer = new Writer(fixture);
    await fixture.outcome(writer.client.connect());
    return writer;
  }

  /** The process is gone, and started again. */
  async again(): Promise<void> {
    await this.fixture.outcome(this.client.close());
    this.client = this.fixture.client().client;
    await this.fixture.outcome(this.client.connect());
  }

  get files() {
    return this.fixture.server.files;
  }

  start(source: HeldSource, more: Partial<SendRequest> = {}): Promise<SentFile> {
    const onProgress = (progress: TransferProgress) => void this.reports.push(progress);
    return this.client.transfers.send({ source, to: ["lobby"], onProgress, ...more });
  }

  send(source: HeldSource, more?: Partial<SendRequest>): Promise<SentFile | Fault> {
    return this.fixture.outcome(this.start(source, more));
  }

  /** Sends until the server has so many chunks, and is stopped then. */
  async begin(source: HeldSource, chunks: number): Promise<Fault | SentFile> {
    const stop = new AbortController();
    this.files.onChunk = ({ index }) => {
      if (index === chunks) stop.abort();
    };
    const outcome = await this.send(source, { signal: stop.signal });
    this.files.onChunk = () => {};
    return outcome;
  }

  /** What the server has of the only file there. */
  get stored(): Uint8Array {
    const [file] = this.files.files.values();
    return Buffer.concat(file?.chunks.map(({ chunk }) => chunk) ?? []);
  }

  has(bytes: Uint8Array): boolean {
    const [file] = this.files.files.values();
    return file?.digest !== undefined && Buffer.from(this.stored).equals(bytes);
  }
}
