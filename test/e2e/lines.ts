/** What a process writes, line by line, for whoever waits for one of them. */
export class Lines {
  readonly all: string[] = [];
  /** Resolves when the process has closed the stream. */
  readonly ended: Promise<void>;
  readonly #name: string;
  #next = 0;
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

  /** The first line from here on that fits; those before it are passed over. */
  async next(what: string, fits: (line: string) => boolean, deadlineMs = 15_000): Promise<string> {
    const late = AbortSignal.timeout(deadlineMs);
    const passed = new Promise<void>((resolve) => {
      late.addEventListener("abort", () => resolve(), { once: true });
    });
    for (;;) {
      while (this.#next < this.all.length) {
        const line = this.all[this.#next++] ?? "";
        if (fits(line)) return line;
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
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }
}
