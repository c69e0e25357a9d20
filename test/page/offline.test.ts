import { expect } from "bun:test";
import { until } from "../e2e/deadline.ts";
import { Sandbox, type Served } from "../e2e/program.ts";
import { Relay } from "../e2e/relay.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { pageAddress, secretOf } from "./scenery.ts";

/** The line breaks, the server dies: what was said arrives once. */

const browser = sharedBrowser();
/** Fetched when somebody opens them, or when the browser has time. */
const PARTS = ["lazy-parts"];
const WORDS = Array.from({ length: 20 }, (_, i) => `said while away ${i + 1}.`);

/** All texts that the server has on its disk, in its order. */
async function said(sandbox: Sandbox, { data }: Served): Promise<readonly string[]> {
  const lines = await sandbox.home("reader").json(["history", "--data", data, "--room", "lobby"]);
  return lines.flatMap(({ kind, text }) => (kind === "text" ? [String(text)] : []));
}

pageTest("cut off and back: what waited arrives once, in its order", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
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
    .getByText("waiting for the connection")
    .waitFor();
  await ben.says("meanwhile");
  await ben.sees("meanwhile");
  await ben.settled(); // Before what waits: the order is looked at below.
  relay.mend();
  await ana.back();
  await ana.sees("meanwhile");
  await ben.sees(WORDS.at(-1) ?? "");
  await ana.settled();
  expect(await said(sandbox, served)).toEqual(["meanwhile", ...WORDS]);
});

pageTest("again and again cut in the middle of words: none is lost, none comes twice", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
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
  expect(await said(sandbox, served)).toEqual(WORDS);
});

pageTest("the server is killed and comes back: the page does, too", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  await ana.says("before");
  await ana.sees("before");
  await ana.settled();
  await served.program.signal("SIGKILL");
  await ana.page.getByText(/^Offline/).waitFor();
  await ana.says("while it was dead");
  await ana.message("while it was dead").getByText("waiting for the connection").waitFor();
  await sandbox.serve({ port: served.port });
  await ana.back();
  await ana.settled();
  expect(await said(sandbox, served)).toEqual(["before", "while it was dead"]);
});

pageTest("said while offline, and the page is closed: the next one sends it", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using relay = await Relay.open(served.port);
  await using ana = await browser.visit(`https://${relay.address}/#invite=${secretOf(served)}`);
  await ana.enter("ana");
  relay.cut();
  await ana.page.getByText(/^Offline/).waitFor();
  await ana.says("kept by the browser");
  await ana.message("kept by the browser").getByText("waiting for the connection").waitFor();
  await ana.page.close({ runBeforeUnload: false });
  relay.mend();
  const again = await ana.tab();
  await again.sees("kept by the browser");
  await again.settled();
  expect(await said(sandbox, served)).toEqual(["kept by the browser"]);
});

pageTest("a part that cannot be fetched is told, and the rest goes on", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served));
  await ana.context.route("**/assets/lazy-parts-*", (route) => route.abort());
  await ana.enter("ana");
  await ana.button(/Account and settings/).click();
  await ana.page.getByText("This part could not be fetched. Try again online.").waitFor();
  await ana.says("still here");
  await ana.sees("still here");
  // Once it can be fetched, nobody needs to reload.
  await ana.context.unroute("**/assets/lazy-parts-*");
  await ana.button(/Account and settings/).click();
  await ana.button("Log out").waitFor();
});

pageTest("parts that nobody has opened yet are there when the server is not", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served));
  const fetched: string[] = [];
  ana.page.on("requestfinished", (request) => fetched.push(request.url()));
  await ana.enter("ana");
  await until("all parts are fetched", async () =>
    PARTS.every((part) => fetched.some((url) => url.includes(`/${part}-`))),
  );
  await served.program.signal("SIGKILL");
  await ana.page.getByText(/^Offline/).waitFor();
  await ana.button(/Account and settings/).click();
  await ana.button("Log out").waitFor();
});
