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
  // A second call is a new one.
  await teacher.tab.ask("hand", { room: "math", user: "ana", on: false, call: true });
  await called.getByText("sari calls on you", { exact: true }).waitFor();
  await called.getByRole("button", { name: "Pass" }).click();
  await called.waitFor({ state: "detached" });
});

pageTest("calls on a phone, in a room and in the list, and still does after a reload", async () => {
  const { page, call } = await lessonWith("ben", "art", "putu");
  await page[Symbol.asyncDispose]();
  await using ben = await server.logIn("ben", { password, ...PHONE });
  await call();
  const called = ben.page.locator(".board .called");
  await called.getByText("Your turn").waitFor();
  await ben.page.reload();
  await called.getByText(/putu calls on you/).waitFor();
  expect(await ben.accessibilityViolations()).toEqual([]);
  const box = await called.boundingBox();
  expect(box?.width).toBe(390);
  expect(box?.height).toBeLessThanOrEqual(132);
  await ben.page.goBack();
  await ben.page.locator(".side .called").getByRole("button", { name: "I am coming" }).tap();
  await ben.button("Your turn").waitFor();
  await ben.page.getByPlaceholder("Answer putu").waitFor();
  expect(await ben.page.title()).toBe("Your turn · art");
});
