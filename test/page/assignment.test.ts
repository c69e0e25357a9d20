import { expect } from "bun:test";
import { TEXT_BYTES_MAX } from "../../src/base/limits.ts";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";
import { expectAccessible } from "./theme.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();
const PICTURES = process.env["ASSIGNMENT_PICTURES"];
const PRIVATE = "Only you and the moderators see what you post here.";

async function picture({ page }: Visit, name: string): Promise<void> {
  if (PICTURES !== undefined) await page.screenshot({ path: `${PICTURES}/${name}.png` });
}

pageTest("tells pupils who reads their work, and shows moderators who handed it in", async () => {
  const eve = await server.headlessUser("eve");
  const ana = await server.window("ana");
  const ben = await server.window("ben");
  await ana.createRoom("essay");
  await ana.send("/rules post private");
  await ana.page.getByText("Assignment: members see only your messages and their own.").waitFor();
  await ana.send("the task");
  await eve.tab.ask("join", { room: "essay" });
  await ben.send("/join essay");
  await ben.waitForMessage("the task");
  await ben.page.getByText(PRIVATE).waitFor();
  await ben.page
    .locator(".beginning")
    .getByText("Anyone on this server can join. Members see only their own messages")
    .waitFor();
  const task = ben.page.locator("article", { hasText: "the task" });
  await task.hover();
  await task.getByRole("button", { name: /^Actions for/ }).waitFor();
  for (const name of ["React", "Reply"])
    expect(await task.getByRole("button", { name }).count()).toBe(0);
  await expectAccessible(ben, "light", "assignment of a pupil");
  await picture(ben, "pupil-room");
  await ben.send("my essay");
  await ben.heading("Your work for #essay").waitFor();
  await ben.page.locator("article:not(.is-pending)", { hasText: "my essay" }).waitFor();
  await ben.page.getByText(PRIVATE).waitFor();
  await ben.page.locator(".work-strip").getByText("Handed in").waitFor();
  await picture(ben, "pupil-box");
  await ben.button("Attach").click();
  await ben.menuItem("Hand in").waitFor();
  await ben.page.keyboard.press("Escape");
  await ben.button("Actions for Your work for #essay").click();
  await ben.menuItem("Room details").waitFor();
  expect(await ben.menuItem("Invite people…").count()).toBe(0);
  await ben.page.keyboard.press("Escape");

  await ana.button("Handed in").click();
  const list = ana.page.getByRole("region", { name: "Handed in: #essay" });
  const strip = ana.page.getByRole("region", { name: "Handed in", exact: true });
  await strip.getByText("1 of 2 handed in").waitFor();
  expect(await list.getByRole("rowheader").allTextContents()).toEqual(["eve", "ben"]);
  await list.getByText("nothing handed in").waitFor();
  await strip.getByRole("button", { name: "Remind 1 person" }).click();
  const reminder = ana.dialog("Remind 1 person");
  await reminder.getByLabel("Message").fill("x".repeat(TEXT_BYTES_MAX + 1));
  await reminder.getByRole("button", { name: "Send" }).click();
  await reminder.getByText("A message can have at most").waitFor();
  await reminder.getByLabel("Message").fill("Until tomorrow, please");
  await reminder.getByRole("button", { name: "Send" }).click();
  await ana.page.locator(".toast").getByText("Reminded 1 person").waitFor();
  await expectAccessible(ana, "light", "handed in");
  await picture(ana, "handed");
  await eve.post("late essay", "essay@eve");
  await strip.getByText("2 of 2 handed in").waitFor();
  const [download] = await Promise.all([
    ana.page.waitForEvent("download"),
    strip.getByRole("button", { name: "Download all (zip)" }).click(),
  ]);
  expect(download.suggestedFilename()).toBe("essay.zip");
  expect(download.url()).toEndWith("?zone=UTC");
  // The row opens the desk, and the arrows lead from one person to the next.
  await list.getByRole("button", { name: "ben" }).click();
  const desk = ana.page.getByRole("region", { name: "Desk" });
  await desk.getByText("my essay").waitFor();
  await ana.button("Next person").click();
  await desk.getByText("late essay").waitFor();
  await ana.button("Next person").click();
  await ana.page.locator(".toast").getByText("You have reached the end of the list.").waitFor();
  await ana.button("Back to the table").click();
  await list.getByRole("button", { name: "Close" }).click();
  await list.waitFor({ state: "detached" });
  // Without the table, a box is a conversation with arrows to the next.
  await ana.page.evaluate("location.hash = '#/essay@eve'");
  await ana.heading("Work of eve for #essay").waitFor();
  await ana.button("Previous person").click();
  await ana.heading("Work of ben for #essay").waitFor();
  await expectAccessible(ana, "light", "box of a person");
  await ana.page.getByText("Only ben and the moderators see what you post here.").waitFor();
  await ana.send("well done");
  await ben.waitForMessage("well done");
  await ana.send("/join essay@eve");
  await ana.page.locator("article:not(.is-pending)", { hasText: "Until tomorrow" }).waitFor();
  // Nobody could read the work after the last moderator has left.
  await ana.room("essay").click();
  const ask = ana.dialog("Leave #essay?");
  const warning =
    "You are the only moderator. After you leave, nobody sees what members hand in or ask.";
  const leave = async (text: string) => {
    await ana.button("Actions for essay").click();
    await ana.menuItem("Leave room").click();
    await ask.getByText(text).waitFor();
  };
  await leave(warning);
  await ana.page.keyboard.press("Escape");
  await ana.send("/leave");
  await ask.getByText(warning).waitFor();
  await ana.page.keyboard.press("Escape");
  await ana.send("/grant @eve");
  await ana.page.getByText("ana made eve a moderator").waitFor();
  await leave("You can join again later.");
});

pageTest("lists an assignment with its new work in one row", async () => {
  const rita = await server.window("rita");
  await rita.send("/join quiz --assignment");
  await rita.dialog("Create room").getByRole("button", { name: "Create" }).click();
  await rita.heading("#quiz").waitFor();
  for (let i = 1; i <= 8; i++) {
    const pupil = await server.headlessUser(`quiz${i}`);
    await pupil.tab.ask("join", { room: "quiz" });
    await pupil.post(`answer ${i}`, `quiz@quiz${i}`);
  }
  const listed = () =>
    rita.page.evaluate<string>(`[...document.querySelectorAll(
      '.room-line[data-target^="quiz@"]')].map(({ dataset }) => dataset.target.at(-1)).join("")`);
  const line = rita.page.locator('.room-line[data-target="quiz"]');
  await line.getByText("New work of 8 people").waitFor();
  expect(await line.locator(".count").first().textContent()).toContain("8");
  expect(await listed()).toBe("");
  expect(await rita.accessibilityViolations()).toEqual([]);
  // The one that is open stays in the list.
  await rita.page.evaluate("location.hash = '#/quiz@quiz2'");
  await rita.waitForMessage("answer 2");
  await line.getByText("New work of 7 people").waitFor();
  expect(await listed()).toBe("2");
});

pageTest("keeps what is being written when a room becomes an assignment", async () => {
  const lou = await server.headlessUser("lou");
  await lou.tab.ask("join", { room: "votes", create: true });
  const max = await server.window("max");
  await max.send("/join votes");
  await max.heading("#votes").waitFor();
  await max.composer.fill("half of my answer");
  await lou.tab.ask("rules", { room: "votes", post: "private" });
  await max.page.getByText(PRIVATE).waitFor();
  expect(await max.composer.inputValue()).toBe("half of my answer");
  await max.send("half of my answer, and more");
  await max.heading("Your work for #votes").waitFor();
  expect(await max.composer.inputValue()).toBe("");
});

pageTest("reports typing in an assignment to the moderators alone", async () => {
  const [ida, jon] = [await server.headlessUser("ida"), await server.headlessUser("jon")];
  await ida.tab.ask("join", { room: "report", create: true });
  await ida.tab.ask("rules", { room: "report", post: "private" });
  await jon.tab.ask("join", { room: "report" });
  const kim = await server.window("kim");
  const heading = kim.page.getByRole("heading", { name: "#report", exact: true });
  await kim.send("/join report");
  await heading.waitFor();
  await kim.send("my report");
  await kim.heading("Your work for #report").waitFor();
  await kim.send("/join report");
  await heading.waitFor();
  await kim.composer.pressSequentially("still writing");
  const { room } = await ida.tab.notice("typing", ({ users }) => users.includes("kim"));
  const box = await ida.tab.notice("room", ({ name }) => name === "report@kim");
  expect(room).toBe(box.room);
  await jon.tab.ask("who", { room: "report" });
  expect(jon.tab.notices.filter(({ kind }) => kind === "typing")).toEqual([]);
});

pageTest("shows the order of hands, work that is due today, and the end of a poll", async () => {
  const moritz = await server.headlessUser("moritz");
  const lena = await server.window("lena");
  const strip = lena.page.locator(".lesson");
  await lena.createRoom("physics");
  await moritz.tab.ask("join", { room: "physics" });
  await moritz.tab.ask("hand", { room: "physics", on: true });
  await strip.getByText("moritz is next").waitFor();
  const lessons = lena.page.getByRole("region", { name: "Lesson now" });
  await lessons.locator("[data-target=physics]").waitFor();
  const hands = lena.page.getByRole("region", { name: "Hands up, in order" });
  await hands.getByText("moritz").waitFor();
  await lena.send("/hand");
  await strip.getByRole("button", { name: "Call on moritz" }).click();
  await strip.getByText("moritz is speaking, then lena").waitFor();
  expect(await lena.accessibilityViolations()).toEqual([]);
  await strip.getByRole("button", { name: "Done with moritz" }).click();
  await strip.getByRole("button", { name: "Call on lena" }).waitFor();
  await moritz.tab.ask("hand", { room: "physics", on: true });
  await strip.getByRole("button", { name: "Lower all" }).click();
  await strip.waitFor({ state: "detached" });
  await lena.send("/poll Ready? | yes | no");
  // An open poll alone is no lesson.
  await strip.getByRole("button", { name: "Close poll" }).waitFor();
  expect(await lessons.count()).toBe(0);
  await strip.getByRole("button", { name: "Close poll" }).click();
  await strip.waitFor({ state: "detached" });
  await lena.createRoom("thesis");
  await lena.send("/rules post private");
  await lena.page.getByText("Assignment: members see only").waitFor();
  const today = new Date().toLocaleDateString("sv");
  await lena.send(`/rules due ${today} 23:59`);
  await strip.getByText("Due today at 23:59").waitFor();
  await strip.getByRole("button", { name: "Handed in 0 of 0" }).waitFor();
  await moritz.tab.ask("join", { room: "thesis" });
  await strip.getByRole("button", { name: "Handed in 0 of 1" }).waitFor();
  await moritz.post("my thesis", "thesis@moritz");
  await strip.getByRole("button", { name: "Handed in 1 of 1" }).waitFor();
  expect(await lena.accessibilityViolations()).toEqual([]);
});

pageTest(
  "puts the class into a new assignment: added by an operator, invited by others",
  async () => {
    const teacher = await server.operator("teacher");
    await teacher.createRoom("maths");
    const pupils = await Promise.all(["p1", "p2"].map((name) => server.headlessUser(name)));
    for (const { tab } of pupils) await tab.ask("join", { room: "maths" });
    const helper = await server.headlessUser("helper");
    await helper.tab.ask("join", { room: "maths" });
    await teacher.send("/grant helper");
    await teacher.page
      .getByText(/made helper a moderator/)
      .first()
      .waitFor();
    const create = async (visit: Visit, name: string, hint: string) => {
      await visit.startNew("Create room");
      const dialog = visit.dialog("Create room");
      await dialog.getByLabel("Name", { exact: true }).fill(name);
      await dialog.getByLabel(/^Assignment/).check();
      await dialog.getByText(hint).waitFor();
      const people = dialog.getByLabel("People", { exact: true });
      expect(await people.locator("option:checked").textContent()).toBe("Everyone in #maths");
      await picture(visit, `create-${name}`);
      await dialog.getByRole("button", { name: "Create", exact: true }).click();
      await visit.heading(`#${name}`).waitFor();
      await visit.button("Handed in").click();
    };
    await create(teacher, "fractions", "They are in the room at once.");
    const strip = (visit: Visit) =>
      visit.page.getByRole("region", { name: "Handed in", exact: true });
    await strip(teacher).getByText("0 of 2 handed in").waitFor();
    await using other = await server.logIn("other");
    await other.send("/join maths");
    await other.heading("#maths").waitFor();
    await create(other, "decimals", "They get an invitation.");
    await strip(other).getByText("0 of 4 handed in").waitFor();
    expect(await other.page.getByText("invited, not in the room yet").count()).toBe(4);
    await teacher.invitation("other invited you to #decimals").waitFor();
    await picture(other, "handed-invited");
    // The dialog of an existing room names the number and answers with one sum.
    await teacher.send("/join fractions");
    await teacher.heading("#fractions").waitFor();
    await teacher.button("Actions for fractions").click();
    await teacher.menuItem("Invite people…").click();
    const dialog = teacher.dialog("Invite people to #fractions");
    await dialog.getByLabel("Choose together").selectOption("Everyone in #maths");
    await dialog.getByText("3 people are in it already.").waitFor();
    expect(await teacher.accessibilityViolations()).toEqual([]);
    await picture(teacher, "put-in");
    await dialog.getByRole("button", { name: "Add people" }).click();
    await teacher.page.getByText("1 added, 3 were in it").waitFor();
    await server.headlessUser("newcomer");
    await teacher.send("/invite @everyone");
    const question = teacher.page.getByRole("dialog", { name: /^Add \d+ people to #fractions\?$/ });
    await question.getByText("4 people are in it already.").waitFor();
    await question.getByRole("button", { name: "Add people" }).click();
    await teacher.page.getByText(/^\d+ added, 4 were in it$/).waitFor();
  },
);

pageTest("raises a hand from the + menu and the top of the room's menu, on a phone", async () => {
  const teacher = await server.headlessUser("mrs-lind");
  await teacher.tab.ask("join", { room: "biology", create: true });
  await using kim = await server.logIn("kim2", { width: 390, height: 844, isPhone: true });
  await kim.send("/join biology");
  await kim.heading("#biology").waitFor();
  await kim.button("Attach").tap();
  await picture(kim, "plus");
  await kim.menuItem("Raise hand").tap();
  await kim.page
    .locator(".lesson")
    .getByText("You are next")
    .or(kim.page.locator(".hands"))
    .first()
    .waitFor();
  await kim.button("Actions for biology").tap();
  const items = await kim.page.getByRole("menuitem").allInnerTexts();
  expect(items[0]).toBe("Lower hand");
  await kim.menuItem("Lower hand").tap();
  await kim.page.locator(".hands").waitFor({ state: "detached" });
  await teacher.tab.ask("rules", { room: "biology", post: "private" });
  const own = kim.page.locator(".privacy").getByRole("button", { name: "Your work" });
  await own.waitFor();
  await picture(kim, "privacy");
  const { x = 0, width = 0 } = (await own.boundingBox()) ?? {};
  const text = (await kim.page.locator(".privacy > span").boundingBox()) ?? { x: 0, width: 0 };
  expect(text.x + text.width).toBeLessThanOrEqual(x);
  expect(x + width).toBeLessThanOrEqual(390);
});
