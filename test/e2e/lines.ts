import { DEADLINE_MS } from "../event.ts";

export class Lines {
  readonly all: string[] = [];
  readonly ended: Promise<void>;
  readonly #name: string;
  readonly #pending: string[] = [];
  #listener: ((line: string) => void) | undefined;
  #hasEnded = false;
  #wake = Promise.withResolvers<void>();

  constructor(name: string, stream: ReadableStream<Uint8Array>) {
    this.#name = name;
    this.ended = this.#read(stream).finally(() => {
      this.#hasEnded = true;
      this.#wake.resolve();
    });
  }

  get text(): string {
    return this.all.map((line) => `${line}\n`).join("");
  }

  listen(listener: (line: string) => void): void {
    this.#listener = listener;
  }

  async next(
    what: string,
    fits: (line: string) => boolean,
    deadlineMs = DEADLINE_MS,
  ): Promise<string> {
    const late = AbortSignal.timeout(deadlineMs);
    const passed = new Promise<void>((resolve) => {
      late.addEventListener("abort", () => resolve(), { once: true });
    });
    for (let index = 0; ; ) {
      for (; index < this.#pending.length; index++) {
        if (fits(this.#pending[index] ?? "")) return this.#pending.splice(index, 1)[0] ?? "";
      }
      if (this.#hasEnded || late.aborted) {
        const how = this.#hasEnded ? "it ended" : `not within ${deadlineMs} ms`;
        const tail = this.all.slice(-12).join("\n");
        throw new Error(`${this.#name}: no ${what}: ${how}, having said:\n${tail}`);
      }
      await Promise.race([this.#wake.promise, passed]);
    }
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let incomplete = "";
    for await (const chunk of stream) {
      const lines = (incomplete + decoder.decode(chunk, { stream: true })).split("\n");
      incomplete = lines.pop() ?? "";
      if (lines.length > 0) this.#add(lines);
    }
    if (incomplete !== "") this.#add([incomplete]);
  }

  #add(lines: readonly string[]): void {
    this.all.push(...lines);
    if (this.#listener === undefined) this.#pending.push(...lines);
    else for (const line of lines) this.#listener(line);
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }
}
