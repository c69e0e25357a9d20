import type { DeviceEvent, Size, TerminalDevice } from "../../../../src/io/terminal/device.ts";
import { FakeOutput } from "../../../commands/fake-world.ts";

export class FakeDevice implements TerminalDevice {
  readonly output = new StoppableOutput();
  now: Size;
  readonly acts: string[] = [];
  readonly #handlers = new Map<DeviceEvent, Set<() => void>>();

  constructor(size: Size = { columns: 20, rows: 5 }) {
    this.now = size;
  }

  size(): Size {
    return this.now;
  }

  setRaw(isRaw: boolean): void {
    this.acts.push(isRaw ? "raw" : "cooked");
  }

  writeNow(text: string): void {
    this.acts.push(`at once ${JSON.stringify(text)}`);
  }

  stop(what: "group" | "process"): void {
    this.acts.push(`stop ${what}`);
  }

  on(event: DeviceEvent, handler: () => void): () => void {
    const handlers = this.#handlers.get(event) ?? new Set();
    this.#handlers.set(event, handlers.add(handler));
    return () => handlers.delete(handler);
  }

  close(): void {
    this.acts.push("close");
  }

  tell(event: DeviceEvent): void {
    for (const handler of [...(this.#handlers.get(event) ?? [])]) handler();
  }

  listeners(event: DeviceEvent): number {
    return this.#handlers.get(event)?.size ?? 0;
  }

  resize(size: Size): void {
    this.now = size;
    this.tell("resize");
  }
}

export class FakeClock {
  readonly #waiting = new Set<{ readonly ms: number; readonly act: () => void }>();

  after(ms: number, act: () => void): () => void {
    const waiting = { ms, act };
    this.#waiting.add(waiting);
    return () => this.#waiting.delete(waiting);
  }

  get waiting(): readonly { readonly ms: number; readonly act: () => void }[] {
    return [...this.#waiting];
  }

  pass(withinMs = Number.POSITIVE_INFINITY): void {
    for (const waiting of this.waiting) {
      if (waiting.ms > withinMs) continue;
      this.#waiting.delete(waiting);
      waiting.act();
    }
  }
}

class StoppableOutput extends FakeOutput {
  #stopped: PromiseWithResolvers<void> | undefined;
  #queued = "";

  constructor() {
    super(true);
  }

  take(): string {
    const { text } = this;
    this.text = "";
    return text;
  }

  stop(): void {
    this.#stopped = Promise.withResolvers();
  }

  resume(): void {
    this.text += this.#queued;
    this.#queued = "";
    this.#stopped?.resolve();
    this.#stopped = undefined;
  }

  override write(text: string): void {
    if (this.#stopped === undefined) this.text += text;
    else this.#queued += text;
  }

  override queuedBytes(): number {
    return Buffer.byteLength(this.#queued);
  }

  override async flushed(): Promise<void> {
    if (this.#queued !== "") await this.#stopped?.promise;
  }
}
