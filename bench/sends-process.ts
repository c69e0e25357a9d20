import { join } from "node:path";
import { quantile } from "./samples.ts";
import type { SendsOrder, SendsReport } from "./sends-load.ts";

export class SendsLoad {
  readonly #child;
  readonly #reader;

  constructor(order: SendsOrder) {
    const entry = join(import.meta.dir, "sends-load.ts");
    this.#child = Bun.spawn([process.execPath, entry, JSON.stringify(order)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#reader = this.#child.stdout.getReader();
  }

  async ready(): Promise<void> {
    const { done } = await this.#reader.read();
    if (done) throw new Error("the senders could not log in");
  }

  async run(): Promise<SendsReport> {
    this.#child.stdin.write("go\n");
    this.#child.stdin.end();
    const decoder = new TextDecoder();
    let text = "";
    for (;;) {
      const { value, done } = await this.#reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
    }
    return JSON.parse(text);
  }
}

export function percentiles(latencies: number[]) {
  latencies.sort((a, b) => a - b);
  return { p50Ms: quantile(latencies, 0.5), p99Ms: quantile(latencies, 0.99) };
}
