import { expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import type { OutboxId } from "../../src/base/ids.ts";
import type { Connection } from "../../src/client/link/connection.ts";
import { OutboxDriver } from "../../src/client/outbox-driver.ts";
import type { PostBody, RequestFields } from "../../src/wire/messages.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** One outbox on a link, whose posts are encrypted by hand. */
class Box {
  readonly clock = new VirtualClock();
  readonly sent: string[] = [];
  /** Those that were begun, and how to end each. */
  readonly sealings: { readonly texts: string[]; readonly end: () => void }[] = [];
  readonly driver: OutboxDriver;

  constructor() {
    this.driver = new OutboxDriver("outbox" as OutboxId, this.clock, {
      keep: () => {},
      tell: () => {},
      settled: () => {},
      seal: (posts) => {
        const { promise, resolve } = Promise.withResolvers<PostBody[]>();
        const bodies = posts.map(({ body }) => body);
        const texts = bodies.map(({ text }) => text ?? "");
        this.sealings.push({ texts, end: () => resolve(bodies) });
        return promise;
      },
    });
  }

  connect(): void {
    const askThen = (_: string, { body }: RequestFields<"post">) => this.sent.push(body.text ?? "");
    this.driver.connected({ isClosed: false, askThen } as unknown as Connection);
  }

  async says(text: string): Promise<void> {
    this.driver.post("vault", { text }).catch((error: unknown) => {
      if (!(error instanceof Fault)) throw error;
    });
    await this.clock.advance(1);
  }

  async seals(at: number): Promise<void> {
    this.sealings[at]?.end();
    await this.clock.advance(1);
  }

  get begun(): string[] {
    return this.sealings.flatMap(({ texts }) => texts);
  }
}

test("what is said while something is encrypted is encrypted and sent after it", async () => {
  const box = new Box();
  box.connect();
  await box.says("one");
  await box.says("two");
  expect([box.begun, box.sent]).toEqual([["one"], []]);
  await box.seals(0);
  expect([box.begun, box.sent]).toEqual([["one", "two"], ["one"]]);
  await box.seals(1);
  expect(box.sent).toEqual(["one", "two"]);
});

test("what waited for that when a link was lost is encrypted for the next alone", async () => {
  const box = new Box();
  box.connect();
  await box.says("one");
  await box.says("two");
  box.driver.lost();
  box.connect();
  await box.clock.advance(1);
  await box.seals(0);
  expect(box.begun).toEqual(["one", "one", "two"]);
  await box.seals(1);
  expect(box.sent).toEqual(["one", "two"]);
});
