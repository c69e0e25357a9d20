import type { DeviceEvent, Size, TerminalDevice } from "../../../../src/io/terminal/device.ts";
import { FakeOutput } from "../../../commands/fake-world.ts";

export class FakeDevice implements TerminalDevice {
  readonly output = new StoppableOutput();
  now: Size;
  readonly calls: string[] = [];
  readonly #handlers = new Map<DeviceEvent, Set<() => void>>();

  constructor(size: Size = { columns: 20, rows: 5 }) {
    this.now = size;
  }

  size(): Size {
    return this.now;
  }

  setRaw(isRaw: boolean): void {
    this.calls.push(isRaw ? "raw" : "cooked");
  }

  writeNow(text: string): void {
    this.calls.push(`at once ${JSON.stringify(text)}`);
  }

  stop(scope: "group" | "process"): void {
    this.calls.push(`stop ${scope}`);
  }

  on(event: DeviceEvent, handler: () => void): () => void {
    const handlers = this.#handlers.get(event) ?? new Set();
    this.#handlers.set(event, handlers.add(handler));
    return () => handlers.delete(handler);
  }

  close(): void {
    this.calls.push("close");
  }

  emit(event: DeviceEvent): void {
    for (const handler of [...(this.#handlers.get(event) ?? [])]) handler();
  }

  listeners(event: DeviceEvent): number {
    return this.#handlers.get(event)?.size ?? 0;
  }

  resize(size: Size): void {
    this.now = size;
    this.emit("resize");
  }
}

export class FakeClock {
  readonly #timers = new Set<{ readonly ms: number; readonly callback: () => void }>();

  after(ms: number, callback: () => void): () => void {
    const timer = { ms, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  get timers(): readonly { readonly ms: number; readonly callback: () => void }[] {
    return [...this.#timers];
  }

  pass(withinMs = Number.POSITIVE_INFINITY): void {
    for (const waiting of this.timers) {
      if (waiting.ms > withinMs) continue;
      this.#timers.delete(waiting);
      waiting.callback();
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
