import { expect, test } from "bun:test";
import { Ending } from "../../../src/cli/chat/ending.ts";

const outcome = (ending: Ending) => ending.exitCode.catch((error: unknown) => error);

test("a fault ends it, and any other error is passed on", async () => {
  const interrupted = new Ending();
  interrupted.signalled("SIGINT");
  expect(await outcome(interrupted)).toMatchObject({ code: "interrupted" });
  const broken = new Ending();
  const error = new Error("a mistake");
  broken.broken(error);
  broken.put(0);
  expect([await outcome(broken), broken.isThere]).toEqual([error, true]);
});
