import { expect, test } from "bun:test";
import { REQUESTS } from "../../src/wire/messages.ts";
import { Sandbox } from "../e2e/program.ts";
import { FIRST_SEED, sampleSize } from "../samples.ts";
import { Fuzz } from "./run.ts";

/**
 * No request stops the server. The test sends every kind of message, with values at the limits of
 * its schema, to the compiled program over real links. The seed determines the requests, but the
 * machine determines the order of the answers, so runs of a seed differ.
 *
 *     CHAT_SEED=7 CHAT_FUZZ_REQUESTS=100000 node_modules/.bin/bun test test/fuzz
 */
const COUNT = sampleSize(2_000, 100_000);
const GOALS = [
  ...["post", "mute", "offer", "finish", "fetch"],
  ...["group-create", "group-commit", "group", "key-packages", "key-package", "seal-lease"],
  ...["sealed post", "sealed file", "signed leave"],
];

const KINDS = Object.keys(REQUESTS);
/** The run is lengthened until this part of the kinds was accepted once. */
const KINDS_PART = 0.7;
/** A slow machine meets the limits of requests later, so that other kinds are accepted. */
const KINDS_PART_MIN = 0.6;

function partOf(done: ReadonlySet<string>): number {
  return KINDS.filter((kind) => done.has(kind)).length / KINDS.length;
}

function isEnough(done: ReadonlySet<string>): boolean {
  return GOALS.every((goal) => done.has(goal)) && partOf(done) > KINDS_PART;
}

test(`${COUNT} requests stop no server, seed ${FIRST_SEED}`, async () => {
  await using sandbox = new Sandbox();
  const report = await new Fuzz(sandbox, FIRST_SEED).run(COUNT, isEnough);
  expect(report.requests).toBeGreaterThanOrEqual(COUNT);
  expect(report.starts).toBeGreaterThan(1);
  expect([...report.done]).toEqual(expect.arrayContaining(GOALS));
  expect(partOf(report.done)).toBeGreaterThan(KINDS_PART_MIN);
}, 3_600_000);
