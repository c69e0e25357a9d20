import { expect, test } from "bun:test";
import { REQUESTS } from "../../src/wire/messages.ts";
import { Sandbox } from "../e2e/program.ts";
import { Fuzz } from "./run.ts";

/**
 * No request of anybody ends the server: every kind of message, read off the schemas, with values
 * at the edges of what it takes, against the compiled program over real links. A seed decides what
 * is asked; in which order it is answered, the machine decides: one seed is not one run.
 *
 *     CHAT_SEED=7 CHAT_FUZZ_REQUESTS=100000 node_modules/.bin/bun test test/fuzz
 */
const SEED = Number(process.env["CHAT_SEED"] ?? 1);
const COUNT = Number(process.env["CHAT_FUZZ_REQUESTS"] ?? 6_000);
/** Depths that only some runs of requests lead to. */
const GOALS = [
  ...["post", "mute", "offer", "finish", "fetch"],
  ...["group-create", "group-commit", "group", "key-packages", "key-package", "seal-lease"],
  ...["sealed post", "sealed file", "signed leave"],
];

test(`${COUNT} requests end no server, seed ${SEED}`, async () => {
  await using sandbox = new Sandbox();
  const fuzz = new Fuzz(sandbox, { seed: SEED, requests: COUNT, goals: GOALS });
  const report = await fuzz.run();
  expect(report.requests).toBeGreaterThanOrEqual(COUNT);
  expect(report.starts).toBeGreaterThan(1);
  // It went deep, too: most kinds were not only refused (which takes some thousand requests).
  expect([...report.done]).toEqual(expect.arrayContaining(GOALS));
  const kinds = Object.keys(REQUESTS);
  const done = kinds.filter((kind) => report.done.has(kind));
  expect(done.length / kinds.length).toBeGreaterThan(0.7);
}, 3_600_000);
