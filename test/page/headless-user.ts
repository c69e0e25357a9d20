import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ID_BYTES, outboxId } from "../../src/base/ids.ts";
import { withMentions } from "../../src/core/client/mentions.ts";
import type { PostBody } from "../../src/wire/messages.ts";
import type { Served } from "../e2e/program.ts";
import { Tab } from "../e2e/tab.ts";
import { localPage, secretOf } from "./fixtures.ts";

const IN_FLIGHT_MAX = 200;

/** User without a browser window, who can post many messages. */
export class HeadlessUser {
  readonly tab: Tab;
  readonly #outbox = outboxId(crypto.getRandomValues(new Uint8Array(ID_BYTES)));
  #counter = 0;

  private constructor(tab: Tab) {
    this.tab = tab;
  }

  static async open(served: Served, name: string): Promise<HeadlessUser> {
    const ca = readFileSync(join(served.data, "tls.crt"), "utf8");
    const web = localPage(served);
    return new HeadlessUser(await Tab.open(web, name, secretOf(served), { ca }));
  }

  async post(text: string, to = "lobby", fields: Partial<PostBody> = {}): Promise<number> {
    const counter = ++this.#counter;
    const body = { ...withMentions({ text }), ...fields };
    const { seq } = await this.tab.ask("post", { outbox: this.#outbox, counter, to, body });
    return seq;
  }

  /** Returns the seqs of the posts. */
  async postMany(count: number, text: (n: number) => string, to = "lobby"): Promise<number[]> {
    const seqs: number[] = [];
    for (let from = 0; from < count; from += IN_FLIGHT_MAX) {
      const texts = Array.from({ length: Math.min(IN_FLIGHT_MAX, count - from) }, (_, i) =>
        text(from + i),
      );
      seqs.push(...(await Promise.all(texts.map((text) => this.post(text, to)))));
    }
    return seqs;
  }
}
