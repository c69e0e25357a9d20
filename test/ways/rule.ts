import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Act, WAYS, type Way } from "./ways.ts";

/** Reason why the rule cannot apply, as a user would accept it. */
interface Exemption {
  readonly exempt: string;
}

/** Another test that shows the rule on this way, such as one of the page in a browser. */
interface Reference {
  readonly file: string;
  /** Part of the test's title. */
  readonly title: string;
}

type Cell = (() => unknown) | Exemption | Reference;

/** A statement that holds on all ways of an act. */
export type Rule<A extends Act> = Readonly<Record<Way<A>, Cell>>;

const ROOT = join(import.meta.dir, "..", "..");
const REASON_CHARS_MIN = 20;
const TITLE_CHARS_MIN = 10;

export function exempt(reason: string): Exemption {
  return { exempt: reason };
}

/** @param file path below `test/` */
export function heldBy(file: string, title: string): Reference {
  return { file, title };
}

/** Registers one test for each way. */
export function testRule<A extends Act>(statement: string, act: A, rule: Rule<A>): void {
  for (const way of WAYS[act]) {
    const cell: Cell =
      (rule as Readonly<Record<string, Cell>>)[way] ?? (() => expect.unreachable());
    if (typeof cell === "function")
      test(`${statement} (${act}: ${way})`, async () => void (await cell()));
    else test(`${statement} (${act}: ${way} is answered)`, () => checkAnswer(cell));
  }
}

function checkAnswer(answer: Exemption | Reference): void {
  if ("exempt" in answer) {
    expect(answer.exempt.length).toBeGreaterThan(REASON_CHARS_MIN);
    return;
  }
  const { file, title } = answer;
  expect(title.length).toBeGreaterThan(TITLE_CHARS_MIN);
  const text = readFileSync(join(ROOT, "test", file), "utf8");
  expect({ file, title, exists: text.includes(title) }).toEqual({ file, title, exists: true });
}
