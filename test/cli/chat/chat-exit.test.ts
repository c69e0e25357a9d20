import { expect, test } from "bun:test";
import { ChatExit } from "../../../src/cli/chat/chat-exit.ts";

const outcome = (ending: ChatExit) => ending.exitCode.catch((error: unknown) => error);

test("rejects with a fault or any other error", async () => {
  const interrupted = new ChatExit();
  interrupted.onSignal("SIGINT");
  expect(await outcome(interrupted)).toMatchObject({
    code: "interrupted",
    remedy: "to rejoin, run chat join",
    exitCode: 130,
  });
  const broken = new ChatExit();
  const error = new Error("a mistake");
  broken.fail(error);
  broken.end(0);
  expect([await outcome(broken), broken.hasEnded]).toEqual([error, true]);
});
