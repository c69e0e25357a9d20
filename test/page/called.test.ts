/** Being called on, in each place of the page, until it is answered, passed or ended. */

import { expect } from "bun:test";
import { ANSWER_AFTER_MS } from "../../src/base/limits.ts";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";

const server = new PageServer();
const PHONE = { isPhone: true, width: 390, height: 844 };
const password = "correct horse battery";

async function lessonWith(pupil: string, room: string, moderator: string) {
  const teacher = await server.headlessUser(moderator);
  await teacher.tab.ask("join", { room, create: true });
  const page = await server.logIn(pupil, { password, width: 1440 });
  await page.send(`/join ${room}`);
  await page.heading(`#${room}`).waitFor();
  const call = () => teacher.tab.ask("hand", { room, user: pupil, on: false, call: true });
  return { teacher, page, call };
}

pageTest("calls in another room, leads there, and ends by the answer", async () => {
  const { page: ana, teacher, call } = await lessonWith("ana", "math", "sari");
  await using _ = ana;
  await ana.room("lobby").click();
  await call();
  const calledMs = Date.now();
  const called = ana.page.locator(".board .called");
  await called.getByText("sari calls on you in #math").waitFor();
  expect(await ana.page.title()).toBe("Your turn · math");
  expect(await ana.accessibilityViolations()).toEqual([]);
  await called.getByRole("button", { name: "I am coming" }).click();
  await ana.heading("#math").waitFor();
  await called.waitFor({ state: "detached" });
  await ana.button("Your turn").waitFor();
  const box = ana.page.locator(".main .composer-box.is-called");
  await box.getByPlaceholder("Answer sari").waitFor();
  // An earlier message may have been on its way when the moderator called.
  await until("the answer counts", () => Date.now() >= calledMs + ANSWER_AFTER_MS);
  await ana.send("The denominator");
  await ana.page.locator(".composer-box.is-called").waitFor({ state: "detached" });
  await ana.button("Your turn").waitFor({ state: "detached" });
  // The teacher's server knows of the answer, so that a second call begins anew.
  await teacher.tab.ask("hand", { room: "math", user: "ana", on: false, call: true });
  await called.getByText("sari calls on you", { exact: true }).waitFor();
  await called.getByRole("button", { name: "Pass" }).click();
  await called.waitFor({ state: "detached" });
});

pageTest("says on a phone in the title and the room's strip whose turn it is", async () => {
  const { page, call } = await lessonWith("ben", "art", "putu");
  await page[Symbol.asyncDispose]();
  await using ben = await server.logIn("ben", { password, ...PHONE });
  await call();
  await until("the title says it", async () => (await ben.page.title()) === "Your turn · art");
  await ben.page.evaluate("location.hash = '#/art'");
  await ben.button("Your turn").waitFor();
  await ben.page.getByPlaceholder("Answer putu").waitFor();
  expect(await ben.accessibilityViolations()).toEqual([]);
});
