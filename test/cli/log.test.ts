import { expect, test } from "bun:test";
import { createContext } from "../../src/cli/context.ts";
import { createLog } from "../../src/cli/log.ts";
import { fakeWorld } from "../commands/fake-world.ts";

test("everything goes to standard error, as often as it is said", () => {
  const world = fakeWorld();
  const log = createLog(createContext(world, { json: false, color: false, debug: false }));
  for (let i = 0; i < 20; i++) log.info("the same");
  log.warn("careful");
  log.debug("hidden");
  expect(world.stdout.text).toBe("");
  expect(world.stderr.text.match(/the same/g)).toHaveLength(20);
  expect(world.stderr.text).toContain("careful");
  expect(world.stderr.text).not.toContain("hidden");
});

test("--debug shows more", () => {
  const world = fakeWorld();
  createLog(createContext(world, { json: false, color: false, debug: true })).debug("shown");
  expect(world.stderr.text).toContain("shown");
});
