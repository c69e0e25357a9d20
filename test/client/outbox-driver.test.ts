import { describe, expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import type { OutboxId } from "../../src/base/ids.ts";
import type { Connection } from "../../src/client/link/connection.ts";
import { OutboxDriver } from "../../src/client/outbox-driver.ts";
import type { PostBody, RequestFields } from "../../src/wire/messages.ts";
import { VirtualClock } from "./virtual-clock.ts";

class Box {
  readonly clock = new VirtualClock();
  readonly sent: string[] = [];
  readonly sealings: { readonly texts: string[]; readonly end: () => void }[] = [];
  unsealable: Fault | undefined;
  readonly outcomes: (number | string)[] = [];
  answer: (outcome: unknown) => void = () => {};
  readonly driver: OutboxDriver;

  constructor() {
    this.driver = new OutboxDriver("outbox" as OutboxId, this.clock, {
      store: () => {},
      emit: () => {},
      settled: () => {},
      seal: (posts) => {
        const { promise, resolve } = Promise.withResolvers<(PostBody | Fault)[]>();
        const texts = posts.map(({ body }) => body.text ?? "");
        const end = () => resolve(posts.map(({ body }) => this.unsealable ?? body));
        this.sealings.push({ texts, end });
        return promise;
      },
    });
  }

  connect(): void {
    const requestThen = (
      _: string,
      { body }: RequestFields<"post">,
      then: (of: unknown) => void,
    ) => {
      this.sent.push(body.text ?? "");
      this.answer = then;
    };
    this.driver.connected({ isClosed: false, requestThen } as unknown as Connection);
  }

  async says(text: string): Promise<void> {
    this.driver.post("vault", { text }).then(
      ({ seq }) => this.outcomes.push(seq),
      (error: unknown) => {
        if (!(error instanceof Fault)) throw error;
        this.outcomes.push(error.code);
      },
    );
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

test("encrypts and sends posts in the order of writing", async () => {
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

test("encrypts queued posts again for the next link", async () => {
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

describe("a post that can no longer be encrypted", () => {
  async function sentOnce(): Promise<Box> {
    const box = new Box();
    box.connect();
    await box.says("one");
    await box.seals(0);
    box.driver.lost();
    box.unsealable = new Fault("not-member", "you are not in the room");
    box.connect();
    await box.clock.advance(1);
    await box.seals(1);
    return box;
  }

  test("reports its record if the server has stored it", async () => {
    const box = await sentOnce();
    expect(box.sent).toEqual(["one", ""]);
    expect(box.outcomes).toEqual([]);
    box.answer({ kind: "answered", answer: { seq: 7 } });
    await box.clock.advance(1);
    expect(box.outcomes).toEqual([7]);
  });

  test("is refused with the client's reason once the server denies the post", async () => {
    const box = await sentOnce();
    box.answer({ kind: "refused", fault: new Fault("not-found", "it says nothing") });
    await box.clock.advance(1);
    expect(box.outcomes).toEqual(["not-member"]);
  });

  test("is asked about again if the server defers the answer", async () => {
    const box = await sentOnce();
    const fault = new Fault("no-majority", "one server", { retryAfterMs: 1_000 });
    box.answer({ kind: "refused", fault });
    await box.clock.advance(5_000);
    await box.seals(2);
    expect([box.outcomes, box.sent]).toEqual([[], ["one", "", ""]]);
    box.answer({ kind: "refused", fault: new Fault("not-found", "it says nothing") });
    await box.clock.advance(1);
    expect(box.outcomes).toEqual(["not-member"]);
  });
});
