import { expect } from "bun:test";
import { until } from "../e2e/deadline.ts";
import { Sandbox } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { pageAddress } from "./scenery.ts";

/** Emoji: found, completed, chosen by keys, and as reactions. */

const browser = sharedBrowser();

pageTest("emoji are completed by name, and chosen by words and by arrow keys", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served), { width: 390, height: 844 });
  await ana.enter("ana");
  const fetched: string[] = [];
  ana.page.on("request", (request) => fetched.push(new URL(request.url()).pathname));
  await ana.box.pressSequentially("so :tad");
  await ana.page.getByRole("option", { name: ":tada:" }).waitFor();
  expect(fetched.filter((path) => /\/emoji-[^/]*\.js$/.test(path))).toHaveLength(1);
  await ana.keepPicture("emoji-completion");
  await ana.box.press("Enter");
  await until("it is put in", async () => (await ana.box.inputValue()) === "so 🎉 ");
  // A whole name with its colons is one, too; a face of two signs is none.
  await ana.box.pressSequentially(":D :rocket:");
  await ana.page.getByRole("option", { name: ":rocket:" }).waitFor();
  await ana.box.press("Tab");
  await until("so is this", async () => (await ana.box.inputValue()) === "so 🎉 :D 🚀 ");
  // Where the caret is.
  await ana.box.press("Home");
  await ana.button("Emoji").click();
  const picker = ana.dialog("Emoji");
  const field = picker.getByLabel("Find an emoji");
  await picker.getByRole("button", { name: "grinning face", exact: true }).waitFor();
  expect(await ana.barriers()).toEqual([]);
  await ana.keepPicture("emoji-picker-390");
  await field.fill("thumbs");
  await picker.getByRole("button", { name: "thumbs up", exact: true }).waitFor();
  await field.press("Enter");
  await until("the focus is back", async () =>
    ana.page.evaluate<boolean>("document.activeElement.matches('.composer textarea')"),
  );
  expect(await ana.box.inputValue()).toBe("👍so 🎉 :D 🚀 ");
  await ana.box.press("End");
  await ana.button("Emoji").click();
  await picker.getByRole("heading", { name: "Last used" }).waitFor();
  await field.press("ArrowDown");
  const focused = () =>
    ana.page.evaluate<string>("document.activeElement.getAttribute('aria-label')");
  expect(await focused()).toBe("thumbs up");
  for (const key of ["ArrowDown", "ArrowRight", "ArrowDown", "ArrowUp", "ArrowLeft"]) {
    await ana.page.keyboard.press(key);
  }
  expect(await focused()).toBe("grinning face");
  await ana.page.keyboard.press("ArrowUp");
  await ana.page.keyboard.press("ArrowUp");
  expect(await focused()).toBe("Find an emoji");
  await field.fill("no such thing");
  await picker.getByText("Nothing found.").waitFor();
  await ana.page.keyboard.press("Escape");
  await picker.waitFor({ state: "detached" });
  await ana.box.press("Enter");
  await ana.sees("👍so 🎉 :D 🚀");
  await ana.settled();

  // A thumb is one click away, any other sign three.
  const message = ana.message("so 🎉");
  await ana.page.setViewportSize({ width: 1440, height: 900 });
  await message.hover();
  await message.getByRole("button", { name: "React with 👍" }).click();
  await message.getByRole("button", { name: "👍 1: ana" }).waitFor();
  await message.getByRole("button", { name: "React", exact: true }).click();
  await ana.dialog("React").getByLabel("Find an emoji").fill("avocado");
  await ana.dialog("React").getByRole("button", { name: "avocado" }).click();
  await message.getByRole("button", { name: "🥑 1: ana" }).waitFor();
  // The focus is where it was: at the message.
  await until("it is back", async () => (await focused()) === "React");
  await message.getByRole("button", { name: "React with 👍" }).click();
  await message.getByRole("button", { name: "👍 1: ana" }).waitFor({ state: "detached" });
  expect(await ana.barriers()).toEqual([]);
  await message.getByRole("button", { name: /^Actions for the message/ }).click();
  await ana.entry("Other reaction").click();
  await ana.dialog("React").getByRole("heading", { name: "Faces and feelings" }).waitFor();
  await ana.keepPicture("emoji-picker-1440");
  await ana.dialog("React").getByLabel("Find an emoji").fill("cat");
  await ana.page.emulateMedia({ colorScheme: "dark" });
  await ana.keepPicture("emoji-found-1440");
  expect(await ana.barriers()).toEqual([]);
});

pageTest("emoji are found by Indonesian words, and called by them", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const phone = { width: 390, height: 844, language: "id-ID" };
  await using ana = await browser.visit(pageAddress(served), phone);
  const name = ana.page.locator("#enter-name");
  await name.fill("ana");
  await name.press("Enter");
  const box = ana.page.locator(".composer textarea");
  await box.pressSequentially("selamat :terima");
  await ana.page.getByRole("option", { name: ":terima_kasih:" }).waitFor();
  await ana.keepPicture("emoji-completion-id");
  await box.press("Enter");
  expect(await box.inputValue()).toBe("selamat 🙏 ");
  await ana.button("Emoji").click();
  const picker = ana.dialog("Emoji");
  await picker.getByRole("button", { name: "wajah gembira", exact: true }).waitFor();
  await picker.getByLabel("Cari emoji").fill("ulang tahun");
  await picker.getByRole("button", { name: "kue ulang tahun", exact: true }).waitFor();
  expect(await ana.barriers()).toEqual([]);
  await ana.keepPicture("emoji-picker-id");
});
