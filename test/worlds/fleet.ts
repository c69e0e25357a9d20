import { expect, test } from "bun:test";
import { FIRST_SEED, sampleSize } from "../samples.ts";

export type WorldKind = "server" | "cluster" | "sealed";

interface Outcome {
  readonly kind: "passed" | "failed" | "done";
  readonly seed?: number;
  readonly digest?: string;
  readonly bug?: string;
  readonly error?: string;
  readonly stack?: string;
  readonly sentKinds?: readonly string[];
}

const RUNNER = "test/worlds/world-process.ts";

async function runWorlds(
  kind: WorldKind,
  seeds: string,
  bugs: readonly string[] = [],
): Promise<Outcome[]> {
  const child = Bun.spawn([process.execPath, RUNNER, kind, seeds, ...bugs], {
    cwd: `${import.meta.dir}/../..`,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = (await child.stdout.text()).split("\n").filter((line) => line !== "");
  const outcomes = lines.map((line) => JSON.parse(line) as Outcome);
  if (outcomes.at(-1)?.kind !== "done") throw new Error(`worlds ${seeds} broke off`);
  return outcomes;
}

interface Sample {
  readonly usual: number;
  /** Later seeds that once failed, or that alone send a request. */
  readonly past?: readonly number[];
  readonly full: number;
  readonly check?: (sentKinds: ReadonlySet<string>) => void;
}

/** Tests that worlds of a kind keep all invariants, and that a seed determines the run. */
export function testWorlds(kind: WorldKind, { usual, full, check, past = [] }: Sample): void {
  const count = sampleSize(usual, full);
  const last = FIRST_SEED + count - 1;

  test(`${kind} worlds ${FIRST_SEED} to ${last} keep all invariants`, async () => {
    const middle = FIRST_SEED + Math.floor((count - 1) / 2);
    // Both processes run the first seed.
    const parts = [
      [`${FIRST_SEED}-${middle}`, ...past].join(","),
      `${middle + 1}-${last},${FIRST_SEED}`,
    ];
    const outcomes = (await Promise.all(parts.map((seeds) => runWorlds(kind, seeds)))).flat();
    const failed = outcomes.flatMap(({ kind: outcome, seed, error, stack }) => {
      if (outcome !== "failed") return [];
      return [`${error}\n${stack}\nsee: CHAT_TRACE=1 bun ${RUNNER} ${kind} ${seed}`];
    });
    expect(failed.join("\n\n")).toBe("");
    if (count >= usual) check?.(new Set(outcomes.flatMap(({ sentKinds = [] }) => sentKinds)));
    const digests = outcomes.filter(({ seed }) => seed === FIRST_SEED);
    expect(digests).toHaveLength(2);
    expect(digests[0]).toEqual(digests[1]);
  });
}

export function testPlanted(kind: WorldKind, bugs: readonly string[], seeds = "1-300"): void {
  test("detects planted bugs", async () => {
    const outcomes = await runWorlds(kind, seeds, bugs);
    const caught = outcomes.flatMap(({ kind: outcome, bug }) => (outcome === "failed" ? bug : []));
    expect(caught).toEqual([...bugs]);
  });
}
