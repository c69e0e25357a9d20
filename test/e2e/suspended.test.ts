import { expect, test } from "bun:test";
import { UDP_SILENCE_MAX_MS } from "../../src/base/limits.ts";
import { passes } from "../io/quic-fixture.ts";
import { type Program, Sandbox } from "./program.ts";

/** A process that stands still for a while: a lid that was closed, a machine that was too busy. */

/** Longer than a link over UDP is believed in, shorter than one over TCP. */
const GAP_MS = UDP_SILENCE_MAX_MS + 2_000;
const BACK_WITHIN_MS = 30_000;

function texts(program: Program): unknown[] {
  return program.jsonLines.flatMap(({ kind, text }) => (kind === "text" ? [text] : []));
}

async function suspend({ pid }: Program, meanwhile: () => void): Promise<void> {
  process.kill(pid, "SIGSTOP");
  meanwhile();
  await passes(GAP_MS);
  process.kill(pid, "SIGCONT");
}

// Each waits most of its time: they wait at once.
test.concurrent.each([
  ["server", "tcp"],
  ["server", "udp"],
  ["client", "tcp"],
  ["client", "udp"],
] as const)(
  "a %s that stands still, over %s: all goes on, each word once and in order",
  async (who, transport) => {
    await using sandbox = new Sandbox();
    const { address, program } = await sandbox.serve({ args: ["--open"] });
    const common = [address, "--transport", transport, "--user"];
    const [ana, bob] = await Promise.all(
      ["ana", "bob"].map((name) => sandbox.home(name).join([...common, name])),
    );
    if (ana === undefined || bob === undefined) throw new Error("two names make two clients");
    ana.type("before");
    for (const one of [ana, bob]) await one.json("text", { text: "before" });
    await suspend(who === "server" ? program : ana, () => {
      for (let i = 0; i < 20; i++) ana.type(`amid ${i}`);
    });
    await bob.json("text", { text: "amid 19" }, BACK_WITHIN_MS);
    bob.type("after");
    for (const one of [ana, bob]) await one.json("text", { text: "after" }, BACK_WITHIN_MS);
    const amid = Array.from({ length: 20 }, (_, i) => `amid ${i}`);
    for (const one of [ana, bob]) expect(texts(one)).toEqual(["before", ...amid, "after"]);
    // TCP bears it; over UDP a new link may be needed, and one is enough.
    const lost = [ana, bob].map(
      ({ jsonLines }) => jsonLines.filter(({ kind }) => kind === "lost").length,
    );
    const lostMax = transport === "tcp" ? 0 : 1;
    expect(Math.max(...lost)).toBeLessThanOrEqual(lostMax);
    for (const one of [ana, bob]) expect((await one.finish()).exitCode).toBe(0);
  },
  90_000,
);
