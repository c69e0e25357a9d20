import { expect, test } from "bun:test";
import { Registry } from "../../src/core/rooms/accounts.ts";
import { disabled } from "../../src/server/kernel/service.ts";
import { RequestHandlers } from "../../src/server/requests.ts";
import { REQUESTS } from "../../src/wire/messages.ts";

test("requires exactly one handler for each request", () => {
  const requests = new RequestHandlers(new Registry());
  const [first = "", ...others] = Object.keys(REQUESTS);
  const all = disabled("off", [first, ...others]);
  expect(() => requests.open([all])).not.toThrow();
  expect(() => requests.open([disabled("off", others)])).toThrow(`no handler of ${first}`);
  expect(() => requests.open([all, disabled("off", [first])])).toThrow("two handlers");
});
