import { expect } from "bun:test";
import { Sandbox } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { pageAddress } from "./scenery.ts";

/** What was said elsewhere, and brought here by `chat import`. */

const browser = sharedBrowser();

pageTest("an imported message never looks as said by the user of that name", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const log = sandbox.write(
    "old.log",
    "2019-05-01 10:00:00\tben\tsaid elsewhere\n2019-05-01 10:01:00\tben\tand on\n",
  );
  await using ben = await browser.visit(pageAddress(served));
  await ben.enter("ben");
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana", CHAT_SERVER: served.invite });
  await ana.run(["send", "hello"]);
  const data = ["--data", served.data];
  await ana.json(["admin", "grant", "ana", ...data]);
  expect(await ana.json(["import", log, "--room", "lobby"])).toMatchObject([{ records: 2 }]);
  await ana.run(["send", "said here"]);
  await ben.sees("said here");
  const message = ben.message("said elsewhere");
  expect(await message.locator(".author").textContent()).toBe("ben (imported)");
  expect(await message.locator(".mark").textContent()).toMatch(/^said .*2019.*, imported by ana$/);
  expect(await ben.message("and on").locator(".author").count()).toBe(0); // One group.
  expect(await ben.message("said here").locator(".author").textContent()).toBe("ana");
  await ben.keepPicture("imported");
});
