import { expect } from "bun:test";
import { SHOWN_ITEMS_MAX, SHOWN_PAGE_RECORDS } from "../../src/base/limits-page.ts";
import { until } from "../e2e/deadline.ts";
import { writeTexts } from "../e2e/full-room.ts";
import { Sandbox } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { pageAddress } from "./scenery.ts";
import { Talker } from "./talk.ts";
import type { Visit } from "./visit.ts";

/** A room in which much was said. */

const browser = sharedBrowser();
const MESSAGES = 100_000;
const TIMEOUT_MS = 300_000;
/** Far more than a screen has, far less than the room. */
const ROWS_MAX = 150;
/** The items that are kept, and as much again for what is not collected yet. */
const HEAP_BYTES_MAX = 120e6;
/** Scrolled over a little more than what is kept at once. */
const JUMPS = SHOWN_ITEMS_MAX / SHOWN_PAGE_RECORDS + 30;

interface Climbed {
  readonly jumps: number;
  readonly rowsMax: number;
}

/** Goes to the upper end of what is there, again and again, as soon as there is more. */
function climb({ page }: Visit, jumps: number): Promise<Climbed> {
  return page.evaluate<Climbed>(`(async () => {
    const list = document.querySelector(".timeline .list");
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    let rowsMax = 0;
    for (let jumps = 0; jumps < ${jumps}; jumps++) {
      list.scrollTop = 0;
      const end = performance.now() + 15_000;
      do {
        await frame();
        rowsMax = Math.max(rowsMax, document.querySelectorAll(".timeline .row").length);
      } while (list.scrollTop < 200 && performance.now() < end);
      if (list.scrollTop < 200) return { jumps, rowsMax };
    }
    return { jumps: ${jumps}, rowsMax };
  })()`);
}

async function heapBytes({ page, context }: Visit): Promise<number> {
  const session = await context.newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  await session.detach();
  return usedSize;
}

pageTest(
  `${MESSAGES} messages: up by jumps, to the first, and back, in bounded memory`,
  async () => {
    await using sandbox = new Sandbox();
    const first = await sandbox.serve();
    (await Talker.open(first, "ben")).tab.close();
    await first.program.signal("SIGTERM");
    const said = (n: number) => `message ${n}. ${"and so on ".repeat(n % 7)}`;
    await writeTexts(first.data, "ben", MESSAGES, said);
    const served = await sandbox.serve();
    await using ana = await browser.visit(pageAddress(served));
    await ana.enter("ana");
    const newest = ana.message(`message ${MESSAGES - 1}.`);
    const jump = ana.button(/^Jump to newest/);
    await until("the newest message", async () => {
      if (await newest.isVisible()) return true;
      // It may go while it is clicked: the page gets there by itself, too.
      if (await jump.isVisible()) await jump.click({ timeout: 1_000 }).catch(() => undefined);
      return false;
    });
    await ana.sees(`message ${MESSAGES - 1}.`);
    const { jumps, rowsMax } = await climb(ana, JUMPS);
    expect(jumps).toBe(JUMPS);
    expect(rowsMax).toBeLessThan(ROWS_MAX);
    expect(await heapBytes(ana)).toBeLessThan(HEAP_BYTES_MAX);

    await ana.button("Search").click();
    await ana.field("Search for").fill("message 17.");
    await ana.field("Search for").press("Enter");
    await ana.page.locator(".search-list").getByText("message 17.").click();
    await ana.sees("message 17.");
    await climb(ana, 1);
    await ana.sees("message 0.");
    expect(await ana.page.locator(".timeline .row").count()).toBeLessThan(ROWS_MAX);
    await ana.button(/^Jump to newest/).click();
    await ana.sees(`message ${MESSAGES - 1}.`);
    expect(await heapBytes(ana)).toBeLessThan(HEAP_BYTES_MAX);
  },
  TIMEOUT_MS,
);
