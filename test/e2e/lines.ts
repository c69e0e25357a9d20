import { DEADLINE_MS } from "../event.ts";

/** What a process writes, line by line, for whoever waits for one of them. */
export class Lines {
  readonly all: string[] = [];
  /** Resolves when the process has closed the stream. */
  readonly ended: Promise<void>;
  readonly #name: string;
  readonly #left: string[] = [];
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

  /** Hands each line from here on to one listener, and keeps none for `next`. */
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
    for (let looked = 0; ; ) {
      for (; looked < this.#left.length; looked++) {
        if (fits(this.#left[looked] ?? "")) return this.#left.splice(looked, 1)[0] ?? "";
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
    let rest = "";
    for await (const chunk of stream) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      if (lines.length > 0) this.#add(lines);
    }
    if (rest !== "") this.#add([rest]);
  }

  #add(lines: readonly string[]): void {
    this.all.push(...lines);
    if (this.#listener === undefined) this.#left.push(...lines);
    else for (const line of lines) this.#listener(line);
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }
}
