import { expect, test } from "bun:test";
import { Fault, type FaultCode } from "../../../src/base/fault.ts";
import { joinWithRetry } from "../../../src/cli/chat/slash-host.ts";

const ENTERED = { room: "r1", name: "lobby", joined: true, created: false } as never;

function entering(...answers: readonly (FaultCode | "entered")[]) {
  let asked = 0;
  const links: PromiseWithResolvers<void>[] = [];
  const nextLink = () => {
    const link = Promise.withResolvers<void>();
    links.push(link);
    return link.promise;
  };
  const enter = async () => {
    const answer = answers[asked++] ?? "entered";
    if (answer === "entered") return ENTERED;
    throw new Fault(answer, "no");
  };
  const outcome = joinWithRetry(enter, nextLink).catch((fault: Fault) => fault.code);
  return { outcome, links, asked: () => asked };
}

test("retries to join a room only on the next link", async () => {
  const { outcome, links, asked } = entering("link-closed", "shutting-down", "timeout");
  await Promise.resolve();
  expect([asked(), links.length]).toEqual([1, 1]);
  for (const count of [1, 2, 3]) {
    while (links.length < count) await Promise.resolve();
    links[count - 1]?.resolve();
  }
  expect(await outcome).toBe(ENTERED);
  expect(asked()).toBe(4);
});

test("does not retry after a refusal", async () => {
  expect(await entering("room-unknown").outcome).toBe("room-unknown");
});
