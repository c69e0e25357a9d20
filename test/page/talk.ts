import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ID_BYTES, outboxId } from "../../src/base/ids.ts";
import { withMentions } from "../../src/core/client/mentions.ts";
import type { Served } from "../e2e/program.ts";
import { Tab } from "../e2e/tab.ts";
import { secretOf } from "./scenery.ts";

const AHEAD = 200;

/** Somebody who says more than a person can: another page, without its window. */
export class Talker {
  readonly tab: Tab;
  readonly #outbox = outboxId(crypto.getRandomValues(new Uint8Array(ID_BYTES)));
  #counter = 0;

  private constructor(tab: Tab) {
    this.tab = tab;
  }

  static async open(served: Served, name: string): Promise<Talker> {
    const ca = readFileSync(join(served.data, "tls.crt"), "utf8");
    const web = String(served.listening["web"]);
    return new Talker(await Tab.open(web, name, secretOf(served), { ca }));
  }

  async says(text: string, to = "lobby"): Promise<void> {
    const counter = ++this.#counter;
    const body = withMentions({ text });
    await this.tab.ask("post", { outbox: this.#outbox, counter, to, body });
  }

  async fills(count: number, text: (n: number) => string): Promise<void> {
    for (let from = 0; from < count; from += AHEAD) {
      const some = Array.from({ length: Math.min(AHEAD, count - from) }, (_, i) => text(from + i));
      await Promise.all(some.map((one) => this.says(one)));
    }
  }
}
