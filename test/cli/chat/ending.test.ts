import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { Ending } from "../../../src/cli/chat/ending.ts";

const outcome = (ending: Ending) => ending.exitCode.catch((error: unknown) => error);

test("the first that ends it decides", async () => {
  const ending = new Ending();
  expect(ending.isThere).toBe(false);
  ending.signalled("SIGTERM");
  ending.put(new Fault("link-closed", "closed"));
  expect([ending.isThere, await outcome(ending)]).toEqual([true, 143]);
});

test("a fault ends it, and what is none goes through", async () => {
  const interrupted = new Ending();
  interrupted.signalled("SIGINT");
  expect(await outcome(interrupted)).toMatchObject({ code: "interrupted" });
  const broken = new Ending();
  const error = new Error("a mistake");
  broken.broken(error);
  broken.put(0);
  expect([await outcome(broken), broken.isThere]).toEqual([error, true]);
});
