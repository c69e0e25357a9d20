import { expect, test } from "bun:test";
import { within } from "./event.ts";
import { rejection } from "./rejection.ts";

test("what is due behind the test in the same round is done while it waits", async () => {
  const refused = Promise.withResolvers<never>();
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
    setImmediate(() => refused.reject(new Error("refused")));
  });
  expect((await within("the refusal", rejection(refused.promise))).message).toBe("refused");
});

test("what is not refused, and what is refused without a reason, is a failure", async () => {
  const failed = (promise: Promise<unknown>) => rejection(rejection(promise));
  expect((await failed(Promise.resolve(5))).message).toBe("not refused: 5");
  expect((await failed(Promise.reject("no"))).message).toContain("no error: no");
});
