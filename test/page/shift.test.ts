import { expect } from "bun:test";
import { Sandbox } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { pageAddress } from "./scenery.ts";
import { Talker } from "./talk.ts";
import type { Visit } from "./visit.ts";

/** What is on the screen stays where it is while the page comes. */

const browser = sharedBrowser();
/** Nobody sees less; 0.1 is what is called good. */
const SHIFT_MAX = 0.02;

/** Before the page begins: counts what moves without anybody having done something. */
const WATCH = `window.shifts = [];
new PerformanceObserver((list) => {
  for (const { value, hadRecentInput, sources } of list.getEntries())
    if (!hadRecentInput) window.shifts.push([value, ...sources.map(({ node }) => node?.className)]);
}).observe({ type: "layout-shift", buffered: true });`;

interface Shifted {
  readonly sum: number;
  readonly what: readonly unknown[];
}

function shifted({ page }: Visit): Promise<Shifted> {
  return page.evaluate<Shifted>(`new Promise((resolve) =>
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve({
      sum: window.shifts.reduce((sum, [value]) => sum + value, 0),
      what: window.shifts,
    })))))`);
}

const LOOKS = [
  { width: 1440, height: 900 },
  { width: 820, height: 1180 },
  { width: 390, height: 844 },
];

pageTest("nothing moves while the page comes: for newcomers, and for who is known", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--posts-per-second", "1000000"] });
  const ben = await Talker.open(served, "ben");
  await ben.fills(60, (n) => `message ${n}. ${"and so on ".repeat(n % 30)}`);
  const wrong: unknown[] = [];
  for (const look of LOOKS) {
    const note = async (visit: Visit, screen: string) => {
      const { sum, what } = await shifted(visit);
      if (sum > SHIFT_MAX) wrong.push([look.width, screen, sum, what]);
    };
    await using visit = await browser.visit(pageAddress(served), { ...look, before: WATCH });
    await visit.field("Name").waitFor();
    await note(visit, "entering");
    await visit.enter(`ana${look.width}`);
    await visit.sees("message 59.");
    await note(visit, "the room");
    await visit.page.reload();
    await visit.sees("message 59.");
    await note(visit, "the room again");
  }
  expect(wrong).toEqual([]);
});
