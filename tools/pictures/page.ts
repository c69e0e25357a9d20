import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Sandbox } from "../../test/e2e/program.ts";
import { Browser } from "../../test/page/browser.ts";
import { pageAddress, photo } from "../../test/page/fixtures.ts";
import { HeadlessUser } from "../../test/page/headless-user.ts";
import type { Visit } from "../../test/page/visit.ts";

/** Part of `npm run picture`: takes the screenshots of the page in docs/. Needs Chromium. */

const DOCS = join(import.meta.dir, "../../docs");

async function playConversation(
  sandbox: Sandbox,
  visit: Visit,
  ana: HeadlessUser,
  bob: HeadlessUser,
): Promise<void> {
  await ana.tab.ask("topic", { room: "lobby", topic: "Workshop: tools, times and what broke" });
  await ana.post("Where is the soldering iron?");
  await bob.post("In the blue box, **second** shelf. The list: https://workshop.example/tools");
  await ana.post("Thank you! @mia do you still need it today?");
  await visit.waitForMessage("do you still need it");
  await visit.send("Only for ten minutes, after lunch.");
  await visit.waitForMessage("after lunch");
  writeFileSync(sandbox.path("view.png"), photo(960, 540));
  await visit.sendFiles(sandbox.path("view.png"));
  await visit.file("view.png").waitFor();
  await visit.file("view.png").getByRole("img").waitFor();
  await visit.transfer("view.png").waitFor({ state: "detached" });
  await bob.post("What a view.");
  await visit.waitForMessage("What a view.");
}

async function takeScreenshot(visit: Visit, name: string): Promise<void> {
  await visit.page.mouse.move(0, 0);
  // The focused button was removed without a blur event, so its message still displays its buttons.
  await visit.page.evaluate(
    "for (const one of document.querySelectorAll('article')) { one.focus(); one.blur(); }",
  );
  await visit.page.screenshot({ path: join(DOCS, `page-${name}.png`), animations: "disabled" });
  process.stderr.write(`drew docs/page-${name}.png\n`);
}

async function resize(visit: Visit, width: number, height: number): Promise<void> {
  await visit.page.setViewportSize({ width, height });
  await visit.page.reload();
  await visit.waitForMessage("What a view.");
  await visit.file("view.png").getByRole("img").waitFor();
  await visit.waitForMessage("What a view.");
  await visit.page.locator(".timeline .list").evaluate((list) => list.scrollTo(0, 1e6));
}

async function drawDashboard(olga: Visit): Promise<void> {
  await olga.button("Server administration").click();
  await olga.page.getByRole("tab", { name: "Clients" }).click();
  const table = olga.page.getByRole("table", { name: "Clients" });
  await table
    .getByText(/^\d+ ms$/)
    .nth(3)
    .waitFor();
  await takeScreenshot(olga, "office-1440");
}

mkdirSync(DOCS, { recursive: true });
const browser = new Browser([]);
await browser.start();
try {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--name", "Room 12", "--welcome", "Be kind."] });
  const [ana, bob] = [
    await HeadlessUser.open(served, "ana"),
    await HeadlessUser.open(served, "bob"),
  ];
  await using olga = await browser.visit(String(served.listening["operatorLink"]), {
    width: 1440,
    height: 900,
  });
  await using mia = await browser.visit(pageAddress(served), { width: 1440, height: 900 });
  await mia.field("Name").fill("mia");
  await mia.logIn("mia");
  await olga.logIn("olga");
  await playConversation(sandbox, mia, ana, bob);
  await takeScreenshot(mia, "1440");
  await drawDashboard(olga);
  await resize(mia, 820, 1180);
  await takeScreenshot(mia, "820");
  await resize(mia, 390, 844);
  await takeScreenshot(mia, "390");
  await mia.page.emulateMedia({ colorScheme: "dark" });
  await takeScreenshot(mia, "390-dark");
  for (const { tab } of [ana, bob]) tab.close();
} finally {
  await browser.stop();
}
