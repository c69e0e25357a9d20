import { expect } from "bun:test";
import { writeLateRecords } from "../e2e/late-records.ts";
import { Sandbox } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";

/** A folder whose records hold moments that no date can: shown, whatever they say. */

const browser = sharedBrowser();

pageTest("the page shows what no date can hold as the last moment", async () => {
  await using sandbox = new Sandbox();
  const first = await sandbox.serve({ args: ["--open"] });
  for (const user of ["ana", "ben", "eve"]) {
    await sandbox.home(user).json(["send", `I am ${user}`, "--user", user]);
  }
  await first.program.signal("SIGTERM");
  await writeLateRecords(first.data, { by: "ana", muted: "ben", banned: "eve" });
  const served = await sandbox.serve({ args: ["--open"] });
  await using olga = await browser.visit(String(served.listening["operatorLink"]));
  await olga.enter("olga");
  await olga.sees("I am ben");
  await olga.page.getByText(/ana muted ben until .*275760/).waitFor();
  await olga.button("Server window").click();
  await olga.page.getByRole("tab", { name: "Bans" }).click();
  await olga.page
    .getByText(/until .*275760/)
    .first()
    .waitFor();
  await olga.keepPicture("late-moments");
  await olga.page.getByRole("tab", { name: "Invites" }).click();
  await olga.page
    .getByText(/275760/)
    .first()
    .waitFor();
  expect(served.program.isRunning).toBe(true);
});
