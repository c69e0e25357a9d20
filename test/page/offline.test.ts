import { expect } from "bun:test";
import { type Served, Town } from "../e2e/program.ts";
import { Relay } from "../e2e/relay.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { pageAddress, secretOf } from "./scenery.ts";

/** The line breaks, the server dies: what was said arrives once. */

const browser = sharedBrowser();
const WORDS = Array.from({ length: 20 }, (_, i) => `said while away ${i + 1}.`);

/** All texts that the server has on its disk, in its order. */
async function said(town: Town, { data }: Served): Promise<readonly string[]> {
  const lines = await town.home("reader").json(["history", "--data", data, "--room", "lobby"]);
  return lines.flatMap(({ kind, text }) => (kind === "text" ? [String(text)] : []));
}

pageTest("cut off and back: what waited arrives once, in its order", async () => {
  await using town = new Town();
  const served = await town.serve();
  await using relay = await Relay.open(served.port);
  await using ana = await browser.visit(`https://${relay.address}/#invite=${secretOf(served)}`);
  await using ben = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  await ben.enter("ben");
  relay.cut();
  await ana.page.getByText(/^Offline/).waitFor();
  for (const words of WORDS) await ana.says(words);
  await ana
    .message(WORDS.at(-1) ?? "")
    .getByText("sending")
    .waitFor();
  await ben.says("meanwhile");
  relay.mend();
  await ana.back();
  await ana.sees("meanwhile");
  await ben.sees(WORDS.at(-1) ?? "");
  await ana.settled();
  expect(await said(town, served)).toEqual(["meanwhile", ...WORDS]);
});

pageTest("again and again cut in the middle of words: none is lost, none comes twice", async () => {
  await using town = new Town();
  const served = await town.serve();
  await using relay = await Relay.open(served.port);
  await using ana = await browser.visit(`https://${relay.address}/#invite=${secretOf(served)}`);
  await ana.enter("ana");
  await using ben = await browser.visit(pageAddress(served));
  await ben.enter("ben");
  for (const [i, words] of WORDS.entries()) {
    // The server may have it; its answer is cut off.
    const stalled = i % 4 === 0 ? relay.stallAfter("up", 40) : undefined;
    await ana.says(words);
    if (stalled === undefined) continue;
    await stalled;
    relay.drop();
  }
  await ben.sees(WORDS.at(-1) ?? "", 60_000);
  expect(await said(town, served)).toEqual(WORDS);
});

pageTest("the server is killed and comes back: the page does, too", async () => {
  await using town = new Town();
  const served = await town.serve();
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  await ana.says("before");
  await ana.sees("before");
  await ana.settled();
  await served.program.signal("SIGKILL");
  await ana.page.getByText(/^Offline/).waitFor();
  await ana.says("while it was dead");
  await ana.message("while it was dead").getByText("sending").waitFor();
  await town.serve({ port: served.port });
  await ana.back();
  await ana.settled();
  expect(await said(town, served)).toEqual(["before", "while it was dead"]);
});

pageTest("said while offline, and the page is closed: the next one sends it", async () => {
  await using town = new Town();
  const served = await town.serve();
  await using relay = await Relay.open(served.port);
  await using ana = await browser.visit(`https://${relay.address}/#invite=${secretOf(served)}`);
  await ana.enter("ana");
  relay.cut();
  await ana.page.getByText(/^Offline/).waitFor();
  await ana.says("kept by the browser");
  await ana.message("kept by the browser").getByText("sending").waitFor();
  await ana.page.close({ runBeforeUnload: false });
  relay.mend();
  const again = await ana.tab();
  await again.sees("kept by the browser");
  await again.settled();
  expect(await said(town, served)).toEqual(["kept by the browser"]);
});

pageTest("a part that cannot be fetched is told, and the rest goes on", async () => {
  await using town = new Town();
  const served = await town.serve();
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  await ana.context.route("**/assets/settings-dialog-*", (route) => route.abort());
  await ana.button(/Account and settings/).click();
  await ana.page.getByText("This part is missing. Reload the page once you are online.").waitFor();
  await ana.says("still here");
  await ana.sees("still here");
});
