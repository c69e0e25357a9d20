import { expect } from "bun:test";
import { Sandbox } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { pageAddress } from "./scenery.ts";
import type { Visit } from "./visit.ts";

/** Somebody who has set their browser to larger letters: all words follow. */

/** Browsers come with 16. */
const DEFAULT_PX = 16;
const LARGER_PX = 28;
const asUsual = sharedBrowser();
const larger = sharedBrowser([`--blink-settings=defaultFontSize=${LARGER_PX}`]);

/** Of each element that has words of its own: what it is, and how large they are. */
function sizes({ page }: Visit): Promise<Readonly<Record<string, number>>> {
  return page.evaluate<Record<string, number>>(`Object.fromEntries(
    [...document.querySelectorAll("#page *")]
      .filter((element) => [...element.childNodes].some(
        (node) => node.nodeType === 3 && node.data.trim() !== ""))
      .map((element) => [
        element.tagName + "." + [...element.classList].join("."),
        parseFloat(getComputedStyle(element).fontSize),
      ]))`);
}

pageTest("every word is as much larger as the letters that the browser is set to", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const measured: Readonly<Record<string, number>>[][] = [];
  for (const browser of [asUsual, larger]) {
    await using visit = await browser.visit(pageAddress(served), { width: 1440, height: 900 });
    await visit.field("Name").waitFor();
    const entering = await sizes(visit);
    await visit.enter(browser === larger ? "lara" : "ana");
    await visit.says("some words of mine");
    await visit.sees("some words of mine");
    await visit.settled();
    await visit.button("Search").first().click();
    await visit.field("Search for").waitFor();
    await visit.keepPicture(browser === larger ? "font-larger" : "font-usual");
    measured.push([entering, await sizes(visit)]);
  }
  const ratio = LARGER_PX / DEFAULT_PX;
  const wrong = (measured[0] ?? []).flatMap((before, screen) =>
    Object.entries(before).filter(([what, px]) => {
      const now = measured[1]?.[screen]?.[what];
      return now !== undefined && Math.abs(now / px - ratio) > 0.02;
    }),
  );
  expect(wrong).toEqual([]);
  expect(Object.keys(measured[0]?.[1] ?? {}).length).toBeGreaterThan(10);
});

pageTest("letters so large that three columns do not fit: people lie over the words", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  // Wide enough for three columns of usual letters.
  await using lara = await larger.visit(pageAddress(served), { width: 1200, height: 900 });
  await lara.enter("lara");
  expect(await lara.page.locator(".side-right").count()).toBe(0);
  const { width = 0 } = (await lara.box.boundingBox()) ?? {};
  expect(width).toBeGreaterThan(400);
});
