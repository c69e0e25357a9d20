import { expect } from "bun:test";
import { until } from "../e2e/deadline.ts";
import { Sandbox } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { expectNoBarrier, LOOKS } from "./looks.ts";
import { Talker } from "./talk.ts";
import type { Visit } from "./visit.ts";

/** Whoever runs a server sees how it is, and steers it. */

const browser = sharedBrowser();
/** More in a second than anybody types. */
const SPIKE = 60;

/** Whether something is drawn there. */
function isDrawn({ page }: Visit): Promise<boolean> {
  return page.evaluate<boolean>(`[...document.querySelectorAll(".chart canvas")].length === 5 &&
    [...document.querySelectorAll(".chart canvas")].every((canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return data.some((one) => one !== 0);
    })`);
}

pageTest("an operator watches a spike on the chart, in each look", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const ben = await Talker.open(served, "ben");
  await ben.fills(SPIKE, (n) => `line ${n}`);
  await using olga = await browser.visit(String(served.listening["operatorLink"]));
  await olga.enter("olga");
  await olga.button("Server window").click();
  await olga.page.getByRole("tab", { name: "Server", exact: true }).click();
  const chart = olga.page.getByRole("figure", { name: /^Messages per second/ });
  // It is older than the window.
  await chart.getByText(/at most [1-9]\d*\/s at \d\d:\d\d/).waitFor();
  await until("all charts are drawn", () => isDrawn(olga));
  await olga.page.getByText(/2 people of 2, over 2 connections/).waitFor();
  await olga.page.locator(".chart-table summary").click();
  await olga.page.getByRole("table", { name: "As a table, by the minute" }).waitFor();
  for (const [look, { width = 1440, height = 900, isDark = false }] of LOOKS.slice(0, 3)) {
    await olga.page.setViewportSize({ width, height });
    await olga.page.emulateMedia({ colorScheme: isDark ? "dark" : "light" });
    await until("the charts fit", () =>
      olga.page.evaluate<boolean>(`[...document.querySelectorAll(".chart")].every((chart) =>
        chart.querySelector("canvas").getBoundingClientRect().width <= chart.clientWidth)`),
    );
    await until("they are drawn anew", () => isDrawn(olga));
    await olga.keepPicture(`server-${look}`);
    await expectNoBarrier(olga, look, "the server's charts");
  }
  expect(olga.wrongs).toEqual([]);
  ben.tab.close();
});
