import { expect, test } from "bun:test";
import { HandedLists, handedListsOf } from "../../../src/web/driver/handed-lists.ts";
import { Site } from "../../server/site.ts";
import { Browser } from "../browser/browser.ts";

test("requests the whole list once, then only people whose box has changed", async () => {
  const site = await Site.open();
  const [ana, ben, eve] = [
    await new Browser(site).member("ana"),
    await new Browser(site).member("ben"),
    await new Browser(site).member("eve"),
  ];
  const { actions } = ana.chat;
  await site.wait(ana.chat.request("join", { room: "hw", create: true, assignment: true }));
  for (const pupil of [ben, eve]) await site.wait(pupil.chat.request("join", { room: "hw" }));
  await site.quiet();
  const asked: (string | undefined)[] = [];
  const lists = new HandedLists({
    model: () => ana.chat.model,
    handed: (room, user) => {
      asked.push(user);
      return actions.handed(room, user);
    },
  });
  const counts = async () => {
    const works = await site.wait(lists.current("hw"));
    return [works.map(({ user, messages }) => `${user} ${messages}`).join(", "), asked.splice(0)];
  };
  expect(await counts()).toEqual(["ben 0, eve 0", [undefined]]);
  expect(await counts()).toEqual(["ben 0, eve 0", []]);
  await site.wait(ben.chat.post("hw@ben", { text: "mine" }));
  await site.quiet();
  expect(await counts()).toEqual(["ben 1, eve 0", ["ben"]]);
  await site.wait(eve.chat.request("leave", { room: "hw" }));
  await site.quiet();
  expect(await counts()).toEqual(["ben 1", [undefined]]);
  // The lists end with the session.
  const own = handedListsOf(ana.chat);
  expect(handedListsOf(ana.chat)).toBe(own);
  await site.wait(ana.chat.logout());
  expect(ana.chat.handedLists).toBeUndefined();
});
