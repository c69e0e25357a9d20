import { expect } from "bun:test";
import { DISPLAY_NAME_CHARS_MAX } from "../../src/base/limits.ts";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";

const server = new PageServer();
const PHONE = { isDark: true, isPhone: true, width: 390, height: 844 };
const password = "correct horse battery";

pageTest(
  "a poll is started on the page, answered on a phone, and ended by its author",
  async () => {
    const ben = await server.headlessUser("ben");
    await using ana = await server.logIn("ana", { password, width: 1200 });
    await using phone = await server.logIn("ana", { password, ...PHONE });
    await ana.room("lobby").click();
    await ana.room("lobby").click({ button: "right" });
    await ana.menuItem("Poll…").click();
    const dialog = ana.dialog("New poll");
    await dialog.getByLabel("Question").fill("Lunch on **Friday**?");
    await dialog.getByLabel("Option 1").fill("soup <b>");
    await dialog.getByLabel("Option 2").fill("rice");
    await dialog.getByLabel("Option 3").fill("nothing");
    expect(await ana.accessibilityViolations()).toEqual([]);
    await dialog.getByRole("button", { name: "Start poll" }).click();

    const onPhone = phone.page.locator("fieldset.poll");
    await onPhone.getByLabel("rice").check();
    await onPhone.getByText("1 voter").waitFor();
    const onDesk = ana.page.locator("fieldset.poll");
    await onDesk.getByText("1 voter").waitFor();
    expect(await onDesk.getByLabel("rice").isChecked()).toBe(true);
    await onDesk.getByLabel("soup <b>").check();
    await onPhone.locator("label", { hasText: "soup" }).getByText("you").waitFor();
    expect(await onPhone.getByLabel("soup <b>").isChecked()).toBe(true);
    expect(await phone.accessibilityViolations()).toEqual([]);

    const seq = Number(await ana.page.locator("article", { has: onDesk }).getAttribute("data-seq"));
    await ben.tab.ask("vote", { seq, choices: [1] });
    await onDesk.getByText("2 voters").waitFor();
    await ana.chooseFromMenu("Lunch", "Show votes");
    const votes = ana.dialog("Show votes");
    expect(await votes.getByRole("listitem").allInnerTexts()).toEqual(["ana", "ben"]);
    expect(await ana.accessibilityViolations()).toEqual([]);
    await votes.getByRole("button", { name: "Close" }).click();
    await onDesk.getByRole("button", { name: "Withdraw vote" }).click();
    await onPhone.getByText("1 voter").waitFor();
    await ana.chooseFromMenu("Lunch", "Close poll");
    await onPhone.getByText("1 voter · closed").waitFor();
    expect(await onPhone.getByLabel("rice").isDisabled()).toBe(true);
  },
);

pageTest("a poll closes on the page when its time has passed", async () => {
  await using ida = await server.logIn("ida", { password });
  await ida.send("/poll --for 2s Tea? | green | black");
  const poll = ida.page.locator("fieldset.poll", { hasText: "Tea?" });
  await poll.getByText("0 voters · until").waitFor();
  expect(await poll.getByLabel("green").isDisabled()).toBe(false);
  await poll.getByText("0 voters · closed").waitFor();
  expect(await poll.getByLabel("green").isDisabled()).toBe(true);

  // Long names and options without a space stay inside.
  const vic = await server.headlessUser("vic");
  await vic.tab.ask("display-name", { text: "V".repeat(DISPLAY_NAME_CHARS_MAX) });
  await ida.page.setViewportSize({ width: 390, height: 844 });
  await ida.send(`/poll Long? | ${"o".repeat(200)} | no`);
  const long = ida.page.locator("fieldset.poll", { hasText: "Long?" });
  const row = ida.page.locator("article:not(.is-pending)", { has: long });
  await vic.tab.ask("vote", { seq: Number(await row.getAttribute("data-seq")), choices: [1] });
  await long.getByText("VVVV").waitFor();
  await ida.chooseFromMenu("Long?", "Show votes");
  const votes = ida.dialog("Show votes");
  await votes.getByRole("listitem").waitFor();
  for (const part of [long, votes])
    expect(await part.evaluate((e) => Reflect.get(e, "scrollWidth"))).toBe(
      await part.evaluate((e) => Reflect.get(e, "clientWidth")),
    );
});

pageTest("hides the votes of a poll until its end, also from its author", async () => {
  const kai = await server.headlessUser("kai");
  await using lea = await server.logIn("lea", { password });
  await lea.room("lobby").click();
  await lea.room("lobby").click({ button: "right" });
  await lea.menuItem("Poll…").click();
  const dialog = lea.dialog("New poll");
  await dialog.getByLabel("Question").fill("Trip?");
  await dialog.getByLabel("Option 1").fill("sea");
  await dialog.getByLabel("Option 2").fill("hills");
  await dialog.getByLabel("Show votes").selectOption("When the poll ends");
  await dialog.getByText("You see the votes no earlier").waitFor();
  expect(await lea.accessibilityViolations()).toEqual([]);
  await dialog.getByRole("button", { name: "Start poll" }).click();
  const poll = lea.page.locator("fieldset.poll", { hasText: "Trip?" });
  await poll.getByText("0 voters · votes show when the poll ends").waitFor();
  const seq = Number(await lea.page.locator("article", { has: poll }).getAttribute("data-seq"));
  await kai.tab.ask("vote", { seq, choices: [2] });
  await poll.getByText("1 voter · votes show").waitFor();
  await poll.getByLabel("sea").check();
  await poll.getByText("2 voters · you voted · votes show").waitFor();
  expect(await poll.locator(".poll-count, .poll-voters").count()).toBe(0);
  expect(await lea.accessibilityViolations()).toEqual([]);
  await lea.page.reload();
  await poll.getByRole("button", { name: "Withdraw vote" }).waitFor();
  await lea.chooseFromMenu("Trip", "Close poll");
  await poll.getByText("2 voters · closed").waitFor();
  expect(await poll.locator(".poll-count").allInnerTexts()).toEqual(["1", "1"]);
});

pageTest("shows the votes of a poll after one's own, if it hides them until then", async () => {
  const zoe = await server.headlessUser("zoe");
  await using max = await server.logIn("max", { password });
  await max.send("/poll --hide-until vote Snack? | nuts | plums");
  const poll = max.page.locator("fieldset.poll", { hasText: "Snack?" });
  await poll.getByText("0 voters · votes show after you vote").waitFor();
  const seq = Number(await max.page.locator("article", { has: poll }).getAttribute("data-seq"));
  await zoe.tab.ask("vote", { seq, choices: [1] });
  await poll.getByText("1 voter · votes show").waitFor();
  expect(await poll.locator(".poll-count").count()).toBe(0);
  await poll.getByLabel("plums").check();
  await poll.locator("label", { hasText: "nuts" }).getByText("zoe").waitFor();
  expect(await poll.locator(".poll-count").allInnerTexts()).toEqual(["1", "1"]);
  await poll.getByRole("button", { name: "Withdraw vote" }).click();
  await poll.getByText("1 voter · votes show").waitFor();
});
